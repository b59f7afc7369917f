import ClusterModel
import NetworkModel

/// How a sandbox resolves names that are in no hosts file: resolv.conf(5).
struct ResolverFile {
    let cluster: ClusterState
    let assignment: Assignment
    /// How the node itself does.
    let node: ResolverSettings

    /// What the sandbox states; for what it does not, what the node does.
    func text(of sandbox: Sandbox) -> [UInt8] {
        let stated = sandbox.dns
        let servers =
            stated.servers.isEmpty ? node.servers.filter { isReachable($0, from: sandbox) } : stated.servers
        let search = stated.search.isEmpty ? node.search : stated.search
        let options = stated.options.isEmpty ? node.options : stated.options
        var lines = servers.map { "nameserver \($0)" }
        if !search.isEmpty { lines.append("search " + search.joined(separator: " ")) }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        if servers.isEmpty { lines.insert("# no name server can be reached from here", at: 0) }
        return lines.flatMap { Array("\($0)\n".utf8) }
    }

    /// True if a way leads from a sandbox to a server of the node's: one that does not answer makes each name take seconds.
    private func isReachable(_ server: IPAddress, from sandbox: Sandbox) -> Bool {
        // On the node's loopback it is not there in a namespace of its own.
        guard !server.isLoopback else { return false }
        if sandbox.routes.contains(where: { $0.destination.contains(server) }) { return true }
        if cluster.defaultRoute(of: sandbox, server.family, assignment) != nil { return true }
        return sandbox.endpoints.contains { endpoint in
            guard let network = cluster.networks[endpoint.network] else { return false }
            return assignment.prefix(of: network, server.family, on: sandbox.node)?.contains(server) ?? false
        }
    }
}
