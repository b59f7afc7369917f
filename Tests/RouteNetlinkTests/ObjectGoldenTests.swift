import NetworkModel
import RouteNetlink
import Testing

@Suite("Bytes of requests about addresses, routes, neighbours and FDB entries")
struct ObjectGoldenTests {
    @Test("addresses bear the protocol; flags beyond a byte have their own attribute")
    func addresses() throws {
        var address = InterfaceAddress(try ip("10.0.0.1"), prefixLength: 24)
        address.scope = .link
        address.hasNoPrefixRoute = true
        var address6 = InterfaceAddress(try ip("fd00::1"), prefixLength: 64)
        address6.skipsDuplicateDetection = true
        let seen = listings(headerSize: 8) {
            $0.appendAddAddress(address, linkIndex: 5, tag: 0)
            $0.appendReplaceAddress(address6, linkIndex: 5, tag: 0)
            $0.appendDeleteAddress(address, linkIndex: 5, tag: 0)
        }
        #expect(
            seen == """
                20 flags 600 header 021800fd05000000
                2: 0a000001
                1: 0a000001
                8: 00020000
                11: 57
                20 flags 500 header 0a40020005000000
                2: fd000000000000000000000000000001
                1: fd000000000000000000000000000001
                11: 57
                21 flags 0 header 021800fd05000000
                2: 0a000001
                1: 0a000001
                8: 00020000
                """
        )
    }

    @Test("routes are added exclusively, and deleted by their whole key")
    func routes() throws {
        var route = Route(to: try prefix("10.8.0.0", 16), in: .node)
        route.gateway = try ip("10.0.0.8")
        route.source = try ip("10.0.0.1")
        route.mtu = MTU(bytes: 1400)
        route.table = 1000
        route.metric = 5
        route.isOnLink = true
        var route6 = Route(to: .all(.ipv6), in: .node)
        route6.gateway = try ip("fd00::8")
        var drop = Route(to: try prefix("10.9.0.0", 16), in: .node)
        drop.type = .unreachable
        let seen = listings(headerSize: 12) {
            $0.appendAddRoute(route, deviceIndex: 5, tag: 0)
            $0.appendReplaceRoute(route6, deviceIndex: 5, tag: 0)
            $0.appendAddRoute(drop, deviceIndex: nil, tag: 0)
            $0.appendDeleteRoute(route, deviceIndex: 5, tag: 0)
        }
        #expect(
            seen == """
                24 flags 600 header 02100000e857000104000000
                15: e8030000
                1: 0a080000
                6: 05000000
                7: 0a000001
                32776: 0800020078050000
                5: 0a000008
                4: 05000000
                24 flags 500 header 0a000000fe57000100000000
                15: fe000000
                1: 00000000000000000000000000000000
                6: 00040000
                5: fd000000000000000000000000000008
                4: 05000000
                24 flags 600 header 02100000fe57000700000000
                15: fe000000
                1: 0a090000
                25 flags 0 header 02100000e857000104000000
                15: e8030000
                1: 0a080000
                6: 05000000
                5: 0a000008
                4: 05000000
                """
        )
    }

    @Test("neighbours are permanent and bear the protocol")
    func neighbours() throws {
        let neighbour = Neighbour(try ip("10.0.0.7"), mac: mac(7), on: LinkID(name("v0"), in: .node))
        let seen = listings(headerSize: 12) {
            $0.appendAddNeighbour(neighbour, linkIndex: 5, tag: 0)
            $0.appendReplaceNeighbour(neighbour, linkIndex: 5, tag: 0)
            $0.appendDeleteNeighbour(neighbour, linkIndex: 5, tag: 0)
        }
        #expect(
            seen == """
                28 flags 600 header 020000000500000080000000
                1: 0a000007
                2: 020000000007
                12: 57
                28 flags 500 header 020000000500000080000000
                1: 0a000007
                2: 020000000007
                12: 57
                29 flags 0 header 020000000500000080000000
                1: 0a000007
                """
        )
    }

    @Test("an FDB entry goes without its destination, unless there is one for each")
    func forwarding() throws {
        let id = LinkID(name("v0"), in: .node)
        var entry = ForwardingEntry(mac(8), on: id, table: .own, state: .static)
        entry.destination = try ip("192.0.2.9")
        entry.vni = VNI(number: 77)
        entry.port = 4790
        var flood = ForwardingEntry(.zero, on: id, table: .own)
        flood.destination = try ip("fd00::9")
        var port = ForwardingEntry(mac(9), on: id, table: .bridge, state: .static)
        port.vlan = 3
        let seen = listings(headerSize: 12) {
            $0.appendAddForwarding(entry, linkIndex: 5, tag: 0)
            $0.appendReplaceForwarding(port, linkIndex: 5, tag: 0)
            $0.appendAddForwarding(flood, linkIndex: 5, tag: 0)
            $0.appendDeleteForwarding(entry, linkIndex: 5, tag: 0)
            $0.appendDeleteForwarding(flood, linkIndex: 5, tag: 0)
        }
        #expect(
            seen == """
                28 flags 600 header 070000000500000042000200
                1: c0000209
                2: 020000000008
                7: 4d000000
                6: 12b6
                28 flags 500 header 070000000500000042000400
                2: 020000000009
                5: 0300
                28 flags c00 header 070000000500000080000200
                1: fd000000000000000000000000000009
                2: 000000000000
                29 flags 0 header 070000000500000042000200
                2: 020000000008
                29 flags 0 header 070000000500000080000200
                1: fd000000000000000000000000000009
                2: 000000000000
                """
        )
    }
}
