import NetworkModel

/// Chooses interface indexes for links that are to be made: above all that are in use.
///
/// The ends of a pair are found by each other's index, so no two pairs of a node may have the same two. Therefore at
/// least one end of each has an index that is unique among the links of the node and of pairs between namespaces.
struct IndexAllocator {
    /// The highest index of a place; 1 is `lo`'s everywhere.
    private var last: [Place: Int32] = [:]
    /// The highest index of the node's links and of pairs between namespaces.
    private var lastOfNode: Int32 = 1

    init(_ links: LinkSurvey) {
        for (id, link) in links.observed {
            last[id.place] = max(last[id.place] ?? 1, link.index)
            guard id.place != .node else {
                lastOfNode = max(lastOfNode, link.index)
                continue
            }
            guard case .veth = link.kind, links.peers[id]?.place != .node else { continue }
            lastOfNode = max(lastOfNode, link.index)
        }
    }

    /// The next index of a place that no link has.
    mutating func next(in place: Place, isBetweenNamespaces: Bool) -> Int32 {
        var index = last[place] ?? 1
        if place == .node || isBetweenNamespaces {
            index = max(index, lastOfNode)
            lastOfNode = index + 1
        }
        last[place] = index + 1
        return index + 1
    }
}
