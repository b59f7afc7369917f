import NetworkModel
import NetworkTesting
import Reconciler
import Testing

/// What is seen on the underlay, at the port of each node.
@Suite("On the wire between nodes", .kernel, .serialized)
struct WireTests {
    /// The ranges of networks: what is of them is in a tunnel, or routed.
    private static let ranges = ["10.50.0.0/12", "fd00:40::/26"].compactMap { Prefix(text: $0) }
    private static let underlays: [[AddressFamily]] = [[.ipv4, .ipv6], [.ipv6, .ipv4]]

    /// VNI and port of each overlay of ``Cluster/tunnels(_:)``, as the document states them.
    private static let overlays = [
        "flat": (vni: 4096, port: 4789), "odd": (vni: 0xabcdef, port: 4790), "loud": (vni: 77, port: 4791),
    ]
    private static let ports = Set(overlays.values.map(\.port))

    @Test(
        "an overlay's packets go in tunnels of its VNI and port, between the nodes that carry it, and nobody is asked for aloud",
        arguments: underlays
    )
    func tunnels(families: [AddressFamily]) throws {
        try Self.with(Cluster.tunnels(families), families) { fleet, cluster, wire in
            let talk = try Conversation(between: ["a1", "a2"], of: cluster, on: fleet)
            for text in ["10.60.0.251", "fd00:60::dead", "10.61.0.251", "fd00:61::dead"] {
                talk.send("nobody", from: "a1", to: try #require(IPAddress(text)))
            }
            #expect(talk.hold() == [])
            let frames = try wire.frames()
            var seen: [String: Set<IPAddress>] = [:]
            let ends = Set([1, 2].compactMap { Fleet.addresses(ofNode: $0, families).first })
            for frame in ["n1", "n2"].flatMap({ frames[$0] ?? [] }) {
                guard let tunnelled = frame.tunnelled(atPorts: Self.ports) else {
                    Self.expectNothingOfNetworks(in: frame)
                    continue
                }
                // What floods is for the other test.
                guard tunnelled.port != Self.overlays["loud"]?.port else { continue }
                let network = Self.overlays.first {
                    $0.value.vni == tunnelled.vni && $0.value.port == tunnelled.port
                }
                let name = try #require(network?.key, "VNI \(tunnelled.vni) at port \(tunnelled.port)")
                #expect(Set([tunnelled.outer.source, tunnelled.outer.destination]) == ends)
                #expect(tunnelled.inner.datagram != nil, "\(tunnelled.inner)")
                #expect(
                    tunnelled.inner.addresses.isSubset(of: talk.addresses(on: name)),
                    "\(tunnelled.inner)"
                )
                seen[name, default: []].formUnion(tunnelled.inner.packet.map { [$0.source] } ?? [])
            }
            for name in ["flat", "odd"] { #expect(seen[name] == talk.addresses(on: name)) }
            Self.expectSilence(in: frames["n4"] ?? [])
            for frame in frames["n3"] ?? [] {
                guard let tunnelled = frame.tunnelled(atPorts: Self.ports) else {
                    Self.expectNothingOfNetworks(in: frame)
                    continue
                }
                #expect(tunnelled.port == Self.overlays["loud"]?.port, "\(tunnelled.inner)")
            }
        }
    }

    @Test(
        "with 'flood' who is not known is asked for at each node that carries the network, and at no other",
        arguments: underlays
    )
    func flooding(families: [AddressFamily]) throws {
        try Self.with(Cluster.tunnels(families), families) { fleet, cluster, wire in
            let talk = try Conversation(between: ["a1", "a2", "a3"], of: cluster, on: fleet)
            let strangers = try ["10.63.0.251", "fd00:63::dead"].map { try #require(IPAddress($0)) }
            var asked: [String: Set<IPAddress>] = [:]
            for address in strangers { talk.send("nobody", from: "a1", to: address) }
            #expect(talk.hold() == [])
            let frames = try wire.frames()
            for (node, frames) in frames {
                for frame in frames {
                    guard let tunnelled = frame.tunnelled(atPorts: Self.ports) else {
                        Self.expectNothingOfNetworks(in: frame)
                        continue
                    }
                    guard let neighbour = tunnelled.inner.neighbour else { continue }
                    #expect(tunnelled.vni == Self.overlays["loud"]?.vni, "\(tunnelled.inner)")
                    // Those who are known are answered for at home.
                    #expect(strangers.contains(neighbour), "\(tunnelled.inner)")
                    asked[node, default: []].insert(neighbour)
                }
            }
            #expect(asked["n2"] == Set(strangers) && asked["n3"] == Set(strangers), "\(asked)")
            Self.expectSilence(in: frames["n4"] ?? [])
        }
    }

    @Test(
        "packets of routed networks are plain, from node to node, or by the router where routes are left to it"
    )
    func routes() throws {
        try Self.with(.routes, AddressFamily.allCases, router: "n3") { fleet, cluster, wire in
            let talk = try Conversation(between: ["a1", "a2"], of: cluster, on: fleet)
            #expect(talk.hold() == [])
            let frames = try wire.frames()
            let macs = try fleet.nodes.reduce(into: [MACAddress: String]()) { macs, node in
                let link = try fleet.underlay.ipJSON("link show eth0", in: node).elements.first
                macs[try #require(link?["address"].string.flatMap(MACAddress.init))] = node
            }
            var hops: [String: Set<String>] = [:]
            for frame in frames.values.flatMap(\.self) {
                guard let datagram = frame.datagram, datagram.port == Station.port, let packet = frame.packet,
                    datagram.text != Wire.marker
                else {
                    // A router tells who sends by it of a better way; whom it tells is who sent.
                    guard frame.packet?.transport != 1,
                        frame.packet?.transport != 58 || frame.neighbour != nil
                    else { continue }
                    Self.expectNothingOfNetworks(in: frame)
                    continue
                }
                let network = ["pods", "spur"].first { talk.addresses(on: $0).contains(packet.destination) }
                let name = try #require(network, "\(frame)")
                #expect(talk.addresses(on: name).contains(packet.source), "\(frame)")
                let ends = [frame.source, frame.destination].map { $0.flatMap { macs[$0] } ?? "?" }
                hops["\(name) ipv\(packet.source.family.rawValue)", default: []].insert(
                    ends.joined(separator: " ")
                )
            }
            let direct: Set = ["n1 n2", "n2 n1"]
            let byRouter: Set = ["n1 n3", "n3 n2", "n2 n3", "n3 n1"]
            #expect(
                hops == [
                    "pods ipv4": direct, "pods ipv6": direct, "spur ipv4": byRouter, "spur ipv6": byRouter,
                ]
            )
            Self.expectSilence(in: frames["n4"] ?? [])
        }
    }

    /// Applies a document on all nodes, listens from then on, and has everything destroyed in the end.
    private static func with(
        _ cluster: Cluster,
        _ families: [AddressFamily],
        router: String? = nil,
        _ body: (Fleet, Cluster, Wire) throws -> Void
    ) throws {
        try Fleet.with(cluster.nodes.count, families: families, router: router) { fleet in
            let wire = try Wire(of: fleet)
            for node in fleet.nodes { try fleet.apply(cluster.yaml, on: node) }
            try body(fleet, cluster, wire)
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    /// Nobody says anything to a bystander, be it in a tunnel of whatever port, but for somebody beyond all nodes.
    private static func expectSilence(in frames: [WireFrame]) {
        for frame in frames {
            expectNothingOfNetworks(in: frame)
            #expect(frame.datagram.map { $0.text == Wire.marker } ?? true, "\(frame)")
        }
    }

    /// A frame is of no network of the document, neither in a tunnel nor without one.
    private static func expectNothingOfNetworks(in frame: WireFrame) {
        let isOutside = frame.addresses.allSatisfy { address in !ranges.contains { $0.contains(address) } }
        #expect(isOutside && frame.tunnelled(atPorts: ports) == nil, "\(frame)")
    }
}
