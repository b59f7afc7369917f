import Foundation
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Synchronization
import Testing

@Suite("Faults", .enabled(if: KernelTests.isAvailable), .serialized)
struct FaultTests {
    private static let errnos: [Errno] = [.busy, .outOfMemory, .notPermitted, .noBufferSpace, .fileExists]

    /// How an apply is walked through: whether messages go alone or in batches, and which errno comes first.
    struct Walk: CustomTestStringConvertible {
        var sendsBatches: Bool
        var firstErrno: Int

        var testDescription: String {
            "\(sendsBatches ? "batches" : "single messages") from \(FaultTests.errnos[firstErrno].name)"
        }

        /// Every errno at every step, in batches and alone, when `WEFT_WALKS=all` asks for it; else one of them at each.
        static let all: [Walk] = {
            let isWhole = ProcessInfo.processInfo.environment["WEFT_WALKS"] == "all"
            return errnos.indices.prefix(isWhole ? .max : 1).flatMap { first in
                [true, false].map { Walk(sendsBatches: $0, firstErrno: first) }
            }
        }()
    }

    @Test(
        "every step is refused: the report says what failed, and the node is as it was",
        arguments: Walk.all
    )
    func refusals(_ walk: Walk) throws {
        try Self.withScenario { bench, scenario in
            try bench.bring(to: scenario.first, "first")
            let before = try Self.dump(bench.node)
            try Self.requireEverything(in: bench.weft().plan(scenario.second))
            var step = 1
            while true {
                let errno = Self.errnos[(step + walk.firstErrno) % Self.errnos.count]
                let fault = Fault(at: step, errno, sendsBatches: walk.sendsBatches)
                let report = try bench.weft(hook: fault.hook).apply(scenario.second)
                if !fault.hasHappened {
                    #expect(report.isDone, "unhurt after \(step) steps")
                    break
                }
                let why = "step \(step) (\(fault.what)) \(errno.name)"
                let failure = report.failures.first
                #expect(failure?.errno == errno && failure?.object != "", "\(why): \(report.failures)")
                #expect(report.isRolledBack == true, "\(why): \(report.rollbackFailures)")
                let differences = try Self.differences(before, Self.dump(bench.node))
                #expect(differences == [], "\(why)")
                guard differences.isEmpty else { return }
                step += 1
            }
            print("refused at each of \(step - 1) steps, \(walk.testDescription)")
            #expect(step > 40)
            try KernelOracle.differences(of: bench.node, from: scenario.second).forEach {
                Issue.record("\($0)")
            }
        }
    }

    @Test(
        "killed at every step: the next apply gets there, whatever the document has become, and nothing is left over"
    )
    func kills() throws {
        try Self.withScenario { bench, scenario in
            var step = 1
            while true {
                guard try bench.bring(to: scenario.first, "before step \(step)") != nil else { return }
                let status = try Self.killed(bench, at: step)
                if status == 0 { break }
                #expect(status == 128 + SIGKILL, "step \(step)")
                let why = "killed at step \(step)"
                let report: ApplyReport?
                switch step % 3 {
                case 0: report = try bench.bring(to: scenario.second, why)
                case 1: report = try bench.bring(to: scenario.less, "\(why), then less")
                default:
                    try AtomicFile.removeTree(bench.node.runtimeDirectory)
                    try Self.removeUnmarked(bench, scenario, why)
                    report = try bench.bring(to: scenario.second, "\(why), runtime directory lost")
                }
                guard report != nil else { return }
                step += 1
            }
            print("killed at each of \(step - 1) steps")
            #expect(step > 40)
            try KernelOracle.differences(of: bench.node, from: scenario.second).forEach {
                Issue.record("\($0)")
            }
        }
    }

    @Test(
        "killed while links are made, and again while they are removed, at every step: nothing is taken for a stranger's"
    )
    func killsTwice() throws {
        try Self.withScenario { bench, scenario in
            let strangers = try Self.linkNames(on: bench.node)
            var making = 1
            var pairs = 0
            while true {
                var removing = 1
                var wasMade = false
                while true {
                    wasMade = try Self.killed(bench, at: making, "links") == 0
                    let status = try Self.killed(bench, at: removing, "nothing")
                    let why = "killed at step \(making) of making and \(removing) of removing"
                    guard try bench.bring(to: scenario.nothing, why) != nil else { return }
                    // Nor is there a link that has lost its mark, and so is nobody's.
                    #expect(try Self.linkNames(on: bench.node) == strangers, "\(why)")
                    if status == 0 { break }
                    removing += 1
                    pairs += 1
                }
                if wasMade { break }
                making += 1
            }
            print("killed twice at \(pairs) pairs of steps")
            #expect(pairs > 40)
        }
    }

    // MARK: Helpers

    private static func withScenario(_ body: (Workbench, FaultScenario) throws -> Void) throws {
        try ThrowAwayNode.with("fault-") { node in
            let foreign = try ForeignWorld(on: node)
            let lines = try foreign.lines()
            let bench = Workbench(node)
            try body(bench, FaultScenario(bench.pools))
            #expect(try foreign.lines().difference(from: lines).map { "\($0)" } == [])
            try bench.destroy("last")
            #expect(try node.namespaces() == ["foreign"])
        }
    }

    private static func linkNames(on node: ThrowAwayNode) throws -> [String] {
        try node.ipJSON("link show").elements.compactMap { $0["ifname"].string }
    }

    /// Killed between a namespace's name and its mark, and the registry lost too, Weft can't know the
    /// namespace for its own.
    ///
    /// It says so and changes nothing; whoever removes that namespace is through.
    private static func removeUnmarked(_ bench: Workbench, _ scenario: FaultScenario, _ why: String) throws {
        do {
            _ = try bench.weft().plan(scenario.second)
        } catch let refusal as PlanRefusal {
            let name = bench.pools.namespaces[2]
            #expect(refusal.problems.count == 1, "\(why): \(refusal)")
            // Before it is mounted it is an empty file, of which nothing can be asked.
            let answer = try bench.node.command(["ip", "-json", "link", "show", "lo"], in: "green").result()
            #expect(try answer.status != 0 || JSON(text: answer.output)[0]["ifalias"].isNull, "\(why)")
            try Command(["ip", "netns", "delete", name.text]).output()
        }
    }

    /// A scenario that leaves something out proves less than it says.
    private static func requireEverything(in plan: Plan) {
        let found = Set(plan.changes.filter(\.isCounted).map { "\($0.verb) \($0.operation.objectKind)" })
        let objects = ["link", "address", "route", "neighbour", "fdb", "file", "firewall"]
        var wanted = Set(objects.flatMap { ["create \($0)", "delete \($0)"] })
        wanted.formUnion([
            "change link", "change address", "change route", "change neighbour", "change sysctl",
            "change file", "change firewall",
        ])
        wanted.formUnion([
            "remake link", "remake address", "remake route", "create namespace", "delete namespace",
        ])
        #expect(wanted.subtracting(found) == [])
    }

    private static func killed(_ bench: Workbench, at step: Int, _ state: String = "second") throws -> Int32 {
        let node = bench.node
        let command = try Command([
            BuiltProgram.path(of: "weft-faults"), node.name, node.path(), node.runtimeDirectory, state,
            "\(step)",
        ])
        let result = try command.start().wait()
        if result.status != 0, result.status != 128 + SIGKILL { Issue.record("\(result)") }
        return result.status
    }

    static func dump(_ node: ThrowAwayNode) throws -> WholeDump { try WholeDump.take(of: node) }

    /// What a rollback can't bring back, and nobody misses.
    ///
    /// - a namespace that was deleted and is made again is another one, with another inode and another number on
    ///   record;
    /// - a port that left its bridge gets the next free port number, and the bridge's neighbour ids with it.
    static func differences(_ old: WholeDump, _ new: WholeDump) -> [String] {
        var counts: [String: Int] = [:]
        for line in new.lines { counts[line, default: 0] += 1 }
        for line in old.lines { counts[line, default: 0] -= 1 }
        var differing: [String: Int] = [:]
        for (line, count) in counts where count != 0 {
            let text = line.replacing(#/namespace\(.*inode: \d+.*\)/#, with: "namespace")
                .replacing(#/namespace\\t[^\\]*\\t\d+/#, with: "namespace")
                .replacing(#/"(id|no|designated_port)": [^,]*, /#, with: "")
            differing[text, default: 0] += count
        }
        return differing.filter { $0.value != 0 }.map { "\($0.value < 0 ? "-" : "+") \($0.key)" }.sorted()
    }
}

/// A refusal at one step.
final class Fault: Sendable {
    private let count = Atomic<Int>(0)
    private let step: Int
    private let errno: Errno
    private let sendsBatches: Bool
    private let name = Mutex<String>("")

    init(at step: Int, _ errno: Errno, sendsBatches: Bool) {
        self.step = step
        self.errno = errno
        self.sendsBatches = sendsBatches
    }

    var hasHappened: Bool { count.load(ordering: .relaxed) >= step }
    var what: String { name.withLock { $0 } }

    var hook: StepHook {
        StepHook(sendsBatches: sendsBatches) { [self] what in
            guard count.add(1, ordering: .relaxed).newValue == step else { return nil }
            name.withLock { $0 = what }
            return errno
        }
    }
}
