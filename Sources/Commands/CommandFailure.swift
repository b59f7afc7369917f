internal import ArgumentParser
internal import Compiler
internal import Document
internal import Lab
internal import LinuxSystem
internal import NetworkModel
internal import Planner
internal import Reconciler

/// A failure that a command knows how to tell: a sentence, what to do, and a status.
struct CommandFailure: Error {
    var message: String
    var hint: String?
    var status: ExitCode

    static func unknownNode(_ name: String, known: [String]) -> CommandFailure {
        CommandFailure(
            message: "the document has no node '\(name)'",
            hint: "its nodes are \(list(known))",
            status: ExitStatus.failed
        )
    }

    static func noNode(among names: [String], calling itself: String) -> CommandFailure {
        CommandFailure(
            message:
                "this host is none of the document's nodes: it holds none of their addresses, and has none of their names",
            hint:
                "if it is no longer part of the cluster, 'weft destroy' removes what Weft made here; if it is one of "
                + "\(list(names)), though it is called '\(itself)', name that one with '--node'",
            status: ExitStatus.failed
        )
    }

    static func severalNodes(_ names: [String]) -> CommandFailure {
        CommandFailure(
            message: "this host holds the addresses of several nodes: \(list(names))",
            hint: "name one with '--node'",
            status: ExitStatus.failed
        )
    }

    /// The name is one node's, and the address another's.
    static func wrongNode(_ name: String, holding address: IPAddress, of other: String) -> CommandFailure {
        CommandFailure(
            message: "this host holds \(address), the address of node '\(other)', and none of node '\(name)'",
            hint: "name the right node, or correct the addresses under 'nodes'",
            status: ExitStatus.failed
        )
    }

    static let emptyDocument = CommandFailure(
        message:
            "the document has no objects: applying it would remove everything that Weft made on this node",
        hint: "if that is meant, use '--allow-empty', or 'weft destroy'",
        status: ExitStatus.failed
    )

    private static func list(_ names: [String]) -> String {
        names.map { "'\($0)'" }.joined(separator: ", ")
    }

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
                hint: refusal.holder?.isRoot == false
                    ? "it is not root's, and so hardly a Weft: see what it is, and end it if it does not let go"
                    : "wait for it to end, or leave out '--no-wait'",
                status: ExitStatus.busy
            )
        case let refusal as NamespaceOfNode:
            self.init(message: refusal.description, hint: refusal.hint, status: ExitStatus.failed)
        case let refusal as RegistryOfOtherClass:
            self.init(refusal)
        case let error as NoSuchLabPlace:
            self.init(error)
        case let error as NoSuchSandbox:
            self.init(error)
        case let error as NotANetworkNamespace:
            self.init(
                message: error.description,
                hint: "'--netns' takes a name in /run/netns, or the path of a namespace's file",
                status: ExitStatus.failed
            )
        case let error as NodeNameTaken:
            self.init(
                message: error.description,
                hint: "give the lab another name with '--name'",
                status: ExitStatus.failed
            )
        case let error as UnreadableLabRecord:
            self.init(message: error.description, hint: error.hint, status: ExitStatus.failed)
        case let directory as UnsafeRuntimeDirectory:
            self.init(message: directory.description, hint: directory.hint, status: ExitStatus.failed)
        case let registry as UnreadableRegistry:
            self.init(message: registry.description, hint: registry.hint, status: ExitStatus.failed)
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
        var status: ExitCode?
        do {
            try body(&console)
        } catch let code as ExitCode {
            status = code
        } catch let errors as DocumentErrors {
            console.report(errors)
            status = ExitStatus.badDocument
        } catch let refusal as PlanRefusal {
            console.report(refusal.problems.map { ($0.message, $0.hint) })
            status = ExitStatus.failed
        } catch let refusal as LabRefusal {
            console.report(refusal.problems.map { ("\($0.path): \($0.message)", $0.hint) })
            status = ExitStatus.failed
        } catch let refusal as CompilerRefusal {
            console.report(refusal.problems.map { ("\($0.path): \($0.message)", $0.hint) })
            status = ExitStatus.failed
        } catch {
            let failure = CommandFailure(error)
            console.report([(failure.message, failure.hint)])
            status = failure.status
        }
        try console.finish()
        if let status { throw status }
    }
}

extension CommandFailure {
    fileprivate static func noNamespace(_ path: String) -> CommandFailure {
        CommandFailure(
            message: "there is no network namespace '\(path)'",
            hint: "'ip netns list' shows those that have names",
            status: ExitStatus.failed
        )
    }

    /// Calls `body`; that the path `--netns` leads nowhere is told as such.
    static func explaining<Value>(_ netns: String?, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as SystemCallError
            where error.errno == .noSuchFileOrDirectory && error.object == netns
        {
            throw noNamespace(error.object)
        }
    }
}

extension Node {
    /// Calls `body`; what it could not do with the node's namespace or its runtime directory is told as such.
    func explaining<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as SystemCallError {
            throw explanation(of: error) ?? error
        } catch let error as NotANetworkNamespace where error.path == namespace?.path {
            throw CommandFailure(error)
        }
    }

    private func explanation(of error: SystemCallError) -> CommandFailure? {
        if let namespace, error.object == namespace.path, error.errno == .noSuchFileOrDirectory {
            return .noNamespace(namespace.path)
        }
        guard error.object == runtimeDirectory || error.object.hasPrefix(runtimeDirectory + "/")
        else { return nil }
        return CommandFailure(
            message: "cannot use the runtime directory '\(runtimeDirectory)': \(error)",
            hint: "it must be a directory that can be made and written; '--runtime-dir' names another one",
            status: ExitStatus.failed
        )
    }
}
