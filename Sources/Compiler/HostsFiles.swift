import ClusterModel
import NetworkModel

/// The hosts files of a node's sandboxes.
///
/// In each: the sandbox's own names, the aliases of its links, then the others of each network in order of its endpoints. What
/// is said of a network is the same in all of its sandboxes' files but for themselves: it is put together once.
struct HostsFiles {
    private let cluster: ClusterState
    private let assignment: Assignment
    /// The lines about the sandboxes of each network with names.
    private let blocks: [NetworkName: Block]

    /// The lines of a network, and which of them are about which of the node's sandboxes.
    private struct Block {
        var text: [UInt8] = []
        var ranges: [Int: Range<Int>] = [:]
    }

    private static let loopback = Array(
        """
        127.0.0.1\tlocalhost
        ::1\tlocalhost ip6-localhost ip6-loopback

        """.utf8
    )

    /// Puts together what is said of networks.
    ///
    /// - Parameters:
    ///   - cluster: The document.
    ///   - assignment: Who has which addresses.
    ///   - node: The node.
    ///   - networks: The networks that sandboxes of the node are on.
    init(_ cluster: ClusterState, _ assignment: Assignment, on node: NodeName?, networks: Set<NetworkName>) {
        self.cluster = cluster
        self.assignment = assignment
        let names = networks.filter { name in
            cluster.networks[name].map { $0.hasDNS && !$0.isBuiltInBridge } ?? false
        }
        var blocks = names.reduce(into: [:]) { $0[$1] = Block() }
        for (index, sandbox) in cluster.sandboxes.enumerated() {
            let isHere = sandbox.node == node
            for (position, endpoint) in sandbox.endpoints.enumerated() {
                guard let block = blocks.index(forKey: endpoint.network) else { continue }
                let start = blocks.values[block].text.count
                Self.append(
                    assignment[index, position],
                    sandbox.name,
                    endpoint,
                    to: &blocks.values[block].text
                )
                guard isHere else { continue }
                // The lines about several endpoints on one network follow each other.
                let first = blocks.values[block].ranges[index]?.lowerBound ?? start
                blocks.values[block].ranges[index] = first..<blocks.values[block].text.count
            }
        }
        self.blocks = blocks
    }

    /// The file of one of the node's sandboxes, by its place in ``ClusterState/sandboxes``.
    func file(ofSandboxAt index: Int) -> SandboxFile.Content {
        let sandbox = cluster.sandboxes[index]
        var text = Self.loopback
        for (position, endpoint) in sandbox.endpoints.enumerated() {
            Self.append(assignment[index, position], sandbox.name, endpoint, to: &text)
        }
        // An alias that the network itself knows its target by is said there.
        for link in LinkTargets.of(sandbox, cluster, assignment)
        where !(link.isNameOnNetwork && blocks[link.endpoint.network] != nil) {
            for address in link.addresses.values { text += "\(address)\t\(link.alias)\n".utf8 }
        }
        var content = SandboxFile.Content(text)
        var seen: Set<NetworkName> = []
        for endpoint in sandbox.endpoints where seen.insert(endpoint.network).inserted {
            guard let block = blocks[endpoint.network] else { continue }
            let own = block.ranges[index] ?? 0..<0
            content.append(block.text[..<own.lowerBound])
            content.append(block.text[own.upperBound...])
        }
        return content
    }

    /// A line for each address: `172.18.0.2  wordpress wordpress.back blog blog.back`.
    private static func append(
        _ assigned: AssignedEndpoint,
        _ name: SandboxName,
        _ endpoint: Endpoint,
        to text: inout [UInt8]
    ) {
        for address in assigned.addresses.values {
            text += address.description.utf8
            text.append(UInt8(ascii: "\t"))
            append(name.text, on: endpoint.network, to: &text)
            for alias in endpoint.aliases {
                text.append(UInt8(ascii: " "))
                append(alias.text, on: endpoint.network, to: &text)
            }
            text.append(UInt8(ascii: "\n"))
        }
    }

    /// A name by itself and with the network's: `wordpress wordpress.back`.
    private static func append(_ name: String, on network: NetworkName, to text: inout [UInt8]) {
        text += name.utf8
        text.append(UInt8(ascii: " "))
        text += name.utf8
        text.append(UInt8(ascii: "."))
        text += network.text.utf8
    }
}

/// Where the links of a sandbox lead.
enum LinkTargets {
    struct Target {
        let alias: AliasName
        let sandbox: Sandbox
        /// The endpoint that the link leads to.
        let endpoint: Endpoint
        let addresses: PerFamily<IPAddress>

        /// True if all of the network call the target so.
        var isNameOnNetwork: Bool {
            alias.text == sandbox.name.text || endpoint.aliases.contains { $0.text == alias.text }
        }
    }

    /// The targets in the document's order, by the first network that both are on.
    static func of(_ sandbox: Sandbox, _ cluster: ClusterState, _ assignment: Assignment) -> [Target] {
        sandbox.links.compactMap { link in
            guard let index = cluster.sandboxes.index(of: link.target) else { return nil }
            let target = cluster.sandboxes[index]
            guard let network = cluster.commonNetwork(of: sandbox, target),
                let position = target.endpoints.firstIndex(where: { $0.network == network })
            else { return nil }
            let addresses = assignment[index, position].addresses
            let endpoint = target.endpoints[position]
            return Target(alias: link.alias, sandbox: target, endpoint: endpoint, addresses: addresses)
        }
    }
}
