package import ClusterModel
package import NetworkModel

/// What a user asks for, read and found valid.
package struct Document: Sendable {
    /// Networks and sandboxes, and what is stated for each node.
    package let cluster: ClusterState
    /// The addresses, MACs and prefixes that ``cluster`` leaves open.
    package let assignment: Assignment
    /// What is not wrong, but probably not meant either.
    package let warnings: [Complaint]

    /// What it asks for that Weft does not do yet.
    package let unsupported: [Complaint]
    /// What the document is called where a complaint is about the whole of it.
    private let file: String

    /// Reads a file, a directory (each `*.yaml`, `*.yml` and `*.json` in it, merged), or `-` for standard input.
    ///
    /// - Throws: Everything that is wrong with it, for whichever node.
    package static func load(path: String) throws(DocumentErrors) -> Document {
        try load(DocumentSources.read(path: path))
    }

    /// The texts that a path means, for ``load(_:)``.
    ///
    /// - Throws: Why they can't be read.
    package static func sources(path: String) throws(DocumentErrors) -> [Source] {
        try DocumentSources.read(path: path)
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
        let assignment = draft.state.assignment()
        decoder.check(draft, assignment)
        let errors = decoder.tree.complaints(for: decoder.findings.filter { !$0.isWarning })
        guard errors.isEmpty else { throw DocumentErrors(errors) }
        return Document(
            cluster: draft.state,
            assignment: assignment,
            warnings: decoder.tree.complaints(for: decoder.findings),
            unsupported: decoder.unsupported(draft),
            file: sources.first?.name ?? ""
        )
    }

    /// True if the document asks for nothing at all, on any node.
    package var isEmpty: Bool { cluster.isEmpty }

    /// Which of the document's nodes has a name; `nil` in a document that names none.
    ///
    /// - Throws: That it names nodes, but not this one; or what it asks for and Weft does not do yet.
    package func node(named name: String) throws(DocumentErrors) -> NodeName? {
        guard unsupported.isEmpty else { throw DocumentErrors(unsupported) }
        guard !cluster.nodes.isEmpty else { return nil }
        if let declared = cluster.nodes.first(where: { $0.name.text == name }) { return declared.name }
        let names = cluster.nodes.map(\.name.text)
        let hint = Nearest.question(name, among: names) ?? "its nodes are " + names.joined(separator: ", ")
        let message = "the document has no node '\(name)'"
        throw DocumentErrors([Complaint(file: file, path: "nodes", message: message, hint: hint)])
    }

    /// The kernel objects that the document states for a node directly.
    ///
    /// In a document that names no nodes `node` is any name; default MACs are derived from it.
    ///
    /// - Throws: As ``node(named:)``.
    package func nodeState(for node: String) throws(DocumentErrors) -> NodeState {
        let objects = try self.node(named: node).flatMap { cluster.nodes[$0]?.objects } ?? cluster.host
        return objects.nodeState(for: node)
    }

    /// True if more is asked for than kernel objects.
    package var hasNetworks: Bool { !cluster.networks.isEmpty || !cluster.sandboxes.isEmpty }
}
