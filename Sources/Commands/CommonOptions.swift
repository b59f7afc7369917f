internal import ArgumentParser
internal import ClusterModel
internal import Document
internal import Glibc
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

    /// The node, called what it is called where no document lists nodes.
    ///
    /// - Throws: ``CommandFailure`` if there is no such namespace.
    func resolve() throws -> Node {
        let identity = try CommandFailure.explaining(netns) { try NodeIdentity(of: netns) }
        // Who is inside a namespace without a name, and does not name it, knows the host's name.
        let name = netns == nil && identity.isUnnamed ? nil : identity.defaultName
        return Node(
            name: name ?? HostName.current,
            netns: netns,
            identity: identity,
            runtimeDirectory: runtimeDir.map(Self.absolute)
        )
    }

    /// A path from the root, in the one way of writing it: links in `/etc/netns` lead there, and are known by it.
    private static func absolute(_ path: String) -> String {
        let parts = path.split(separator: "/").filter { $0 != "." }
        let isAbsolute = path.hasPrefix("/")
        let start =
            isAbsolute
            ? ""
            : getcwd(nil, 0).map { pointer in
                defer { free(pointer) }
                return String(cString: pointer)
            } ?? ""
        return parts.reduce(start == "/" ? "" : start) { "\($0)/\($1)" }
    }

    /// The node that this is, of those that a document has.
    ///
    /// - Parameters:
    ///   - document: What has the nodes.
    ///   - trustsName: Whether '--node' is taken as it is, without a look at the node's addresses.
    /// - Returns: The node, by its name in the document.
    /// - Throws: ``CommandFailure`` if it is none of them, has no name that is one, or is named as one and holds the address
    ///   of another.
    func resolve(for document: Document, trustingName trustsName: Bool = false) throws -> Node {
        var node = try resolve()
        // '--node' is about the document's nodes: a document for this host alone has none.
        let nodes = document.cluster.nodes
        if nodes.isEmpty { return node }
        let names = nodes.map(\.name.text)
        if let name = self.node {
            guard names.contains(name) else { throw CommandFailure.unknownNode(name, known: names) }
            if !trustsName { try Self.check(name, among: nodes, against: Self.addresses(of: node)) }
            node.name = name
            return node
        }
        let held = try Self.addresses(of: node)
        let matching = nodes.filter { !held.isDisjoint(with: $0.addresses.values) }
        if matching.count > 1 { throw CommandFailure.severalNodes(matching.map(\.name.text)) }
        let name = matching.first?.name.text ?? node.name
        guard names.contains(name) else { throw CommandFailure.noNode(among: names, calling: name) }
        node.name = name
        return node
    }

    private static func addresses(of node: Node) throws -> Set<IPAddress> {
        Set(try node.explaining { try Reconciler(node: node).localAddresses() })
    }

    /// Refuses a name that is taken for this node's by mistake: what the other node has would take the place of what is here.
    ///
    /// A node that holds nobody's address may be any: behind a translation of addresses, or with its underlay down.
    private static func check(
        _ name: String,
        among nodes: NamedList<ClusterNode>,
        against held: Set<IPAddress>
    ) throws {
        guard let named = nodes.first(where: { $0.name.text == name }),
            held.isDisjoint(with: named.addresses.values)
        else { return }
        for other in nodes {
            guard let address = other.addresses.values.first(where: held.contains) else { continue }
            throw CommandFailure.wrongNode(name, holding: address, of: other.name.text)
        }
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
