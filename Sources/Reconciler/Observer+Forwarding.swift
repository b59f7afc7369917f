internal import NetworkModel
internal import Planner

extension Observer.Scope {
    /// The same for the verification of a plan that went through: a large table is not listed, but asked for each FDB entry that shall
    /// be in it, or was to go.
    ///
    /// What else it has by then nobody of this pass has put there: the next one, which begins with a list, finds it.
    ///
    /// - Parameters:
    ///   - plan: What was done.
    ///   - before: What was there before that.
    ///   - desired: What the node shall hold.
    ///   - limit: How many entries of a link are listed; see ``Reconciler/Options/listedEntries``.
    /// - Returns: What is to be read.
    func verifying(
        _ plan: Plan,
        from before: ObservedState,
        to desired: NodeState,
        listing limit: Int
    ) -> Observer.Scope {
        guard desired.forwarding.count > limit else { return self }
        let deleted = plan.deletedForwarding
        let tables = ForwardingTables(before, desired)
        let large = tables.large(limit, besides: deleted)
        guard !large.isEmpty else { return self }
        var scope = self
        var keys = desired.forwarding.compactMap { tables.key(of: $0, among: large) }
        var gone = Set(deleted.compactMap { tables.key(of: $0, among: large) })
        if !gone.isEmpty { for key in keys { gone.remove(key) } }
        keys += gone.sorted()
        scope.askedForwarding = keys
        return scope
    }
}

extension Plan {
    /// The FDB entries that it takes away.
    fileprivate var deletedForwarding: [ForwardingEntry] {
        changes.indices.compactMap { index in
            guard case .deleteForwarding(let entry) = changes[index].operation else { return nil }
            return entry
        }
    }
}

/// Whose tables the node's FDB entries are in: those of a bridge and of its ports are read together.
private struct ForwardingTables {
    /// The entries that shall be.
    private let entries: [ForwardingEntry]
    /// The bridges of links that shall be, and of those that were.
    private var masters: [InterfaceName: InterfaceName] = [:]
    private var tunnels: Set<InterfaceName> = []
    private var bridges: Set<InterfaceName> = []

    init(_ before: ObservedState, _ desired: NodeState) {
        entries = desired.forwarding
        for link in before.node.links { masters[link.name] = link.master }
        for link in desired.links.values where link.id.place == .node {
            masters[link.id.name] = link.master
            switch link.kind {
            case .vxlan: tunnels.insert(link.id.name)
            case .bridge: bridges.insert(link.id.name)
            case .veth, .macvlan: break
            }
        }
    }

    /// The bridge of a link, or a link without one.
    private func group(of link: LinkID) -> InterfaceName { masters[link.name] ?? link.name }

    /// The groups of which a link shall have more than `limit` entries, where the kernel can be asked for each of them, and for each
    /// of those that are deleted.
    func large(_ limit: Int, besides deleted: [ForwardingEntry]) -> Set<InterfaceName> {
        var counts: [InterfaceName: Int] = [:]
        for entry in entries where entry.link.place == .node { counts[entry.link.name, default: 0] += 1 }
        var large = Set(counts.filter { $0.value > limit }.keys.map { masters[$0] ?? $0 })
        guard !large.isEmpty else { return [] }
        for entry in entries + deleted where entry.link.place == .node && !canBeAskedFor(entry) {
            large.remove(group(of: entry.link))
        }
        return large
    }

    /// True if the kernel tells all of an entry that it is asked for: of several destinations it tells one, and the table of a
    /// bridge has its own entries and its ports'.
    private func canBeAskedFor(_ entry: ForwardingEntry) -> Bool {
        switch entry.table {
        case .bridge: bridges.contains(group(of: entry.link))
        case .own: tunnels.contains(entry.link.name) && entry.mac != .zero && !entry.mac.isMulticast
        }
    }

    /// What an entry is asked for by; `nil` if it is of another group.
    func key(of entry: ForwardingEntry, among groups: Set<InterfaceName>) -> ForwardingEntry.Key? {
        let group = group(of: entry.link)
        guard entry.link.place == .node, groups.contains(group) else { return nil }
        var key = entry.key
        if entry.table == .bridge { key.link = LinkID(group, in: .node) }
        return key
    }
}
