internal import ArgumentParser
internal import Document
internal import Glibc
internal import LinuxSystem
internal import Planner
internal import Reconciler
internal import Synchronization

/// One apply or destroy from the user's side: who is waited for, how far it is, how long it took.
final class ApplyRun: Sendable {
    let node: Node
    private let waits: Bool
    private let keepsGoing: Bool
    private let output: OutputOptions
    private let began = ContinuousClock.now
    private let total = Atomic<Int>(0)
    private let lastShown = Atomic<Int>(0)

    init(node: Node, waits: Bool, keepsGoing: Bool = false, output: OutputOptions) {
        self.node = node
        self.waits = waits
        self.keepsGoing = keepsGoing
        self.output = output
    }

    /// How long it has taken so far, in milliseconds.
    var milliseconds: Int {
        let elapsed = ContinuousClock.now - began
        return Int(elapsed.components.seconds) * 1000
            + Int(elapsed.components.attoseconds / 1_000_000_000_000_000)
    }

    /// Runs `body` with a reconciler for the node.
    func perform(
        _ body: (Reconciler, Reconciler.Options) throws -> ApplyReport
    ) throws -> ApplyReport {
        ResourceLimits.raiseOpenFiles()
        var reconcilerOptions = Reconciler.Options()
        reconcilerOptions.keepsGoing = keepsGoing
        reconcilerOptions.waits = waits
        reconcilerOptions.onWait = { [self] holder in
            var console = Console(output)
            guard let holder, !holder.isRoot else {
                let name = holder?.description ?? "another process"
                return console.note("waiting for \(name), which changes this node")
            }
            console.note(
                "waiting for \(holder), which locks this node; it is not root's, and so hardly a Weft: "
                    + "see what it is, and end it if it does not let go"
            )
        }
        reconcilerOptions.onPlan = { [self] plan in
            total.store(plan.changes.count, ordering: .relaxed)
            // Until here nothing was changed, and a signal simply ends the process. Should signals not be to be caught,
            // it does so later as well, and the next apply goes on from there.
            if !plan.isEmpty { try? Interruption.begin() }
        }
        reconcilerOptions.interruption = { [self] in
            guard let signal = Interruption.signalName else { return nil }
            var console = Console(output)
            console.note(
                keepsGoing
                    ? "interrupted: what is done stays done; run again to go on"
                    : "interrupted: undoing what was done; interrupt again to stop at once and leave it half done"
            )
            return signal
        }
        reconcilerOptions.onProgress = { [self] done in showProgress(done) }
        let report = try node.explaining { try body(Reconciler(node: node), reconcilerOptions) }
        if lastShown.load(ordering: .relaxed) > 0 { Self.writeOver("") }
        return report
    }

    /// On a terminal, a line that is written over, once work takes more than a second.
    private func showProgress(_ done: Int) {
        guard !output.quiet, output.format == .text, isatty(STDERR_FILENO) == 1 else { return }
        let now = milliseconds
        guard now >= 1000, now - lastShown.load(ordering: .relaxed) >= 100 else { return }
        lastShown.store(now, ordering: .relaxed)
        Self.writeOver(
            "\(min(done, total.load(ordering: .relaxed))) of \(total.load(ordering: .relaxed)) changes"
        )
    }

    private static func writeOver(_ text: String) {
        let line = "\r\u{1b}[K" + text
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }
}

extension Console {
    /// Tells what became of an apply.
    ///
    /// - Throws: The exit status, if not everything is as it shall be.
    mutating func print(_ report: ApplyReport, of run: ApplyRun, documentWarnings: [Complaint]) throws {
        let milliseconds = run.milliseconds
        if isJSON {
            print {
                $0.object { $0.members(of: report, node: run.node.name, milliseconds, documentWarnings) }
            }
        } else {
            printText(report, milliseconds: milliseconds, documentWarnings)
        }
        if !report.isDone { throw ExitStatus.failed }
    }

    private mutating func printText(_ report: ApplyReport, milliseconds: Int, _ warnings: [Complaint]) {
        self.warnings(of: warnings)
        for warning in report.plan.warnings { self.warning(warning.message, hint: warning.hint) }
        let duration = "\(milliseconds / 1000).\(String(String(1000 + milliseconds % 1000).dropFirst())) s"
        if report.isDone {
            if report.isNodeGone {
                note(
                    "the node is gone, and what was in it; what was left of it elsewhere is removed and forgotten"
                )
            }
            if let directory = report.otherRuntimeDirectory {
                note("what was on record of this node was in '\(directory)', and is removed there")
            }
            guard !options.quiet else { return }
            if report.plan.isEmpty { return print("nothing to change (\(duration))") }
            print(changesOf: report.plan, atMost: options.verbose ? .max : Self.shownChanges)
            let counts = report.plan.summary
            print(
                "\(counts[.create] ?? 0) created, \(counts[.change] ?? 0) changed, \(counts[.remake] ?? 0) made anew, "
                    + "\(counts[.delete] ?? 0) deleted; verified; \(duration)"
            )
            return
        }
        for failure in report.failures { error(failure.description, hint: failure.hint) }
        switch report.isRolledBack {
        case true? where report.undone.isEmpty:
            note("nothing had to be undone: this node is as it was before")
        case true?:
            note("undone, this node is as it was before:", report.undone)
        case false?:
            for failure in report.rollbackFailures { error("while undoing: \(failure)", hint: failure.hint) }
            error("not everything could be undone", hint: "'weft plan' shows what differs now")
        case nil where report.remaining.isEmpty:
            note("kept going: \(report.applied) of \(report.plan.changes.count) changes made")
        case nil:
            let done = "kept going: \(report.applied) of \(report.plan.changes.count) changes made"
            note(done + "; still to be done:", report.remaining)
        }
    }
}

extension JSONWriter {
    /// The members that tell what became of an apply.
    mutating func members(
        of report: ApplyReport,
        node: String,
        _ milliseconds: Int,
        _ documentWarnings: [Complaint]
    ) {
        plan(report.plan, node: node, documentWarnings: documentWarnings)
        member("applied", report.applied)
        array("failures", report.failures + report.rollbackFailures) { $0.failure($1) }
        member("rolledBack", report.isRolledBack ?? false)
        changes("undone", report.undone, report.plan.belongings)
        changes("remaining", report.remaining, report.plan.belongings)
        member("verified", report.isVerified)
        member("durationMs", milliseconds)
    }
}
