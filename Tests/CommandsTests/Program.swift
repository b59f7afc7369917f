import Foundation
import LinuxSystem
import NetworkTesting

/// The built program `weft`, run as a process.
enum Program {
    /// Where it is; just its name if it is nowhere, which every test then complains of.
    static let path = (try? BuiltProgram.path(of: "weft")) ?? "weft"

    /// The directory of the sources.
    static let root = parent(of: parent(of: parent(of: #filePath)))

    /// Runs it with these arguments.
    static func run(_ arguments: String...) throws -> CommandResult {
        try Command([path] + arguments).result()
    }

    static func parent(of path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
}

/// A node and the program on it, for the time of a test.
struct Station {
    let node: ThrowAwayNode
    /// For documents and whatever else a test writes.
    let directory: String

    /// Makes a node and a directory, runs `body`, and takes both away.
    static func with<Result>(_ body: (Station) throws -> Result) throws -> Result {
        try ThrowAwayNode.with { node in
            try ThrowAwayDirectory.with { directory in
                try body(Station(node: node, directory: directory))
            }
        }
    }

    /// The arguments that name the node and its runtime directory.
    var place: [String] { ["--netns", node.name, "--runtime-dir", node.runtimeDirectory] }

    /// Writes a document, with the node's name for `NODE`: names of namespaces must be unlike any others'.
    func write(_ text: String, as name: String = "state.yaml") throws -> String {
        let path = "\(directory)/\(name)"
        try AtomicFile.write(path, text.replacing("NODE", with: node.name))
        return path
    }

    /// The command that runs `weft COMMAND` on the node, with more arguments.
    func command(_ command: String, _ arguments: [String] = []) -> Command {
        Command([Program.path, command] + (command == "check" ? [] : place) + arguments)
    }

    /// Runs `weft COMMAND` on the node, with more arguments.
    func run(_ command: String, _ arguments: String...) throws -> CommandResult {
        try self.command(command, arguments).result()
    }

    /// The same, with a document of this text.
    func run(_ command: String, document: String, _ arguments: String...) throws -> CommandResult {
        try self.command(command, [write(document)] + arguments).result()
    }

    /// Runs `weft COMMAND`, which must succeed.
    @discardableResult
    func succeed(_ command: String, _ arguments: String...) throws -> String {
        try self.command(command, arguments).output()
    }

    /// Runs `weft COMMAND` with a document of this text, which must succeed.
    @discardableResult
    func succeed(_ command: String, document: String, _ arguments: String...) throws -> String {
        try self.command(command, [write(document)] + arguments).output()
    }

    /// A text of the program, with `NODE` for the node's name.
    func normal(_ text: String) -> String {
        text.replacing(directory, with: "DIR").replacing(node.runtimeDirectory, with: "RUNTIME")
            .replacing(node.name, with: "NODE")
    }

    /// A link that is not Weft's, up, with an address; its other end `NAME-end` is there too.
    func addForeignLink(_ name: String, address: String) throws {
        try node.run("ip link add \(name) type veth peer name \(name)-end")
        try node.run("ip link set \(name)-end up")
        try node.run("ip link set \(name) up")
        try node.run("ip address add \(address) dev \(name)")
    }
}

extension CommandResult {
    /// What it wrote on standard output, as JSON.
    var json: JSON {
        get throws { try JSON(text: output) }
    }
}
