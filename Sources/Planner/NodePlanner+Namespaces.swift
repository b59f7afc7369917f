import NetworkModel

extension NodePlanner {
    /// Namespaces: made, marked again, or taken away with what is in them.
    mutating func planNamespaces() {
        for name in desired.namespaces.sorted() {
            let group = order.group(of: .namespace(name))
            if observed.foreignNamespaces.contains(name) {
                problems.append(
                    Problem(
                        "cannot create namespace '\(name)': /run/netns has one of this name that is not this node's",
                        hint: "choose another name; it may be in use, by another node's Weft too"
                    )
                )
            } else if let existing = observed.namespaces[name] {
                guard !existing.isMarked || !existing.hasLoopbackUp else { continue }
                groups[group].namespaces.append(markAgain(name, existing))
            } else {
                groups[group].namespaces.append(Change(.create, .createNamespace(name)))
            }
        }
        for name in observed.namespaces.keys.sorted() where !desired.namespaces.contains(name) {
            let count = observed.namespaces[name]?.processCount ?? 0
            steps.removingNamespaces.append(
                Change(
                    .delete,
                    .deleteNamespace(name, processCount: count),
                    reason: count == 0
                        ? nil
                        : "\(count) process\(count == 1 ? " still runs" : "es still run") there, cut off from the network"
                )
            )
        }
        planLeftOvers()
    }

    /// The names of creations that were interrupted, and that nobody wants any more.
    private mutating func planLeftOvers() {
        for name in observed.leftOverNamespaces.sorted() where !desired.namespaces.contains(name) {
            steps.removingNamespaces.append(
                Change(
                    .delete,
                    .deleteNamespace(name, processCount: 0),
                    reason: "an empty file, left behind by a creation that was interrupted"
                )
            )
        }
    }

    private func markAgain(_ name: NamespaceName, _ existing: ObservedNamespace) -> Change {
        var differences: [Difference] = []
        Difference.note("mark", existing.isMarked ? "weft" : "none", "weft", in: &differences)
        Difference.note("lo", existing.hasLoopbackUp ? "up" : "down", "up", in: &differences)
        return Change(.change, .markNamespace(name), differences: differences)
    }
}

extension ObservedNamespace {
    /// True if the loopback link is up.
    ///
    /// `lo` has index 1 in every namespace.
    var hasLoopbackUp: Bool {
        links.contains { $0.index == 1 && $0.isUp }
    }
}
