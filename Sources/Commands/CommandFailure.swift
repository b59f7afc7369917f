internal import ArgumentParser
internal import Document
internal import LinuxSystem
internal import Planner

/// A failure that a command knows how to tell: a sentence, what to do, and a status.
struct CommandFailure: Error {
    var message: String
    var hint: String?
    var status: ExitCode

    static func unknownNode(_ name: String, known: [String]) -> CommandFailure {
        CommandFailure(
            message: "the document has no node '\(name)'",
            hint: "its nodes are \(known.map { "'\($0)'" }.joined(separator: ", ")); name one with '--node'",
            status: ExitStatus.failed
        )
    }

    static func severalNodes(_ names: [String]) -> CommandFailure {
        CommandFailure(
            message:
                "this host holds the addresses of several nodes: \(names.map { "'\($0)'" }.joined(separator: ", "))",
            hint: "name one with '--node'",
            status: ExitStatus.failed
        )
    }

    static let emptyDocument = CommandFailure(
        message:
            "the document has no objects: applying it would remove everything that Weft made on this node",
        hint: "if that is meant, use '--allow-empty', or 'weft destroy'",
        status: ExitStatus.failed
    )

    /// Refuses to go on without the privileges that every look into the kernel needs.
    static func checkPrivilege(to verb: String) throws {
        let missing = Privilege.missingCapabilities
        guard !missing.isEmpty else { return }
        throw CommandFailure(
            message:
                "not permitted to \(verb): \(missing.map(\.description).joined(separator: " and ")) missing",
            hint: "run as root, for example with sudo",
            status: ExitStatus.notPermitted
        )
    }

    /// What a command throws, as it is told.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure:
            self = failure
        case let refusal as LockIsHeld:
            self.init(
                message: refusal.description,
                hint: "wait for it to end, or leave out '--no-wait'",
                status: ExitStatus.busy
            )
        case let failure as SystemCallError
        where failure.errno == .notPermitted || failure.errno == .permissionDenied:
            self.init(message: failure.description, hint: "run as root", status: ExitStatus.notPermitted)
        default:
            self.init(message: "\(error)", hint: nil, status: ExitStatus.failed)
        }
    }

    init(message: String, hint: String?, status: ExitCode) {
        self.message = message
        self.hint = hint
        self.status = status
    }
}

extension ParsableCommand {
    /// Runs `body`; what it throws is told on standard error, and becomes the exit status.
    func reporting(_ output: OutputOptions, _ body: (inout Console) throws -> Void) throws {
        var console = Console(output)
        do {
            try body(&console)
            console.flush()
        } catch let code as ExitCode {
            console.flush()
            throw code
        } catch let errors as DocumentErrors {
            console.report(errors)
            console.flush()
            throw ExitStatus.badDocument
        } catch let refusal as PlanRefusal {
            for problem in refusal.problems { console.error(problem.message, hint: problem.hint) }
            console.flush()
            throw ExitStatus.failed
        } catch {
            let failure = CommandFailure(error)
            console.error(failure.message, hint: failure.hint)
            console.flush()
            throw failure.status
        }
    }
}
