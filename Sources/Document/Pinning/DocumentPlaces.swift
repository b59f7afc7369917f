/// Where in the texts of a document an endpoint or a network stands.
struct DocumentPlace {
    /// Which of the texts it is in.
    var file: Int
    /// Its mapping there.
    var node: Int
    /// It is reached by an alias: what is written there holds for others too.
    var isShared: Bool
}

/// Finds endpoints and networks in the texts of a document.
struct DocumentPlaces {
    private let trees: [MarkedTree]
    private var sandboxes: [String: DocumentPlace] = [:]
    private var networks: [String: DocumentPlace] = [:]

    init(_ trees: [MarkedTree]) {
        self.trees = trees
        for (file, tree) in trees.enumerated() where !tree.nodes.isEmpty {
            let root = DocumentPlace(file: file, node: 0, isShared: false)
            for (name, place) in entries(of: child("sandboxes", of: root)) { sandboxes[name] = place }
            for (name, place) in entries(of: child("networks", of: root)) { networks[name] = place }
        }
    }

    func network(_ name: String) -> DocumentPlace? { networks[name] }

    func endpoint(_ index: Int, of sandbox: String) -> DocumentPlace? {
        guard let list = child("endpoints", of: sandboxes[sandbox]) else { return nil }
        let items = trees[list.file].items(of: list.node)
        return index < items.count ? step(items[index], from: list) : nil
    }

    private func child(_ key: String, of place: DocumentPlace?) -> DocumentPlace? {
        guard let place, let entry = trees[place.file].entry(key, in: place.node) else { return nil }
        return step(entry.value, from: place)
    }

    private func entries(of place: DocumentPlace?) -> [(String, DocumentPlace)] {
        guard let place else { return [] }
        let tree = trees[place.file]
        return tree.entries(of: place.node).map {
            (tree.nodes[tree.resolve($0.key)].text, step($0.value, from: place))
        }
    }

    private func step(_ value: Int, from place: DocumentPlace) -> DocumentPlace {
        let tree = trees[place.file]
        return DocumentPlace(
            file: place.file,
            node: tree.resolve(value),
            isShared: place.isShared || tree.isAlias(value)
        )
    }
}
