import Foundation
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Synchronization
import Testing

@Suite("Two at once", .enabled(if: KernelTests.isAvailable), .serialized)
struct ConcurrencyTests {
    @Test(
        "an apply meets the lock of another, whatever the node is called and wherever its runtime directory is"
    )
    func lock() throws {
        try ThrowAwayNode.with("lock-") { node in
            _ = try ForeignWorld(on: node)
            let bench = Workbench(node)
            let scenario = FaultScenario(bench.pools)
            var options = Reconciler.Options()
            options.onPlan = { _ in
                // Here the first holds the lock: one by another path and directory is refused, and one that waits waits.
                var impatient = Reconciler.Options()
                impatient.waits = false
                do {
                    _ = try Self.weft(node, by: "/proc/self/root\(node.path())").apply(
                        scenario.second,
                        impatient
                    )
                    Issue.record("two applies at once")
                } catch is LockIsHeld {
                } catch {
                    Issue.record("\(error)")
                }
            }
            let report = try bench.weft().apply(scenario.first, options)
            #expect(report.isDone)
            try bench.expect(scenario.first, "the first alone")

            // One begins while another is at work, waits for it, and then has the last word.
            let isWaiting = DispatchSemaphore(value: 0)
            let second = Mutex<Background<ApplyReport>?>(nil)
            var begun = Reconciler.Options()
            begun.onPlan = { _ in
                let thread = Background {
                    var patient = Reconciler.Options()
                    patient.onWait = { _ in isWaiting.signal() }
                    return try Self.weft(node, by: node.path()).apply(scenario.first, patient)
                }
                second.withLock { $0 = thread }
                isWaiting.wait()
            }
            #expect(try bench.weft().apply(scenario.second, begun).isDone)
            #expect(try second.withLock { $0 }?.value().isDone == true)
            try bench.expect(scenario.first, "the second in the end")
            try bench.destroy("last")
        }
    }

    @Test("applies of several processes at once: the node is in one of the states, whole")
    func processes() throws {
        try ThrowAwayNode.with("procs-") { node in
            _ = try ForeignWorld(on: node)
            let bench = Workbench(node)
            let scenario = FaultScenario(bench.pools)
            let states = ["first", "second", "less", "first", "second"]
            let running = try states.map { state in
                try Command([
                    BuiltProgram.path(of: "weft-faults"), node.name, node.path(), node.runtimeDirectory,
                    state, "0",
                ])
                .start()
            }
            for command in running {
                let result = try command.wait()
                #expect(result.status == 0, "\(result)")
            }
            let differences = try [scenario.first, scenario.second, scenario.less].map {
                try KernelOracle.differences(of: node, from: $0)
            }
            #expect(differences.contains([]), "\(differences)")
            try bench.destroy("last")
        }
    }

    @Test("a stranger makes and deletes links and routes all the time: nothing of Weft's is touched for that")
    func writer() throws {
        try ThrowAwayNode.with("race-") { node in
            _ = try ForeignWorld(on: node)
            let bench = Workbench(node)
            let scenario = FaultScenario(bench.pools)
            try bench.bring(to: scenario.first, "before the race")
            let script = """
                i=0; while [ -e /run/netns/\(node.name) ]; do i=$((i+1));
                ip -n \(node.name) link add race$i type veth peer name racf$i;
                ip -n \(node.name) route add 10.230.$((i%250)).0/24 dev fv0;
                ip -n \(node.name) route del 10.230.$((i%250)).0/24 dev fv0;
                ip -n \(node.name) link del race$i; done
                """
            let stranger = try Command(["timeout", "60", "sh", "-c", script]).start()
            var interrupted = 0
            for _ in 0..<20 {
                do {
                    let report = try bench.weft().apply(scenario.first)
                    #expect(report.plan.changes == [])
                    #expect(report.messagesSent == 0)
                } catch {
                    // The one honest answer.
                    #expect("\(error)".contains("changed while they were listed"), "\(error)")
                    interrupted += 1
                }
            }
            print("\(interrupted) of 20 readings were interrupted to the end")
            try stranger.send(SIGTERM)
            _ = try stranger.wait()
            try bench.expect(scenario.first, "after the race")
            try bench.destroy("last")
        }
    }

    private static func weft(_ node: ThrowAwayNode, by path: String) -> Reconciler {
        Reconciler(
            node: Node(
                name: "n",
                namespace: .init(name: node.name, path: path),
                runtimeDirectory: node.runtimeDirectory
            )
        )
    }
}

/// A thread with a result.
private final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread { [self] in
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
            done.signal()
        }
    }

    /// Waits for it.
    func value() throws -> Value {
        done.wait()
        guard let outcome = result.withLock({ $0 }) else {
            preconditionFailure("the result comes before the signal")
        }
        return try outcome.get()
    }
}
