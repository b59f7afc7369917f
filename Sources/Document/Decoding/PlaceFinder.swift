internal import ClusterModel
internal import NetworkModel

/// Finds the values that places of a cluster state mean.
struct PlaceFinder {
    private let tree: ValueTree
    private let underlay: [Int]
    private let nodes: [String: NamedEntry]
    private let networks: [String: NamedEntry]
    private let sandboxes: [String: NamedEntry]
    private let droppedItems: [Int: [Int]]
    /// The items of lists, those left out that could not be read.
    private var items: [Int: [Int]] = [:]

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
    mutating func node(at place: ClusterPlace) -> Int? {
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
    private mutating func object(_ object: ClusterPlace.Object) -> (name: Int, values: [Int])? {
        switch object {
        case .underlay: return underlay.first.map { ($0, underlay) }
        case .node(let name): return entry(nodes[name.text])
        case .network(let name): return entry(networks[name.text])
        case .sandbox(let name): return entry(sandboxes[name.text])
        case .endpoint(let name, let index):
            guard let (key, values) = entry(sandboxes[name.text]) else { return nil }
            let list = values.compactMap { value(of: "endpoints", in: $0) }.first
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

    private mutating func item(_ item: ClusterPlace.Item, of value: Int) -> Int {
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
    private mutating func item(_ index: Int, of value: Int) -> Int {
        let list = tree.resolve(value)
        guard tree.nodes[list].shape == .list else { return value }
        let items = keptItems(of: list)
        return index < items.count ? items[index] : value
    }

    private mutating func keptItems(of list: Int) -> [Int] {
        if let known = items[list] { return known }
        let dropped = Set(droppedItems[list] ?? [])
        let kept = tree.items(list).enumerated().filter { !dropped.contains($0.offset) }.map(\.element)
        items[list] = kept
        return kept
    }

    /// The first item of a list that is of a family; if there is no list, the value itself.
    private mutating func item(_ family: AddressFamily, of value: Int) -> Int {
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
