import LinuxSystem
import Netlink
import NetworkModel
import RouteNetlink
import Testing

@Suite(
    "Addresses, routes, neighbours and FDB entries in the kernel",
    .enabled(if: ThrowawayNamespace.isAvailable)
)
struct ObjectKernelTests {
    /// Makes `v0` (index 100) with 10.0.0.1/24 and fd00::1/64, its far end `v1` (101), a bridge `br0` (102) and two
    /// ports of it, `vx0` (103) and `p0` (104); runs `body`.
    private func withLinks<Value>(_ body: (inout NetlinkSocket) throws -> Value) throws -> Value {
        try ThrowawayNamespace.run {
            var socket = try NetlinkSocket.route()
            let pair = veth("v0", "v1", mac: 1)
            var port = veth("p0", "p1", mac: 5)
            port.near.master = name("br0")
            var vxlan = VXLAN(vni: VNI(number: 9))
            vxlan.local = try ip("192.0.2.1")
            vxlan.remote = try ip("192.0.2.77")
            var tunnel = link("vx0", .vxlan(vxlan), mac: 4)
            tunnel.master = name("br0")
            let bridge = link("br0", .bridge(Bridge()), mac: 3)
            var address6 = InterfaceAddress(try ip("fd00::1"), prefixLength: 64)
            address6.skipsDuplicateDetection = true
            let address = InterfaceAddress(try ip("10.0.0.1"), prefixLength: 24)
            try socket.apply {
                $0.appendMarkNamespace(alias: "weft:x", tag: 0)
                $0.appendCreateLink(pair.near, index: 100, peer: (pair.far, 101, nil), tag: 0)
                $0.appendCreateLink(bridge, index: 102, tag: 0)
                $0.appendCreateLink(tunnel, index: 103, masterIndex: 102, tag: 0)
                $0.appendCreateLink(
                    port.near,
                    index: 104,
                    masterIndex: 102,
                    peer: (port.far, 105, nil),
                    tag: 0
                )
                for (link, index) in [
                    (pair.near, 100), (pair.far, 101), (bridge, 102), (tunnel, 103), (port.near, 104),
                ] {
                    $0.appendFinishLink(link, index: Int32(index), wasCreatedElsewhere: false, tag: 0)
                }
                $0.appendAddAddress(address, linkIndex: 100, tag: 0)
                $0.appendAddAddress(address6, linkIndex: 100, tag: 0)
            }
            return try body(&socket)
        }
    }

    @Test("addresses: added, seen by iproute2, refused twice, removed")
    func addresses() throws {
        var plain = InterfaceAddress(try ip("10.1.0.1"), prefixLength: 16)
        plain.scope = .link
        plain.hasNoPrefixRoute = true
        var six = InterfaceAddress(try ip("fd01::1"), prefixLength: 80)
        six.skipsDuplicateDetection = true
        six.hasNoPrefixRoute = true
        let all = [plain, six]
        let seen = try withLinks { socket in
            func add(_ batch: inout MessageBatch) {
                for a in all { batch.appendAddAddress(a, linkIndex: 101, tag: 5) }
            }
            try socket.apply(add)
            let judged = try judge("ip -json addr show dev v1")[0]["addr_info"].elements
            let observed = try observeLinks(on: &socket).first { $0.index == 101 }?.addresses
            let again = try socket.attempt(add)
            try socket.apply { for a in all { $0.appendDeleteAddress(a, linkIndex: 101, tag: 0) } }
            let gone = try socket.attempt {
                for a in all { $0.appendDeleteAddress(a, linkIndex: 101, tag: 0) }
            }
            return (judged: judged, observed: observed ?? [], again: again, gone: gone)
        }
        let four = seen.judged.first { $0["local"].text == "10.1.0.1" }
        #expect(four?["prefixlen"].int == 16)
        #expect(four?["scope"].text == "link")
        #expect(four?["noprefixroute"].bool == true)
        let judgedSix = seen.judged.first { $0["local"].text == "fd01::1" }
        #expect(judgedSix?["prefixlen"].int == 80)
        #expect(judgedSix?["nodad"].bool == true)
        #expect(judgedSix?["noprefixroute"].bool == true)
        for address in all {
            let observed = seen.observed.first { $0.value == address }
            #expect(observed?.isManaged == true)
            #expect(observed?.isPermanent == true)
        }
        #expect(seen.again.map(\.errno) == [.fileExists, .fileExists])
        #expect(seen.again.map(\.tag) == [5, 5])
        #expect(seen.gone.map(\.errno) == [.addressNotAvailable, .addressNotAvailable])
    }

    @Test("what replacing an address changes in place: the protocol; of IPv6 the flags, of IPv4 none")
    func replaceAddress() throws {
        let seen = try withLinks { socket in
            try shell("ip addr add 10.1.0.1/16 dev v1; ip addr add fd01::1/64 dev v1")
            var four = InterfaceAddress(try ip("10.1.0.1"), prefixLength: 16)
            four.hasNoPrefixRoute = true
            var six = InterfaceAddress(try ip("fd01::1"), prefixLength: 64)
            six.hasNoPrefixRoute = true
            six.skipsDuplicateDetection = true
            try socket.apply {
                $0.appendReplaceAddress(four, linkIndex: 101, tag: 0)
                $0.appendReplaceAddress(six, linkIndex: 101, tag: 0)
            }
            return try observeLinks(on: &socket).filter { $0.index == 101 }.flatMap(\.addresses)
        }
        let four = seen.first { $0.value.address.description == "10.1.0.1" }
        #expect(four?.isManaged == true)
        #expect(four?.value.hasNoPrefixRoute == false)
        let six = seen.first { $0.value.address.description == "fd01::1" }
        #expect(six?.isManaged == true)
        #expect(six?.value.hasNoPrefixRoute == true)
        #expect(six?.value.skipsDuplicateDetection == true)
    }

    /// Routes of every type, with every attribute.
    private func everyRoute() throws -> [Route] {
        var routes: [Route] = []
        func add(_ destination: Prefix, _ alter: (inout Route) throws -> Void) throws {
            var route = Route(to: destination, in: .node)
            try alter(&route)
            routes.append(route)
        }
        for (family, net, gateway, own, far) in [
            (AddressFamily.ipv4, "10.", "10.0.0.8", "10.0.0.1", "172.31.0.1"),
            (.ipv6, "fd10:", "fd00::8", "fd00::1", "fe80::1"),
        ] {
            func to(_ number: Int) throws -> Prefix {
                family == .ipv4 ? try prefix("\(net)\(number).0.0", 16) : try prefix("\(net)\(number)::", 64)
            }
            try add(try to(20)) {
                $0.gateway = try ip(gateway); $0.device = name("v0")
            }
            try add(.all(family)) {
                $0.gateway = try ip(gateway); $0.device = name("v0"); $0.metric = 50
            }
            try add(try to(21)) {
                $0.device = name("v0"); $0.source = try ip(own); $0.mtu = MTU(bytes: 1300); $0.table = 1000
            }
            try add(try to(22)) {
                $0.gateway = try ip(far); $0.device = name("v0"); $0.isOnLink = true
            }
            try add(try to(23)) {
                $0.type = .unreachable; $0.metric = .max
            }
            try add(try to(24)) { $0.type = .blackhole }
            try add(try to(25)) { $0.type = .prohibit }
            try add(try to(26)) {
                $0.type = .throw; $0.table = 7
            }
            try add(try to(27)) {
                $0.type = .local; $0.device = name("lo"); $0.table = 255
            }
        }
        try add(try prefix("10.28.0.0", 16)) {
            $0.device = name("v0"); $0.scope = .global
        }
        return routes
    }

    private func index(_ device: InterfaceName?) -> Int32? {
        switch device?.text {
        case "lo": 1
        case "v0": 100
        default: nil
        }
    }

    @Test("routes of every type: added, seen by iproute2 and by us, refused twice, replaced, removed")
    func routes() throws {
        var routes = try everyRoute()
        let seen = try withLinks { socket in
            func each(_ append: (inout MessageBatch, Route, Int) -> Void) throws -> [Refusal] {
                try socket.attempt { for (tag, route) in routes.enumerated() { append(&$0, route, tag) } }
            }
            func observe() throws -> [ObservedRoute] {
                try observeNamespace(on: &socket, place: .node).routes.filter(\.isManaged)
            }
            let added = try each { $0.appendAddRoute($1, deviceIndex: index($1.device), tag: $2) }
            let first = (wanted: Set(routes), found: try observe())
            let judged = try judge("ip -json route show table all proto 87").elements
            let judged6 = try judge("ip -json -6 route show table all proto 87").elements
            let again = try each { $0.appendAddRoute($1, deviceIndex: index($1.device), tag: $2) }
            for position in routes.indices where routes[position].gateway != nil {
                routes[position].gateway = try ip(
                    routes[position].destination.family == .ipv4 ? "10.0.0.9" : "fd00::9"
                )
                routes[position].isOnLink = false
            }
            let replaced = try each { $0.appendReplaceRoute($1, deviceIndex: index($1.device), tag: $2) }
            let second = (wanted: Set(routes), found: try observe())
            let removed = try each { $0.appendDeleteRoute($1, deviceIndex: index($1.device), tag: $2) }
            let third = try observe()
            let gone = try each { $0.appendDeleteRoute($1, deviceIndex: index($1.device), tag: $2) }
            return (added, again, replaced, removed, gone, first, second, third, judged + judged6)
        }
        #expect(seen.0.isEmpty)
        #expect(seen.1.map(\.errno) == routes.map { _ in .fileExists })
        #expect(seen.1.map(\.tag) == Array(routes.indices))
        #expect(seen.2.isEmpty)
        #expect(seen.3.isEmpty)
        #expect(seen.4.map(\.errno) == routes.map { _ in .noSuchProcess })
        for (wanted, found) in [seen.5, seen.6] {
            #expect(Set(found.map(\.value)) == wanted)
            #expect(found.allSatisfy { !$0.isUnlikeAnyOfWefts })
        }
        #expect(seen.7.isEmpty)
        let detailed = seen.8.first { $0["dst"].text == "10.21.0.0/16" }
        #expect(detailed?["prefsrc"].text == "10.0.0.1")
        #expect(detailed?["metrics"][0]["mtu"].int == 1300)
        #expect(detailed?["table"].text == "1000" || detailed?["table"].int == 1000)
        #expect(seen.8.first { $0["dst"].text == "10.22.0.0/16" }?["flags"][0].text == "onlink")
        #expect(seen.8.first { $0["dst"].text == "10.23.0.0/16" }?["type"].text == "unreachable")
        #expect(seen.8.first { $0["dst"].text == "fd10:20::/64" }?["gateway"].text == "fd00::8")
        #expect(seen.8.first { $0["dst"].text == "10.20.0.0/16" }?["scope"].text == nil)
    }

    @Test("deleting a route of ours leaves a stranger's with the same destination")
    func deleteSpares() throws {
        let left = try withLinks { socket in
            try shell("ip route add 10.20.0.0/16 via 10.0.0.77 metric 10 proto static")
            var ours = Route(to: try prefix("10.20.0.0", 16), in: .node)
            ours.gateway = try ip("10.0.0.77")
            ours.device = name("v0")
            ours.metric = 10
            let refused = try socket.attempt { $0.appendDeleteRoute(ours, deviceIndex: 100, tag: 0) }
            return (refused, try judge("ip -json route show 10.20.0.0/16").elements.count)
        }
        #expect(left.0.map(\.errno) == [.noSuchProcess])
        #expect(left.1 == 1)
    }

    @Test("routes that are unlike any of ours are known as such")
    func foreignRoutes() throws {
        let routes = try withLinks { socket in
            try shell(
                """
                set -e
                ip route add 10.20.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3
                ip nexthop add id 5 via 10.0.0.4 dev v0
                ip route add 10.21.0.0/16 nhid 5
                ip route add 10.22.0.0/16 tos 8 via 10.0.0.4
                ip route add 10.23.0.0/16 via 10.0.0.4 advmss 1000
                ip route add 10.24.0.0/16 via inet6 fd00::9 dev v0
                ip route add broadcast 10.25.0.0/16 dev v0
                ip route add 10.26.0.0/16 dev v0 scope 50
                ip -6 route add fd20::/64 nexthop via fd00::2 nexthop via fd00::3
                ip -6 route add fd21::/64 via fd00::2 pref high
                ip -6 route add fd22::/64 from fd23::/64 via fd00::2
                ip -6 route add fd24::/64 via fd00::2 expires 100
                """
            )
            return try observeNamespace(on: &socket, place: .node).routes
        }
        let foreign = routes.filter { $0.protocolNumber == 3 }
        #expect(foreign.count == 11)
        for route in foreign { #expect(route.isUnlikeAnyOfWefts, "\(route.value.destination)") }
        // Of the kernel's own, those of the networks of its addresses only.
        let kernels = Set(routes.filter { $0.protocolNumber == 2 }.map(\.value.destination.description))
        #expect(kernels == ["10.0.0.0/24", "fd00::/64", "fe80::/64"])
    }

    @Test("neighbours: added, seen by iproute2, refused twice, replaced, removed")
    func neighbours() throws {
        let id = LinkID(name("v0"), in: .node)
        let all = [
            Neighbour(try ip("10.0.0.7"), mac: mac(7), on: id),
            Neighbour(try ip("fd00::7"), mac: mac(8), on: id),
        ]
        let seen = try withLinks { socket in
            func each(_ append: (inout MessageBatch, Neighbour) -> Void) throws -> [Refusal] {
                try socket.attempt { for neighbour in all { append(&$0, neighbour) } }
            }
            let added = try each { $0.appendAddNeighbour($1, linkIndex: 100, tag: 0) }
            let judged = try judge("ip -json neigh show nud permanent").elements
            let found = try observeNamespace(on: &socket, place: .node).neighbours
            let again = try each { $0.appendAddNeighbour($1, linkIndex: 100, tag: 0) }
            let replaced = try each {
                $0.appendReplaceNeighbour(Neighbour($1.address, mac: mac(99), on: id), linkIndex: 100, tag: 0)
            }
            let changed = try observeNamespace(on: &socket, place: .node).neighbours
            let removed = try each { $0.appendDeleteNeighbour($1, linkIndex: 100, tag: 0) }
            let gone = try each { $0.appendDeleteNeighbour($1, linkIndex: 100, tag: 0) }
            return (added + replaced + removed, again, gone, judged, found, changed)
        }
        #expect(seen.0.isEmpty)
        #expect(seen.1.map(\.errno) == [.fileExists, .fileExists])
        #expect(seen.2.map(\.errno) == [.noSuchFileOrDirectory, .noSuchFileOrDirectory])
        for neighbour in all {
            let judged = seen.3.first { $0["dst"].text == neighbour.address.description }
            #expect(judged?["lladdr"].text == neighbour.mac.description)
            #expect(judged?["dev"].text == "v0")
            #expect(judged?["protocol"].text == "87" || judged?["protocol"].text == "weft")
        }
        #expect(Set(seen.4.map(\.value)) == Set(all))
        #expect(seen.4.allSatisfy { $0.isManaged })
        #expect(seen.5.map(\.value.mac) == [mac(99), mac(99)])
    }

    /// Entries of both tables, with every attribute.
    private func everyEntry() throws -> [ForwardingEntry] {
        let tunnel = LinkID(name("vx0"), in: .node)
        var plain = ForwardingEntry(mac(0x101), on: tunnel, table: .own)
        plain.destination = try ip("192.0.2.2")
        var rich = ForwardingEntry(mac(0x102), on: tunnel, table: .own, state: .static)
        rich.destination = try ip("192.0.2.3")
        rich.vni = VNI(number: 77)
        rich.port = 4790
        var flood = ForwardingEntry(.zero, on: tunnel, table: .own)
        flood.destination = try ip("192.0.2.4")
        var otherFlood = flood
        otherFlood.destination = try ip("192.0.2.5")
        let port = LinkID(name("p0"), in: .node)
        return [
            plain, rich, flood, otherFlood,
            ForwardingEntry(mac(0x101), on: tunnel, table: .bridge, state: .static),
            ForwardingEntry(mac(0x103), on: port, table: .bridge, state: .static),
            ForwardingEntry(mac(0x104), on: port, table: .bridge, state: .permanent),
        ]
    }

    @Test("FDB entries: added, seen by iproute2, told from the kernel's own, replaced, removed one by one")
    func forwarding() throws {
        let all = try everyEntry()
        let seen = try withLinks { socket in
            func index(_ entry: ForwardingEntry) -> Int32 { entry.link.name == name("vx0") ? 103 : 104 }
            func observe() throws -> [ForwardingEntry] {
                try observeNamespace(on: &socket, place: .node).forwarding
            }
            let before = try observe()
            let added = try socket.attempt {
                for e in all { $0.appendAddForwarding(e, linkIndex: index(e), tag: 0) }
            }
            let judged = try judge("bridge -json fdb show").elements
            let found = try observe()
            let again = try socket.attempt {
                for e in all { $0.appendAddForwarding(e, linkIndex: index(e), tag: 0) }
            }
            var moved = all[0]
            moved.destination = try ip("192.0.2.200")
            moved.state = .static
            let replaced = try socket.attempt { $0.appendReplaceForwarding(moved, linkIndex: 103, tag: 0) }
            let changed = try observe()
            var left: [Int] = []
            for entry in all {
                try socket.apply { $0.appendDeleteForwarding(entry, linkIndex: index(entry), tag: 0) }
                left.append(try observe().count)
            }
            let gone = try socket.attempt {
                for e in all where e.mac != .zero {
                    $0.appendDeleteForwarding(e, linkIndex: index(e), tag: 0)
                }
            }
            return (before, added + replaced, judged, found, again, (moved, changed), left, gone)
        }
        #expect(seen.0.isEmpty)
        #expect(seen.1.isEmpty)
        #expect(seen.3.count == all.count)
        #expect(Set(seen.3) == Set(all))
        // To append a destination that is there is no mistake for the kernel.
        #expect(seen.4.map(\.errno) == [.fileExists, .fileExists, .fileExists, .fileExists, .fileExists])
        #expect(seen.5.1.contains(seen.5.0))
        #expect(seen.6 == [6, 5, 4, 3, 2, 1, 0])
        #expect(seen.7.map(\.errno) == Array(repeating: .noSuchFileOrDirectory, count: 5))
        let rich = seen.2.first { $0["mac"].text == "02:00:00:00:01:02" }
        #expect(rich?["dst"].text == "192.0.2.3")
        #expect(rich?["vni"].int == 77)
        #expect(rich?["port"].int == 4790)
        #expect(rich?["state"].text == "static")
        #expect(rich?["flags"][0].text == "self")
        let floods = seen.2.filter { $0["mac"].text == "00:00:00:00:00:00" }.compactMap { $0["dst"].text }
        #expect(Set(floods) == ["192.0.2.77", "192.0.2.4", "192.0.2.5"])
        let port = seen.2.first { $0["mac"].text == "02:00:00:00:01:03" }
        #expect(port?["master"].text == "br0")
        #expect(port?["state"].text == "static")
    }

    @Test(
        "FDB entries that are asked for one by one are those of the list, and what is not asked for is listed"
    )
    func forwardingByKey() throws {
        let all = try everyEntry().filter { $0.mac != .zero }
        let port = LinkID(name("p0"), in: .node)
        let tunnel = LinkID(name("vx0"), in: .node)
        let bridge = LinkID(name("br0"), in: .node)
        func key(_ entry: ForwardingEntry) -> ForwardingEntry.Key {
            var key = entry.key
            if entry.table == .bridge { key.link = bridge }
            return key
        }
        let others = [
            // Nobody has it; links that have no such table; no link.
            key(ForwardingEntry(mac(0x109), on: tunnel, table: .own)),
            key(ForwardingEntry(mac(0x109), on: tunnel, table: .bridge)),
            key(ForwardingEntry(mac(0x103), on: port, table: .own)),
            ForwardingEntry(mac(0x103), on: LinkID(name("v0"), in: .node), table: .bridge).key,
            ForwardingEntry(mac(0x103), on: LinkID(name("gone"), in: .node), table: .bridge).key,
            // The kernel's own, of the tunnel.
            key(ForwardingEntry(mac(4), on: tunnel, table: .bridge)),
        ]
        let (listed, asked, one, again) = try withLinks { socket in
            func observe(_ keys: [ForwardingEntry.Key]) throws -> [ForwardingEntry] {
                var options = ObservationOptions()
                options.askedForwarding = keys
                return try observeNamespace(on: &socket, place: .node, options: options).forwarding
            }
            try socket.apply {
                for entry in all {
                    let index: Int32 = entry.link == tunnel ? 103 : 104
                    $0.appendAddForwarding(entry, linkIndex: index, tag: 0)
                }
                // More than go by one send.
                for number in 0..<200 {
                    let entry = ForwardingEntry(mac(0x200 + UInt64(number)), on: port, table: .bridge)
                    $0.appendAddForwarding(entry, linkIndex: 104, tag: 0)
                }
            }
            let listed = try observe([])
            let asked = try observe(listed.reversed().map(key) + others)
            let elsewhere = ForwardingEntry(mac(0x101), on: LinkID(name("v0"), in: .node), table: .bridge)
            return (listed, asked, try observe([key(all[0])]), try observe([elsewhere.key]))
        }
        #expect(Set(listed).isSuperset(of: all))
        #expect(listed.count == all.count + 200)
        #expect(asked == listed.reversed())
        #expect(one == [all[0]])
        // That is of no bridge, so the bridge is listed.
        #expect(Set(again) == Set(listed))
    }
}
