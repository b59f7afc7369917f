import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// A throw-away node with Weft at work on it.
struct Workbench {
    let node: ThrowAwayNode
    let pools: StatePools

    init(_ node: ThrowAwayNode) {
        self.node = node
        pools = StatePools(
            node: "n",
            prefix: "\(node.name).",
            parents: ForeignWorld.parents,
            hasVLANFiltering: Self.hasVLANFiltering
        )
    }

    /// Whether this kernel's bridges can filter VLANs.
    static let hasVLANFiltering: Bool = {
        let answer = try? ThrowAwayNode.with {
            try $0.command(["ip", "link", "add", "b", "type", "bridge", "vlan_filtering", "1"]).result()
        }
        return answer?.status == 0
    }()

    /// What Weft calls the node.
    func weft(hook: StepHook? = nil, runtimeDirectory: String? = nil) -> Reconciler {
        Reconciler(
            node: Node(
                name: "n",
                namespace: .init(name: node.name, path: node.path()),
                runtimeDirectory: runtimeDirectory ?? node.runtimeDirectory
            ),
            hook: hook
        )
    }

    /// Applies a state, and looks at everything that an apply promises.
    ///
    /// - Returns: What was reported; `nil` if it did not go through.
    @discardableResult
    func bring(
        to state: NodeState,
        _ why: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ApplyReport? {
        let report: ApplyReport
        do {
            report = try weft().apply(state)
        } catch let refusal as PlanRefusal {
            for problem in refusal.problems {
                Issue.record("\(why): refused: \(problem)", sourceLocation: sourceLocation)
            }
            return nil
        }
        guard report.isDone else {
            for failure in report.failures {
                Issue.record("\(why): \(failure)", sourceLocation: sourceLocation)
            }
            for failure in report.rollbackFailures {
                Issue.record("\(why): rollback: \(failure)", sourceLocation: sourceLocation)
            }
            print(report.plan.changes.map { "  \($0)" }.joined(separator: "\n"))
            return nil
        }
        try expect(state, why, sourceLocation: sourceLocation)
        return report
    }

    /// The node is in a state: by iproute2's word, and by Weft's, which then sends nothing.
    func expect(_ state: NodeState, _ why: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for difference in try KernelOracle.differences(of: node, from: state) {
            Issue.record("\(why): \(difference)", sourceLocation: sourceLocation)
        }
        let again = try weft().apply(state)
        for change in again.plan.changes {
            Issue.record("\(why): again: \(change)", sourceLocation: sourceLocation)
        }
        #expect(again.messagesSent == 0, "\(why)", sourceLocation: sourceLocation)
    }

    /// Takes everything away again.
    func destroy(_ why: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let report = try weft().destroy()
        for failure in report.failures + report.rollbackFailures {
            Issue.record("\(why): destroy: \(failure)", sourceLocation: sourceLocation)
        }
    }
}
