internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import Planner
internal import RouteNetlink

extension Applier {
    /// The descriptor of the namespace that a link goes to; `nil` for the node's own.
    private mutating func descriptor(of place: Place) throws -> CInt? {
        guard let name = place.name else { return nil }
        let namespace = try sessions.hold(name)
        held.append(namespace)
        return namespace.descriptor
    }

    func index(of name: InterfaceName?, in place: Place) -> Int32? {
        name.flatMap { indexes[LinkID($0, in: place)] }
    }

    mutating func createLink(_ creation: LinkCreation, tag: Int) throws {
        let link = creation.link
        if filling != creation.peer?.id.place.name, filling != link.id.place.name { try flush() }
        let master = link.id.place == .node ? index(of: link.master, in: .node) : nil
        let parent = index(of: link.kind.parent, in: .node)
        guard link.kind.parent == nil || parent != nil else { return try failForLink(tag) }
        let descriptor = try descriptor(of: link.id.place)
        var end: (link: Link, index: Int32, namespaceDescriptor: CInt?)?
        if let peer = creation.peer {
            end = (peer, creation.peerIndex, try self.descriptor(of: peer.id.place))
        }
        nodeBatch.appendCreateLink(
            link,
            index: creation.index,
            namespaceDescriptor: descriptor,
            masterIndex: master,
            parentIndex: parent,
            peer: end,
            mark: node.mark,
            tag: tag
        )
        indexes[link.id] = creation.index
        if let peer = creation.peer { indexes[peer.id] = creation.peerIndex }
        try write(creation.settings, tag: tag)
        try finishLink(link, index: creation.index, isFarEnd: false, tag: tag)
        guard let peer = creation.peer else { return }
        try finishLink(peer, index: creation.peerIndex, isFarEnd: true, tag: tag)
    }

    /// Gives a new link what the creating message can't, in its own place.
    private mutating func finishLink(_ link: Link, index: Int32, isFarEnd: Bool, tag: Int) throws {
        let master = self.index(of: link.master, in: link.id.place)
        try append(at: link.id.place, tag: tag) { [mark = node.mark] batch, tag in
            batch.appendFinishLink(
                link,
                index: index,
                masterIndex: master,
                wasCreatedElsewhere: isFarEnd || link.id.place != .node,
                mark: mark,
                tag: tag
            )
        }
    }

    mutating func changeLink(_ existing: ObservedLink, _ link: Link, tag: Int) throws {
        let master = link.master == nil ? 0 : index(of: link.master, in: link.id.place)
        let parent = index(of: link.kind.parent, in: .node)
        try append(at: link.id.place, tag: tag) { batch, tag in
            batch.appendChangeLink(
                from: existing,
                to: link,
                masterIndex: master,
                parentIndex: parent,
                tag: tag
            )
        }
    }

    /// Deletes the run of links that begins at `first`, those of each place together: the kernel's price is for a
    /// request, not for a link.
    ///
    /// They are moved by index into a group that no link has; if that then holds them and nothing else, one request
    /// deletes the group. Never the group of the mark: a stranger's link may have joined it.
    mutating func deleteLinks(from first: Int) throws -> Int {
        try flush()
        var end = first
        var targets: [Place: [DeletionTarget]] = [:]
        while end < changes.count, case .deleteLink(let id, let index, _) = changes[end].operation {
            targets[id.place, default: []].append(
                DeletionTarget(index: index, name: id.name, hasAlias: !unnamed.contains(id), tag: end)
            )
            end += 1
        }
        // The node's last: what they carry in namespaces would go with them, and not be there to be deleted.
        for (place, group) in targets.sorted(by: { $0.key > $1.key }) {
            try delete(group, in: place)
        }
        for position in first..<end {
            guard case .deleteLink(let id, _, let peer) = changes[position].operation else { continue }
            indexes[id] = nil
            if let peer { indexes[peer] = nil }
        }
        return end
    }

    private mutating func delete(_ targets: [DeletionTarget], in place: Place) throws {
        if targets.count == 1 {
            try append(at: place, tag: targets[0].tag) { batch, tag in
                batch.appendDeleteLink(index: targets[0].index, tag: tag)
            }
            return try flush()
        }
        guard let group = freshGroup(in: place) else {
            // Two hundred interrupted deletions have left their groups: one by one it takes longer, and goes as well.
            for target in targets {
                try append(at: place, tag: target.tag) { batch, tag in
                    batch.appendDeleteLink(index: target.index, tag: tag)
                }
            }
            return try flush()
        }
        // In such a group only the alias tells a link of Weft's from another's: one that was killed before it got any gets it
        // at the same instant.
        let alias = node.mark.alias(for: "being deleted")
        for target in targets {
            try append(at: place, tag: target.tag) { batch, tag in
                batch.appendSetGroup(
                    index: target.index,
                    group: group,
                    alias: target.hasAlias ? nil : alias,
                    tag: tag
                )
            }
        }
        try flush()
        guard try holdsOnly(targets, group, in: place) else {
            return try fail(targets[0].tag, nil, "the links changed while they were gathered to be deleted")
        }
        try append(at: place, tag: targets[0].tag) { batch, tag in
            batch.appendDeleteLinks(group: group, tag: tag)
        }
        try flush()
    }

    /// A group for deletions that no link of the place was in when it was read, and that was not used since.
    private mutating func freshGroup(in place: Place) -> UInt32? {
        let taken = takenGroups[place] ?? []
        guard let group = node.mark.deletionGroups.first(where: { !taken.contains($0) }) else { return nil }
        takenGroups[place, default: []].insert(group)
        return group
    }

    /// True if a group holds the links that were moved into it, and nothing else.
    private mutating func holdsOnly(
        _ targets: [DeletionTarget],
        _ group: UInt32,
        in place: Place
    ) throws -> Bool {
        let links = try sessions.withSocket(of: place) { try observeLinks(on: &$0, mark: node.mark) }
        let members = links.filter { $0.group == group }
        let names = Dictionary(targets.map { ($0.index, $0.name) }, uniquingKeysWith: { first, _ in first })
        return members.allSatisfy { names[$0.index] == $0.name }
    }

    private struct DeletionTarget {
        var index: Int32
        var name: InterfaceName
        var hasAlias: Bool
        var tag: Int
    }
}
