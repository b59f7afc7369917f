import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// What the real kernel refuses, and what an operator is told to do about it.
@Suite("Hints at refusals", .enabled(if: KernelTests.isAvailable))
struct HintTests {
    /// The hint at what fails first, when a state is applied to a node that `prepare` had its hand in.
    private func hint(
        _ prepare: (ThrowAwayNode) throws -> Void = { _ in },
        at build: (inout NodeState) throws -> Void
    ) throws -> String? {
        try ThrowAwayNode.with { node in
            try prepare(node)
            var state = NodeState(node: "n")
            let bridge = LinkID(try InterfaceName("br0"), in: .node)
            state.links[bridge] = Link(
                bridge,
                kind: .bridge(Bridge()),
                mac: MACAddress(bits: 0x0200_0000_0001),
                purpose: ""
            )
            let address = try #require(IPAddress("10.9.0.1"))
            state.links[bridge]?.addresses = [InterfaceAddress(address, prefixLength: 24)]
            try build(&state)
            let report = try Workbench(node).weft().apply(state)
            #expect(report.isRolledBack == true)
            return try #require(report.failures.first).hint
        }
    }

    private func route(_ change: (inout Route) throws -> Void) throws -> String? {
        try hint { state in
            var route = Route(
                to: Prefix(containing: try #require(IPAddress("10.8.0.0")), length: 16),
                in: .node
            )
            route.device = try InterfaceName("br0")
            try change(&route)
            state.routes = [route]
        }
    }

    @Test("a source that is no address of the node")
    func source() throws {
        let hint = try route { $0.source = IPAddress("10.77.0.1") }
        #expect(hint == "'src' must be an address of a link in the same namespace")
    }

    @Test("a gateway that is not on-link")
    func gateway() throws {
        let hint = try route { $0.gateway = IPAddress("10.77.0.1") }
        #expect(hint?.hasPrefix("the gateway must be on-link") == true)
    }

    @Test("a parent that has links of another mode")
    func passthru() throws {
        let hint = try hint { node in
            _ = try node.run("ip link add p0 type veth peer p1")
            _ = try node.run("ip link add m0 link p0 type macvlan mode bridge")
        } at: { state in
            let id = LinkID(try InterfaceName("m1"), in: .node)
            let macvlan = Macvlan(parent: try InterfaceName("p0"), mode: .passthru)
            state.links[id] = Link(
                id,
                kind: .macvlan(macvlan),
                mac: MACAddress(bits: 0x0200_0000_0002),
                purpose: ""
            )
        }
        #expect(hint?.contains("mode passthru must be alone") == true)
    }

    @Test("IPv6 that is turned off")
    func disabled() throws {
        let hint = try hint { node in
            _ = try node.run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
        } at: { state in
            let address = try #require(IPAddress("fd00::1"))
            for id in state.links.keys {
                state.links[id]?.addresses = [InterfaceAddress(address, prefixLength: 64)]
            }
        }
        #expect(hint?.contains("'disable_ipv6'") == true)
    }

    @Test("a tunnel's port that another kind of tunnel has, or a process", arguments: [false, true])
    func port(isProcess: Bool) throws {
        let hint = try ThrowAwayNode.with { node in
            var holder: RunningCommand?
            defer { _ = try? holder?.end() }
            if isProcess {
                let script =
                    "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 4790)); time.sleep(60)"
                holder = try node.command(["python3", "-c", script]).start()
                #expect(try Eventually.holds { try node.run("ss -Hulpn sport = :4790").contains("python3") })
            } else {
                _ = try node.run("ip link add ext type vxlan external dstport 4790")
                _ = try node.run("ip link set ext up")
            }
            var state = NodeState(node: "n")
            let id = LinkID(try InterfaceName("vx9"), in: .node)
            var vxlan = VXLAN(vni: VNI(number: 9))
            vxlan.port = 4790
            state.links[id] = Link(
                id,
                kind: .vxlan(vxlan),
                mac: MACAddress(bits: 0x0200_0000_0003),
                purpose: ""
            )
            let report = try Workbench(node).weft().apply(state)
            let failure = try #require(report.failures.first)
            #expect(failure.errno == .addressInUse)
            return try #require(failure.hint)
        }
        #expect(hint.hasPrefix("UDP port 4790 is taken by a VXLAN link of another kind"))
        #expect(hint.contains("or by a process ('ss -ulpn sport = :4790')"))
        #expect(hint.hasSuffix("of a network by 'options.port'"))
    }
}
