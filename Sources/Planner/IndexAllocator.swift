import NetworkModel

/// Chooses interface indexes for links that are to be made.
///
/// On the node they begin at ``firstOnNode``, far above what the kernel gives out by itself: else a stranger's link that is
/// made at the same moment could get the index that was chosen for ours, and the messages that are meant for ours.
/// In namespaces of Weft's they follow on those that are in use.
///
/// The ends of a pair are found by each other's index, so no two pairs may have the same two. A pair that has an end on
/// the node has that one's; those between two namespaces have indexes that are unique among the node's, too.
struct IndexAllocator {
    /// The first index that is chosen for a link of the node.
    static let firstOnNode: Int32 = 100_000_000

    private var used: [Place: Set<Int32>] = [:]
    private var last: [Place: Int32] = [:]

    init(observed: ObservedState) {
        note(observed.node, at: .node, from: Self.firstOnNode)
        for (name, namespace) in observed.namespaces { note(namespace, at: .namespace(name), from: 2) }
    }

    private mutating func note(_ namespace: ObservedNamespace, at place: Place, from first: Int32) {
        let indexes = namespace.links.map(\.index)
        used[place, default: []].formUnion(indexes)
        let ordinary = indexes.filter { place == .node || $0 < Self.firstOnNode }
        last[place] = max(first - 1, last[place] ?? 0, ordinary.max() ?? 0)
        // Those of pairs between namespaces.
        let high = indexes.filter { $0 >= Self.firstOnNode }
        guard place != .node, let highest = high.max() else { return }
        used[.node, default: []].formUnion(high)
        last[.node] = max(highest, last[.node] ?? 0)
    }

    /// The next index of a place that no link has; 1 is `lo`'s everywhere.
    mutating func next(in place: Place, isBetweenNamespaces: Bool = false) -> Int32 {
        guard isBetweenNamespaces else { return next(in: place) { _ in false } }
        let taken = used[place] ?? []
        let index = next(in: .node) { taken.contains($0) }
        used[place, default: []].insert(index)
        return index
    }

    private mutating func next(in place: Place, unless isTaken: (Int32) -> Bool) -> Int32 {
        let first = place == .node ? Self.firstOnNode : 2
        var index = last[place] ?? first - 1
        repeat {
            index = index < .max ? index + 1 : first
        } while used[place]?.contains(index) == true || isTaken(index)
        last[place] = index
        return index
    }
}
