internal import Firewall
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
    let node: Node
    let hook: StepHook?
    let keepsGoing: Bool
    let interruption: () -> String?
    let progress: (Int) -> Void
    var sessions: Sessions

    /// The changes that are being carried out; a message's tag is a position in it.
    var changes: [Change] = []
    /// The interface index of every link that is known.
    var indexes: [LinkID: Int32] = [:]
    /// The groups for deletions that are in use, by place.
    var takenGroups: [Place: Set<UInt32>] = [:]
    /// The links of Weft's that were found without an alias of Weft's.
    var unnamed: Set<LinkID> = []
    /// The names that interrupted creations left.
    private var leftOverNamespaces: Set<NamespaceName> = []
    /// The namespaces for which files are laid over the node's.
    private var overlays: [SandboxFile.Key: Set<NamespaceName>] = [:]
    var nodeBatch = MessageBatch()
    var placeBatch = MessageBatch()
    /// The namespace that `placeBatch` is for.
    var filling: NamespaceName?
    /// Open namespaces that messages of `nodeBatch` name by descriptor.
    var held: [Sessions.HeldNamespace] = []
    /// Links and namespaces that could not be made, for the sake of what is on them.
    var failedLinks: Set<LinkID> = []
    var failedPlaces: Set<Place> = []
    /// How many changes were begun, and how many of them are answered for.
    private var begun = 0
    private var done = 0

    /// How many changes were left out, or refused, because of what they are about failed before.
    var stranded = 0
    /// How many transactions of the firewall there were.
    var transactions = 0

    /// The settings that were written, each with what it was before and what the kernel shows of it now.
    private(set) var written: [Sysctl.Key: RecordedSysctl] = [:]
    /// What could not be done.
    private(set) var failures: [ApplyFailure] = []

    /// Ends the carrying out after a failure.
    private struct Stop: Error {}

    init(
        node: Node,
        sessions: consuming Sessions,
        hook: StepHook?,
        keepsGoing: Bool,
        interruption: @escaping () -> String?,
        progress: @escaping (Int) -> Void
    ) {
        self.node = node
        self.sessions = sessions
        self.hook = hook
        self.keepsGoing = keepsGoing
        self.interruption = interruption
        self.progress = progress
    }

    /// How many messages were sent that change something.
    var messagesSent: Int { sessions.messagesSent + transactions }

    /// How many changes went through.
    var applied: Int { max(0, done - failures.count - stranded) }

    /// Carries out `plan` on the node as it was observed.
    ///
    /// - Throws: What broke the conversation with the kernel. A refusal is not thrown but among ``failures``.
    mutating func carryOut(_ plan: Plan, on observed: ObservedState) throws {
        learnIndexes(of: observed)
        changes = plan.changes
        do {
            var position = 0
            var isRemoving = false
            while position < changes.count {
                if !isRemoving, position >= plan.removalBegins {
                    // What can't be undone is not begun while something before it may still be refused.
                    isRemoving = true
                    begun = position
                    try flush()
                }
                position = try step(at: position)
            }
            begun = changes.count
            try flush()
            done = begun
        } catch is Stop {
            nodeBatch.removeAll()
            placeBatch.removeAll()
        }
        held = []
        sessions.leave()
    }

    private mutating func learnIndexes(of observed: ObservedState) {
        learn(observed.node.links, at: .node)
        for (name, namespace) in observed.namespaces {
            learn(namespace.links, at: .namespace(name))
            sessions.expect(name, namespace.cookie)
            if let path = namespace.adoptedPath { sessions.adopt(name, at: path) }
        }
        leftOverNamespaces = observed.leftOverNamespaces
        overlays = observed.files.mapValues(\.namespaces)
    }

    private mutating func learn(_ links: [ObservedLink], at place: Place) {
        for link in links {
            indexes[LinkID(link.name, in: place)] = link.index
            if node.mark.deletionGroups.contains(link.group) {
                takenGroups[place, default: []].insert(link.group)
            }
            if link.isManaged, node.mark.purpose(fromAlias: link.alias) == nil {
                unnamed.insert(LinkID(link.name, in: place))
            }
        }
    }

    // MARK: One step

    /// Carries out the change at `position`, or a run of deletions that begins there; returns the position after it.
    private mutating func step(at position: Int) throws -> Int {
        let change = changes[position]
        begun = position
        if case .deleteLink = change.operation { return try deleteLinks(from: position) }
        if case .firewall = change.operation { return try changeFirewall(from: position) }
        if isStranded(change.operation) {
            stranded += 1
            loseLinks(of: change.operation)
            return position + 1
        }
        switch change.operation {
        case .createNamespace(let name, let settings):
            try createNamespace(name, tag: position)
            try write(settings, tag: position)
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
        case .writeFile(let file):
            try attempt(file.key, "write", tag: position) { files, namespaces in
                let others = namespaces.filter { $0 != file.namespace }
                try files.remove(file.key, overlaysOf: others)
                try files.write(file)
            }
        case .deleteFile(let key, _):
            try attempt(key, "unlink", tag: position) { files, namespaces in
                try files.delete(key, overlaysOf: namespaces)
            }
        case .replaceForwarding(let entry) where isBridgeEntryNext(to: entry, at: position):
            try appendForwardingInBoth(entry, tag: position)
            return position + 2
        case .deleteLink, .firewall, .addAddress, .replaceAddress, .deleteAddress, .addPrefixRoute, .announce,
            .addRoute,
            .replaceRoute, .deleteRoute,
            .replaceNeighbour, .deleteNeighbour, .addForwarding, .replaceForwarding,
            .deleteForwarding:
            try appendEntry(change.operation, tag: position)
        }
        return position + 1
    }

    /// True if a change is about something that could not be made, and need not be tried.
    func isStranded(_ operation: Operation) -> Bool {
        guard !failures.isEmpty else { return false }
        if failedPlaces.contains(operation.place) { return true }
        switch operation {
        case .createLink(let creation):
            return creation.needs.contains { failedLinks.contains($0) }
                || (creation.peer.map { failedPlaces.contains($0.id.place) } ?? false)
        case .addAddress(_, let link), .replaceAddress(_, let link), .deleteAddress(_, let link, _),
            .addPrefixRoute(_, let link), .announce(let link, _):
            return failedLinks.contains(link)
        case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            return failedLinks.contains(neighbour.link)
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            return failedLinks.contains(entry.link)
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
            return route.device.map { failedLinks.contains(LinkID($0, in: route.place)) } ?? false
        case .createNamespace, .markNamespace, .deleteNamespace, .changeLink, .deleteLink, .writeSysctl,
            .restoreSysctl, .writeFile, .deleteFile, .firewall:
            return false
        }
    }

    private func mark(of name: NamespaceName) -> String {
        node.mark.namespaceAlias(for: name, of: sessions.owner)
    }

    // MARK: Batches

    /// Adds messages to the batch of a place, sending what must go before.
    mutating func append(
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
    mutating func flush() throws {
        try flushNode()
        // What was said of a link that the kernel would not make must not be said to a stranger that has its index.
        if !failures.isEmpty {
            var batch = placeBatch
            batch.remove { isStrandedTag($0) }
            placeBatch = batch
        }
        guard !placeBatch.isEmpty, let filling else { return }
        var batch = MessageBatch()
        swap(&batch, &placeBatch)
        let refusals = try sessions.withSocket(of: .namespace(filling)) { try $0.transact(&batch) }
        batch.removeAll()
        swap(&batch, &placeBatch)
        try settle(refusals)
    }

    mutating func flushNode() throws {
        guard !nodeBatch.isEmpty else { return }
        var batch = MessageBatch()
        swap(&batch, &nodeBatch)
        let refusals = try sessions.withSocket(of: .node) { try $0.transact(&batch) }
        batch.removeAll()
        swap(&batch, &nodeBatch)
        held = []
        try settle(refusals)
    }

    /// Takes the kernel's refusals in.
    ///
    /// Of several for one change the first counts: the others follow from it.
    private mutating func settle(_ refusals: [Refusal]) throws {
        done = begun
        progress(done)
        if let signal = interruption() {
            failures.append(ApplyFailure(interruptedBy: signal))
            throw Stop()
        }
        guard !refusals.isEmpty else { return }
        var last: Int?
        for refusal in refusals {
            defer { last = refusal.tag }
            guard refusal.tag != last else { continue }
            if isStranded(changes[refusal.tag].operation) {
                stranded += 1
                continue
            }
            if changes[refusal.tag].operation.isDone(despite: refusal.errno) { continue }
            try fail(refusal.tag, refusal.errno, refusal.kernelMessage)
        }
    }

    /// True if a message is of a change that failed, or of one that is about what failed to be made.
    private func isStrandedTag(_ tag: Int) -> Bool {
        if case .createLink(let creation) = changes[tag].operation {
            return failedLinks.contains(creation.link.id)
        }
        return isStranded(changes[tag].operation)
    }

    // MARK: Failures

    /// Notes that a change failed, and what is lost with it.
    mutating func fail(_ tag: Int, _ errno: Errno?, _ sentence: String?) throws {
        let operation = changes[tag].operation
        var failure = ApplyFailure(
            operation: changes[tag].order,
            object: operation.objectName,
            errno: errno,
            sentence: sentence,
            hint: FailureHints.hint(for: operation, errno, kernel: sentence)
        )
        failure.mayPass = operation.mayPass(refusedWith: errno, kernel: sentence)
        failures.append(failure)
        switch operation {
        case .createNamespace(let name, _): failedPlaces.insert(.namespace(name))
        case .createLink: loseLinks(of: operation)
        case .markNamespace, .deleteNamespace, .changeLink, .deleteLink, .addAddress, .replaceAddress,
            .deleteAddress, .addPrefixRoute, .announce,
            .addRoute, .replaceRoute, .deleteRoute, .replaceNeighbour, .deleteNeighbour,
            .addForwarding, .replaceForwarding, .deleteForwarding, .writeSysctl, .restoreSysctl, .writeFile,
            .deleteFile, .firewall:
            break
        }
        if !keepsGoing { throw Stop() }
    }

    /// Notes that a link is not there, for the sake of what is on it.
    private mutating func loseLinks(of operation: Operation) {
        guard case .createLink(let creation) = operation else { return }
        failedLinks.insert(creation.link.id)
        if let peer = creation.peer { failedLinks.insert(peer.id) }
    }

    /// Calls `body`; a system call that fails is the failure of the change at `tag`.
    mutating func attempt(_ tag: Int, _ body: (inout Sessions) throws -> Void) throws {
        do {
            try body(&sessions)
        } catch let error as SystemCallError {
            try fail(tag, error.errno, "\(error.call) '\(error.object)'")
        } catch let error as NamespaceWasReplaced {
            try fail(tag, nil, error.description)
        } catch let error as NftablesError {
            try fail(tag, error.errno, error.message)
        }
    }

    // MARK: Namespaces and settings

    private mutating func createNamespace(_ name: NamespaceName, tag: Int) throws {
        try flush()
        let directory = node.namespaceDirectory
        var batch = MessageBatch()
        batch.appendMarkNamespace(alias: mark(of: name), tag: tag)
        try attempt(tag) { sessions in
            // What an interrupted creation left of the name is in the way.
            try directory.removeLeftOver(name.text)
            try sessions.createNamespace(name) { socket in
                if let refusal = try socket.transact(&batch).first {
                    throw SystemCallError("mark", on: name.text, refusal.errno)
                }
            }
        }
        guard !failedPlaces.contains(.namespace(name)) else { return }
        filling = name
        indexes[LinkID(InterfaceName(fromKernel: "lo"), in: .namespace(name))] = 1
    }

    private mutating func deleteNamespace(_ name: NamespaceName, tag: Int) throws {
        try flush()
        filling = nil
        let isLeftOver = leftOverNamespaces.contains(name)
        try attempt(tag) { sessions in
            if isLeftOver {
                try sessions.removeLeftOver(name)
            } else {
                try sessions.removeNamespace(name)
            }
        }
    }

    /// Does something about a file, given for which namespaces it was laid over the node's.
    private mutating func attempt(
        _ key: SandboxFile.Key,
        _ call: String,
        tag: Int,
        _ body: (SandboxFiles, Set<NamespaceName>) throws -> Void
    ) throws {
        try flush()
        let files = SandboxFiles(of: node)
        let (hook, namespaces) = (hook, overlays[key] ?? [])
        try attempt(tag) { _ in
            try hook?.check(call, on: files.path(of: key))
            try body(files, namespaces)
        }
    }

    /// Writes the settings of something that was just made, unless it could not be.
    mutating func write(_ settings: [Sysctl], tag: Int) throws {
        guard !settings.isEmpty else { return }
        try flush()
        for sysctl in settings {
            guard failures.isEmpty || !isStrandedTag(tag) else { return }
            try writeSysctl(sysctl, tag: tag)
        }
    }

    private mutating func writeSysctl(_ sysctl: Sysctl, tag: Int) throws {
        try flush()
        let hook = hook
        var record: RecordedSysctl?
        try attempt(tag) { sessions in
            try hook?.check("write", on: sysctl.key.path)
            // It may have come with this very apply. Without a value before there is nothing to go back to.
            let before = try sessions.readSetting(sysctl.key)
            // One that came as it shall be is on record all the same: an undoing that makes its place again sets it there.
            if before != sysctl.value { try sessions.write(sysctl) }
            record = RecordedSysctl(before: before ?? sysctl.value, written: sysctl.value)
        }
        written[sysctl.key] = record ?? written[sysctl.key]
    }
}

extension LinkCreation {
    /// The links that must be there for this one, and its other end, to be made.
    fileprivate var needs: [LinkID] {
        var needed: [LinkID] = []
        for end in [link] + (peer.map { [$0] } ?? []) {
            if let master = end.master { needed.append(LinkID(master, in: end.id.place)) }
            if let parent = end.kind.parent { needed.append(LinkID(parent, in: .node)) }
        }
        return needed
    }
}
