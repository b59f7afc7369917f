package import NetworkModel

/// What a user asks for, read and found valid.
package struct Document: Sendable {
    /// The nodes that the document names; empty if it is for this host alone.
    package let nodes: [DeclaredNode]
    /// What is not wrong, but probably not meant either.
    package let warnings: [Complaint]

    /// What each node shall hold, in the order of ``nodes``; or what this host shall.
    private let states: [HeldState]
    /// What the document is called where a complaint is about the whole of it.
    private let file: String

    /// A node's state, but for the MACs that depend on the node's name.
    private struct HeldState: Sendable {
        var state: NodeState
        var linksWithoutMAC: Set<LinkID>
    }

    /// Reads a file, a directory (each `*.yaml`, `*.yml` and `*.json` in it, merged), or `-` for standard input.
    ///
    /// - Throws: Everything that is wrong with it, for whichever node.
    package static func load(path: String) throws(DocumentErrors) -> Document {
        try load(DocumentSources.read(path: path))
    }

    /// Reads the texts as one document.
    ///
    /// - Throws: Everything that is wrong with it, for whichever node.
    package static func load(_ sources: [Source]) throws(DocumentErrors) -> Document {
        var complaints: [Complaint] = []
        var reader = TreeReader()
        for source in sources {
            do throws(Complaint) {
                try reader.read(source)
                guard reader.tree.sources.last?.root == nil else { continue }
                let hint = "a document begins with 'weft: 1'"
                complaints.append(
                    Complaint(file: source.name, line: 1, column: 1, message: "the file is empty", hint: hint)
                )
            } catch {
                complaints.append(error)
            }
        }
        // A document of which a part could not be read would be complained of for what is in that part.
        guard complaints.isEmpty else { throw DocumentErrors(complaints) }
        var decoder = Decoder(reader.tree)
        let draft = decoder.document()
        let errors = decoder.tree.complaints(for: decoder.findings.filter { !$0.isWarning })
        guard errors.isEmpty else { throw DocumentErrors(errors) }
        return Document(
            nodes: draft.declared,
            warnings: decoder.tree.complaints(for: decoder.findings),
            states: draft.nodes.map { HeldState(state: $0.state, linksWithoutMAC: $0.linksWithoutMAC) },
            file: sources.first?.name ?? ""
        )
    }

    /// True if the document asks for nothing at all, on any node.
    package var isEmpty: Bool { states.allSatisfy(\.state.isEmpty) }

    /// What the kernel of a node shall hold.
    ///
    /// In a document that names no nodes `node` is any name; default MACs are derived from it. A document that
    /// names nodes, but not this one, is an error.
    package func nodeState(for node: String) throws(DocumentErrors) -> NodeState {
        guard !nodes.isEmpty else {
            return states.first.map { Self.complete($0, node: node) } ?? NodeState(node: node)
        }
        guard let index = nodes.firstIndex(where: { $0.name == node }) else {
            let names = nodes.map(\.name)
            let hint =
                Nearest.question(node, among: names) ?? "its nodes are " + names.joined(separator: ", ")
            let message = "the document has no node '\(node)'"
            throw DocumentErrors([Complaint(file: file, path: "nodes", message: message, hint: hint)])
        }
        return Self.complete(states[index], node: node)
    }

    private static func complete(_ held: HeldState, node: String) -> NodeState {
        var state = held.state
        state.node = node
        for id in held.linksWithoutMAC { state.links[id]?.mac = DefaultMAC.mac(of: id, onNode: node) }
        return state
    }
}

/// A node as a document names it.
package struct DeclaredNode: Hashable, Sendable {
    /// Its name.
    package var name: String
    /// Its addresses on the underlay: one, or one of each family, in the document's order.
    package var addresses: [IPAddress]
    /// The link that holds them; `nil`: the one that has the address.
    package var interface: InterfaceName?
    /// What it does in the cluster.
    package var role: Role

    package init(name: String, addresses: [IPAddress], interface: InterfaceName? = nil, role: Role = .node) {
        self.name = name
        self.addresses = addresses
        self.interface = interface
        self.role = role
    }

    /// What a node does in the cluster.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// It carries sandboxes.
        case node
        /// It holds routes only.
        case router
    }
}
