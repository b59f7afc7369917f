import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// What generated states found, each by itself.
@Suite("What once went wrong", .enabled(if: KernelTests.isAvailable))
struct FoundTests {
    @Test("a pair with both ends in the node: the far end gets its bridge and port options")
    func farEndInNode() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            let (_, far) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            state.links[far]?.master = bridge.name
            state.links[far]?.port.hairpin = true
        }
    }

    @Test("an alias of full length is taken")
    func longAlias() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.purpose = String(repeating: "x", count: Mark.node.longestPurpose)
        }
    }

    @Test("a link in a namespace goes together with its parent in the node")
    func parentAndChild() throws {
        try bring { bench, state in
            state.namespaces = [bench.pools.namespaces[0]]
            let (near, _) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            let child = bench.pools.id("m1", 0)
            state.links[child] = Link(
                child,
                kind: .macvlan(Macvlan(parent: near.name)),
                mac: mac(child, bench),
                purpose: ""
            )
        } then: { bench, state in
            state.links = [:]
        }
    }

    @Test("a gateway that was this host's, or lay in what was dropped, is taken once that has gone")
    func gatewayThatWasOwn() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [
                ("10.9.0.1", 24), ("10.9.0.2", 24), ("fd00:9::1", 64), ("fd00:9::2", 64),
            ]
            .compactMap { address($0.0, UInt8($0.1)) }
            for (text, length) in [("203.0.113.0", 24), ("fd99::", 64)] {
                guard let own = IPAddress(text) else { continue }
                var route = Route(to: Prefix(containing: own, length: UInt8(length)), in: .node)
                route.type = .local
                route.device = InterfaceName(fromKernel: "lo")
                state.routes.append(route)
            }
            guard let dropped = IPAddress("10.9.0.9") else { return }
            var route = Route(to: Prefix(containing: dropped, length: 32), in: .node)
            route.type = .blackhole
            state.routes.append(route)
            let other = addBridge("br1", bench, &state)
            state.links[other]?.addresses = [("10.9.0.3", 32), ("fd00:9::3", 128)]
                .compactMap { address($0.0, UInt8($0.1)) }
        } then: { bench, state in
            let bridge = bench.pools.id("br0")
            state.links[bench.pools.id("br1")] = nil
            state.links[bridge]?.addresses = [("10.9.0.1", 24), ("fd00:9::1", 64)]
                .compactMap { address($0.0, UInt8($0.1)) }
            let ways = [
                ("192.168.1.0", 24, "203.0.113.1", true), ("fd01::", 64, "fd99::1", true),
                ("192.168.2.0", 24, "10.9.0.9", false), ("192.168.3.0", 24, "10.9.0.2", true),
                ("fd02::", 64, "fd00:9::2", false), ("192.168.4.0", 24, "10.9.0.3", true),
                ("fd03::", 64, "fd00:9::3", false),
            ]
            state.routes = ways.compactMap { text, length, gateway, isOnLink in
                guard let destination = IPAddress(text) else { return nil }
                var route = Route(to: Prefix(containing: destination, length: UInt8(length)), in: .node)
                route.gateway = IPAddress(gateway)
                route.device = bridge.name
                route.isOnLink = isOnLink
                return route
            }
        }
    }

    @Test("what a link carries besides its last IPv4 address is there when that is gone")
    func lastAddress() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = ["10.9.0.1", "10.9.0.2"].compactMap { address($0, 24) }
            addNeighbour("10.9.0.7", bridge, &state)
        } then: { bench, state in
            let bridge = bench.pools.id("br0")
            state.links[bridge]?.addresses = []
            addNeighbour("10.9.0.8", bridge, &state)
            var route = Route(to: .all(.ipv4), in: .node)
            route.device = bridge.name
            state.routes = [route]
        }
    }

    @Test("a bridge's entry moves from port to port, and to one that comes as the other goes")
    func movingEntry() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            let (first, second) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            state.links[first]?.master = bridge.name
            state.links[second]?.master = bridge.name
            state.forwarding = [
                ForwardingEntry(MACAddress(bits: 0x0200_0000_0707), on: first, table: .bridge, state: .static)
            ]
        } then: { bench, state in
            state.forwarding[0].link = bench.pools.id("vb")
        }
    }

    @Test("an MTU without IPv6: no word of how link-local addresses are made, and it comes back with the MTU")
    func smallMTU() throws {
        try bring { bench, state in
            let (first, second) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            state.links[first]?.addressGeneration = .none
            state.links[first]?.isUp = false
            state.links[first]?.mtu = MTU(bytes: 1000)
            state.links[second]?.addresses = ["fd00:9::1"].compactMap { address($0, 64) }
            addNeighbour("fd00:9::7", second, &state)
        } then: { bench, state in
            state.links[bench.pools.id("va")]?.mtu = MTU(bytes: 1400)
            state.links[bench.pools.id("vb")]?.mtu = MTU(bytes: 1000)
            state.links[bench.pools.id("vb")]?.addresses = []
            state.neighbours = []
        }
    }

    @Test("a link goes down: what the kernel drops with that is not deleted once more")
    func goingDown() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [address("10.9.0.1", 24), address("fd00:9::1", 64)].compactMap(
                \.self
            )
            for family in [AddressFamily.ipv4, .ipv6] {
                var route = Route(to: .all(family), in: .node)
                route.device = bridge.name
                state.routes.append(route)
            }
        } then: { bench, state in
            state.links[bench.pools.id("br0")]?.isUp = false
            state.links[bench.pools.id("br0")]?.addresses.removeLast()
            state.routes = []
        }
    }

    @Test("addresses of one subnet go, the first and its secondaries")
    func secondaries() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = ["10.9.0.1", "10.9.0.2", "10.9.0.3"].compactMap {
                address($0, 24)
            }
        } then: { bench, state in
            state.links[bench.pools.id("br0")]?.addresses = []
        }
    }

    @Test("a link that is made anew has its settings")
    func settingOfRemadeLink() throws {
        try bring { bench, state in
            let id = bench.pools.id("vx0")
            state.links[id] = Link(
                id,
                kind: .vxlan(VXLAN(vni: VNI(number: 7))),
                mac: mac(id, bench),
                purpose: ""
            )
            state.sysctls = [Sysctl(Sysctl.Key(path: "net/ipv4/conf/vx0/arp_ignore", in: .node), value: "2")]
        } then: { bench, state in
            state.links[bench.pools.id("vx0")]?.kind = .vxlan(VXLAN(vni: VNI(number: 8)))
        }
    }

    @Test("a bridge keeps an MTU of 1,500 with a smaller port")
    func bridgeMTU() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.mtu = .ethernet
            let (near, _) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            state.links[near]?.master = bridge.name
        } then: { bench, state in
            state.links[bench.pools.id("va")]?.mtu = MTU(bytes: 1400)
        }
    }

    @Test(
        "a route stays whose source is a secondary address that goes with its link: it is deleted all the same"
    )
    func sourceOfRemadeLink() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [address("10.9.0.1", 24)].compactMap(\.self)
            let id = bench.pools.id("vx0")
            state.links[id] = Link(
                id,
                kind: .vxlan(VXLAN(vni: VNI(number: 7))),
                mac: mac(id, bench),
                purpose: ""
            )
            state.links[id]?.addresses = ["10.8.0.1", "10.8.0.2"].compactMap { address($0, 24) }
            for (number, source) in ["10.8.0.1", "10.8.0.2"].enumerated() {
                var route = Route(
                    to: Prefix(containing: IPAddress(ipv4: 0x0a40_0000 + UInt32(number) << 8), length: 24),
                    in: .node
                )
                route.gateway = IPAddress("10.9.0.9")
                route.source = IPAddress(source)
                state.routes.append(route)
            }
        } then: { bench, state in
            state.links[bench.pools.id("vx0")]?.kind = .vxlan(VXLAN(vni: VNI(number: 8)))
            state.links[bench.pools.id("vx0")]?.addresses = []
            state.routes = []
        }
    }

    @Test("a VXLAN link makes way for one that takes its UDP port with another mind about checksums")
    func sharedSocket() throws {
        try bring { bench, state in
            let id = bench.pools.id("vx1")
            state.links[id] = Link(
                id,
                kind: .vxlan(VXLAN(vni: VNI(number: 7))),
                mac: mac(id, bench),
                purpose: ""
            )
        } then: { bench, state in
            state.links = [:]
            let id = bench.pools.id("vx0")
            var vxlan = VXLAN(vni: VNI(number: 8))
            vxlan.udpZeroChecksum6Receive = true
            state.links[id] = Link(id, kind: .vxlan(vxlan), mac: mac(id, bench), purpose: "")
        }
    }

    // MARK: Making states

    private func address(_ text: String, _ length: UInt8) -> InterfaceAddress? {
        IPAddress(text).map { InterfaceAddress($0, prefixLength: length) }
    }

    private func addNeighbour(_ text: String, _ link: LinkID, _ state: inout NodeState) {
        guard let address = IPAddress(text) else { return }
        state.neighbours.append(Neighbour(address, mac: MACAddress(bits: 0x0200_0000_0909), on: link))
    }

    /// Applies a state, and a changed one, and takes everything away.
    private func bring(
        _ make: (Workbench, inout NodeState) -> Void,
        then change: (Workbench, inout NodeState) -> Void = { _, _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try ThrowAwayNode.with { node in
            let bench = Workbench(node)
            let before = try WholeDump.take(of: node)
            var state = NodeState(node: "n")
            make(bench, &state)
            try bench.bring(to: state, "first", sourceLocation: sourceLocation)
            change(bench, &state)
            try bench.bring(to: state, "second", sourceLocation: sourceLocation)
            try bench.destroy("last", sourceLocation: sourceLocation)
            #expect(
                WholeDump.diff(before, try WholeDump.take(of: node)) == [],
                sourceLocation: sourceLocation
            )
        }
    }

    private func mac(_ id: LinkID, _ bench: Workbench) -> MACAddress {
        MACAddress(bits: 0x0200_0000_0000 | UInt64(bench.pools.number(of: id)))
    }

    private func addBridge(_ name: String, _ bench: Workbench, _ state: inout NodeState) -> LinkID {
        let id = bench.pools.id(name)
        state.links[id] = Link(id, kind: .bridge(Bridge()), mac: mac(id, bench), purpose: name)
        return id
    }

    private func addPair(
        _ first: LinkID,
        _ second: LinkID,
        _ bench: Workbench,
        _ state: inout NodeState
    ) -> (LinkID, LinkID) {
        state.links[first] = Link(first, kind: .veth(peer: second), mac: mac(first, bench), purpose: "first")
        state.links[second] = Link(
            second,
            kind: .veth(peer: first),
            mac: mac(second, bench),
            purpose: "second"
        )
        return (first, second)
    }
}
