import NetworkModel
import NetworkTesting
import Planner
import Testing

/// What is refused, all at once, word for word.
@Suite("Problems")
struct ProblemTests {
    private func name(_ text: String) -> InterfaceName { PlannerStates.name(text) }

    private func node(_ text: String) -> LinkID { LinkID(name(text), in: .node) }

    private func bridge(_ text: String) -> Link {
        Link(node(text), kind: .bridge(Bridge()), mac: MACAddress(bits: 0x0200_0000_0001), purpose: "")
    }

    private func route(_ third: UInt32, dev device: String) -> Route {
        var route = Route(
            to: Prefix(containing: IPAddress(ipv4: 0x0a00_0000 + third << 8), length: 24),
            in: .node
        )
        route.device = name(device)
        return route
    }

    /// A node on which all is in the way that can be.
    private func kernel() throws -> ModelKernel {
        var kernel = ModelKernel()
        var before = NodeState(node: "n")
        before.links[node("br0")] = bridge("br0")
        before.links[node("br1")] = bridge("br1")
        try kernel.carryOut(Plan(from: kernel.observed(for: before), to: before))
        kernel.addForeignLink(node("docker0"), kind: .bridge(Bridge()))
        kernel.addForeignLink(node("flannel.1"), kind: .vxlan(VXLAN(vni: VNI(number: 1))))
        kernel.addForeignNamespace(PlannerStates.namespaceNames[0])
        kernel.addForeignRoute(route(1, dev: "eth0"), protocolNumber: 4)
        let address = InterfaceAddress(IPAddress(ipv6High: 0xfd00 << 48, low: 1), prefixLength: 48)
        kernel.addForeignAddress(address, on: node("br0"))
        return kernel
    }

    private func desired() -> NodeState {
        var desired = NodeState(node: "n")
        desired.namespaces = [PlannerStates.namespaceNames[0]]
        var kept = bridge("br0")
        kept.addresses = [InterfaceAddress(IPAddress(ipv6High: 0xfd00 << 48, low: 1), prefixLength: 64)]
        desired.links[kept.id] = kept
        desired.links[node("docker0")] = bridge("docker0")
        var down = bridge("br2")
        down.isUp = false
        desired.links[down.id] = down
        for (link, parent) in [("mv0", "ens5"), ("mv1", "br1")] {
            var link = bridge(link)
            link.kind = .macvlan(Macvlan(parent: name(parent)))
            desired.links[link.id] = link
        }
        var tunnel = bridge("vx1")
        tunnel.kind = .vxlan(VXLAN(vni: VNI(number: 1)))
        desired.links[tunnel.id] = tunnel
        var other = VXLAN(vni: VNI(number: 2))
        other.udpZeroChecksum6Receive = true
        tunnel.id = node("vx2")
        tunnel.kind = .vxlan(other)
        desired.links[tunnel.id] = tunnel
        for number in 0..<1024 {
            var port = bridge("p\(number)")
            port.kind = .vxlan(VXLAN(vni: VNI(number: UInt32(100 + number))))
            port.master = kept.id.name
            desired.links[port.id] = port
        }
        desired.routes = [
            route(1, dev: "br0"), route(2, dev: "nonesuch"), route(3, dev: "br1"), route(4, dev: "br2"),
        ]
        desired.sysctls = [Sysctl(Sysctl.Key(path: "net/ipv4/nonesuch", in: .node), value: "1")]
        return desired
    }

    @Test("a refusal lists every problem, and nothing is planned")
    func listsEveryProblem() throws {
        let kernel = try kernel()
        let desired = desired()
        let refusal = try #require(throws: PlanRefusal.self) {
            try Plan(from: kernel.observed(for: desired), to: desired)
        }
        #expect(
            refusal.problems.map(\.message) == [
                "cannot create link 'docker0': the name is taken by a bridge link that is not Weft's",
                "cannot create namespace 'blue': /run/netns has one of this name that is not this node's",
                "cannot create macvlan link 'mv0': there is no link 'ens5' on this node",
                "cannot create macvlan link 'mv1': the link 'br1' under it is no longer in the document",
                "cannot create vxlan link 'vx1': VNI 1 at UDP port 4789 is taken by link 'flannel.1', which is not Weft's",
                "cannot create vxlan link 'vx2': UDP port 4789 is in use by link 'flannel.1', which is not Weft's and has "
                    + "another 'udp6zerocsumrx'",
                "cannot give bridge 'br0' 1024 ports: the kernel takes 1023",
                "cannot add address fd00::1/64 to link 'br0': the link has it with another prefix length, and that one "
                    + "is not Weft's",
                "cannot add route 10.0.1.0/24 dev br0: table main has a route to 10.0.1.0/24 with metric 0 that is not "
                    + "Weft's (protocol static dev eth0)",
                "cannot add route 10.0.2.0/24 dev nonesuch: there is no link 'nonesuch'",
                "cannot add route 10.0.3.0/24 dev br1: the link 'br1' is no longer in the document",
                "cannot add route 10.0.4.0/24 dev br2: the link 'br2' is down in the document",
                "cannot set 'net.ipv4.nonesuch': there is no such setting",
            ]
        )
        #expect(refusal.problems.allSatisfy { $0.hint != nil }, "every problem says what can be done")
    }

    @Test("a rollback is not refused: it leaves out what is in the way, and says so")
    func rollbackIsNotRefused() throws {
        let kernel = try kernel()
        let desired = desired()
        let plan = try Plan(
            from: kernel.observed(for: desired),
            to: desired,
            options: PlanOptions(isRollback: true)
        )
        #expect(plan.leftOut.count == 13)
        for change in plan.changes {
            #expect(change.operation.offence(against: kernel.state, desired) == nil)
        }
    }

    @Test("a full bridge loses the ports that go before it gets those that come")
    func fullBridge() throws {
        var kernel = ModelKernel()
        func state(_ prefix: String) -> NodeState {
            var state = NodeState(node: "n")
            state.links[node("br0")] = bridge("br0")
            for number in 0..<600 {
                var port = bridge("\(prefix)\(number)")
                let first: UInt32 = prefix == "a" ? 1000 : 5000
                port.kind = .vxlan(VXLAN(vni: VNI(number: first + UInt32(number))))
                port.master = name("br0")
                state.links[port.id] = port
            }
            return state
        }
        try kernel.carryOut(Plan(from: kernel.observed(), to: state("a")))
        try kernel.carryOut(Plan(from: kernel.observed(), to: state("b")))
        #expect(try Plan(from: kernel.observed(), to: state("b")).isEmpty)
    }
}
