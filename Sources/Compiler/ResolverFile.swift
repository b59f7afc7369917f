import ClusterModel
import NetworkModel

/// How a sandbox resolves names that are in no hosts file: resolv.conf(5).
enum ResolverFile {
    /// What the sandbox states; for what it does not, what the node does.
    static func text(of sandbox: Sandbox, on node: ResolverSettings) -> [UInt8] {
        let stated = sandbox.dns
        // A server on the node's loopback is not there in a namespace of its own.
        let servers = stated.servers.isEmpty ? node.servers.filter { !$0.isLoopback } : stated.servers
        let search = stated.search.isEmpty ? node.search : stated.search
        let options = stated.options.isEmpty ? node.options : stated.options
        var lines = servers.map { "nameserver \($0)" }
        if !search.isEmpty { lines.append("search " + search.joined(separator: " ")) }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        if servers.isEmpty { lines.insert("# no name server can be reached from here", at: 0) }
        return lines.flatMap { Array("\($0)\n".utf8) }
    }
}
