internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import Planner

/// One apply, from the lock to the verification.
struct Pass: ~Copyable {
    /// The node, with the runtime directory in which it is on record.
    let node: Node
    private let hook: StepHook?
    private let options: Reconciler.Options
    private let observer: Observer
    private let home: Sessions.Home
    private let lock: NodeLock
    /// The settings that were written, each with what it was before and what the kernel shows of it now.
    private var written: [Sysctl.Key: RecordedSysctl] = [:]

    /// Takes the node's lock, on the thread of the pass.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - hook: What happens before each step; for tests.
    ///   - options: How to go about it.
    ///   - removesAll: Whether all of the node is to go. It may be gone itself, see ``Sessions/Home/init(of:mayBeGone:)``, and
    ///     be on record in another runtime directory than the one that is named.
    /// - Throws: ``LockIsHeld``, or what entering the node refuses.
    init(node: Node, hook: StepHook?, options: Reconciler.Options, removesAll: Bool = false) throws {
        let home = try Sessions.Home(of: node, mayBeGone: removesAll)
        let lock = try NodeLock.acquire(wait: options.waits, onWait: options.onWait)
        let node = removesAll ? try RuntimeDirectory.find(node, owner: home.owner) : node
        self.node = node
        self.hook = hook
        self.options = options
        observer = Observer(node: node)
        self.home = home
        self.lock = lock
    }

    /// Brings the node to `desired`.
    ///
    /// 1. Read the node, and plan: until here nothing is changed, and whatever fails is thrown.
    /// 2. Write down what is about to be made, for whoever comes after a crash.
    /// 3. Carry the plan out.
    /// 4. Read the node again; the plan for the same state must now be empty.
    /// 5. After a failure plan back to what was, from what is, and carry that out.
    ///
    /// - Parameters:
    ///   - desired: What the node shall hold.
    ///   - scope: What of the node is read.
    ///   - claims: What must be nobody else's: looked at in the beginning only.
    /// - Returns: What became of it.
    /// - Throws: What kept it from beginning.
    mutating func apply(
        _ desired: NodeState,
        _ scope: Observer.Scope,
        claiming claims: NodeClaims = NodeClaims()
    ) throws -> ApplyReport {
        var sessions = try Sessions(node: node, home: home, hook: nil)
        let before = try observer.observe(&sessions, scope.warning(desired), for: desired)
        let plan = try plan(from: before.state, to: desired, claiming: claims)
        // Neither by mark nor on record is there anything of it: there was no such node.
        if home.isGone, before.registry == nil, plan.isEmpty, !options.mayBeMissing { try node.enter() }
        options.onPlan(plan)
        var report = ApplyReport(plan: plan)
        report.isNodeGone = home.isGone
        guard !plan.isEmpty else {
            try save(
                Registry(before, desired: desired, scope: scope),
                over: before.registry
            )
            report.isVerified = true
            return report
        }
        try prepare(plan, before)
        carryOut(plan, on: before.state, into: &report)
        var verified = scope
        // What was planned again, or failed, is looked for everywhere.
        if report.failures.isEmpty {
            let limit = options.listedEntries
            verified = scope.verifying(plan, from: before.state, to: desired, listing: limit)
        }
        outlastDyingNamespaces(desired, scope, &report)
        verify(desired, verified, &report)
        if !report.failures.isEmpty, !options.keepsGoing { rollBack(to: before, asked: desired, &report) }
        return report
    }

    /// What is to be done of what differs.
    private func plan(
        from observed: ObservedState,
        to desired: NodeState,
        claiming claims: NodeClaims = NodeClaims()
    ) throws(PlanRefusal) -> Plan {
        let plan = try Plan(from: observed, to: desired, options: PlanOptions(claims: claims))
        return options.removesOnly ? plan.removals : plan
    }

    // MARK: Before

    private func prepare(_ plan: Plan, _ before: Observer.Observation) throws {
        try save(Registry(intending: plan, before), over: before.registry)
        if plan.createsNamespaces { try node.namespaceDirectory.prepare() }
    }

    private func save(_ registry: Registry, over old: Registry?) throws {
        var registry = registry
        registry.owner = home.owner
        registry.mark = node.mark
        registry.nodeCookie = home.cookie
        guard registry != old else { return }
        // A node that Weft has nothing on is not told of.
        if old == nil, registry.isEmpty { return }
        try registry.save(to: node.runtimeDirectory)
        // Where others may write somebody may have made it a moment before Weft did.
        try RuntimeDirectory.check(node.runtimeDirectory)
    }

    // MARK: The work

    private mutating func carryOut(_ plan: Plan, on state: ObservedState, into report: inout ApplyReport) {
        do {
            var applier = Applier(
                node: node,
                sessions: try Sessions(node: node, home: home, hook: hook),
                hook: hook,
                keepsGoing: options.keepsGoing,
                interruption: options.interruption,
                progress: options.onProgress
            )
            defer {
                report.failures += applier.failures
                report.applied += applier.applied
                report.messagesSent += applier.messagesSent
                written.merge(applier.written) { first, last in
                    RecordedSysctl(before: first.before, written: last.written)
                }
            }
            try applier.carryOut(plan, on: state)
        } catch {
            report.failures.append(ApplyFailure(breaking: error))
        }
    }

    /// Goes on, from what is there, where something was in the way that the kernel may be about to remove.
    ///
    /// A namespace that somebody deleted dies later, and no event in the node tells when; so whether what was in the way
    /// is gone is found out by trying.
    private mutating func outlastDyingNamespaces(
        _ desired: NodeState,
        _ scope: Observer.Scope,
        _ report: inout ApplyReport
    ) {
        var patience = Patience(for: options.patience)
        while !report.failures.isEmpty, report.failures.allSatisfy(\.mayPass), patience.lasts() {
            if let signal = options.interruption() {
                return report.failures.append(ApplyFailure(interruptedBy: signal))
            }
            do {
                var sessions = try Sessions(node: node, home: home, hook: nil)
                let now = try observer.observe(&sessions, scope, for: desired)
                let plan = try plan(from: now.state, to: desired)
                try save(Registry(intending: plan, now), over: now.registry)
                report.failures = []
                carryOut(plan, on: now.state, into: &report)
            } catch {
                report.failures.append(ApplyFailure(breaking: error))
            }
        }
    }

    /// Reads the node again: what still differs is a failure, unless it is known to have failed.
    private func verify(_ desired: NodeState, _ scope: Observer.Scope, _ report: inout ApplyReport) {
        guard report.failures.isEmpty || options.keepsGoing else { return }
        do {
            var sessions = try Sessions(node: node, home: home, hook: nil)
            let after = try observer.observe(&sessions, scope, for: desired)
            let remaining = try plan(from: after.state, to: desired)
            report.isVerified = remaining.isEmpty
            report.remaining = remaining.changes
            if report.failures.isEmpty {
                report.failures += remaining.changes.map(ApplyFailure.init(remaining:))
            }
            var registry = Registry(after, desired: desired, scope: scope)
            registry.note(written, wanted: desired, shown: after.state.sysctls)
            try save(registry, over: after.registry)
        } catch {
            report.failures.append(ApplyFailure(verifying: error))
        }
    }

    /// Undoes what was done: a plan too, from what is now to what was before.
    private func rollBack(
        to before: Observer.Observation,
        asked: NodeState,
        _ report: inout ApplyReport
    ) {
        let restored = NodeState(restoring: before.state, asked: asked, node: node.name)
        do {
            var sessions = try Sessions(node: node, home: home, hook: nil)
            let now = try observer.observe(&sessions, Observer.Scope(planning: restored), for: restored)
            let plan = try Plan(from: now.state, to: restored, options: PlanOptions(isRollback: true))
            // What is made again must be known for Weft's, by this pass too.
            try save(Registry(intending: plan, now), over: now.registry)
            report.undone = plan.changes
            report.rollbackFailures += plan.leftOut.map(ApplyFailure.init(leavingOut:))
            var applier = Applier(
                node: node,
                sessions: try Sessions(node: node, home: home, hook: hook),
                hook: hook,
                keepsGoing: true,
                interruption: { nil },
                progress: { _ in }
            )
            defer {
                report.rollbackFailures += applier.failures
                report.messagesSent += applier.messagesSent
            }
            try applier.carryOut(plan, on: now.state)
            // The applier has led the thread elsewhere.
            sessions = try Sessions(node: node, home: home, hook: nil)
            // The whole of what is against the whole of what was, not a plan, which knows only what can be planned.
            var scope = Observer.Scope(planning: restored)
            scope.sysctls = Array(before.state.sysctls.keys)
            let after = try observer.observe(&sessions, scope, for: restored)
            let differences = after.state.differences(from: before.state)
            let files = restored.files(notIn: after.state)
            report.rollbackFailures += differences.map(ApplyFailure.init(notRestored:))
            report.rollbackFailures += files.map(ApplyFailure.init(notRestored:))
            let isRestored = differences.isEmpty && files.isEmpty
            report.isRolledBack = isRestored && plan.leftOut.isEmpty
            if isRestored { try restoreRegistry(before.registry, after.state) }
        } catch {
            report.isRolledBack = false
            report.rollbackFailures.append(ApplyFailure(breaking: error))
        }
    }

    /// Puts the record back; a namespace that was made again is another one.
    private func restoreRegistry(_ registry: Registry?, _ state: ObservedState) throws {
        guard var registry else { return try RuntimeDirectory.forget(node.runtimeDirectory) }
        for (name, namespace) in state.namespaces where registry.namespaces.keys.contains(name) {
            registry.namespaces[name] = .some(namespace.cookie)
        }
        registry.owner = home.owner
        registry.mark = node.mark
        registry.nodeCookie = home.cookie
        try registry.save(to: node.runtimeDirectory)
    }
}

extension Plan {
    fileprivate var createsNamespaces: Bool {
        changes.contains { change in
            guard case .createNamespace = change.operation else { return false }
            return true
        }
    }
}

extension Registry {
    /// What will be true of the node if the plan is carried out to any point.
    fileprivate init(intending plan: Plan, _ before: Observer.Observation) {
        self = before.registry ?? Registry()
        note(before.state.namespaces)
        firewall = before.state.firewall == nil ? nil : before.firewallListing ?? ""
        for change in plan.changes {
            switch change.operation {
            case .createNamespace(let name, _):
                namespaces[name] = .some(nil)
            case .replaceNeighbour(let neighbour):
                neighbours.insert(neighbour.link.place)
            case .firewall(.writeTables):
                firewall = firewall ?? ""
            case .writeSysctl(let sysctl, let before?):
                let first = sysctls[sysctl.key]?.before ?? before
                sysctls[sysctl.key] = RecordedSysctl(before: first, written: sysctl.value)
            case .writeSysctl, .markNamespace, .deleteNamespace, .createLink, .changeLink, .deleteLink,
                .addAddress,
                .replaceAddress, .deleteAddress, .addPrefixRoute, .announce, .addRoute, .replaceRoute,
                .deleteRoute, .deleteNeighbour, .addForwarding, .replaceForwarding, .deleteForwarding,
                .restoreSysctl, .writeFile, .deleteFile, .firewall:
                break
            }
        }
    }

    /// What is true of the node as it was found, of settings only what the document still has.
    fileprivate init(_ observation: Observer.Observation, desired: NodeState, scope: Observer.Scope) {
        let (old, state) = (observation.registry, observation.state)
        madeDirectory = old?.madeDirectory ?? false
        // Who only takes away leaves those that are wanted; they stay known for Weft's.
        for name in state.leftOverNamespaces { namespaces[name] = .some(nil) }
        note(state.namespaces)
        firewall = state.firewall == nil ? nil : observation.firewallListing ?? ""
        for name in state.waiting.keys { adopted[name] = old?.adopted[name] }
        // Where nobody looked, what was on record stays on record.
        if !scope.includesEntries { neighbours = old?.neighbours ?? [] }
        if state.node.neighbours.contains(where: \.isManaged) { neighbours.insert(.node) }
        for (name, namespace) in state.namespaces where namespace.neighbours.contains(where: \.isManaged) {
            neighbours.insert(.namespace(name))
        }
        let wanted = Set(desired.sysctls.map(\.key))
        sysctls = (old?.sysctls ?? [:]).filter { key, record in
            // What could not be put back is still to be put back.
            let isLeft = state.sysctls[key] == record.written && record.written != record.before
            return wanted.contains(key) || (isLeft && !record.outlivesWeft(key))
        }
        let held = Set(sysctls.keys.compactMap(\.place.name))
        adopted = adopted.filter { name, _ in
            desired.adopted[name] != nil || held.contains(name)
                || state.namespaces[name]?.holdsAnything == true
        }
    }

    private mutating func note(_ found: [NamespaceName: ObservedNamespace]) {
        for (name, namespace) in found {
            if let path = namespace.adoptedPath {
                adopted[name] = Adopted(path: path, cookie: namespace.cookie)
            } else {
                namespaces[name] = .some(namespace.cookie)
            }
        }
    }

    /// Takes in what settings were that nobody could read before, and what the kernel made of what was written.
    fileprivate mutating func note(
        _ written: [Sysctl.Key: RecordedSysctl],
        wanted: NodeState,
        shown: [Sysctl.Key: String]
    ) {
        for sysctl in wanted.sysctls {
            guard let record = written[sysctl.key] else { continue }
            let before = sysctls[sysctl.key]?.before ?? record.before
            sysctls[sysctl.key] = RecordedSysctl(before: before, written: shown[sysctl.key] ?? record.written)
        }
    }
}

extension NodeState {
    /// The files that a reading for this state did not find as they shall be, or found besides.
    fileprivate func files(notIn observed: ObservedState) -> [SandboxFile.Key] {
        var wrong = files.filter { file in
            let expected: Set = file.key.name.isLaidOver ? Set([file.namespace].compactMap(\.self)) : []
            let found = observed.files[file.key]
            return found?.content != .asAsked || found?.namespaces != expected
        }.map(\.key)
        wrong += Set(observed.files.keys).subtracting(files.map(\.key))
        return wrong.sorted()
    }
}

extension ObservedNamespace {
    /// True if anything in it is Weft's.
    fileprivate var holdsAnything: Bool {
        links.contains(where: \.isManaged) || routes.contains(where: \.isManaged)
    }
}

extension ApplyFailure {
    /// A file that is not as it was.
    fileprivate init(notRestored file: SandboxFile.Key) {
        self.init(
            operation: "restore file '\(file.name.rawValue)' of sandbox '\(file.sandbox)'",
            object: file.description,
            sentence: "it is not as it was before"
        )
    }

    /// What broke off the work.
    init(breaking error: any Error) {
        if let failure = error as? SystemCallError {
            self.init(
                operation: "go on",
                object: failure.object,
                errno: failure.errno,
                sentence: "\(failure.call) '\(failure.object)'"
            )
        } else {
            self.init(operation: "go on", object: "", sentence: "\(error)")
        }
    }

    /// What a signal ended.
    init(interruptedBy signal: String) {
        self.init(operation: "go on", object: "", sentence: "interrupted by \(signal)")
    }

    /// What kept the node from being read again.
    init(verifying error: any Error) {
        self.init(operation: "verify what was done", object: "", sentence: "\(error)")
    }

    /// What a rollback could not even try.
    init(leavingOut problem: Problem) {
        let text = problem.message.hasPrefix("cannot ") ? problem.message.dropFirst(7) : problem.message[...]
        let parts = text.split(separator: ":", maxSplits: 1)
        self.init(
            operation: String(parts.first ?? ""),
            object: "",
            sentence: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : nil,
            hint: problem.hint
        )
    }

    /// What is not as it was, although it was undone.
    init(notRestored difference: StateDifference) {
        self.init(
            operation: "restore \(difference.words)",
            object: difference.object,
            sentence: difference.detail
        )
    }

    /// What is still to be done although everything was done.
    init(remaining change: Change) {
        self.init(
            operation: "verify \(change.operation.objectName)",
            object: change.operation.objectName,
            sentence: "the kernel took everything, yet there is still to \(change)"
        )
    }
}
