internal import Firewall
internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import RouteNetlink

/// Reads what a node holds.
///
/// Changes nothing.
struct Observer {
    let node: Node

    /// A node as it was read, and what was on record of it.
    struct Observation {
        var state: ObservedState
        /// The registry; `nil` if there is none.
        var registry: Registry?
        /// How the rules of the firewall are listed, if they are intact; see ``Registry/firewall``.
        var firewallListing: String?
    }

    /// What of a node is read.
    struct Scope {
        /// The settings whose values are asked for.
        var sysctls: [Sysctl.Key] = []
        /// The files that are asked for.
        var files: [SandboxFile] = []
        /// The namespaces of others that are asked for, and where they are.
        var adopted: [NamespaceName: String] = [:]
        /// The places whose neighbours are asked for, besides those where Weft has any on record; `nil` for all.
        var neighbours: Set<Place>?
        /// Whether the firewall is asked for, besides where it is on record.
        var firewall = true
        /// Whether it is asked what others' firewalls make of forwarded packets.
        var foreignForwarding = false
        /// Whether neighbours and FDB entries are read at all: they go with their links.
        var includesEntries = true
        /// The FDB entries of the node that are asked for, each by itself, where their tables are not listed.
        var askedForwarding: [ForwardingEntry.Key] = []

        /// What a plan for `desired` needs to know.
        init(planning desired: NodeState) {
            sysctls = desired.sysctls.map(\.key)
            files = desired.files
            adopted = desired.adopted
            firewall = desired.firewall != nil
            neighbours = []
            var last: Place?
            for neighbour in desired.neighbours where neighbour.link.place != last {
                last = neighbour.link.place
                neighbours?.insert(neighbour.link.place)
            }
        }

        /// What the removal of everything needs to know.
        static let destruction: Scope = {
            var scope = Scope()
            scope.includesEntries = false
            scope.firewall = false
            return scope
        }()

        /// Everything.
        init() {}

        /// The same with what a person is to be warned of, once: what others' firewalls make of the networks of `desired`.
        func warning(_ desired: NodeState) -> Scope {
            var scope = self
            scope.foreignForwarding = !(desired.firewall?.bridges ?? [:]).isEmpty
            return scope
        }

        func options(for place: Place, _ registry: Registry?) -> ObservationOptions {
            var options = ObservationOptions()
            options.includesForwarding = includesEntries
            if place == .node { options.askedForwarding = askedForwarding }
            guard let neighbours, let registry else {
                options.includesNeighbours = includesEntries
                return options
            }
            options.includesNeighbours = neighbours.contains(place) || registry.neighbours.contains(place)
            return options
        }
    }

    /// What one reading of a node needs to know everywhere.
    struct Reading {
        let scope: Scope
        let registry: Registry?
        /// The names of the node's links by index, by which parents and underlays are known elsewhere.
        let nodeLinks: [Int32: InterfaceName]
        /// The settings that are asked for, and those on record, by place.
        private let settings: [Place: [Sysctl.Key]]

        init(_ scope: Scope, _ registry: Registry?, of node: ObservedNamespace) {
            self.scope = scope
            self.registry = registry
            nodeLinks = Dictionary(
                node.links.map { ($0.index, $0.name) },
                uniquingKeysWith: { first, _ in first }
            )
            let recorded = registry.map { Array($0.sysctls.keys) } ?? []
            settings = Dictionary(grouping: scope.sysctls + recorded, by: \.place)
        }

        /// The settings to read at a place, in order: those of a family are then read one after the other.
        func settings(of place: Place) -> [Sysctl.Key] {
            var keys: [Sysctl.Key] = []
            for key in (settings[place] ?? []).sorted() where key != keys.last { keys.append(key) }
            return keys
        }

        func options(for place: Place) -> ObservationOptions { scope.options(for: place, registry) }
    }

    /// Reads the node and every namespace that is Weft's on it.
    ///
    /// - Parameters:
    ///   - sessions: Where the node is entered.
    ///   - scope: What is read.
    /// - Returns: The node, and what was on record of it.
    /// - Throws: ``NamespaceOfNode``, ``UnsafeRuntimeDirectory``, ``StrangeRegistry``, ``RegistryOfOtherClass``,
    ///   ``UnreadableRegistry``, ``SystemCallError`` or `NetlinkTransportError`: what could not be read is never taken for absent.
    func observe(_ sessions: inout Sessions, _ scope: Scope) throws -> Observation {
        try refuseNestedNode(&sessions)
        let registry = try registry(&sessions)
        var state = ObservedState()
        state.hasIPv6 = try SysctlFile.exists("net/ipv6")
        state.node = try sessions.withSocket(of: .node) { socket in
            try observeNamespace(
                on: &socket,
                place: .node,
                mark: node.mark,
                options: scope.options(for: .node, registry)
            )
        }
        let reading = Reading(scope, registry, of: state.node)
        try observe(reading, settingsOf: .node, into: &state, &sessions)
        try observeNamespaces(into: &state, &sessions, reading)
        try observeAdopted(into: &state, &sessions, reading)
        state.recordedSysctls =
            registry?.sysctls.filter { key, _ in
                // Settings of a namespace that is gone went with it, whatever has its name by now.
                guard let name = key.place.name else { return true }
                guard let known = registry?.adopted[name]?.cookie ?? registry?.namespaces[name] ?? nil else {
                    return true
                }
                return known == state.namespaces[name]?.cookie
            } ?? [:]
        try SandboxFiles(of: node).observe(into: &state, asked: scope.files)
        // With the record lost there may be one that nobody tells of.
        if scope.firewall || registry.map({ $0.firewall != nil }) ?? true {
            state.firewall = try sessions.firewall().observe(listedAs: registry?.firewall)
        }
        if scope.foreignForwarding {
            state.foreignForwarding = try foreignForwarding(&sessions)
        }
        let listing = state.firewall == nil ? nil : try sessions.firewall().intactListing
        return Observation(state: state, registry: registry, firewallListing: listing)
    }

    /// What others' firewalls make of forwarded packets.
    private func foreignForwarding(_ sessions: inout Sessions) throws -> ForeignForwarding {
        let tables: [ForeignTable]
        do {
            tables = try sessions.firewall().foreignTables()
        } catch let error as NftablesError {
            // Nothing of Weft's own depends on it.
            return ForeignForwarding(unreadable: error.message)
        }
        guard !tables.isEmpty else { return ForeignForwarding() }
        var forwarding = ForeignForwarding(tables: tables)
        for family in AddressFamily.allCases {
            let name = family == .ipv4 ? "iptables" : "ip6tables"
            let setting = Sysctl.Key(path: "net/bridge/bridge-nf-call-\(name)", in: .node)
            if try sessions.readSetting(setting) == "1" { forwarding.bridgedFamilies.insert(family) }
        }
        return forwarding
    }

    // MARK: Whose it is

    /// What is of one class in one namespace can't be told apart: a namespace that was made for a node is no node.
    func refuseNestedNode(_ sessions: inout Sessions) throws {
        let alias = try sessions.withSocket(of: .node) { try observeLoopback(on: &$0).alias }
        guard let made = node.mark.namespace(fromAlias: alias) else { return }
        throw NamespaceOfNode(name: made.name, owner: made.owner)
    }

    /// What is on record of the node.
    func registry(_ sessions: inout Sessions) throws -> Registry? {
        try RuntimeDirectory.check(node.runtimeDirectory)
        guard var registry = try Registry.load(from: node.runtimeDirectory) else { return nil }
        guard registry.boot == Registry.currentBoot else {
            var nothing = Registry()
            nothing.madeDirectory = registry.madeDirectory
            return nothing
        }
        guard registry.owner == sessions.owner else {
            let path = Registry.path(in: node.runtimeDirectory)
            throw StrangeRegistry(path: path, owner: registry.owner, node: sessions.owner)
        }
        guard registry.mark == node.mark else {
            throw RegistryOfOtherClass(
                namespace: node.namespace?.name ?? node.name,
                mark: registry.mark
            )
        }
        if registry.nodeCookie != sessions.nodeCookie {
            // A node of this name that is gone: what was in it went with it.
            registry.sysctls = registry.sysctls.filter { $0.key.place != .node }
            registry.neighbours.remove(.node)
        }
        return registry
    }

    // MARK: Namespaces

    private func observeNamespaces(
        into state: inout ObservedState,
        _ sessions: inout Sessions,
        _ reading: Reading
    ) throws {
        let registry = reading.registry
        for text in try node.namespaceDirectory.names() {
            guard let name = try? NamespaceName(text) else { continue }
            // What is not on record needs a look only if the record is lost.
            let isRecorded = registry?.namespaces.keys.contains(name)
            if isRecorded ?? true, let namespace = try observe(name, &sessions, reading) {
                state.namespaces[name] = namespace
                try observe(reading, settingsOf: .namespace(name), into: &state, &sessions)
            } else if isRecorded == true, try node.namespaceDirectory.hasLeftOver(name.text) {
                state.leftOverNamespaces.insert(name)
            } else {
                state.foreignNamespaces.insert(name)
            }
        }
        sessions.leave()
    }

    /// Reads a namespace that is Weft's; `nil` if it is not, or if the name is none of a namespace.
    func observe(
        _ name: NamespaceName,
        _ sessions: inout Sessions,
        _ reading: Reading
    ) throws -> ObservedNamespace? {
        let registry = reading.registry
        let mark = node.mark.namespaceAlias(for: name, of: sessions.owner)
        do {
            return try sessions.withSocket(of: .namespace(name)) { socket in
                // With the record lost there may be many that are not ours: a look at the mark tells.
                if registry == nil, try observeLoopback(on: &socket).alias != mark { return nil }
                var namespace = try observeNamespace(
                    on: &socket,
                    place: .namespace(name),
                    mark: node.mark,
                    nodeLinks: reading.nodeLinks,
                    options: reading.options(for: .namespace(name))
                )
                namespace.isMarked = namespace.links.contains { $0.index == 1 && $0.alias == mark }
                namespace.cookie = try socket.namespaceCookie
                // Without the mark, which somebody took off, it is ours if it is the one on record: it had the mark before
                // it had its name. Any other one of the name is a stranger's, whatever is in it.
                let isOurs =
                    namespace.isMarked || registry?.namespaces[name] == .some(.some(namespace.cookie))
                return isOurs ? namespace : nil
            }
        } catch is NotANetworkNamespace {
            return nil
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    // MARK: Settings

    /// Reads the settings of a place that are asked for, or on record; at best while the thread is there anyway.
    func observe(
        _ reading: Reading,
        settingsOf place: Place,
        into state: inout ObservedState,
        _ sessions: inout Sessions
    ) throws {
        for key in reading.settings(of: place) { state.sysctls[key] = try sessions.readSetting(key) }
    }

    // MARK: Processes

    /// Counts the processes in some namespaces of a state.
    func countProcesses(in names: Set<NamespaceName>, of state: inout ObservedState) throws {
        guard !names.isEmpty else { return }
        var identities: [NamespaceName: NamespaceIdentity] = [:]
        for name in names {
            let path = state.namespaces[name]?.adoptedPath ?? node.namespaceDirectory.path(of: name.text)
            identities[name] = try NamespaceHandle.open(path: path).identity
        }
        let counts = try ProcessTable.countProcesses(in: Set(identities.values))
        for (name, identity) in identities {
            state.namespaces[name]?.processCount = counts[identity] ?? 0
        }
    }
}
