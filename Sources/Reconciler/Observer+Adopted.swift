internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import RouteNetlink

extension Observer {
    /// Reads the namespaces of others that are asked for, and those in which Weft has something.
    func observeAdopted(
        into state: inout ObservedState,
        _ sessions: inout Sessions,
        _ scope: Scope,
        _ registry: Registry?,
        _ nodeLinks: [Int32: InterfaceName]
    ) throws {
        let known = registry?.adopted ?? [:]
        for name in Set(scope.adopted.keys).union(known.keys).sorted() {
            guard let path = scope.adopted[name] ?? known[name]?.path else { continue }
            guard state.namespaces[name] == nil else {
                state.unfit[name] = "Weft has made a namespace of this name, which goes first"
                continue
            }
            sessions.leave()
            sessions.adopt(name, at: path)
            let options = scope.options(for: .namespace(name), registry)
            do {
                let namespace = try sessions.withSocket(of: .namespace(name)) { socket in
                    try observeNamespace(
                        on: &socket,
                        place: .namespace(name),
                        mark: node.mark,
                        nodeLinks: nodeLinks,
                        options: options,
                        adoptedFrom: path
                    )
                }
                try judge(
                    namespace,
                    name,
                    record: known[name],
                    isAsked: scope.adopted[name] != nil,
                    &sessions,
                    into: &state
                )
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
        record: Registry.Adopted?,
        isAsked: Bool,
        _ sessions: inout Sessions,
        into state: inout ObservedState
    ) throws {
        let path = namespace.adoptedPath ?? ""
        let isKnown = record?.cookie == namespace.cookie
        if !isAsked, !isKnown { return }
        if let record, !isKnown, record.path == path, path.hasPrefix("/proc/") {
            // The number of a process that ended was given to another one, whose namespace is nobody's business.
            state.waiting[name] = "'\(path)' leads to another namespace than when it was first used"
        } else if namespace.cookie == sessions.nodeCookie {
            state.unfit[name] = "'\(path)' is the node's own"
        } else if let alias = namespace.links.first(where: { $0.index == 1 })?.alias,
            let made = Mark.allCases.lazy.compactMap({ $0.namespace(fromAlias: alias) }).first
        {
            state.unfit[name] = "'\(path)' is namespace '\(made.name)', which Weft made for \(made.owner)"
        } else {
            state.namespaces[name] = namespace
            sessions.expect(name, namespace.cookie)
        }
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
