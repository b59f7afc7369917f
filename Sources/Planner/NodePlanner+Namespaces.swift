import NetworkModel

extension NodePlanner {
    /// Namespaces: made, marked again, or taken away with what is in them.
    mutating func planNamespaces() {
        for name in desired.namespaces.sorted() {
            let group = order.group(of: .namespace(name))
            if observed.namespaces[name]?.adoptedPath != nil { continue }
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
                groups[group].namespaces.append(
                    Change(.create, .createNamespace(name, settings: creationSettings.of(name)))
                )
            }
        }
        for name in observed.namespaces.keys.sorted() where !desired.namespaces.contains(name) {
            let count = observed.namespaces[name]?.processCount ?? 0
            var reasons: [String] = []
            if count > 0 {
                let words = count == 1 ? "process still runs" : "processes still run"
                reasons.append("\(count) \(words) there, cut off from the network")
            }
            if let strangers = wordsForStrangers(in: name) { reasons.append(strangers) }
            steps.removingNamespaces.append(
                Change(
                    .delete,
                    .deleteNamespace(name, processCount: count),
                    reason: reasons.isEmpty ? nil : reasons.joined(separator: "; ")
                )
            )
        }
        planLeftOvers()
        tellOfAdopted()
    }

    /// Tells of namespaces of others that are not there, or can't be used.
    private mutating func tellOfAdopted() {
        for (name, reason) in observed.waiting.sorted(by: { $0.key < $1.key }) {
            warnings.append("what is asked for in namespace '\(name)' waits: \(reason)")
        }
        for (name, unfit) in observed.unfit.sorted(by: { $0.key < $1.key }) {
            problems.append(Problem("cannot use namespace '\(name)': \(unfit.reason)", hint: unfit.hint))
        }
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

    /// Which links of others go with a namespace; `nil` if none.
    private func wordsForStrangers(in name: NamespaceName) -> String? {
        let strangers = (observed.namespaces[name]?.links ?? []).filter { !$0.isManaged && $0.index != 1 }
        guard !strangers.isEmpty else { return nil }
        let texts = strangers.map { "'\($0.name)'" }.sorted()
        let count =
            strangers.count == 1
            ? "1 link that is not Weft's goes" : "\(strangers.count) links that are not Weft's go"
        return "\(count) with it: \(Self.listing(texts))"
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
