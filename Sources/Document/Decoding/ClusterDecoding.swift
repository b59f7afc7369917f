internal import ClusterModel
internal import NetworkModel

/// Underlay, networks and sandboxes.
extension Decoder {
    /// Reads what the document says of the cluster; its nodes were read before.
    mutating func cluster(_ fields: MergedFields<DocumentKey>, into draft: inout DocumentDraft) {
        underlay(fields[.underlay].compactMap { mapping($0.value) }, into: &draft)
        draft.origins.networks = named(fields[.networks].compactMap { mapping($0.value) }, isMerging: false)
        if let key = fields[.networks].first?.key, !draft.origins.networks.isEmpty {
            draft.origins.keys.append((.networks, key))
        }
        for entry in draft.origins.networks { network(entry, into: &draft) }
        draft.origins.sandboxes = named(fields[.sandboxes].compactMap { mapping($0.value) }, isMerging: false)
        if let key = fields[.sandboxes].first?.key, !draft.origins.sandboxes.isEmpty {
            draft.origins.keys.append((.sandboxes, key))
        }
        draft.sandboxes.reserveCapacity(draft.origins.sandboxes.count)
        var room = SandboxFields()
        for entry in draft.origins.sandboxes { sandbox(entry, &room, into: &draft) }
        let isBridgeUsed = draft.sandboxes.contains { sandbox in
            sandbox.endpoints.contains { $0.network == Network.builtInBridgeName }
        }
        let isBridgeStated = draft.origins.networks.contains { $0.name == Network.builtInBridgeName.text }
        if isBridgeUsed, !isBridgeStated { draft.networks.append(Network.builtInBridge()) }
        draft.state.networks = NamedList(draft.networks)
        draft.state.sandboxes = NamedList(draft.sandboxes)
    }

    private mutating func underlay(_ mappings: [Int], into draft: inout DocumentDraft) {
        let fields = merged(mappings, UnderlayKey.self) { _ in false }
        draft.origins.underlay = mappings
        if fields[.subnets].isEmpty, let first = mappings.first {
            complain(
                at: first,
                "'subnets' is missing",
                hint: "leave 'underlay' out if there is nothing to say of it"
            )
        }
        guard let entry = fields[.subnets].first, let list = list(entry.value) else { return }
        draft.state.underlay = elements(of: list) { $0.prefix($1) }
    }

    /// What is asked for and not done yet.
    func unsupported(_ draft: DocumentDraft) -> [Complaint] {
        let parts = draft.state.unsupported()
        guard !parts.isEmpty else { return [] }
        var finder = PlaceFinder(tree, draft.origins, droppedItems: droppedItems)
        let findings = parts.map {
            Finding(
                node: finder.node(at: $0.place) ?? 0,
                message: "not supported yet: \($0.path)",
                kind: .unsupported
            )
        }
        return tree.complaints(for: findings)
    }

    /// Takes note of what is wrong with the whole of what was read.
    mutating func check(_ draft: DocumentDraft, _ assignment: Assignment) {
        let problems = draft.state.problems(assignment, excuses: draft.excuses)
        guard !problems.isEmpty else { return }
        var finder = PlaceFinder(tree, draft.origins, droppedItems: droppedItems)
        for problem in problems {
            var message = problem.message
            // Of what is always there nothing stands in the document.
            if let other = problem.other.flatMap({ finder.node(at: $0) }) {
                message += ", at \(tree.position(of: other))"
            }
            findings.append(
                Finding(
                    node: finder.node(at: problem.place) ?? 0,
                    message: message,
                    hint: problem.hint,
                    isWarning: problem.isWarning
                )
            )
        }
    }
}

/// Where in the texts the parts of a cluster are.
struct ClusterOrigins {
    /// Where `networks` and `sandboxes` are, if they have anything in them.
    var keys: [(DocumentKey, Int)] = []
    var underlay: [Int] = []
    var nodes: [NamedEntry] = []
    var networks: [NamedEntry] = []
    var sandboxes: [NamedEntry] = []
}
