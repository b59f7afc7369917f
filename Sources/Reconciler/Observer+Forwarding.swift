internal import NetworkModel
internal import Planner

extension Observer.Scope {
    /// The same for the verification of a plan that went through: of large tables nothing is listed, but each FDB entry asked for
    /// that shall be, or was to go.
    ///
    /// What a list has besides nobody of this pass has made: the next one finds it.
    ///
    /// - Parameters:
    ///   - plan: What was done.
    ///   - desired: What the node shall hold.
    ///   - limit: How many entries of a link are listed; see ``Reconciler/Options/listedEntries``.
    /// - Returns: What is to be read.
    func verifying(_ plan: Plan, for desired: NodeState, listing limit: Int) -> Observer.Scope {
        var scope = self
        let wanted = desired.forwarding.filter { $0.link.place == .node }
        let gone = plan.deletedForwarding
        if desired.isTooLargeToList(wanted, limit), (wanted + gone).allSatisfy(desired.canBeAskedFor) {
            scope.forwarding = (wanted + gone).map(\.key)
        }
        return scope
    }
}

extension Plan {
    /// The FDB entries of the node that it takes away.
    fileprivate var deletedForwarding: [ForwardingEntry] {
        changes.indices.compactMap { index in
            guard case .deleteForwarding(let entry) = changes[index].operation, entry.link.place == .node
            else {
                return nil
            }
            return entry
        }
    }
}

extension NodeState {
    /// True if a link has more than `limit` of the entries.
    fileprivate func isTooLargeToList(_ entries: [ForwardingEntry], _ limit: Int) -> Bool {
        guard entries.count > limit else { return false }
        var counts: [LinkID: Int] = [:]
        for entry in entries { counts[entry.link, default: 0] += 1 }
        return counts.values.contains { $0 > limit }
    }

    /// True if the kernel tells all of an entry that it is asked for: of several destinations it tells one, and the tables of bridges
    /// by themselves have what is their own and what is their ports'.
    fileprivate func canBeAskedFor(_ entry: ForwardingEntry) -> Bool {
        guard entry.table == .own else { return true }
        guard case .vxlan? = links[entry.link]?.kind else { return false }
        return entry.mac != .zero && !entry.mac.isMulticast
    }
}
