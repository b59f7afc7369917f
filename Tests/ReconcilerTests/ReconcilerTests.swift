import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("One pass", .enabled(if: KernelTests.isAvailable))
struct PassTests {
    @Test("two namespaces on a bridge come, are verified, and go without a trace")
    func twoNamespaces() throws {
        try ThrowAwayNode.with { node in
            let before = try WholeDump.take(of: node)
            var state = NodeState(node: "n")
            for (offset, suffix) in ["red", "blue"].enumerated() {
                let name = try NamespaceName("\(node.name).\(suffix)")
                state.namespaces.insert(name)
                let near = LinkID(try InterfaceName("v\(offset)"), in: .node)
                let far = LinkID(try InterfaceName("eth0"), in: .namespace(name))
                var nearLink = Link(
                    near,
                    kind: .veth(peer: far),
                    mac: MACAddress(bits: 0x0200_0000_0010 + UInt64(offset)),
                    purpose: "x"
                )
                nearLink.master = try InterfaceName("br9")
                var farLink = Link(
                    far,
                    kind: .veth(peer: near),
                    mac: MACAddress(bits: 0x0200_0000_0020 + UInt64(offset)),
                    purpose: "y"
                )
                farLink.addressGeneration = .none
                farLink.addresses = [
                    InterfaceAddress(IPAddress(ipv4: 0x0a09_0002 + UInt32(offset)), prefixLength: 24)
                ]
                state.links[near] = nearLink
                state.links[far] = farLink
                var route = Route(to: .all(.ipv4), in: .namespace(name))
                route.gateway = IPAddress(ipv4: 0x0a09_0001)
                state.routes.append(route)
            }
            let bridge = LinkID(try InterfaceName("br9"), in: .node)
            var link = Link(
                bridge,
                kind: .bridge(Bridge()),
                mac: MACAddress(bits: 0x0200_0000_0001),
                purpose: "bridge"
            )
            link.addresses = [InterfaceAddress(IPAddress(ipv4: 0x0a09_0001), prefixLength: 24)]
            state.links[bridge] = link
            let reconciler = Reconciler(
                node: Node(
                    name: "n",
                    namespace: .init(name: node.name, path: "/run/netns/\(node.name)"),
                    runtimeDirectory: node.runtimeDirectory
                )
            )
            let report = try reconciler.apply(state)
            for change in report.plan.changes { print(change) }
            for failure in report.failures + report.rollbackFailures { print(failure) }
            #expect(report.failures.isEmpty)
            #expect(report.isVerified)
            print(try node.run("ip -d link"))
            #expect(try reconciler.plan(state).changes == [])
            let gone = try reconciler.destroy()
            for failure in gone.failures + gone.rollbackFailures { print(failure) }
            #expect(gone.isDone)
            let after = try WholeDump.take(of: node)
            #expect(WholeDump.diff(before, after) == [])
        }
    }
}
