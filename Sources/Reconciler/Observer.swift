internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import RouteNetlink

/// Reads what a node holds. Changes nothing.
struct Observer {
    let node: Node

    /// A node as it was read, and what was on record of it.
    struct Observation {
        var state: ObservedState
        /// The registry; `nil` if there is none.
        var registry: Registry?
    }

    /// Reads the node and every namespace that is Weft's on it.
    ///
    /// - Parameters:
    ///   - sessions: Where the node is entered.
    ///   - sysctls: The settings whose values are asked for.
    /// - Throws: ``SystemCallError``, `NetlinkTransportError` or ``Registry/Unreadable``: what could not be read is never
    ///   taken for absent.
    func observe(_ sessions: inout Sessions, sysctls: [Sysctl.Key]) throws -> Observation {
        let registry = try Registry.load(from: node.runtimeDirectory)
        var state = ObservedState()
        state.node = try sessions.withSocket(of: .node) { socket in
            try observeNamespace(on: &socket, place: .node, nodeLinks: [:])
        }
        let nodeLinks = Dictionary(
            state.node.links.map { ($0.index, $0.name) },
            uniquingKeysWith: { first, _ in first }
        )
        try observeNamespaces(into: &state, &sessions, registry, nodeLinks)
        state.recordedSysctls = registry?.sysctls ?? [:]
        try observe(sysctls: Set(sysctls).union(state.recordedSysctls.keys), into: &state, &sessions)
        return Observation(state: state, registry: registry)
    }

    // MARK: Namespaces

    private func observeNamespaces(
        into state: inout ObservedState,
        _ sessions: inout Sessions,
        _ registry: Registry?,
        _ nodeLinks: [Int32: InterfaceName]
    ) throws {
        for entry in try node.namespaceDirectory.list() {
            guard let name = try? NamespaceName(entry.name) else { continue }
            guard case .namespace = entry.kind else {
                // An empty file of a registered name is what an interrupted creation left: it counts as absent.
                let isOurs = entry.kind == .leftOver && registry?.namespaces[name] != nil
                if !isOurs { state.foreignNamespaces.insert(name) }
                continue
            }
            if let namespace = try observe(name, &sessions, registry, nodeLinks) {
                state.namespaces[name] = namespace
            } else {
                state.foreignNamespaces.insert(name)
            }
        }
        sessions.leave()
    }

    /// Reads a namespace that is Weft's; `nil` if it is not.
    private func observe(
        _ name: NamespaceName,
        _ sessions: inout Sessions,
        _ registry: Registry?,
        _ nodeLinks: [Int32: InterfaceName]
    ) throws -> ObservedNamespace? {
        let presence = registry?.namespaces[name]
        // What is not on record needs a look only if the record is lost.
        if registry != nil, presence == nil { return nil }
        let mark = Mark.namespaceAlias(for: name, ofNode: node.namespace?.name)
        return try sessions.withSocket(of: .namespace(name)) { socket in
            let isMarked = try observeLoopback(on: &socket).alias == mark
            guard isMarked || presence == .intended else { return nil }
            var namespace = try observeNamespace(on: &socket, place: .namespace(name), nodeLinks: nodeLinks)
            namespace.isMarked = isMarked
            return namespace
        }
    }

    // MARK: Settings

    private func observe(
        sysctls: Set<Sysctl.Key>,
        into state: inout ObservedState,
        _ sessions: inout Sessions
    ) throws {
        for key in sysctls.sorted() {
            if let name = key.place.name, state.namespaces[name] == nil { continue }
            try sessions.enter(key.place)
            guard SysctlFile.exists(key.path) else { continue }
            state.sysctls[key] = try SysctlFile.read(key.path)
        }
    }

    // MARK: Processes

    /// Counts the processes in some namespaces of a state.
    func countProcesses(in names: Set<NamespaceName>, of state: inout ObservedState) throws {
        guard !names.isEmpty else { return }
        var identities: [NamespaceName: NamespaceIdentity] = [:]
        for name in names {
            let path = node.namespaceDirectory.path(of: name.text)
            identities[name] = try NamespaceHandle.open(path: path).identity
        }
        let counts = try ProcessTable.countProcesses(in: Set(identities.values))
        for (name, identity) in identities {
            state.namespaces[name]?.processCount = counts[identity] ?? 0
        }
    }
}
