import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Synchronization
import Testing

@Suite("One pass", .kernel)
struct PassTests {
    /// A bridge and two namespaces on it.
    private func twoNamespaces(on node: ThrowAwayNode) throws -> NodeState {
        var state = NodeState(node: "n")
        let bridge = LinkID(try InterfaceName("br9"), in: .node)
        state.links[bridge] = Link(
            bridge,
            kind: .bridge(Bridge()),
            mac: MACAddress(bits: 0x02_0000_0001),
            purpose: "bridge"
        )
        state.links[bridge]?.addresses = [InterfaceAddress(IPAddress(ipv4: 0x0a09_0001), prefixLength: 24)]
        for (offset, suffix) in ["red", "blue"].enumerated() {
            let name = try NamespaceName(node.fullName(of: suffix))
            let near = LinkID(try InterfaceName("v\(offset)"), in: .node)
            let far = LinkID(try InterfaceName("eth0"), in: .namespace(name))
            let mac = 0x0200_0000_0010 + UInt64(offset)
            var nearLink = Link(near, kind: .veth(peer: far), mac: MACAddress(bits: mac), purpose: "pair")
            nearLink.master = bridge.name
            var farLink = Link(
                far,
                kind: .veth(peer: near),
                mac: MACAddress(bits: mac + 0x10),
                purpose: "pair"
            )
            farLink.addressGeneration = .none
            farLink.addresses = [
                InterfaceAddress(IPAddress(ipv4: 0x0a09_0002 + UInt32(offset)), prefixLength: 24)
            ]
            var route = Route(to: .all(.ipv4), in: .namespace(name))
            route.gateway = IPAddress(ipv4: 0x0a09_0001)
            state.namespaces.insert(name)
            state.links[near] = nearLink
            state.links[far] = farLink
            state.routes.append(route)
        }
        return state
    }

    private func reconciler(of node: ThrowAwayNode) -> Reconciler {
        let namespace = Node.NamedPath(name: node.name, path: "/run/netns/\(node.name)")
        return Reconciler(
            node: Node(name: "n", namespace: namespace, runtimeDirectory: node.runtimeDirectory)
        )
    }

    @Test("two namespaces on a bridge come, are verified, and go without a trace")
    func comesAndGoes() throws {
        try ThrowAwayNode.with { node in
            let before = try WholeDump.take(of: node)
            let state = try twoNamespaces(on: node)
            let reconciler = reconciler(of: node)
            let report = try reconciler.apply(state)
            #expect(report.failures.isEmpty)
            #expect(report.isVerified)
            #expect(report.plan.summary[.create] == 10)
            let again = try reconciler.apply(state)
            #expect(again.plan.changes == [])
            #expect(again.messagesSent == 0)
            let gone = try reconciler.destroy()
            #expect(gone.isDone)
            #expect(try WholeDump.diff(before, WholeDump.take(of: node)) == [])
        }
    }

    @Test("an interruption at any batch undoes what was done", arguments: 1...5)
    func interrupted(after batches: Int) throws {
        try ThrowAwayNode.with { node in
            let before = try WholeDump.take(of: node)
            let state = try twoNamespaces(on: node)
            let count = Mutex(0)
            var options = Reconciler.Options()
            options.interruption = {
                count.withLock {
                    $0 += 1
                    return $0 >= batches ? "SIGINT" : nil
                }
            }
            let report = try reconciler(of: node).apply(state, options)
            #expect(count.withLock { $0 } == batches, "the apply has fewer batches than the test interrupts")
            #expect(report.failures.map(\.description) == ["cannot go on: interrupted by SIGINT"])
            #expect(report.isRolledBack == true)
            #expect(report.rollbackFailures.isEmpty)
            #expect(try WholeDump.diff(before, WholeDump.take(of: node)) == [])
        }
    }
}
