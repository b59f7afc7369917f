package import LinuxSystem
package import NetworkModel
package import Planner
internal import RouteNetlink

/// Brings one node to a state, and reads what it is in.
///
/// Every call is one pass: plain synchronous code on a thread made for it, which goes from namespace to namespace.
package struct Reconciler: Sendable {
    let node: Node
    private let hook: StepHook?

    package init(node: Node, hook: StepHook? = nil) {
        self.node = node
        self.hook = hook
    }

    /// How an apply goes about it.
    package struct Options: Sendable {
        /// Do what can be done, instead of undoing everything after the first failure.
        package var keepsGoing = false
        /// Take away what is not wanted any more, and make and change nothing.
        package var removesOnly = false
        /// Of a destruction: that there is neither the node nor anything of it is no failure.
        package var mayBeMissing = false
        /// Wait for another apply on this node to end.
        package var waits = true
        /// How long to try again where something is in the way that the kernel may be about to remove.
        package var patience = Duration.seconds(5)
        /// How many FDB entries of a link, its own and those of its bridge, are listed to verify that they are there: beyond that each
        /// is asked for by itself, which is quicker from about here on [measured: of 30,000 in each table the list took 60 ms and
        /// asking 100; of 50,000 the list 300 ms and asking 170].
        package var listedEntries = 80_000
        /// Called once, before waiting, with who is waited for.
        package var onWait: @Sendable (NodeLock.Holder?) -> Void = { _ in }
        /// Called before anything is changed.
        package var onPlan: @Sendable (Plan) -> Void = { _ in }
        /// Asked after each batch: a text, such as `SIGINT`, ends the work, which is then undone like any other failure.
        package var interruption: @Sendable () -> String? = { nil }
        /// Called after each batch, with how many changes went through.
        package var onProgress: @Sendable (Int) -> Void = { _ in }

        package init() {}
    }

    // MARK: Reading

    /// Reads what the node holds, and counts the processes in each of its namespaces.
    ///
    /// - Throws: What could not be read; see ``Observer``.
    package func observe() throws -> ObservedState {
        try onThread { reconciler in
            var sessions = try Sessions(node: reconciler.node)
            let observer = Observer(node: reconciler.node)
            var state = try observer.observe(&sessions, Observer.Scope()).state
            try observer.countProcesses(in: Set(state.namespaces.keys), of: &state)
            return state
        }
    }

    /// The addresses that the node itself holds, by which it is known among the nodes of a document.
    ///
    /// Needs no privilege.
    package func localAddresses() throws -> [IPAddress] {
        try onThread { reconciler in
            var sessions = try Sessions(node: reconciler.node)
            let links = try sessions.withSocket(of: .node) { try observeLinks(on: &$0) }
            return links.flatMap { $0.addresses.map(\.value.address) }
        }
    }

    /// Finds what an apply of `desired` would change.
    ///
    /// Changes nothing.
    ///
    /// - Throws: ``PlanRefusal`` if the node is in the way; else what could not be read.
    package func plan(_ desired: NodeState, claiming claims: NodeClaims = NodeClaims()) throws -> Plan {
        try onThread { reconciler in
            var sessions = try Sessions(node: reconciler.node)
            let observer = Observer(node: reconciler.node)
            let scope = Observer.Scope(planning: desired).warning(desired)
            let observation = try observer.observe(&sessions, scope, for: desired)
            return try Plan(from: observation.state, to: desired, options: PlanOptions(claims: claims))
        }
    }

    // MARK: Changing

    /// Brings the node to `desired`, or leaves it as it was; then reads it again to see that it is so.
    ///
    /// - Throws: ``PlanRefusal`` if the node is in the way, `LockIsHeld` if another apply runs and is not to be waited
    ///   for, and whatever could not be read before anything was changed. What fails later is in the report.
    package func apply(
        _ desired: NodeState,
        claiming claims: NodeClaims = NodeClaims(),
        _ options: Options = Options()
    ) throws -> ApplyReport {
        try onThread { reconciler in
            var pass = try Pass(node: reconciler.node, hook: reconciler.hook, options: options)
            return try pass.apply(desired, Observer.Scope(planning: desired), claiming: claims)
        }
    }

    /// Removes everything that Weft made on the node.
    ///
    /// Does what can be done, and undoes nothing: whoever wants all of it gone wants back none of it. Of a node that is gone
    /// the namespaces with names are removed, and what was on record of it is forgotten. Where nothing is on record of the node,
    /// its runtime directory is another one, which links in `/etc/netns` may tell of.
    ///
    /// - Throws: As ``apply(_:_:)``.
    package func destroy(_ options: Options = Options()) throws -> ApplyReport {
        let empty = NodeState(node: node.name)
        var options = options
        options.keepsGoing = true
        return try onThread { reconciler in
            var pass = try Pass(
                node: reconciler.node,
                hook: reconciler.hook,
                options: options,
                removesAll: true
            )
            var report = try pass.apply(empty, Observer.Scope.destruction)
            let directory = pass.node.runtimeDirectory
            if report.isDone { try RuntimeDirectory.forget(directory) }
            if directory != reconciler.node.runtimeDirectory { report.otherRuntimeDirectory = directory }
            return report
        }
    }

    func onThread<Value>(_ body: (Reconciler) throws -> Value) throws -> Value {
        try DedicatedThread.run(named: "weft-pass") { try body(self) }
    }
}

extension Observer {
    /// Reads what a plan for `desired` needs to know: processes are counted where a namespace is to go, or to be given back.
    func observe(_ sessions: inout Sessions, _ scope: Scope, for desired: NodeState) throws -> Observation {
        var observation = try observe(&sessions, scope)
        let leaving = Set(observation.state.namespaces.keys)
            .subtracting(desired.namespaces).subtracting(desired.adopted.keys)
        try countProcesses(in: leaving, of: &observation.state)
        return observation
    }
}
