import LinuxSystem
import NetworkModel
import NetworkTesting

/// The files that processes of a sandbox see.
extension ClusterOracle {
    func fileDifferences(of sandbox: Cluster.Sandbox) throws -> [String] {
        let directory = "\(bench.node.runtimeDirectory)/sandboxes/\(sandbox.name)"
        let overlay = "/etc/netns/\(bench.node.fullName(of: sandbox.name))"
        var differences = try difference(
            "the list of files",
            Listing.names(in: directory),
            ["env", "hosts", "resolv.conf"]
        )
        differences += try difference(
            "the list in '\(overlay)'",
            Listing.names(in: overlay),
            ["hosts", "resolv.conf"]
        )
        for name in ["hosts", "resolv.conf"] {
            differences += difference(
                "\(overlay)/\(name)",
                Listing.target(of: "\(overlay)/\(name)"),
                "\(directory)/\(name)"
            )
        }
        let hosts = try AtomicFile.read("\(directory)/hosts") ?? ""
        differences += hostsDifferences(hosts, sandbox)
        let resolver = try AtomicFile.read("\(directory)/resolv.conf") ?? ""
        differences += difference("resolv.conf", Self.lines(resolver), resolverLines(of: sandbox))
        let variables = try AtomicFile.read("\(directory)/env") ?? ""
        differences += difference("env", Self.lines(variables), environment(of: sandbox).sorted())
        return differences
    }

    /// The lines that say something, sorted.
    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init).sorted()
    }

    // MARK: Names

    /// An address and a name for it.
    private struct Entry: Hashable, Comparable, CustomStringConvertible {
        var address: String
        var name: String

        var description: String { "\(address) \(name)" }

        static func < (left: Self, right: Self) -> Bool { left.description < right.description }
    }

    private func hostsDifferences(_ text: String, _ sandbox: Cluster.Sandbox) -> [String] {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let found = lines.flatMap { line -> [Entry] in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            return words.dropFirst().map { Entry(address: words[0], name: $0) }
        }
        let system = Set(
            [
                ("127.0.0.1", "localhost"), ("::1", "localhost"), ("::1", "ip6-localhost"),
                ("::1", "ip6-loopback"),
            ]
            .map { Entry(address: $0, name: $1) }
        )
        let own = Set(sandbox.endpoints.indices.flatMap { names(of: sandbox, $0) })
        let wanted = system.union(own).union(otherNames(for: sandbox))
        var differences = Set(found).subtracting(wanted).sorted().map {
            "hosts has \($0), which nobody stated"
        }
        differences += wanted.subtracting(found).sorted().map { "hosts lacks \($0)" }
        if Set(found).count != found.count { differences.append("hosts says something twice:\n\(text)") }
        // The sandbox's own names come before all others, those of the system aside.
        let rest = found.filter { !system.contains($0) }
        if Set(rest.prefix(own.count)) != own {
            differences.append("hosts does not begin with its own names:\n\(text)")
        }
        return differences
    }

    /// What an endpoint is called: `SANDBOX`, `ALIAS`, and both with `.NETWORK`.
    private func names(of sandbox: Cluster.Sandbox, _ index: Int) -> [Entry] {
        let endpoint = sandbox.endpoints[index]
        let names = ([sandbox.name] + endpoint.aliases).flatMap { [$0, "\($0).\(endpoint.network)"] }
        return view.addresses(of: sandbox, index).flatMap { address in
            names.map { Entry(address: "\(address)", name: $0) }
        }
    }

    /// The others on its networks, but for the built-in bridge, and the aliases of its links.
    private func otherNames(for sandbox: Cluster.Sandbox) -> Set<Entry> {
        var entries: Set<Entry> = []
        let networks = Set(sandbox.endpoints.map(\.network)).subtracting(["bridge"])
        for other in cluster.stacks where other.name != sandbox.name {
            for index in other.endpoints.indices where networks.contains(other.endpoints[index].network) {
                entries.formUnion(names(of: other, index))
            }
        }
        for link in sandbox.links {
            let addresses = view.addresses(of: link, from: sandbox, in: cluster)
            entries.formUnion(addresses.map { Entry(address: "\($0)", name: link.alias) })
        }
        return entries
    }

    // MARK: Resolver and variables

    private func resolverLines(of sandbox: Cluster.Sandbox) -> [String] {
        let servers = sandbox.servers.isEmpty ? nodeServers(for: sandbox) : sandbox.servers.map(\.description)
        let search = sandbox.search.isEmpty ? ["node.example"] : sandbox.search
        let options = sandbox.options.isEmpty ? ["edns0"] : sandbox.options
        let lines = servers.map { "nameserver \($0)" }
        return
            (lines + ["search \(search.joined(separator: " "))", "options \(options.joined(separator: " "))"])
            .sorted()
    }

    /// Those of the node's name servers to which a way leads from the sandbox.
    private func nodeServers(for sandbox: Cluster.Sandbox) -> [String] {
        let networks = sandbox.endpoints.compactMap { cluster.network($0.network) }
        let ways =
            networks.flatMap(\.subnets) + sandbox.routes.map(\.destination)
            + (networks.contains { $0.wayOut(.ipv4) != nil } ? [.all(.ipv4)] : [])
        return [ClusterBench.nameServer].filter { server in
            IPAddress(server).map { address in ways.contains { $0.contains(address) } } ?? false
        }
    }

    /// The variables of its links, as Docker's links had them.
    private func environment(of sandbox: Cluster.Sandbox) -> [String] {
        sandbox.links.flatMap { link -> [String] in
            let prefix = link.alias.uppercased().replacing("-", with: "_")
            var lines = ["\(prefix)_NAME=/\(sandbox.name)/\(link.alias)"]
            guard let address = view.addresses(of: link, from: sandbox, in: cluster).first,
                let ports = cluster.sandbox(link.target)?.exposed, !ports.isEmpty
            else { return lines }
            let host = address.family == .ipv6 ? "[\(address)]" : "\(address)"
            let isTCP = ports.contains { $0.transport == "tcp" }
            let lowest = ports.filter { !isTCP || $0.transport == "tcp" }.map(\.number).min() ?? 0
            lines.append("\(prefix)_PORT=\(isTCP ? "tcp" : "udp")://\(host):\(lowest)")
            for port in ports {
                let name = "\(prefix)_PORT_\(port.number)_\(port.transport.uppercased())"
                lines += [
                    "\(name)=\(port.transport)://\(host):\(port.number)", "\(name)_ADDR=\(address)",
                    "\(name)_PORT=\(port.number)", "\(name)_PROTO=\(port.transport)",
                ]
            }
            return lines
        }
    }
}
