package import ClusterModel
internal import NetworkModel

/// A document with everything written down that it leaves to be assigned: so that nothing moves when others come or go.
///
/// Nothing else of its texts changes, to the byte; and it means what it meant, which is looked at before it is handed out.
package struct Pin: Sendable {
    /// The texts, in their order.
    package private(set) var files: [File]

    /// A text of the document.
    package struct File: Sendable {
        /// The text as it shall be.
        package var source: Source
        /// What was added to it, in the order of the text.
        package var additions: [Addition] = []
    }

    /// Something that is assigned, and was not written down.
    package struct Addition: Hashable, Sendable {
        /// Where it is missing: the endpoint or network, counted from 1.
        package var line: Int
        package var column: Int
        /// Its keys: `sandboxes.web.endpoints[0].address`.
        package var path: String
        /// What is assigned.
        package var values: [String]
    }

    /// What is to be written of an endpoint or a network.
    private struct Task {
        var place: DocumentPlace
        var addition: Addition
        var write: (inout TextEdits, MarkedTree) -> Bool
    }

    /// Reads the document at a path, as ``Document/load(path:)`` does, and writes down what is assigned.
    ///
    /// - Returns: It, and the texts as they are.
    /// - Throws: What is wrong with it, or what of it can't be written down.
    package static func load(path: String) throws(DocumentErrors) -> (pin: Pin, before: [Source]) {
        let sources = try DocumentSources.read(path: path)
        return (try Pin(sources), sources)
    }

    /// Writes down what the document of these texts leaves to be assigned.
    ///
    /// - Throws: What is wrong with the document, or what of it can't be written down.
    package init(_ sources: [Source]) throws(DocumentErrors) {
        let document = try Document.load(sources)
        let trees = sources.compactMap { MarkedTree($0.bytes) }
        files = sources.map { File(source: $0) }
        let places = DocumentPlaces(trees)
        var edits = trees.map { TextEdits($0) }
        var complaints: [Complaint] = []
        for task in Self.endpointTasks(document, places, trees) + Self.networkTasks(document, places, trees) {
            let file = task.place.file
            let isWritten = !task.place.isShared && task.write(&edits[file], trees[file])
            if isWritten {
                files[file].additions.append(task.addition)
            } else {
                complaints.append(
                    Self.complaint(task.addition, sources[file].name, isShared: task.place.isShared)
                )
            }
        }
        guard complaints.isEmpty else { throw DocumentErrors(complaints) }
        for index in files.indices {
            files[index].source.bytes = edits[index].result
            files[index].additions.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        }
        try check(against: document)
    }

    private static func complaint(_ addition: Addition, _ file: String, isShared: Bool) -> Complaint {
        let values = addition.values.joined(separator: ", ")
        let reason =
            isShared
            ? "an alias stands here, and what it means is somebody else's too"
            : "the document is written in a form that nothing can be added to"
        return Complaint(
            file: file,
            line: addition.line,
            column: addition.column,
            path: addition.path,
            message: "\(values) can't be written here: \(reason)",
            hint: isShared ? "write it out instead of the alias" : "write it by hand"
        )
    }

    // MARK: Endpoints

    private static func endpointTasks(
        _ document: Document,
        _ places: DocumentPlaces,
        _ trees: [MarkedTree]
    ) -> [Task] {
        var tasks: [Task] = []
        for (index, sandbox) in document.cluster.sandboxes.enumerated() {
            for (number, endpoint) in sandbox.endpoints.enumerated() {
                let assigned = document.assignment[index, number].addresses.values
                let missing = assigned.filter { endpoint.addresses[$0.family] == nil }
                guard !missing.isEmpty, let place = places.endpoint(number, of: sandbox.name.text) else {
                    continue
                }
                let node = trees[place.file].nodes[place.node]
                let addition = Addition(
                    line: node.line,
                    column: node.column,
                    path: "sandboxes.\(sandbox.name).endpoints[\(number)].address",
                    values: missing.map(\.description)
                )
                tasks.append(
                    Task(place: place, addition: addition) { edits, tree in
                        let values = missing.map { TextValue.scalar($0.description) }
                        if let entry = tree.entry("address", in: place.node) {
                            return values.count == 1 && edits.add(item: values[0], to: entry.value)
                        }
                        guard let entry = tree.entry("network", in: place.node) else { return false }
                        return edits.add("address", .oneOrMore(values), behind: entry, in: place.node)
                    }
                )
            }
        }
        return tasks
    }

    // MARK: Networks

    private static func networkTasks(
        _ document: Document,
        _ places: DocumentPlaces,
        _ trees: [MarkedTree]
    ) -> [Task] {
        document.cluster.networks.compactMap { network in
            guard case .routed(let routed) = network.driver, case .assigned = routed.prefixes,
                let prefixes = document.assignment.nodePrefixes[network.name], !prefixes.isEmpty,
                let place = places.network(network.name.text)
            else { return nil }
            let ordered = prefixes.sorted { $0.key < $1.key }
            let node = trees[place.file].nodes[place.node]
            let addition = Addition(
                line: node.line,
                column: node.column,
                path: "networks.\(network.name).nodeSubnets",
                values: ordered.flatMap { $0.value.values.map(\.description) }
            )
            let value = TextValue.mapping(
                ordered.map { name, prefixes in
                    (name.text, .oneOrMore(prefixes.values.map { .scalar($0.description) }))
                }
            )
            return Task(place: place, addition: addition) { edits, tree in
                if let entry = tree.entry("nodePrefix", in: place.node) {
                    return edits.replace(entry, by: "nodeSubnets", value)
                }
                guard let entry = tree.entry("driver", in: place.node) else { return false }
                return edits.add("nodeSubnets", value, behind: entry, in: place.node)
            }
        }
    }

    // MARK: Afterwards

    /// Looks whether the new texts mean what the old ones did, with nothing left to be assigned.
    private func check(against old: Document) throws(DocumentErrors) {
        guard files.contains(where: { !$0.additions.isEmpty }) else { return }
        let new = try? Document.load(files.map(\.source))
        guard let new, new.pinned == old.pinned, new.cluster == new.pinned else {
            let complaints = files.flatMap { file in
                file.additions.map { Self.complaint($0, file.source.name, isShared: false) }
            }
            throw DocumentErrors(complaints)
        }
    }
}

extension Document {
    /// What the document asks for, with everything stated that is assigned.
    package var pinned: ClusterState {
        var state = cluster
        var sandboxes = Array(state.sandboxes)
        for index in sandboxes.indices {
            for number in sandboxes[index].endpoints.indices {
                sandboxes[index].endpoints[number].addresses = assignment[index, number].addresses
            }
        }
        state.sandboxes = NamedList(sandboxes)
        state.networks = NamedList(
            state.networks.map { network in
                guard case .routed(var routed) = network.driver,
                    let prefixes = assignment.nodePrefixes[network.name], !prefixes.isEmpty
                else { return network }
                routed.prefixes = .stated(prefixes)
                var network = network
                network.driver = .routed(routed)
                return network
            }
        )
        return state
    }
}
