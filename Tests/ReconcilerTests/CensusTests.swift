import LinuxSystem
import NetworkTesting
import Reconciler
import Synchronization
import Testing

@Suite("What is held")
struct CensusTests {
    @Test("kernel tests are run")
    func areRun() { KernelTests.requireOrAllowSkip() }

    @Test(
        "an apply, a refused one and a destroy leave no descriptor, thread, namespace or link behind",
        .kernel
    )
    func nothingIsLeft() throws {
        try Census.assertUnchanged(repeating: 6) {
            try ThrowAwayNode.with("census-") { node in
                _ = try ForeignWorld(on: node)
                let bench = Workbench(node)
                let scenario = FaultScenario(bench.pools)
                #expect(try bench.weft().apply(scenario.first).isDone)
                let hook = Countdown(20).hook
                #expect(try bench.weft(hook: hook).apply(scenario.second).isRolledBack == true)
                #expect(try bench.weft().destroy().isDone)
            }
        }
    }
}

/// Refuses one step.
private final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ steps: Int) { left = Atomic(steps) }

    var hook: StepHook {
        StepHook { [self] _ in left.subtract(1, ordering: .relaxed).newValue == 0 ? .busy : nil }
    }
}
