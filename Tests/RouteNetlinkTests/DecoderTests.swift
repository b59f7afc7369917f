import Netlink
import NetworkModel
import NetworkTesting
import RouteNetlink
import Testing

@Suite("What the kernel's messages say")
struct DecoderTests {
    private static let names = [
        Int32(10): name("br0"), 11: name("v0"), 12: name("v1"), 13: name("vx0"), 14: name("mv0"),
    ]

    private func decodedLink(_ message: [UInt8]) throws -> ObservedLink? {
        try message.withUnsafeBytes { try decodeLink($0, mark: .node) }?.resolved(here: Self.names, node: [:])
    }

    /// The links that the recorded FDB entries stand on.
    private static var forwardingLinks: ForwardingLinks {
        var vxlan = VXLAN(vni: VNI(number: 9))
        vxlan.remote = IPAddress("192.0.2.7")
        var bridge = ObservedLink(name("br0"), index: 10, kind: .bridge(Bridge()))
        bridge.mac = mac(1)
        var port = ObservedLink(name("v0"), index: 11, kind: .veth(peerIndex: 12, peerNamespace: nil))
        port.mac = mac(2)
        port.master = name("br0")
        var tunnel = ObservedLink(name("vx0"), index: 13, kind: .vxlan(vxlan))
        tunnel.mac = mac(4)
        return ForwardingLinks([bridge, port, tunnel], in: .node)
    }

    @Test("a bridge")
    func bridge() throws {
        let link = try decodedLink(RecordedMessages.bridge)
        var expected = Bridge()
        expected.stpState = true
        #expect(link?.kind == .bridge(expected))
        #expect(link?.name == name("br0"))
        #expect(link?.index == 10)
        #expect(link?.mac == mac(1))
        #expect(link?.alias == "weft:b")
        #expect(link?.group == Mark.node.linkGroup)
        #expect(link?.isManaged == true)
        #expect(link?.isUp == true)
        #expect(link?.master == nil)
        #expect(link?.addressGeneration == .eui64)
    }

    @Test("one end of a veth that is a bridge's port")
    func port() throws {
        let link = try decodedLink(RecordedMessages.bridgePort)
        var port = BridgePort()
        port.isolated = true
        port.cost = 2
        #expect(link?.kind == .veth(peerIndex: 12, peerNamespace: nil))
        #expect(link?.master == name("br0"))
        #expect(link?.port == port)
    }

    @Test("a VXLAN and a macvlan link")
    func tunnels() throws {
        var vxlan = VXLAN(vni: VNI(number: 9))
        vxlan.local = try ip("192.0.2.1")
        vxlan.remote = try ip("192.0.2.7")
        vxlan.underlay = name("v1")
        vxlan.learning = false
        let link = try decodedLink(RecordedMessages.vxlan)
        #expect(link?.kind == .vxlan(vxlan))
        #expect(link?.addressGeneration == AddressGeneration.none)
        #expect(link?.mtu == MTU(bytes: 1450))
        let macvlan = Macvlan(parent: name("v1"), mode: .vepa)
        #expect(try decodedLink(RecordedMessages.macvlan)?.kind == .macvlan(macvlan))
    }

    @Test("addresses")
    func addresses() throws {
        let four = try RecordedMessages.address4.withUnsafeBytes { try decodeAddress($0, mark: .node) }
        let value = InterfaceAddress(try ip("10.0.0.1"), prefixLength: 24)
        #expect(four?.linkIndex == 12)
        #expect(four?.address == ObservedAddress(value, protocolNumber: 0))
        let six = try RecordedMessages.address6.withUnsafeBytes { try decodeAddress($0, mark: .node) }
        var value6 = InterfaceAddress(try ip("fd00::1"), prefixLength: 64)
        value6.skipsDuplicateDetection = true
        #expect(six?.address == ObservedAddress(value6, protocolNumber: 0))
    }

    @Test("routes")
    func routes() throws {
        var names = LinkNames(Self.names)
        func decode(_ message: [UInt8]) throws -> ObservedRoute? {
            try message.withUnsafeBytes { try decodeRoute($0, in: .node, names: &names, mark: .node) }
        }
        var route = Route(to: try prefix("10.8.0.0", 16), in: .node)
        route.gateway = try ip("10.0.0.8")
        route.source = try ip("10.0.0.1")
        route.device = name("v1")
        route.metric = 7
        route.table = 1000
        route.mtu = MTU(bytes: 1300)
        #expect(try decode(RecordedMessages.route4) == ObservedRoute(route, protocolNumber: 87))
        #expect(try decode(RecordedMessages.multipath)?.isUnlikeAnyOfWefts == true)
        #expect(try decode(RecordedMessages.kernelLocal) == nil)
        var route6 = Route(to: try prefix("fd08::", 64), in: .node)
        route6.gateway = try ip("fd00::8")
        route6.device = name("v1")
        #expect(try decode(RecordedMessages.route6) == ObservedRoute(route6, protocolNumber: 87))
        var unreachable = Route(to: try prefix("fd09::", 64), in: .node)
        unreachable.type = .unreachable
        #expect(try decode(RecordedMessages.unreachable6) == ObservedRoute(unreachable, protocolNumber: 87))
    }

    @Test("neighbours and FDB entries; what the kernel makes itself is left out")
    func neighbours() throws {
        var names = LinkNames(Self.names)
        let neighbour = Neighbour(try ip("10.0.0.7"), mac: mac(7), on: LinkID(name("v1"), in: .node))
        let found = try RecordedMessages.neighbour.withUnsafeBytes {
            try decodeNeighbour($0, in: .node, names: &names, mark: .node)
        }
        #expect(found == ObservedNeighbour(neighbour, protocolNumber: 0))

        var links = Self.forwardingLinks
        func decode(_ message: [UInt8]) throws -> ForwardingEntry? {
            try message.withUnsafeBytes { try decodeForwarding($0, links: &links) }
        }
        var tunnel = ForwardingEntry(mac(8), on: LinkID(name("vx0"), in: .node), table: .own, state: .static)
        tunnel.destination = try ip("192.0.2.8")
        tunnel.port = 4790
        tunnel.vni = VNI(number: 77)
        #expect(try decode(RecordedMessages.tunnelEntry) == tunnel)
        let port = ForwardingEntry(mac(9), on: LinkID(name("v0"), in: .node), table: .bridge, state: .static)
        #expect(try decode(RecordedMessages.portEntry) == port)
        #expect(try decode(RecordedMessages.defaultDestination) == nil)
        #expect(try decode(RecordedMessages.bridgesOwn) == nil)
        #expect(try decode(RecordedMessages.listeningGroup) == nil)
    }

    @Test("a message shorter than its header is malformed")
    func short() {
        for length in 0..<8 {
            let message = [UInt8](repeating: 0, count: length)
            var names = LinkNames([:])
            var links = Self.forwardingLinks
            message.withUnsafeBytes { bytes in
                #expect(throws: NetlinkTransportError.malformed) { try decodeLink(bytes, mark: .node) }
                #expect(throws: NetlinkTransportError.malformed) { try decodeAddress(bytes, mark: .node) }
                #expect(throws: NetlinkTransportError.malformed) {
                    try decodeRoute(bytes, in: .node, names: &names, mark: .node)
                }
                #expect(throws: NetlinkTransportError.malformed) {
                    try decodeNeighbour(bytes, in: .node, names: &names, mark: .node)
                }
                #expect(throws: NetlinkTransportError.malformed) {
                    try decodeForwarding(bytes, links: &links)
                }
            }
        }
    }

    @Test("no mutation of a message traps a decoder, and each decoder meets both ends", arguments: 0..<4)
    func mutations(seed: UInt64) {
        var random = SplitMix(state: seed)
        var names = LinkNames(Self.names)
        var links = Self.forwardingLinks
        // How often each decoder returned something, nothing, or threw.
        var outcomes = [[Int]](repeating: [0, 0, 0], count: 5)
        func count(_ decoder: Int, _ body: () throws -> Bool) {
            do { outcomes[decoder][try body() ? 0 : 1] += 1 } catch { outcomes[decoder][2] += 1 }
        }
        for round in 0..<40_000 {
            let message = mutation(of: RecordedMessages.all[round % RecordedMessages.all.count], &random)
            message.withUnsafeBytes { bytes in
                count(0) {
                    try decodeLink(bytes, mark: .node)?.resolved(here: Self.names, node: Self.names) != nil
                }
                count(1) { try decodeAddress(bytes, mark: .node) != nil }
                count(2) { try decodeRoute(bytes, in: .node, names: &names, mark: .node) != nil }
                count(3) { try decodeNeighbour(bytes, in: .node, names: &names, mark: .node) != nil }
                count(4) { try decodeForwarding(bytes, links: &links) != nil }
            }
        }
        #expect(outcomes.allSatisfy { $0.allSatisfy { $0 > 0 } }, "\(outcomes)")
    }

    /// `message` with a few bytes changed, with a tail cut off, or with a length field overwritten.
    private func mutation(of message: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var message = message
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = Int.random(in: 0..<message.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: message[position] = UInt8.random(in: .min ... .max, using: &random)
            case 1: message[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: message[position] = [0, 1, 3, 4, 5, 127, 128, 255].randomElement(using: &random) ?? 0
            case 3: message[position & ~3] = UInt8.random(in: 0...40, using: &random)
            default: message.removeLast(min(message.count - 1, Int.random(in: 0..<8, using: &random)))
            }
        }
        return message
    }
}

/// A generator of numbers that are the same at every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
