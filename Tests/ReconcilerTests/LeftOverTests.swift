import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// The file of a name on which nothing was mounted: what a creation leaves that is killed at that instant.
@Suite("What an interrupted creation leaves of a name", .kernel)
struct LeftOverTests {
    /// Runs `body` on a node with an empty file in the place of a namespace that is on record.
    private func withLeftOver(_ body: (Workbench, NodeState) throws -> Void) throws {
        try ThrowAwayNode.with("left-") { host in
            let bench = Workbench(host)
            let state = try OwnerTests.oneNamespace(host)
            try bench.bring(to: state, "first")
            try Command(["umount", host.path(of: "red")]).output()
            try body(bench, state)
        }
    }

    @Test("goes with the next apply, whose plan tells of it; a document that wants the name gets it")
    func apply() throws {
        try withLeftOver { bench, state in
            let name = try #require(state.namespaces.first)
            let plan = try bench.weft().plan(NodeState(node: "n"))
            #expect(plan.changes.map(\.operation) == [.deleteNamespace(name, processCount: 0)])
            #expect(
                plan.changes.first?.reason == "an empty file, left behind by a creation that was interrupted"
            )
            #expect(try bench.weft().plan(state).changes.map(\.operation) == [.createNamespace(name)])
            #expect(try bench.weft().apply(NodeState(node: "n")).isDone)
            #expect(try bench.node.namespaces() == [])
            try bench.bring(to: state, "again")
            try bench.destroy("last")
        }
    }

    @Test("goes with everything else")
    func destroy() throws {
        try withLeftOver { bench, _ in
            try bench.destroy("it alone")
            #expect(try bench.node.namespaces() == [])
            #expect(access(bench.node.runtimeDirectory, F_OK) != 0)
        }
    }

    @Test("stays if it is not on record, or is anything but an empty file")
    func strangers() throws {
        try withLeftOver { bench, state in
            let path = bench.node.path(of: "red")
            try AtomicFile.removeFileIfExists(path)
            try AtomicFile.write(path, "precious")
            #expect(throws: PlanRefusal.self) { try bench.weft().plan(state) }
            #expect(try bench.weft().apply(NodeState(node: "n")).plan.changes == [])
            #expect(try AtomicFile.read(path) == "precious")
            // Now it is off the record, too.
            try AtomicFile.write(path, "")
            #expect(try bench.weft().apply(NodeState(node: "n")).plan.changes == [])
            #expect(try AtomicFile.read(path) == "")
        }
    }
}
