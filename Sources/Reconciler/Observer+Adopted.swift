internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import RouteNetlink

extension Observer {
    /// Reads the namespaces of others that are asked for, and those in which Weft has something.
    func observeAdopted(
        into state: inout ObservedState,
        _ sessions: inout Sessions,
        _ reading: Reading
    ) throws {
        let scope = reading.scope
        let known = reading.registry?.adopted ?? [:]
        // What is on record comes first: of two names for one namespace that is the one it has.
        let names = Set(scope.adopted.keys).union(known.keys)
        let ordered = names.filter { known[$0] != nil }.sorted() + names.filter { known[$0] == nil }.sorted()
        for name in ordered {
            guard let path = scope.adopted[name] ?? known[name]?.path else { continue }
            guard state.namespaces[name] == nil else {
                state.unfit[name] = UnfitNamespace("Weft has made a namespace of this name, which goes first")
                continue
            }
            sessions.leave()
            sessions.adopt(name, at: path)
            let options = reading.options(for: .namespace(name))
            do {
                let namespace = try sessions.withSocket(of: .namespace(name)) { socket in
                    try observeNamespace(
                        on: &socket,
                        place: .namespace(name),
                        mark: node.mark,
                        nodeLinks: reading.nodeLinks,
                        options: options,
                        adoptedFrom: path
                    )
                }
                try judge(namespace, name, reading, &sessions, into: &state)
            } catch let error as NotANetworkNamespace {
                if scope.adopted[name] != nil { state.waiting[name] = "\(error)" }
            } catch let error as SystemCallError
                where [.noSuchFileOrDirectory, .noSuchProcess, .notADirectory].contains(error.errno)
            {
                if scope.adopted[name] != nil { state.waiting[name] = "there is no '\(path)'" }
            }
        }
        sessions.leave()
    }

    /// Takes a namespace in, or says why it can't be.
    private func judge(
        _ namespace: ObservedNamespace,
        _ name: NamespaceName,
        _ reading: Reading,
        _ sessions: inout Sessions,
        into state: inout ObservedState
    ) throws {
        let path = namespace.adoptedPath ?? ""
        let record = reading.registry?.adopted[name]
        let isAsked = reading.scope.adopted[name] != nil
        let isKnown = record?.cookie == namespace.cookie
        if !isAsked, !isKnown { return }
        if let record, !isKnown, record.path == path, path.hasPrefix("/proc/") {
            // The number of a process that ended was given to another one, whose namespace is nobody's business.
            state.waiting[name] = "'\(path)' leads to another namespace than when it was first used"
        } else if namespace.cookie == sessions.nodeCookie {
            state.unfit[name] = UnfitNamespace("'\(path)' is the node's own")
        } else if let alias = namespace.links.first(where: { $0.index == 1 })?.alias,
            let made = Mark.allCases.lazy.compactMap({ $0.namespace(fromAlias: alias) }).first
        {
            state.unfit[name] = UnfitNamespace(
                "'\(path)' is namespace '\(made.name)', which Weft made for \(made.owner)"
            )
        } else if let twin = state.namespaces.first(where: { $0.value.cookie == namespace.cookie }) {
            state.unfit[name] = UnfitNamespace(
                namespace,
                isCalled: twin.key,
                twin.value,
                isAsked: reading.scope.adopted[twin.key] != nil
            )
        } else if !isKnown, namespace.holdsWefts, try !isOurs(namespace, name, state.node, &sessions) {
            // Of two that hold it for theirs each would take the other's for what is no longer wanted.
            state.unfit[name] = UnfitNamespace(
                "there are links or routes in '\(path)' that Weft made for another node, or that nobody remembers",
                hint: "name another namespace, or remove them there if they are nobody's any more"
            )
        } else if !isKnown, try isHost(name, &sessions) {
            state.unfit[name] = UnfitNamespace("'\(path)' is the host's own")
        } else {
            state.namespaces[name] = namespace
            sessions.expect(name, namespace.cookie)
            try observe(reading, settingsOf: .namespace(name), into: &state, &sessions)
        }
    }
}

extension Observer {
    /// True if all that Weft has in a namespace hangs on this node's, though nothing of it is on record.
    ///
    /// Index and alias of an end prove nothing: two nodes choose alike. The number does that its namespace has for the node's:
    /// what is there by this number and the index of a link is that link.
    private func isOurs(
        _ namespace: ObservedNamespace,
        _ name: NamespaceName,
        _ node: ObservedNamespace,
        _ sessions: inout Sessions
    ) throws -> Bool {
        let descriptor = sessions.nodeDescriptor
        let number = try sessions.withSocket(of: .namespace(name)) {
            try observeNumber(ofNamespace: descriptor, on: &$0)
        }
        guard let number else { return false }
        let links = namespace.links.filter(\.isManaged)
        let hang = links.allSatisfy { link in
            guard link.lowerNamespace == number else { return false }
            switch link.kind {
            case .veth(let peerIndex, _): return node.links.contains { $0.index == peerIndex && $0.isManaged }
            case .macvlan: return true
            case .bridge, .vxlan, .other: return false
            }
        }
        let names = Set(links.map(\.name) + [InterfaceName(fromKernel: "lo")])
        return hang && !links.isEmpty
            && namespace.routes.allSatisfy { route in
                !route.isManaged || route.value.device.map(names.contains) ?? true
            }
    }

    /// True if a namespace that is visited is that of process 1.
    private func isHost(_ name: NamespaceName, _ sessions: inout Sessions) throws -> Bool {
        // In a container it may not be looked at, and is not this one.
        guard let host = try? NamespaceHandle.open(pid: 1).identity else { return false }
        return try sessions.hold(name).identity == host
    }
}

extension UnfitNamespace {
    /// Two names lead to one namespace.
    fileprivate init(
        _ namespace: ObservedNamespace,
        isCalled name: NamespaceName,
        _ twin: ObservedNamespace,
        isAsked: Bool
    ) {
        let (path, other) = (namespace.adoptedPath ?? "", twin.adoptedPath ?? "")
        self.init(
            "'\(path)' is the namespace that is called '\(name)' here already"
                + (path == other || other.isEmpty ? "" : ", by '\(other)'"),
            hint: isAsked
                ? "a namespace is one sandbox: give all endpoints to one of the two"
                : "keep the name '\(name)', or apply a document without it first"
        )
    }
}

extension ObservedNamespace {
    /// True if anything in it bears the mark.
    fileprivate var holdsWefts: Bool {
        links.contains(where: \.isManaged) || routes.contains(where: \.isManaged)
    }
}

/// Reads a namespace that somebody else made.
private func observeNamespace(
    on socket: inout NetlinkSocket,
    place: Place,
    mark: Mark,
    nodeLinks: [Int32: InterfaceName],
    options: ObservationOptions,
    adoptedFrom path: String
) throws -> ObservedNamespace {
    var namespace = try observeNamespace(
        on: &socket,
        place: place,
        mark: mark,
        nodeLinks: nodeLinks,
        options: options
    )
    namespace.cookie = try socket.namespaceCookie
    namespace.adoptedPath = path
    return namespace
}
