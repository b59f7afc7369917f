import NetworkModel
import NetworkTesting
import Reconciler
import Testing

/// Packets that belong to a connection in the kernel's eyes, or to none, because somebody made them so.
@Suite("Errors that a sandbox forges", .kernel, .serialized)
struct ForgedErrorTests {
    private static let text = """
        weft: 1
        networks:
          back:  { driver: bridge, subnets: [10.60.0.0/24, "fd00:60::/64"] }
          open:  { driver: bridge, subnets: [10.61.0.0/24, "fd00:61::/64"], masquerade: false }
          inner: { driver: bridge, subnets: [10.62.0.0/24, "fd00:62::/64"], internal: true }
        sandboxes:
          eve: { endpoints: [ { network: back, address: [10.60.0.2, "fd00:60::2"], mac: "02:00:00:00:00:02" } ] }
          bob: { endpoints: [ { network: back, address: [10.60.0.3, "fd00:60::3"], mac: "02:00:00:00:00:03" } ] }
          ann: { endpoints: [ { network: open, address: [10.61.0.4, "fd00:61::4"], mac: "02:00:00:00:00:04" } ] }
          ina: { endpoints: [ { network: inner, address: [10.62.0.5, "fd00:62::5"], mac: "02:00:00:00:00:05" } ] }

        """

    /// Somebody who sends whole frames, and hears all that comes by.
    private struct Party {
        let addresses: [AddressFamily: IPAddress]
        private let socket: FrameSocket
        private let tap: WireTap
        private let ends: [UInt8]

        init(
            _ place: String,
            _ link: String,
            to next: String,
            _ addresses: [String],
            on bench: ClusterBench
        ) throws {
            func mac(_ link: String, in place: String?) throws -> MACAddress {
                let links = try bench.node.ipJSON("link show dev \(link)", in: place).elements
                return try #require(links.first?["address"].string.flatMap(MACAddress.init))
            }
            let all = addresses.compactMap { IPAddress($0) }
            self.addresses = Dictionary(uniqueKeysWithValues: all.map { ($0.family, $0) })
            socket = try FrameSocket(on: link, in: place, of: bench.node)
            tap = try WireTap(on: link, in: place, of: bench.node)
            ends = try Frame.octets(mac(next, in: nil)) + Frame.octets(mac(link, in: place))
        }

        func send(_ packet: [UInt8], _ family: AddressFamily) throws {
            try socket.send(ends + (family == .ipv4 ? [0x08, 0x00] : [0x86, 0xdd]) + packet)
        }

        /// What has come of a protocol, from whom, until a datagram of that text has come too.
        func heard(_ transport: UInt8, until text: String) throws -> [IPAddress] {
            var frames: [WireFrame] = []
            let isThrough = try Eventually.holds {
                frames += try tap.frames()
                return frames.contains { $0.datagram?.text == text }
            }
            #expect(isThrough, "\(text)")
            return frames.compactMap(\.packet).filter { $0.transport == transport }.map(\.source)
        }
    }

    /// Who is there, with the node's own station.
    private struct Scene {
        let eve, bob, ann, ina, router: Party
        let node: Station

        init(on bench: ClusterBench) throws {
            func sandbox(_ name: String, _ bridge: String, _ addresses: String...) throws -> Party {
                try Party(name, "eth0", to: bridge, addresses, on: bench)
            }
            eve = try sandbox("eve", "br-back", "10.60.0.2", "fd00:60::2")
            bob = try sandbox("bob", "br-back", "10.60.0.3", "fd00:60::3")
            ann = try sandbox("ann", "br-open", "10.61.0.4", "fd00:61::4")
            ina = try sandbox("ina", "br-inner", "10.62.0.5", "fd00:62::5")
            router = try Party(
                ClusterBench.router,
                "up1",
                to: ClusterBench.uplink,
                ClusterBench.routerAddresses.map(\.description),
                on: bench
            )
            node = try Station("node", in: nil, of: bench.node)
        }
    }

    /// The addresses of one family.
    private struct Ends {
        let eve, bob, ann, ina, router, node, gateway: IPAddress

        init(_ family: AddressFamily, of scene: Scene) throws {
            func address(_ party: Party) throws -> IPAddress { try #require(party.addresses[family]) }
            (eve, bob, ann, ina) = try (
                address(scene.eve), address(scene.bob), address(scene.ann), address(scene.ina)
            )
            router = try address(scene.router)
            node = try #require(ClusterBench.nodeAddresses.first { $0.family == family })
            gateway = try #require(IPAddress(family == .ipv4 ? "10.62.0.1" : "fd00:62::1"))
        }
    }

    @Test(
        "about others' connections come to nobody, and those of a router to whom they concern",
        arguments: AddressFamily.allCases
    )
    func errors(family: AddressFamily) throws {
        try ClusterBench.with { bench in
            guard try bench.apply(Self.text) != nil else { return }
            let scene = try Scene(on: bench)
            let ends = try Ends(family, of: scene)
            // Connections that the node tracks: of an internal sandbox with the node, of two others with the outside.
            func begin() throws {
                for (party, from, to) in [
                    (scene.ina, ends.ina, ends.gateway), (scene.bob, ends.bob, ends.router),
                    (scene.ann, ends.ann, ends.router),
                ] {
                    try party.send(Frame.datagram("begin", from: from, to: to, port: Station.port), family)
                }
            }
            try begin()
            let transport: UInt8 = family == .ipv4 ? 1 : 58
            var round = 0
            /// Whose forged errors came: to the internal sandbox, to that of another network, and outside.
            func attack() throws -> [Set<IPAddress>] {
                round += 1
                try Self.attack(scene, ends, family)
                // What must come stands behind what must not.
                let text = "round \(round)"
                for address in [ends.ina, ends.ann, ends.router] {
                    #expect(scene.node.send(text, to: address))
                }
                return try [
                    Set(scene.ina.heard(transport, until: text)).intersection([ends.eve, ends.router]),
                    Set(scene.ann.heard(transport, until: text)).intersection([ends.eve]),
                    Set(scene.router.heard(transport, until: text)).intersection([ends.ina]),
                ]
            }
            #expect(try attack() == [[], [], []])
            try expectTold(scene, ends, family, transport)
            try bench.node.run("nft delete table inet weft")
            try begin()
            #expect(try attack() == [[ends.eve, ends.router], [ends.eve], [ends.ina]])
        }
    }

    /// Sends errors about connections that are others'.
    private static func attack(_ scene: Scene, _ ends: Ends, _ family: AddressFamily) throws {
        func quoted(_ from: IPAddress, _ to: IPAddress, isAnswer: Bool = false) -> [UInt8] {
            let (port, source) =
                isAnswer ? (Frame.sourcePort, Station.port) : (Station.port, Frame.sourcePort)
            return Frame.datagram(Array("quoted".utf8), from: from, to: to, port: port, sourcePort: source)
        }
        let aboutIna = quoted(ends.ina, ends.gateway)
        let aboutAnn = quoted(ends.ann, ends.router)
        try scene.eve.send(Frame.tooLarge(aboutIna, from: ends.eve, to: ends.ina), family)
        try scene.eve.send(Frame.tooLarge(aboutAnn, from: ends.eve, to: ends.ann), family)
        try scene.router.send(Frame.tooLarge(aboutIna, from: ends.router, to: ends.ina), family)
        let aboutBob = quoted(ends.router, ends.bob, isAnswer: true)
        try scene.ina.send(Frame.tooLarge(aboutBob, from: ends.ina, to: ends.router), family)
    }

    /// What a router says of a connection comes to the sandbox that began it, masqueraded or not.
    private func expectTold(_ scene: Scene, _ ends: Ends, _ family: AddressFamily, _ transport: UInt8) throws
    {
        for (party, own, outside) in [(scene.bob, ends.bob, ends.node), (scene.ann, ends.ann, ends.ann)] {
            let quoted = Frame.datagram("quoted", from: outside, to: ends.router, port: Station.port)
            try scene.router.send(Frame.tooLarge(quoted, from: ends.router, to: outside), family)
            #expect(scene.node.send("told", to: own))
            #expect(try party.heard(transport, until: "told").contains(ends.router), "\(own)")
        }
    }

    @Test("are not those of a node on the way: they come to sandboxes of internal networks too")
    func nodeOnTheWay() throws {
        try Fleet.with { fleet in
            let text =
                fleet.head + """
                    networks:
                      hid: { driver: routed, subnets: [10.52.0.0/16, "fd00:52::/48"], internal: true }
                    sandboxes:
                      c1: { node: n1, endpoints: [ { network: hid } ] }
                      c2: { node: n2, endpoints: [ { network: hid } ] }

                    """
            for node in fleet.nodes { try fleet.apply(text, on: node) }
            for address in try fleet.addresses(of: "c2", "eth0", on: "n2") {
                // The second hop is the other node, which says that the packet ends there.
                let ping = ["ping", "-c", "1", "-W", "5", "-t", "2", "\(address)"]
                let output = try fleet.underlay.command(ping, in: "n1.c1").result().output
                #expect(output.contains(/From (10\.99\.0\.2|fd00:99::2) .*(exceeded|Hop limit)/), "\(output)")
            }
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test(
        "what belongs to no connection leaves a masqueraded network for nobody",
        arguments: AddressFamily.allCases
    )
    func invalid(family: AddressFamily) throws {
        try ClusterBench.with { bench in
            guard try bench.apply(Self.text) != nil else { return }
            let scene = try Scene(on: bench)
            let ends = try Ends(family, of: scene)
            func senders(_ text: String) throws -> Set<IPAddress> {
                // Segments of TCP with flags that begin nothing: RST, and FIN with PSH and URG.
                for flags: UInt8 in [0x04, 0x29] {
                    let segment: [UInt8] =
                        [0x1b, 0x58, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0x20, 0] + [0, 0, 0, 0]
                    let packet = Frame.packet(
                        of: segment,
                        checksumAt: 16,
                        transport: 6,
                        from: ends.bob,
                        to: ends.router
                    )
                    try scene.bob.send(packet, family)
                }
                #expect(scene.node.send(text, to: ends.router))
                return Set(try scene.router.heard(6, until: text)).subtracting([ends.router])
            }
            #expect(try senders("with").isEmpty)
            try bench.node.run("nft delete table inet weft")
            #expect(try senders("without") == [ends.bob])
        }
    }
}
