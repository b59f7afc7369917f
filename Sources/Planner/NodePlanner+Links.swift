import NetworkModel

extension NodePlanner {
    /// Links: made, changed in place, made anew, or taken away.
    mutating func planLinks() {
        checkParents()
        checkNetworkIdentifiers()
        checkPortCounts()
        let ordered = links.desired.keys.sorted { left, right in
            let leftRank = (order.group(of: left), order.depth(of: left))
            let rightRank = (order.group(of: right), order.depth(of: right))
            return leftRank == rightRank ? left < right : leftRank < rightRank
        }
        var indexes = IndexAllocator(observed: observed)
        for id in ordered {
            guard let link = links.desired[id], let fate = links.fates[id] else { continue }
            switch fate {
            case .create:
                create(link, with: &indexes, verb: .create, reason: nil)
            case .remake(_, let reason):
                create(link, with: &indexes, verb: .remake, reason: "made anew: \(reason)")
            case .keep(let existing):
                change(existing, to: link)
            case .delete, .blocked:
                break
            }
        }
        planLinkDeletions()
    }

    // MARK: Creation

    /// Makes a link; a pair is made by the lesser of its ends, in one message.
    private mutating func create(
        _ link: Link,
        with indexes: inout IndexAllocator,
        verb: Change.Verb,
        reason: String?
    ) {
        var creation = LinkCreation(link, index: 0)
        if case .veth(let peerID) = link.kind {
            guard link.id < peerID, let peer = links.desired[peerID] else { return }
            creation.peer = peer
        }
        creation.index = link.index ?? indexes.next(in: link.id.place)
        if let peer = creation.peer { creation.peerIndex = peer.index ?? indexes.next(in: peer.id.place) }
        let (verb, reason) = pairVerb(of: creation, verb, reason)
        groups[order.group(of: link.id)].links.append(
            Change(verb, .createLink(creation), differences: remakeDifferences(link), reason: reason)
        )
    }

    /// A pair of which one end is made anew is made anew as a whole.
    private func pairVerb(
        of creation: LinkCreation,
        _ verb: Change.Verb,
        _ reason: String?
    ) -> (Change.Verb, String?) {
        guard verb == .create, let peer = creation.peer else { return (verb, reason) }
        guard case .remake(_, let peerReason)? = links.fates[peer.id] else { return (verb, reason) }
        return (.remake, "made anew: \(peerReason)")
    }

    private func remakeDifferences(_ link: Link) -> [Difference] {
        guard case .remake(let existing, _)? = links.fates[link.id] else { return [] }
        return existing.differences(from: link, peer: links.peers[link.id])
    }

    // MARK: Change

    private mutating func change(_ existing: ObservedLink, to link: Link) {
        var existing = existing
        if let master = link.master, existing.master == master,
            links.fates[LinkID(master, in: link.id.place)]?.keepsContents == false
        {
            // The bridge is made anew, and with it the port is set free.
            existing.master = nil
            existing.port = nil
        }
        let differences = existing.differences(from: link, peer: links.peers[link.id])
        guard !differences.isEmpty else { return }
        groups[order.group(of: link.id)].links.append(
            Change(.change, .changeLink(from: existing, to: link), differences: differences)
        )
    }

    // MARK: Deletion

    /// Deletes each link that goes, a pair once; early if another link can't come before it is gone.
    private mutating func planLinkDeletions() {
        let wanted = wantedIdentifiers()
        for id in links.fates.keys.sorted() {
            guard let fate = links.fates[id] else { continue }
            switch fate {
            case .remake(let existing, _):
                losses.note(id, .whileBuilding)
                guard isFirstOfDeletedPair(id) else { continue }
                steps.clearing.append(deletion(of: existing, id: id, isCounted: false))
            case .delete(let existing):
                let isEarly = isInTheWay(id, existing, wanted: wanted) || goesWithRemade(id)
                losses.note(id, isEarly ? .whileBuilding : .whileRemoving)
                guard isFirstOfDeletedPair(id), !diesWithNamespace(id) else { continue }
                let change = deletion(of: existing, id: id, isCounted: true)
                if isEarly { steps.clearing.append(change) } else { steps.removingLinks.append(change) }
            case .create, .keep, .blocked:
                break
            }
        }
    }

    private func deletion(of existing: ObservedLink, id: LinkID, isCounted: Bool) -> Change {
        let peer = links.peers[id].flatMap { isDeleted($0) ? $0 : nil }
        return Change(
            .delete,
            .deleteLink(id, index: existing.index, peer: peer),
            reason: existing.group == Mark.linkGroup ? nil : "left behind by a deletion that was interrupted",
            isCounted: isCounted
        )
    }

    /// True if `id` is the end by which a pair is deleted: the one that is made anew, else the lesser.
    private func isFirstOfDeletedPair(_ id: LinkID) -> Bool {
        guard let peer = links.peers[id], isDeleted(peer) else { return true }
        switch (isRemade(id), isRemade(peer)) {
        case (true, false): return true
        case (false, true): return false
        case (true, true), (false, false): return id < peer
        }
    }

    /// True if a link goes at once because the other end of its pair is made anew.
    private func goesWithRemade(_ id: LinkID) -> Bool {
        links.peers[id].map(isRemade) ?? false
    }

    private func isRemade(_ id: LinkID) -> Bool {
        guard case .remake? = links.fates[id] else { return false }
        return true
    }

    private func isDeleted(_ id: LinkID) -> Bool {
        switch links.fates[id] {
        case .remake, .delete: true
        case .create, .keep, .blocked, nil: false
        }
    }

    /// True if a link needs no deletion of its own because its namespace goes, and nobody is in there to use it.
    ///
    /// Links with a way out of the namespace are deleted all the same: somebody may hold the namespace open.
    private func diesWithNamespace(_ id: LinkID) -> Bool {
        guard let name = id.place.name, !desired.namespaces.contains(name) else { return false }
        guard observed.namespaces[name]?.processCount == 0, let existing = links.observed[id] else {
            return false
        }
        switch existing.kind {
        case .bridge, .other: return true
        case .veth: return links.peers[id]?.place == id.place
        case .vxlan, .macvlan: return false
        }
    }

    /// True if a link that shall come needs what this one holds: its VNI, or its parent for itself alone.
    private func isInTheWay(_ id: LinkID, _ existing: ObservedLink, wanted: Set<TunnelIdentifier>) -> Bool {
        switch existing.kind {
        case .vxlan(let vxlan):
            return wanted.contains(TunnelIdentifier(vxlan))
        case .macvlan(let macvlan):
            return links.desired.contains { wantedID, link in
                guard case .macvlan(let other) = link.kind, other.parent == macvlan.parent else {
                    return false
                }
                return links.fates[wantedID]?.keepsContents == false
                    && (other.mode == .passthru || macvlan.mode == .passthru)
            }
        case .bridge, .veth, .other:
            return false
        }
    }

    /// What the VXLAN links need that are made or made anew.
    private func wantedIdentifiers() -> Set<TunnelIdentifier> {
        var wanted: Set<TunnelIdentifier> = []
        for (id, link) in links.desired where links.fates[id]?.keepsContents == false {
            if case .vxlan(let vxlan) = link.kind { wanted.insert(TunnelIdentifier(vxlan)) }
        }
        return wanted
    }
}

/// What only one VXLAN link of a node can have.
struct TunnelIdentifier: Hashable {
    var vni: VNI
    var port: UInt16

    init(_ vxlan: VXLAN) {
        vni = vxlan.vni
        port = vxlan.port
    }
}

/// Chooses interface indexes for links that are to be made.
///
/// On the node they begin at ``firstOnNode``, far above what the kernel gives out by itself: else a stranger's link that is
/// made at the same moment could get the index that was chosen for ours, and the messages that are meant for ours.
/// In namespaces of Weft's they follow on those that are in use.
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
        used[place] = Set(namespace.links.map(\.index))
        last[place] = max(first - 1, namespace.links.map(\.index).max() ?? 0)
    }

    /// The next index of a place that no link has; 1 is `lo`'s everywhere.
    mutating func next(in place: Place) -> Int32 {
        let first = place == .node ? Self.firstOnNode : 2
        var index = last[place] ?? first - 1
        repeat {
            index = index < .max ? index + 1 : first
        } while used[place]?.contains(index) == true
        last[place] = index
        return index
    }
}
