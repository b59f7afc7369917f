internal import ArgumentParser
internal import ClusterModel
internal import Document
internal import LinuxSystem
internal import NetworkModel
internal import Reconciler

/// In which form results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// For programs: stable, documented.
    case json
}

/// When text is coloured.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    /// On a terminal, unless `NO_COLOR` is set.
    case auto
    case always
    case never
}

/// How results are printed: common to all commands.
struct OutputOptions: ParsableArguments {
    @Option(help: "The form of the output.")
    var format = OutputFormat.text

    @Option(help: "When to colour text.")
    var color = ColorChoice.auto

    @Flag(name: .shortAndLong, help: "Print every change, however many there are.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Print only what was asked for, and errors.")
    var quiet = false

    func validate() throws {
        if verbose, quiet { throw ValidationError("'--verbose' and '--quiet' contradict each other.") }
    }
}

/// Which node is meant: common to all commands that are about one.
struct NodeOptions: ParsableArguments {
    @Option(
        help:
            "The node of the document that this is. (default: the one whose address it holds, else the host name)"
    )
    var node: String?

    @Option(help: "The node is this network namespace: a name in /run/netns, or a path.")
    var netns: String?

    @Option(
        help:
            "Where Weft keeps what the kernel can't. (default: /run/weft; with '--netns NODE' /run/weft/NODE)"
    )
    var runtimeDir: String?

    func validate() throws {
        if netns?.isEmpty == true {
            throw ValidationError("'--netns' needs the name of a namespace, or a path.")
        }
        if node?.isEmpty == true { throw ValidationError("'--node' needs a name.") }
        if runtimeDir?.isEmpty == true { throw ValidationError("'--runtime-dir' needs a path.") }
    }

    /// The namespace that is the node; `nil` for the one that the process is in.
    private var namespace: Node.NamedPath? {
        guard let netns else { return nil }
        guard netns.contains("/") else {
            return Node.NamedPath(name: netns, path: NamespaceDirectory.standard.path(of: netns))
        }
        let last = netns.split(separator: "/").last.map(String.init) ?? netns
        let named = ["/run/netns/\(last)", "/var/run/netns/\(last)"]
        // Every '/proc/PID/ns/net' ends alike. Without the inode all such nodes would share registry and marks, and
        // take each other's namespaces for their own.
        guard !named.contains(netns), let identity = try? NamespaceHandle.open(path: netns).identity
        else { return Node.NamedPath(name: last, path: netns) }
        return Node.NamedPath(name: "\(last)-\(identity.inode)", path: netns)
    }

    /// The node, called `name`.
    func node(called name: String) -> Node {
        let directory = namespace.map { "/run/weft/\($0.name)" } ?? "/run/weft"
        return Node(name: name, namespace: namespace, runtimeDirectory: runtimeDir ?? directory)
    }

    /// The node's name where no document lists nodes.
    var defaultName: String { namespace?.name ?? HostName.current }

    /// The node that this is, of those that a document has.
    ///
    /// - Throws: ``CommandFailure`` if it is none of them, or has no name that is one.
    func resolve(for document: Document) throws -> Node {
        // '--node' is about the document's nodes: a document for this host alone has none.
        if document.cluster.nodes.isEmpty { return node(called: defaultName) }
        let names = document.cluster.nodes.map(\.name.text)
        if let name = self.node {
            guard names.contains(name) else { throw CommandFailure.unknownNode(name, known: names) }
            return node(called: name)
        }
        let unnamed = node(called: defaultName)
        let held = Set(try unnamed.explaining { try Reconciler(node: unnamed).localAddresses() })
        let matching = document.cluster.nodes.filter { !held.isDisjoint(with: $0.addresses.values) }
        if matching.count > 1 { throw CommandFailure.severalNodes(matching.map(\.name.text)) }
        let name = matching.first?.name.text ?? defaultName
        guard names.contains(name) else { throw CommandFailure.noNode(among: names, calling: name) }
        return node(called: name)
    }
}

/// Where the document is.
struct DocumentArgument: ParsableArguments {
    @Argument(
        help:
            "The document: a file, a directory of *.yaml, *.yml and *.json files, or '-' for standard input.",
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var path: String
}
