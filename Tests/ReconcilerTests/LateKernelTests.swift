import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Synchronization
import Testing

/// A namespace that somebody deletes dies later: what is in it may be in the way of an apply right behind.
@Suite("What the kernel removes late", .enabled(if: KernelTests.isAvailable))
struct LateKernelTests {
    @Test("a VXLAN link that holds the VNI unseen is outlasted: the apply goes through once it is gone")
    func isOutlasted() throws {
        try withHiddenTunnel { bench, state, remove in
            var options = Reconciler.Options()
            // Asked after each batch: the first attempt has been refused by then.
            options.interruption = {
                try? remove()
                return nil
            }
            let report = try bench.weft().apply(state, options)
            #expect(report.failures == [])
            #expect(report.isDone)
            let differences = try KernelOracle.differences(of: bench.node, from: state)
            #expect(differences == ["namespace grave: not wanted"])
        }
    }

    @Test("one that stays is waited for as long as there is patience, and then told")
    func isTold() throws {
        try withHiddenTunnel { bench, state, _ in
            let before = try WholeDump.take(of: bench.node)
            var options = Reconciler.Options()
            options.patience = .milliseconds(50)
            let attempts = Atomic(0)
            options.interruption = {
                attempts.add(1, ordering: .relaxed)
                return nil
            }
            let report = try bench.weft().apply(state, options)
            let sentence = "A VXLAN device with the specified VNI already exists"
            #expect(report.failures.map(\.sentence) == [sentence])
            #expect(report.isRolledBack == true, "\(report.rollbackFailures)")
            #expect(WholeDump.diff(before, try WholeDump.take(of: bench.node)) == [])
            #expect(attempts.load(ordering: .relaxed) >= 2)
        }
    }

    @Test("a signal ends the waiting")
    func isInterrupted() throws {
        try withHiddenTunnel { bench, state, _ in
            var options = Reconciler.Options()
            options.patience = .seconds(3600)
            options.interruption = { "SIGINT" }
            let report = try bench.weft().apply(state, options)
            #expect(report.failures.last?.sentence == "interrupted by SIGINT")
            #expect(report.isRolledBack == true)
        }
    }

    @Test(
        "a namespace deleted by another hand is made again at once, however long the kernel takes to bury it"
    )
    func deletedNamespaces() throws {
        try ThrowAwayNode.with("late-") { node in
            let bench = Workbench(node)
            var state = NodeState(node: "n")
            for (number, namespace) in bench.pools.namespaces.prefix(2).enumerated() {
                state.namespaces.insert(namespace)
                let id = bench.pools.id("vx0", number)
                let kind = LinkKind.vxlan(VXLAN(vni: VNI(number: UInt32(7 + number))))
                state.links[id] = Link(id, kind: kind, mac: MACAddress(bits: 0x0200_0000_0001), purpose: "")
            }
            try bench.bring(to: state, "first")
            for round in 0..<5 {
                for name in state.namespaces.sorted() {
                    try Command(["ip", "netns", "delete", name.text]).output()
                }
                try bench.bring(to: state, "round \(round)")
            }
            try bench.destroy("last")
        }
    }

    /// Makes a VXLAN link in the node and moves it where the node does not see it; and a state that wants its VNI.
    private func withHiddenTunnel(
        _ body: (Workbench, NodeState, @escaping @Sendable () throws -> Void) throws -> Void
    ) throws {
        try ThrowAwayNode.with("late-") { node in
            try Command(["ip", "netns", "add", node.fullName(of: "grave")]).output()
            try node.run("ip link add hidden type vxlan id 7 dstport 4789")
            try node.run("ip link set hidden netns \(node.fullName(of: "grave"))")
            try node.run("ip link set hidden up", in: "grave")
            let bench = Workbench(node)
            let id = bench.pools.id("vx0")
            var state = NodeState(node: "n")
            let kind = LinkKind.vxlan(VXLAN(vni: VNI(number: 7)))
            state.links[id] = Link(id, kind: kind, mac: MACAddress(bits: 0x0200_0000_0001), purpose: "")
            try body(bench, state) { _ = try node.run("ip link del hidden", in: "grave") }
        }
    }
}
