import ClusterModel
import NetworkModel

/// The way to the other nodes, and what fits through it.
extension NodeCompiler {
    /// This node as the document has it.
    var ownNode: ClusterNode? { node.flatMap { cluster.nodes[$0] } }

    /// The other nodes that carry a network, in order of name.
    func peers(of network: Network) -> [ClusterNode] {
        (assignment.carriers[network.name] ?? []).filter { $0 != node }.compactMap { cluster.nodes[$0] }
    }

    /// The link that joins the node to the underlay.
    var underlayLink: InterfaceName? {
        guard let ownNode else { return facts.uplink }
        return ownNode.interface ?? facts.link(holding: ownNode.addresses.values) ?? facts.uplink
    }

    /// The MTU of a network that reaches over the underlay: what gets to each of some addresses, less what is added to it.
    ///
    /// - Parameters:
    ///   - network: The network; a stated MTU that does not fit is a problem.
    ///   - addresses: Those of its peers, to which its packets go.
    ///   - overhead: How many bytes of the underlay's packets are not the network's.
    /// - Returns: What is stated, else what fits.
    mutating func mtu(of network: Network, to addresses: [IPAddress], overhead: UInt32) -> MTU {
        let paths = addresses.compactMap { facts.mtu(to: $0) }
        let carried = paths.min() ?? facts.mtu(of: underlayLink) ?? .ethernet
        let fitting = carried.lessened(by: overhead)
        guard let wanted = network.mtu else { return fitting }
        if wanted > fitting {
            result.problems.append(
                CompilerProblem(
                    "networks.\(network.name).mtu",
                    "\(wanted) bytes are more than the underlay carries"
                        + (overhead > 0 ? ": of its \(carried), \(overhead) are the tunnel's" : ""),
                    hint: "at most \(fitting) fit"
                )
            )
        }
        return wanted
    }
}
