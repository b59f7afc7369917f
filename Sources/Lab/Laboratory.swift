internal import ClusterModel
package import Document
internal import LinuxSystem
internal import NetworkModel
internal import Planner
package import Reconciler

/// A cluster on one machine: each node of a document a network namespace on a common underlay.
///
/// What is done to one node is one pass of its own, as `weft apply` there would do it.
package struct Laboratory: Sendable {
    package let name: LabName
    package let record: LabRecord
    let underlay: Node

    /// Runs one pass on a node, as the caller shows it to whoever waits.
    package typealias Runner = (Node, (Reconciler, Reconciler.Options) throws -> ApplyReport) throws ->
        ApplyReport

    /// - Throws: What looking for its namespaces refuses.
    package init(_ name: LabName) throws {
        self.name = name
        record = LabRecord(of: name)
        underlay = try name.underlayNode()
    }

    // MARK: What there is

    /// The nodes of which anything is there, gone ones included, in order of name; not the underlay itself.
    ///
    /// Namespaces are known by mark and record. Of a node that is gone there may be namespaces, files and links in `/etc/netns`
    /// left, which bear its name.
    package func nodes() throws -> [String] {
        let made = Set(try Reconciler(node: underlay).madeNamespaces().map(\.text))
        let entries = try NamespaceDirectory.standard.list().filter { $0.name.hasPrefix(name.prefix) }
        let there = Set(entries.filter { $0.kind != .leftOver }.map(\.name))
        let others = try ["/run/weft", "/etc/netns"].flatMap(DirectoryEntries.names)
        var nodes: Set<String> = []
        for full in made.union(entries.map(\.name)).union(others) where full.hasPrefix(name.prefix) {
            let parts = full.dropFirst(name.prefix.utf8.count).split(separator: ".", maxSplits: 1)
            guard let node = parts.first.map(String.init), node != LabName.underlay else { continue }
            // Somebody else's namespace is no node of the lab's, whatever it is called.
            let namespace = name.namespace(of: node)
            if made.contains(namespace) || !there.contains(namespace) { nodes.insert(node) }
        }
        return nodes.sorted()
    }

    /// The nodes whose namespaces are there.
    func nodesThatAreThere() throws -> Set<String> {
        let made = try Reconciler(node: underlay).madeNamespaces()
        let entries = try NamespaceDirectory.standard.list().filter { $0.kind != .leftOver }
        let names = Set(entries.map(\.name))
        return Set(
            made.map(\.text).filter(names.contains).map { String($0.dropFirst(name.prefix.utf8.count)) }
        )
    }

    /// True if anything of the lab is there, or on record.
    package func exists() throws -> Bool {
        if try FileReader.exists(name.directory + "/document") { return true }
        switch try Reconciler(node: underlay).home() {
        case .made: return true
        case .leftOver, .missing, .foreign: return try !nodes().isEmpty
        }
    }

    // MARK: Up

    /// Makes the lab what a document says: first takes away on all nodes what is not wanted any more, then makes the rest.
    ///
    /// 1. Write down the document, for whoever comes after a crash.
    /// 2. Remove what is on nodes that the document has no more.
    /// 3. Bring the underlay to what the document says.
    /// 4. On each node take away what is not wanted there: so a sandbox that moves is never twice.
    /// 5. On each node do the rest. A node that fails is left as it was after 4, and keeps no other from its own.
    ///
    /// - Parameters:
    ///   - document: The document, fitted into this lab.
    ///   - sources: Its texts.
    ///   - run: Runs each pass.
    ///   - isInterrupted: Asked before each pass: whether to leave it at that.
    ///   - tell: Called after each step.
    /// - Throws: What kept it from beginning.
    package func up(
        _ document: LabDocument,
        sources: [Source],
        run: Runner,
        isInterrupted: @escaping () -> Bool,
        tell: @escaping (LabStep) -> Void
    ) throws {
        let wasOnRecord = try record.load() != nil
        try record.save(sources)
        do {
            try Reconciler(node: underlay).makeHome(removingLeftOver: wasOnRecord)
        } catch {
            if !wasOnRecord { try record.forget() }
            throw error
        }
        let state = LabUnderlay.state(of: document, in: name)
        let wanted = Set(document.cluster.nodes.map(\.name.text))
        let found = try nodes()
        let dropped = found.filter { !wanted.contains($0) && $0 != LabName.gateway }
        var steps = Steps(isInterrupted: isInterrupted, tell: tell)
        for node in dropped {
            steps.run(node, .destroy) { try destroy(name.node(node), run) }
        }
        guard !steps.hasFailed else { return }
        steps.run(LabName.underlay, .underlay) {
            try run(underlay) { try $0.apply(state, $1) }
        }
        guard !steps.hasFailed else { return }
        for node in document.cluster.nodes where found.contains(node.name.text) {
            steps.run(node.name.text, .remove) { try apply(document, node.name.text, removesOnly: true, run) }
        }
        guard !steps.hasFailed else { return }
        for node in document.cluster.nodes {
            steps.run(node.name.text, .apply) { try apply(document, node.name.text, removesOnly: false, run) }
        }
    }

    private func apply(
        _ document: LabDocument,
        _ node: String,
        removesOnly: Bool,
        _ run: Runner
    ) throws -> ApplyReport {
        let compiled = try compile(document, for: node)
        return try run(name.node(node)) { reconciler, options in
            var options = options
            options.removesOnly = removesOnly
            return try reconciler.apply(compiled.state, claiming: compiled.claims, options)
        }
    }

    // MARK: Down

    /// Removes the lab, whatever of it is there.
    ///
    /// What can be removed is removed, whatever can't; running it again goes on from there.
    ///
    /// - Returns: False if there was nothing.
    /// - Throws: What could not be found out or removed.
    package func down(
        run: Runner,
        isInterrupted: @escaping () -> Bool,
        tell: @escaping (LabStep) -> Void
    ) throws -> Bool {
        guard try exists() else {
            // Its lock was made to ask.
            try record.forget()
            return false
        }
        let wasOnRecord = try FileReader.exists(name.directory + "/document")
        let found = try nodes()
        let isKnown = try wasOnRecord || Reconciler(node: underlay).home() == .made
        var steps = Steps(isInterrupted: isInterrupted, tell: tell)
        var stubborn: [String] = []
        for node in found where node != LabName.gateway {
            steps.run(node, .destroy) {
                do {
                    return try destroy(name.node(node), run)
                } catch is PlanRefusal {
                    // What others have in a node goes with it: the node is asked again when it is gone.
                    stubborn.append(node)
                    return nil
                }
            }
        }
        steps.run(LabName.underlay, .underlay) {
            do {
                return try destroy(underlay, run)
            } catch is PlanRefusal {
                try Reconciler(node: underlay).abandonNamespaces()
                return nil
            }
        }
        for node in stubborn { steps.run(node, .destroy) { try destroy(name.node(node), run) } }
        guard !steps.hasFailed else { return true }
        if isKnown { try removeLeftOvers(of: found) }
        try Reconciler(node: underlay).removeHome(removingLeftOver: wasOnRecord)
        // With its home gone nothing is left of it that has a name; what is on record of it goes last.
        steps.run(LabName.underlay, .underlay) { try destroy(underlay, run) }
        guard !steps.hasFailed else { return true }
        try record.forget()
        return true
    }

    /// Removes the empty files and directories that whoever was killed left, in `/run/netns` and `/etc/netns`, whether or not they
    /// are on record.
    private func removeLeftOvers(of nodes: [String]) throws {
        func isOurs(_ full: String) -> Bool {
            nodes.contains { node in
                full == name.namespace(of: node) || full.hasPrefix("\(name.namespace(of: node)).")
            }
        }
        let directory = NamespaceDirectory.standard
        for full in try directory.names() where isOurs(full) { try directory.removeLeftOver(full) }
        for full in try DirectoryEntries.names(in: "/etc/netns") where isOurs(full) {
            try AtomicFile.removeDirectoryIfEmpty("/etc/netns/\(full)")
        }
    }

    /// Removes what a node holds, which may be gone itself.
    private func destroy(_ node: Node, _ run: Runner) throws -> ApplyReport {
        try run(node) { reconciler, options in
            var options = options
            options.mayBeMissing = true
            return try reconciler.destroy(options)
        }
    }
}

/// What was done to one node.
package struct LabStep {
    /// The node; ``LabName/underlay`` for what is around all of them.
    package let node: String
    package let phase: Phase
    /// What became of it; `nil` where there was nothing to do, or it did not begin.
    package let report: ApplyReport?
    /// What kept it from beginning.
    package let error: (any Error)?

    /// Why a pass is run.
    package enum Phase: String, Hashable, Sendable {
        /// All of the node's goes.
        case destroy
        /// The nodes' namespaces and the wire between them.
        case underlay
        /// What is not wanted any more goes, everywhere before anything is made.
        case remove
        /// The node becomes what the document says.
        case apply
    }

    /// True if it did what it was to do.
    package var isDone: Bool { error == nil && report?.isDone ?? true }
}

/// Runs steps until one is not to be begun.
private struct Steps {
    let isInterrupted: () -> Bool
    let tell: (LabStep) -> Void
    var hasFailed = false

    mutating func run(_ node: String, _ phase: LabStep.Phase, _ body: () throws -> ApplyReport?) {
        guard !isInterrupted() else {
            hasFailed = true
            return
        }
        let step: LabStep
        do {
            step = LabStep(node: node, phase: phase, report: try body(), error: nil)
        } catch {
            step = LabStep(node: node, phase: phase, report: nil, error: error)
        }
        if !step.isDone { hasFailed = true }
        tell(step)
    }
}
