internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import Planner
internal import RouteNetlink

/// Carries out a plan: the only code that changes the node.
///
/// Messages go in batches, one for the node and one for the namespace that is being filled. The node's goes first, for
/// a namespace's messages are about links that the node's make. Nothing more is sent after a refusal, unless the
/// applier is to do what can be done.
struct Applier: ~Copyable {
    private let node: Node
    private let hook: StepHook?
    private let keepsGoing: Bool
    private let progress: (Int) -> Void
    private var sessions: Sessions

    /// The changes that are being carried out; a message's tag is a position in it.
    private var changes: [Change] = []
    /// The interface index of every link that is known.
    private var indexes: [LinkID: Int32] = [:]
    private var nodeBatch = MessageBatch()
    private var placeBatch = MessageBatch()
    /// The namespace that `placeBatch` is for.
    private var filling: NamespaceName?
    /// Open namespaces that messages of `nodeBatch` name by descriptor.
    private var held: [HeldNamespace] = []
    /// Links and namespaces that could not be made, for the sake of what is on them.
    private var failedLinks: Set<LinkID> = []
    private var failedPlaces: Set<Place> = []
    private var done = 0

    /// What could not be done.
    private(set) var failures: [ApplyFailure] = []

    /// Keeps a namespace open.
    private final class HeldNamespace {
        let namespace: NamespaceHandle

        init(_ namespace: consuming NamespaceHandle) {
            self.namespace = namespace
        }
    }

    /// Ends the carrying out after a failure.
    private struct Stop: Error {}

    init(
        node: Node,
        sessions: consuming Sessions,
        hook: StepHook?,
        keepsGoing: Bool,
        progress: @escaping (Int) -> Void
    ) {
        self.node = node
        self.sessions = sessions
        self.hook = hook
        self.keepsGoing = keepsGoing
        self.progress = progress
    }

    /// How many messages were sent that change something.
    var messagesSent: Int { sessions.messagesSent }

    /// How many changes went through.
    var applied: Int { done }

    /// Carries out `plan` on the node as it was observed.
    ///
    /// - Throws: What broke the conversation with the kernel. A refusal is not thrown but among ``failures``.
    mutating func carryOut(_ plan: Plan, on observed: ObservedState) throws {
        learnIndexes(of: observed)
        changes = plan.changes
        do {
            var position = 0
            while position < changes.count {
                position = try step(at: position)
            }
            try flush()
        } catch is Stop {
            nodeBatch.removeAll()
            placeBatch.removeAll()
        }
        held = []
        sessions.leave()
    }

    private mutating func learnIndexes(of observed: ObservedState) {
        for link in observed.node.links { indexes[LinkID(link.name, in: .node)] = link.index }
        for (name, namespace) in observed.namespaces {
            for link in namespace.links { indexes[LinkID(link.name, in: .namespace(name))] = link.index }
        }
    }

    // MARK: One step

    /// Carries out the change at `position`, or a run of deletions that begins there; returns the position after it.
    private mutating func step(at position: Int) throws -> Int {
        let change = changes[position]
        if case .deleteLink = change.operation { return try deleteLinks(from: position) }
        if isStranded(change.operation) { return position + 1 }
        switch change.operation {
        case .createNamespace(let name):
            try createNamespace(name, tag: position)
        case .markNamespace(let name):
            try append(at: .namespace(name), tag: position) { [mark = mark(of: name)] batch, tag in
                batch.appendMarkNamespace(alias: mark, tag: tag)
            }
        case .deleteNamespace(let name, _):
            try deleteNamespace(name, tag: position)
        case .createLink(let creation):
            try createLink(creation, tag: position)
        case .changeLink(let existing, let link):
            try changeLink(existing, link, tag: position)
        case .writeSysctl(let sysctl, _), .restoreSysctl(let sysctl, _):
            try writeSysctl(sysctl, tag: position)
        case .deleteLink, .addAddress, .replaceAddress, .deleteAddress, .addRoute, .replaceRoute,
            .deleteRoute,
            .addNeighbour, .replaceNeighbour, .deleteNeighbour, .addForwarding, .replaceForwarding,
            .deleteForwarding:
            try appendEntry(change.operation, tag: position)
        }
        return position + 1
    }

    /// True if a change is about something that could not be made, and need not be tried.
    private func isStranded(_ operation: Operation) -> Bool {
        guard !failures.isEmpty else { return false }
        if failedPlaces.contains(operation.place) { return true }
        switch operation {
        case .createLink(let creation):
            return creation.peer.map { failedPlaces.contains($0.id.place) } ?? false
        case .addAddress(_, let link), .replaceAddress(_, let link), .deleteAddress(_, let link):
            return failedLinks.contains(link)
        case .addNeighbour(let neighbour), .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            return failedLinks.contains(neighbour.link)
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            return failedLinks.contains(entry.link)
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
            return route.device.map { failedLinks.contains(LinkID($0, in: route.place)) } ?? false
        case .createNamespace, .markNamespace, .deleteNamespace, .changeLink, .deleteLink, .writeSysctl,
            .restoreSysctl:
            return false
        }
    }

    private func mark(of name: NamespaceName) -> String {
        Mark.namespaceAlias(for: name, ofNode: node.namespace?.name)
    }

    // MARK: Batches

    /// Adds messages to the batch of a place, sending what must go before.
    private mutating func append(
        at place: Place,
        tag: Int,
        _ build: (inout MessageBatch, Int) throws -> Void
    ) throws {
        switch place {
        case .node:
            try build(&nodeBatch, tag)
            if nodeBatch.count >= MessageBatch.limit { try flushNode() }
        case .namespace(let name):
            if filling != name {
                try flush()
                filling = name
            }
            try build(&placeBatch, tag)
            if placeBatch.count >= MessageBatch.limit { try flush() }
        }
    }

    /// Sends everything, the node's first.
    private mutating func flush() throws {
        try flushNode()
        guard !placeBatch.isEmpty, let filling else { return }
        done += placeBatch.count
        var batch = MessageBatch()
        swap(&batch, &placeBatch)
        let refusals = try sessions.withSocket(of: .namespace(filling)) { try $0.transact(&batch) }
        batch.removeAll()
        swap(&batch, &placeBatch)
        try settle(refusals)
    }

    private mutating func flushNode() throws {
        guard !nodeBatch.isEmpty else { return }
        done += nodeBatch.count
        var batch = MessageBatch()
        swap(&batch, &nodeBatch)
        let refusals = try sessions.withSocket(of: .node) { try $0.transact(&batch) }
        batch.removeAll()
        swap(&batch, &nodeBatch)
        held = []
        try settle(refusals)
    }

    /// Takes the kernel's refusals in. Of several for one change the first counts: the others follow from it.
    private mutating func settle(_ refusals: [Refusal]) throws {
        progress(done)
        guard !refusals.isEmpty else { return }
        done -= refusals.count
        var last: Int?
        for refusal in refusals {
            defer { last = refusal.tag }
            guard refusal.tag != last, !isStranded(changes[refusal.tag].operation) else { continue }
            try fail(refusal.tag, refusal.errno, refusal.kernelMessage)
        }
    }

    // MARK: Failures

    /// Notes that a change failed, and what is lost with it.
    private mutating func fail(_ tag: Int, _ errno: Errno?, _ sentence: String?) throws {
        let operation = changes[tag].operation
        failures.append(
            ApplyFailure(
                operation: changes[tag].order,
                object: operation.objectName,
                errno: errno,
                sentence: sentence,
                hint: FailureHints.hint(for: operation, errno)
            )
        )
        switch operation {
        case .createNamespace(let name): failedPlaces.insert(.namespace(name))
        case .createLink(let creation):
            failedLinks.insert(creation.link.id)
            if let peer = creation.peer { failedLinks.insert(peer.id) }
        case .markNamespace, .deleteNamespace, .changeLink, .deleteLink, .addAddress, .replaceAddress,
            .deleteAddress,
            .addRoute, .replaceRoute, .deleteRoute, .addNeighbour, .replaceNeighbour, .deleteNeighbour,
            .addForwarding, .replaceForwarding, .deleteForwarding, .writeSysctl, .restoreSysctl:
            break
        }
        if !keepsGoing { throw Stop() }
    }

    /// Calls `body`; a system call that fails is the failure of the change at `tag`.
    private mutating func attempt(_ tag: Int, _ body: (inout Sessions) throws -> Void) throws {
        do {
            try body(&sessions)
            done += 1
        } catch let error as SystemCallError {
            try fail(tag, error.errno, "\(error.call) '\(error.object)'")
        }
    }

    // MARK: Namespaces and settings

    private mutating func createNamespace(_ name: NamespaceName, tag: Int) throws {
        try flush()
        let path = node.namespaceDirectory
        try attempt(tag) { sessions in
            // What an interrupted creation left of the name is in the way.
            try path.removeLeftOver(name.text)
            try sessions.createNamespace(name)
        }
        guard !failedPlaces.contains(.namespace(name)) else { return }
        filling = name
        placeBatch.appendMarkNamespace(alias: mark(of: name), tag: tag)
        indexes[LinkID(InterfaceName(fromKernel: "lo"), in: .namespace(name))] = 1
    }

    private mutating func deleteNamespace(_ name: NamespaceName, tag: Int) throws {
        try flush()
        filling = nil
        let directory = node.namespaceDirectory
        let hook = hook
        try attempt(tag) { sessions in
            sessions.leave()
            try hook?.check("umount", on: directory.path(of: name.text))
            try directory.remove(name.text)
        }
    }

    private mutating func writeSysctl(_ sysctl: Sysctl, tag: Int) throws {
        try flush()
        let hook = hook
        try attempt(tag) { sessions in
            try sessions.enter(sysctl.key.place)
            try hook?.check("write", on: sysctl.key.path)
            try SysctlFile.write(sysctl.key.path, sysctl.value)
        }
    }

    // MARK: Links

    /// The descriptor of the namespace that a link goes to; `nil` for the node's own.
    private mutating func descriptor(of place: Place) throws -> CInt? {
        guard let name = place.name else { return nil }
        if filling == name { return try sessions.descriptor(of: name) }
        let path = node.namespaceDirectory.path(of: name.text)
        let namespace = HeldNamespace(try NamespaceHandle.open(path: path))
        held.append(namespace)
        return namespace.namespace.rawValue
    }

    private func index(of name: InterfaceName?, in place: Place) -> Int32? {
        name.flatMap { indexes[LinkID($0, in: place)] }
    }

    private mutating func createLink(_ creation: LinkCreation, tag: Int) throws {
        let link = creation.link
        if filling != creation.peer?.id.place.name, filling != link.id.place.name { try flush() }
        let master = link.id.place == .node ? index(of: link.master, in: .node) : nil
        let parent = index(of: link.kind.parent, in: .node)
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
            tag: tag
        )
        indexes[link.id] = creation.index
        try finishLink(link, index: creation.index, tag: tag)
        guard let peer = creation.peer else { return }
        indexes[peer.id] = creation.peerIndex
        try finishLink(peer, index: creation.peerIndex, tag: tag)
    }

    /// Gives a new link what the creating message can't, in its own place.
    private mutating func finishLink(_ link: Link, index: Int32, tag: Int) throws {
        let master = self.index(of: link.master, in: link.id.place)
        try append(at: link.id.place, tag: tag) { batch, tag in
            batch.appendFinishLink(
                link,
                index: index,
                masterIndex: master,
                wasCreatedElsewhere: link.id.place != .node,
                tag: tag
            )
        }
    }

    private mutating func changeLink(_ existing: ObservedLink, _ link: Link, tag: Int) throws {
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
    private mutating func deleteLinks(from first: Int) throws -> Int {
        try flush()
        var end = first
        var targets: [Place: [DeletionTarget]] = [:]
        while end < changes.count, case .deleteLink(let id, let index, _) = changes[end].operation {
            targets[id.place, default: []].append(DeletionTarget(index: index, name: id.name, tag: end))
            end += 1
        }
        for (place, group) in targets.sorted(by: { $0.key < $1.key }) {
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
        let group = try freshGroup(in: place)
        for target in targets {
            try append(at: place, tag: target.tag) { batch, tag in
                batch.appendSetGroup(index: target.index, group: group, tag: tag)
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

    /// A group for deletions that no link of the place is in.
    private mutating func freshGroup(in place: Place) throws -> UInt32 {
        let links = try sessions.withSocket(of: place) { try observeLinks(on: &$0) }
        let taken = Set(links.map(\.group))
        guard let group = Mark.deletionGroups.first(where: { !taken.contains($0) }) else {
            preconditionFailure("the node has fewer groups of interrupted deletions than there can be")
        }
        return group
    }

    /// True if a group holds the links that were moved into it, and nothing else.
    private mutating func holdsOnly(
        _ targets: [DeletionTarget],
        _ group: UInt32,
        in place: Place
    ) throws -> Bool {
        let links = try sessions.withSocket(of: place) { try observeLinks(on: &$0) }
        let members = links.filter { $0.group == group }
        let names = Dictionary(targets.map { ($0.index, $0.name) }, uniquingKeysWith: { first, _ in first })
        return members.allSatisfy { names[$0.index] == $0.name }
    }

    private struct DeletionTarget {
        var index: Int32
        var name: InterfaceName
        var tag: Int
    }

    // MARK: What is on links

    private mutating func appendEntry(_ operation: Operation, tag: Int) throws {
        let place = operation.place
        switch operation {
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
            let device = index(of: route.device, in: place)
            if route.device != nil, device == nil { return try failForLink(tag) }
            try append(at: place, tag: tag) { batch, tag in
                batch.append(operation, index: device, tag: tag)
            }
        case .addAddress(_, let link), .replaceAddress(_, let link), .deleteAddress(_, let link):
            try appendEntry(operation, on: link, tag: tag)
        case .addNeighbour(let neighbour), .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            try appendEntry(operation, on: neighbour.link, tag: tag)
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            try appendEntry(operation, on: entry.link, tag: tag)
        case .createNamespace, .markNamespace, .deleteNamespace, .createLink, .changeLink, .deleteLink,
            .writeSysctl,
            .restoreSysctl:
            preconditionFailure("not a thing on a link")
        }
    }

    private mutating func appendEntry(_ operation: Operation, on link: LinkID, tag: Int) throws {
        guard let index = indexes[link] else { return try failForLink(tag) }
        try append(at: link.place, tag: tag) { batch, tag in
            batch.append(operation, index: index, tag: tag)
        }
    }

    private mutating func failForLink(_ tag: Int) throws {
        try fail(tag, .noSuchDevice, "the link is gone")
    }
}

extension MessageBatch {
    /// Adds the message for a thing on a link of an interface index.
    fileprivate mutating func append(_ operation: Operation, index: Int32?, tag: Int) {
        let link = index ?? 0
        switch operation {
        case .addAddress(let address, _): appendAddAddress(address, linkIndex: link, tag: tag)
        case .replaceAddress(let address, _): appendReplaceAddress(address, linkIndex: link, tag: tag)
        case .deleteAddress(let address, _): appendDeleteAddress(address, linkIndex: link, tag: tag)
        case .addRoute(let route): appendAddRoute(route, deviceIndex: index, tag: tag)
        case .replaceRoute(_, let route): appendReplaceRoute(route, deviceIndex: index, tag: tag)
        case .deleteRoute(let route): appendDeleteRoute(route, deviceIndex: index, tag: tag)
        case .addNeighbour(let neighbour): appendAddNeighbour(neighbour, linkIndex: link, tag: tag)
        case .replaceNeighbour(let neighbour): appendReplaceNeighbour(neighbour, linkIndex: link, tag: tag)
        case .deleteNeighbour(let neighbour): appendDeleteNeighbour(neighbour, linkIndex: link, tag: tag)
        case .addForwarding(let entry): appendAddForwarding(entry, linkIndex: link, tag: tag)
        case .replaceForwarding(let entry): appendReplaceForwarding(entry, linkIndex: link, tag: tag)
        case .deleteForwarding(let entry): appendDeleteForwarding(entry, linkIndex: link, tag: tag)
        case .createNamespace, .markNamespace, .deleteNamespace, .createLink, .changeLink, .deleteLink,
            .writeSysctl,
            .restoreSysctl:
            preconditionFailure("not a thing on a link")
        }
    }
}
