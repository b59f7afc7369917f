import NetworkModel

extension NodePlanner {
    /// Links: made, changed in place, made anew, or taken away.
    mutating func planLinks() {
        checkParents()
        checkNetworkIdentifiers()
        checkPortCounts()
        // With their ranks, lest each comparison look them up.
        let ordered = links.desired.keys
            .map { (group: order.group(of: $0), depth: order.depth(of: $0), id: $0) }
            .sorted { $0 < $1 }
        var indexes = IndexAllocator(observed: observed)
        for (_, _, id) in ordered {
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
        let isBetweenNamespaces =
            creation.peer.map { $0.id.place != .node && link.id.place != .node } ?? false
        creation.index =
            link.index ?? indexes.next(in: link.id.place, isBetweenNamespaces: isBetweenNamespaces)
        if let peer = creation.peer {
            creation.peerIndex =
                peer.index ?? indexes.next(in: peer.id.place, isBetweenNamespaces: isBetweenNamespaces)
        }
        creation.settings =
            creationSettings.of(link.id) + (creation.peer.map { creationSettings.of($0.id) } ?? [])
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
        if let master = existing.master, isRemade(LinkID(master, in: link.id.place)) {
            // The bridge is made anew, and with it the port is set free.
            existing.master = nil
            existing.port = nil
        }
        let differences = existing.differences(from: link, peer: links.peers[link.id])
        guard !differences.isEmpty else { return }
        if existing.isUp, !link.isUp { losses.note(lowering: link.id) }
        if existing.losesIPv6(as: link) { losses.note(withoutIPv6: link.id) }
        groups[order.group(of: link.id)].links.append(
            Change(.change, .changeLink(from: existing, to: link), differences: differences)
        )
    }

    // MARK: Deletion

    /// Deletes each link that goes, a pair once; early if another link can't come before it is gone.
    private mutating func planLinkDeletions() {
        let needs = LinkNeeds(links)
        var told: Set<NamespaceName> = []
        for id in linksInOrderOfDeletion() {
            guard let fate = links.fates[id] else { continue }
            switch fate {
            case .remake(let existing, _):
                losses.note(id, .whileClearing)
                guard isFirstOfDeletedPair(id) else { continue }
                steps.clearing.append(deletion(of: existing, id: id, isCounted: false))
            case .delete(let existing):
                let isEarly =
                    isBlocking(id, existing, needs) || standsOnClearedLink(existing, needs)
                    || goesWithRemade(id)
                losses.note(id, isEarly ? .whileClearing : .whileRemoving)
                guard isFirstOfDeletedPair(id), !diesWithNamespace(id) else { continue }
                var change = deletion(of: existing, id: id, isCounted: true)
                change.reason = change.reason ?? wordsForProcesses(cutOffWith: id, &told)
                if isEarly { steps.clearing.append(change) } else { steps.removingLinks.append(change) }
            case .create, .keep, .blocked:
                break
            }
        }
    }

    /// What stands on another link goes before that, or it would be gone when its turn comes.
    private func linksInOrderOfDeletion() -> [LinkID] {
        let depths = links.fates.keys.map { (id: $0, depth: links.depth(of: $0)) }
        return depths.sorted { ($1.depth, $0.id) < ($0.depth, $1.id) }.map(\.id)
    }

    private func deletion(of existing: ObservedLink, id: LinkID, isCounted: Bool) -> Change {
        let peer = links.peers[id].flatMap { isDeleted($0) ? $0 : nil }
        return Change(
            .delete,
            .deleteLink(id, index: existing.index, peer: peer),
            reason: !isCounted
                ? "to be made anew"
                : existing.group == existing.mark.linkGroup
                    ? nil : "left behind by a deletion that was interrupted",
            isCounted: isCounted
        )
    }

    /// How many processes lose the network with a link into a namespace of somebody else's that is given back; `nil` if none,
    /// or if it was told with another link.
    private func wordsForProcesses(cutOffWith id: LinkID, _ told: inout Set<NamespaceName>) -> String? {
        for name in [id.place.name, links.peers[id]?.place.name].compactMap(\.self) {
            guard let namespace = observed.namespaces[name], namespace.adoptedPath != nil,
                desired.adopted[name] == nil, namespace.processCount > 0, told.insert(name).inserted
            else { continue }
            let words = namespace.processCount == 1 ? "process runs" : "processes run"
            return "\(namespace.processCount) \(words) in namespace '\(name)', cut off from the network"
        }
        return nil
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

    /// True if a link, or the other end of its pair, holds what one that comes needs.
    private func isBlocking(_ id: LinkID, _ existing: ObservedLink, _ needs: LinkNeeds) -> Bool {
        if needs.areBlocked(by: existing, id) { return true }
        guard let peer = links.peers[id], let other = links.observed[peer] else { return false }
        return needs.areBlocked(by: other, peer)
    }

    /// True if a link would go with one under it that goes early.
    private func standsOnClearedLink(_ existing: ObservedLink, _ needs: LinkNeeds) -> Bool {
        var parent = existing.kind.parent
        var steps = 0
        while let name = parent, let link = links.observed[LinkID(name, in: .node)],
            steps <= links.observed.count
        {
            let id = LinkID(name, in: .node)
            if isRemade(id) || goesWithRemade(id) { return true }
            if isDeleted(id), isBlocking(id, link, needs) { return true }
            parent = link.kind.parent
            steps += 1
        }
        return false
    }
}
