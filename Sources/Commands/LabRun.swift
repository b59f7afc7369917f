internal import ArgumentParser
internal import Lab
internal import LinuxSystem
internal import NetworkModel
internal import Planner
internal import Reconciler

/// What is done to a lab, from the user's side: each pass as `apply` shows it, and what became of all.
final class LabRun {
    let lab: LabName
    private let output: OutputOptions
    private(set) var steps: [Step] = []
    private let began = ContinuousClock.now

    /// One step, and how long it took.
    struct Step {
        let step: LabStep
        let milliseconds: Int
    }

    /// What was to become of the lab.
    enum Goal {
        case up, down
        /// It was to go, and was not there.
        case nothing
    }

    private var last: ContinuousClock.Instant

    init(_ lab: LabName, _ output: OutputOptions) {
        self.lab = lab
        self.output = output
        last = began
    }

    /// How long it has taken so far, in milliseconds.
    var milliseconds: Int { Self.milliseconds(since: began) }

    /// True once a signal has asked for an end.
    var isInterrupted: Bool { Interruption.signalName != nil }

    /// Runs one pass.
    func perform(
        _ node: Node,
        _ body: (Reconciler, Reconciler.Options) throws -> ApplyReport
    ) throws -> ApplyReport {
        // Whoever changes a node of the lab is about to be done with it.
        try ApplyRun(node: node, waits: true, output: output).perform(body)
    }

    /// Takes note of a step, and shows it.
    func tell(_ step: LabStep) {
        steps.append(Step(step: step, milliseconds: Self.milliseconds(since: last)))
        last = .now
        var console = Console(output)
        console.show(step, in: lab)
        console.flush()
    }

    private static func milliseconds(since instant: ContinuousClock.Instant) -> Int {
        let elapsed = ContinuousClock.now - instant
        return Int(elapsed.components.seconds) * 1000
            + Int(elapsed.components.attoseconds / 1_000_000_000_000_000)
    }
}

extension Console {
    // MARK: While it goes on

    /// Shows what was done to one node: all of it if asked for, else only what went wrong.
    fileprivate mutating func show(_ step: LabStep, in lab: LabName) {
        if let error = step.error { show(error, on: step.node) }
        guard let report = step.report else { return }
        // What stays behind of a node that goes itself is nothing to know.
        for warning in report.plan.warnings where step.phase != .destroy {
            self.warning("\(step.node): \(warning.message)", hint: warning.hint)
        }
        if options.verbose, !isJSON {
            for change in report.plan.changes where change.isCounted {
                print("\(step.node): \(change.verb.sign) \(change)", change.verb.color)
            }
        }
        guard !report.isDone else { return }
        for failure in report.failures { error("\(step.node): \(failure)", hint: failure.hint) }
        for failure in report.rollbackFailures {
            error("\(step.node): while undoing: \(failure)", hint: failure.hint)
        }
        switch report.isRolledBack {
        case true?: note("\(step.node): undone, it is as it was before")
        case false?: error("\(step.node): not everything could be undone")
        case nil: break
        }
    }

    private mutating func show(_ error: any Error, on node: String) {
        switch error {
        case let refusal as PlanRefusal:
            for problem in refusal.problems { self.error("\(node): \(problem.message)", hint: problem.hint) }
        case let refusal as LabRefusal:
            for problem in refusal.problems {
                self.error("\(node): \(problem.path): \(problem.message)", hint: problem.hint)
            }
        default:
            let failure = CommandFailure(error)
            self.error("\(node): \(failure.message)", hint: failure.hint)
        }
    }

    // MARK: At the end

    /// Tells what became of the lab.
    ///
    /// - Throws: The exit status, if it is not what it was to be.
    mutating func finish(_ run: LabRun, _ goal: LabRun.Goal) throws {
        let isDone = !run.isInterrupted && run.steps.allSatisfy(\.step.isDone)
        if isJSON {
            print { $0.lab(run, isDone: isDone) }
        } else if isDone {
            if !options.quiet { printOutcome(of: run, goal) }
        } else {
            tellFailure(of: run, goal)
        }
        if !isDone { throw ExitStatus.failed }
    }

    private mutating func printOutcome(of run: LabRun, _ goal: LabRun.Goal) {
        let counts = run.steps.compactMap(\.step.report).reduce(into: [Change.Verb: Int]()) {
            counts,
            report in
            counts.merge(report.plan.summary, uniquingKeysWith: +)
        }
        let duration =
            "\(run.milliseconds / 1000).\(String(String(1000 + run.milliseconds % 1000).dropFirst())) s"
        switch goal {
        case .nothing:
            return print("there is no lab '\(run.lab)': nothing to remove")
        case .up where counts.isEmpty:
            return print("lab '\(run.lab)' is up: nothing to change (\(duration))")
        case .up:
            let nodes = Set(run.steps.filter { $0.step.phase == .apply }.map(\.step.node)).count
            print(
                "lab '\(run.lab)' is up: \(nodes == 1 ? "1 node" : "\(nodes) nodes"); \(Self.words(counts)); verified; "
                    + duration
            )
        case .down:
            print("lab '\(run.lab)' is gone: \(counts[.delete] ?? 0) deleted; \(duration)")
        }
    }

    private static func words(_ counts: [Change.Verb: Int]) -> String {
        "\(counts[.create] ?? 0) created, \(counts[.change] ?? 0) changed, \(counts[.remake] ?? 0) made anew, "
            + "\(counts[.delete] ?? 0) deleted"
    }

    private mutating func tellFailure(of run: LabRun, _ goal: LabRun.Goal) {
        let failed = run.steps.filter { !$0.step.isDone }.map { "'\($0.step.node)'" }
        let names = failed.isEmpty ? "" : " (\(failed.joined(separator: ", ")))"
        switch goal {
        case .up:
            error(
                run.isInterrupted
                    ? "interrupted: lab '\(run.lab)' is left half done"
                    : "lab '\(run.lab)' is not all there\(names); the rest of it is left up",
                hint: "'weft lab up' goes on from there, 'weft lab down' removes it"
            )
        case .down, .nothing:
            error(
                run.isInterrupted
                    ? "interrupted: lab '\(run.lab)' is left half removed"
                    : "lab '\(run.lab)' is not all gone\(names)",
                hint: "'weft lab down' goes on from there"
            )
        }
    }
}

extension JSONWriter {
    fileprivate mutating func lab(_ run: LabRun, isDone: Bool) {
        object { object in
            object.member("schema", 1)
            object.member("lab", run.lab.text)
            object.member("done", isDone)
            object.array("steps", run.steps) { writer, step in
                writer.object { object in
                    object.member("node", step.step.node)
                    object.member("phase", step.step.phase.rawValue)
                    object.array("errors", step.step.errorTexts) { $0.value($1) }
                    if let report = step.step.report {
                        object.object("report") {
                            $0.members(of: report, node: step.step.node, step.milliseconds, [])
                        }
                    } else {
                        object.member("report", nil as String?)
                    }
                }
            }
            object.member("durationMs", run.milliseconds)
        }
    }
}

extension LabStep {
    /// What kept it from beginning, a sentence each.
    fileprivate var errorTexts: [String] {
        guard let error else { return [] }
        if let refusal = error as? PlanRefusal { return refusal.problems.map(\.message) }
        if let refusal = error as? LabRefusal { return refusal.problems.map { "\($0.path): \($0.message)" } }
        return [CommandFailure(error).message]
    }
}
