import LinuxSystem

/// A network namespace that stands for a node, for the time of a test: the machine itself is never touched.
///
/// Namespaces that Weft makes on it are called `NODE.NAME`; they and all else of the node go with it.
package struct ThrowAwayNode: Sendable {
    /// Its name in `/run/netns`, unlike any other.
    package let name: String
    /// For what Weft keeps of this node; it does not exist yet.
    package let runtimeDirectory: String

    /// Makes a node, runs `body`, and takes away the node and its namespaces, also if `body` fails.
    ///
    /// Made by `ip netns add`, not by the code under test.
    ///
    /// - Parameters:
    ///   - hint: A part of its name, to recognise it by.
    ///   - body: The test.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or ``CommandFailure`` if there can be no node.
    package static func with<Result>(
        _ hint: String = "",
        _ body: (ThrowAwayNode) throws -> Result
    ) throws -> Result {
        let node = ThrowAwayNode(hint: hint)
        try Command(["ip", "netns", "add", node.name]).output()
        do {
            try Command(["ip", "-n", node.name, "link", "set", "lo", "up"]).output()
            let result = try body(node)
            try node.remove()
            return result
        } catch {
            // The test's own failure is the one to see.
            try? node.remove()
            throw error
        }
    }

    private init(hint: String) {
        let random = String(UInt64.random(in: 0..<(1 << 40)), radix: 36)
        name = "wt-\(hint)\(random)"
        runtimeDirectory = "/run/\(name)"
    }

    /// The file of the node's namespace, or of a namespace `NODE.NAME`.
    package func path(of namespace: String? = nil) -> String {
        NamespaceDirectory.standard.path(of: fullName(of: namespace))
    }

    /// The name in `/run/netns` of the node, or of a namespace of it.
    package func fullName(of namespace: String? = nil) -> String {
        namespace.map { "\(name).\($0)" } ?? name
    }

    /// The namespaces of the node that there are, without the node's name and the dot; sorted.
    package func namespaces() throws -> [String] {
        try NamespaceDirectory.standard.list().map(\.name).filter { $0.hasPrefix("\(name).") }
            .map { String($0.dropFirst(name.count + 1)) }
    }

    /// Takes away all that bears the node's name.
    private func remove() throws {
        for namespace in try namespaces() {
            try NamespaceDirectory.standard.remove(fullName(of: namespace))
            try AtomicFile.removeTree("/etc/netns/\(fullName(of: namespace))")
        }
        try NamespaceDirectory.standard.remove(name)
        try AtomicFile.removeTree("/etc/netns/\(name)")
        try AtomicFile.removeTree(runtimeDirectory)
    }
}

extension ThrowAwayNode {
    /// A command that will run in the node, or in a namespace of it.
    ///
    /// By `nsenter`, for `ip netns exec` has a mount namespace of its own: names made in it are not seen
    /// outside.
    package func command(_ arguments: [String], in namespace: String? = nil) -> Command {
        Command(["nsenter", "--net=\(path(of: namespace))", "--"] + arguments)
    }

    /// Runs the words of `line` in the node, or in a namespace of it, and returns what was written.
    ///
    /// - Throws: ``CommandFailure`` if it fails.
    @discardableResult
    package func run(_ line: String, in namespace: String? = nil) throws -> String {
        try command(Command(line).arguments, in: namespace).output()
    }

    /// Runs the words of `line` in the node, or in a namespace of it, and returns how it failed.
    ///
    /// - Throws: ``CommandFailure`` if it does not fail.
    @discardableResult
    package func runFails(_ line: String, in namespace: String? = nil) throws -> CommandResult {
        let result = try command(Command(line).arguments, in: namespace).result()
        guard result.status != 0 else { throw CommandFailure(result: result, wanted: "a failure") }
        return result
    }

    /// What `ip -json` answers to the words of `line`, in the node or in a namespace of it.
    package func ipJSON(_ line: String, in namespace: String? = nil) throws -> JSON {
        try JSON(text: try run("ip -json \(line)", in: namespace))
    }

    /// What `bridge -json` answers to the words of `line`, in the node or in a namespace of it.
    package func bridgeJSON(_ line: String, in namespace: String? = nil) throws -> JSON {
        try JSON(text: try run("bridge -json \(line)", in: namespace))
    }

    /// Runs `body` on a thread made for it, in the node or in a namespace of it.
    package func inside<Result>(_ namespace: String? = nil, _ body: () throws -> Result) throws -> Result {
        let handle = try NamespaceHandle.open(path: path(of: namespace))
        // A class, as the compiler (6.3.1) crashes where a closure captures a value that is not copied.
        let entrance = Entrance(handle)
        return try DedicatedThread.run(named: "test-node") {
            try entrance.handle.enter()
            return try body()
        }
    }
}

/// A namespace that closures can hold.
private final class Entrance {
    let handle: NamespaceHandle

    init(_ handle: consuming NamespaceHandle) {
        self.handle = handle
    }
}
