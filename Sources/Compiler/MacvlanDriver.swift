import ClusterModel
import NetworkModel

extension NodeCompiler {
    /// A macvlan link for each endpoint, on a link of the node's: its wire is the network.
    mutating func compileMacvlan(_ network: Network, _ options: Network.Macvlan, _ members: [Attachment]) {
        guard let parent = parent(of: network) else {
            result.problems.append(
                CompilerProblem(
                    "networks.\(network.name)",
                    "no link of this node holds the node's address: there is nothing to put the endpoints on",
                    hint: "say which link with 'parent', or with the node's 'interface'"
                )
            )
            return
        }
        let parentMTU = facts.mtu(of: parent)
        if let wanted = network.mtu, let parentMTU, wanted > parentMTU {
            result.problems.append(
                CompilerProblem(
                    "networks.\(network.name).mtu",
                    "\(wanted) bytes are more than '\(parent)' carries",
                    hint: "at most \(parentMTU) fit"
                )
            )
        }
        for member in members {
            let kind = LinkKind.macvlan(NetworkModel.Macvlan(parent: parent, mode: options.mode))
            var link = endpointLink(kind, of: network, member)
            link.mtu = network.mtu ?? parentMTU
            insert(link, for: "sandboxes.\(member.sandbox.name)")
        }
    }

    /// The link whose wire a macvlan network shares.
    func parent(of network: Network) -> InterfaceName? {
        guard case .macvlan(let options) = network.driver else { return nil }
        if let parent = options.parent { return parent }
        guard let node, let description = cluster.nodes[node] else { return facts.uplink }
        return description.interface ?? facts.link(holding: description.addresses.values)
    }
}
