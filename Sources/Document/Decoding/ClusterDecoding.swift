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
        let finder = PlaceFinder(tree, draft.origins, droppedItems: droppedItems)
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
        let finder = PlaceFinder(tree, draft.origins, droppedItems: droppedItems)
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

/// Finds the values that places of a cluster state mean.
struct PlaceFinder {
    private let tree: ValueTree
    private let underlay: [Int]
    private let nodes: [String: NamedEntry]
    private let networks: [String: NamedEntry]
    private let sandboxes: [String: NamedEntry]
    private let droppedItems: [Int: [Int]]

    init(_ tree: ValueTree, _ origins: ClusterOrigins, droppedItems: [Int: [Int]]) {
        self.tree = tree
        self.droppedItems = droppedItems
        underlay = origins.underlay
        nodes = Self.byName(origins.nodes)
        networks = Self.byName(origins.networks)
        sandboxes = Self.byName(origins.sandboxes)
    }

    private static func byName(_ entries: [NamedEntry]) -> [String: NamedEntry] {
        Dictionary(entries.lazy.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The value at a place; where a key is not there, the mapping that lacks it; `nil`: nothing stands in the texts.
    func node(at place: ClusterPlace) -> Int? {
        guard let (name, objects) = object(place.object) else { return nil }
        guard !place.isName, let first = objects.first else { return name }
        guard let key = place.key else { return first }
        for object in objects {
            guard let value = value(of: key.rawValue, in: object) else { continue }
            return place.item.map { item($0, of: value) } ?? value
        }
        return first
    }

    /// The name of an object and the mappings that tell of it.
    private func object(_ object: ClusterPlace.Object) -> (name: Int, values: [Int])? {
        switch object {
        case .underlay: return underlay.first.map { ($0, underlay) }
        case .node(let name): return entry(nodes[name.text])
        case .network(let name): return entry(networks[name.text])
        case .sandbox(let name): return entry(sandboxes[name.text])
        case .endpoint(let name, let index):
            guard let (key, values) = entry(sandboxes[name.text]) else { return nil }
            let list = values.lazy.compactMap { value(of: "endpoints", in: $0) }.first
            guard let list else { return (key, values) }
            let endpoint = self.item(index, of: list)
            return (endpoint, [endpoint])
        }
    }

    private func entry(_ entry: NamedEntry?) -> (name: Int, values: [Int])? {
        entry.map { ($0.key, $0.values) }
    }

    private func value(of key: String, in node: Int) -> Int? {
        let mapping = tree.resolve(node)
        return tree.nodes[mapping].shape == .mapping ? tree.value(of: key, in: mapping) : nil
    }

    private func item(_ item: ClusterPlace.Item, of value: Int) -> Int {
        switch item {
        case .index(let index): return self.item(index, of: value)
        case .family(let family): return self.item(family, of: value)
        case .name(let name): return self.value(of: name, in: value) ?? value
        case .setting(let path):
            let name = Sysctl.Key(path: path, in: .node).description
            return self.value(of: path, in: value) ?? self.value(of: name, in: value) ?? value
        case .nameAndFamily(let name, let family):
            return self.value(of: name, in: value).map { self.item(family, of: $0) } ?? value
        case .indexAndKey(let index, let key):
            let item = self.item(index, of: value)
            return self.value(of: key, in: item) ?? item
        }
    }

    /// The item of a list, counted without those that could not be read; if there is no list, the value itself.
    private func item(_ index: Int, of value: Int) -> Int {
        let list = tree.resolve(value)
        guard tree.nodes[list].shape == .list else { return value }
        var ordinal = index
        for dropped in droppedItems[list] ?? [] where dropped <= ordinal { ordinal += 1 }
        let items = tree.items(list)
        return ordinal < items.count ? items[ordinal] : value
    }

    /// The first item of a list that is of a family; if there is no list, the value itself.
    private func item(_ family: AddressFamily, of value: Int) -> Int {
        let list = tree.resolve(value)
        guard tree.nodes[list].shape == .list else { return value }
        return tree.items(list).first { item in
            let scalar = tree.resolve(item)
            guard tree.nodes[scalar].shape == .plain || tree.nodes[scalar].shape == .quoted else {
                return false
            }
            return tree.string(of: scalar).contains(":") == (family == .ipv6)
        } ?? value
    }
}
