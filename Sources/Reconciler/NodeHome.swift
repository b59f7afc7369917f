internal import LinuxSystem
internal import Netlink
package import NetworkModel
internal import RouteNetlink

/// What has the name of a node that is a namespace made to be one.
package enum NodeHome: Hashable, Sendable {
    /// Nothing.
    case missing
    /// The empty file that an interrupted creation leaves.
    case leftOver
    /// The namespace that ``Reconciler/makeHome(removingLeftOver:)`` made.
    case made
    /// Something else.
    case foreign
}

/// The name that a node is to have is something else's.
package struct NodeNameTaken: Error, Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package var description: String {
        "'/run/netns/\(name)' is there already, and was not made by 'weft lab'"
    }
}

extension Reconciler {
    /// What has the name of the node.
    ///
    /// - Throws: What could not be read.
    package func home() throws -> NodeHome {
        try onThread { try $0.homeOnThread() }
    }

    /// Makes the namespace that is the node, unless it is there, with a mark by which it is told from others.
    ///
    /// As with any namespace of Weft's the mark comes before the name.
    ///
    /// Equivalent to `ip netns add NAME`.
    ///
    /// - Parameter removesLeftOver: Whether an empty file of the name was left by an earlier attempt.
    /// - Throws: ``NodeNameTaken``, or `SystemCallError`.
    package func makeHome(removingLeftOver removesLeftOver: Bool) throws {
        try onThread { reconciler in
            guard let name = reconciler.node.namespace?.name else { return }
            let (node, directory) = (reconciler.node, reconciler.node.namespaceDirectory)
            switch try reconciler.homeOnThread() {
            case .made: return
            case .foreign: throw NodeNameTaken(name: name)
            case .leftOver where !removesLeftOver: throw NodeNameTaken(name: name)
            case .leftOver: try directory.removeLeftOver(name)
            case .missing: break
            }
            try directory.prepare()
            try directory.reserve(name)
            do {
                try NamespaceHandle.unshareNew()
                var batch = MessageBatch()
                batch.appendMarkNamespace(alias: node.mark.homeAlias(of: name), tag: 0)
                var socket = try NetlinkSocket.route()
                if let refusal = try socket.transact(&batch).first {
                    throw SystemCallError("mark", on: name, refusal.errno)
                }
                try directory.attach(name)
            } catch {
                // What failed is what matters; what may stay of the name is found by its kind.
                try? directory.removeLeftOver(name)
                throw error
            }
        }
    }

    /// Takes away the name of the namespace that is the node, if it is one that ``makeHome(removingLeftOver:)`` made.
    ///
    /// The kernel frees it when nobody is in it.
    ///
    /// - Parameter removesLeftOver: Whether an empty file of the name was left by an attempt to make it.
    /// - Throws: `SystemCallError`.
    package func removeHome(removingLeftOver removesLeftOver: Bool) throws {
        try onThread { reconciler in
            guard let name = reconciler.node.namespace?.name else { return }
            switch try reconciler.homeOnThread() {
            case .missing, .foreign: return
            case .leftOver:
                if removesLeftOver { try reconciler.node.namespaceDirectory.removeLeftOver(name) }
            case .made: try reconciler.node.namespaceDirectory.remove(name)
            }
        }
    }

    /// The namespaces that Weft made for the node, be it there or gone, and the names that interrupted creations left.
    ///
    /// - Throws: What could not be read.
    package func madeNamespaces() throws -> Set<NamespaceName> {
        try onThread { reconciler in
            let home = try Sessions.Home(of: reconciler.node, mayBeGone: true)
            var sessions = try Sessions(node: reconciler.node, home: home, hook: nil)
            let state = try Observer(node: reconciler.node).observe(&sessions, .destruction).state
            return Set(state.namespaces.keys).union(state.leftOverNamespaces)
        }
    }

    /// Takes away the names of namespaces that Weft made for the node, with all that is in them: for what a plan is refused
    /// that would spare what others have there.
    ///
    /// - Throws: What could not be read or removed.
    package func abandonNamespaces() throws {
        for name in try madeNamespaces() { try node.namespaceDirectory.remove(name.text) }
    }

    /// Finds the node's own namespace, with nothing that is laid over files there.
    ///
    /// - Throws: What entering it refuses.
    package func entranceToHome() throws -> SandboxEntrance {
        let node = node
        return try DedicatedThread.run(named: "weft-pass") {
            try node.enter()
            let name = try NamespaceName(node.namespace?.name ?? node.name)
            return SandboxEntrance(namespace: try .current(), name: name, files: [:], missingFiles: [])
        }
    }

    /// On the thread of a pass.
    private func homeOnThread() throws -> NodeHome {
        guard let namespace = node.namespace, let name = namespace.name else { return .foreign }
        if try node.namespaceDirectory.hasLeftOver(name) { return .leftOver }
        do {
            // The thread ends with this, so it need not go back.
            return try DedicatedThread.run(named: "weft-home") {
                try NamespaceHandle.open(path: namespace.path).enter()
                var socket = try NetlinkSocket.route()
                return try observeLoopback(on: &socket).alias == node.mark.homeAlias(of: name)
                    ? .made : .foreign
            }
        } catch is NotANetworkNamespace {
            return .foreign
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            return .missing
        }
    }
}
