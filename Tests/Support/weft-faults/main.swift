// Applies a state of the fault scenario, or of that of connections, and kills itself before a step of it:
// weft-faults NODE PATH RUNTIME-DIRECTORY STATE STEP. For tests only.
import Glibc
import NetworkModel
import NetworkTesting
import Reconciler
import Synchronization

let arguments = CommandLine.arguments
guard arguments.count == 6, let last = Int(arguments[5]) else { exit(64) }
let pools = StatePools(
    node: "n",
    prefix: "\(arguments[1]).",
    parents: ForeignWorld.parents,
    hasVLANFiltering: false
)
guard
    let state = FaultScenario(pools).state(named: arguments[4])
        ?? ConnectionScenario(pools).state(named: arguments[4])
else { exit(64) }
let count = Atomic<Int>(0)
let hook = StepHook { _ in
    if count.add(1, ordering: .relaxed).newValue == last { kill(getpid(), SIGKILL) }
    return nil
}
let node = Node(
    name: "n",
    namespace: .init(name: arguments[1], path: arguments[2]),
    runtimeDirectory: arguments[3]
)
do {
    let report = try Reconciler(node: node, hook: hook).apply(state)
    for failure in report.failures { print(failure) }
    exit(report.isDone ? 0 : 1)
} catch {
    print("\(error)")
    exit(2)
}
