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

    /// How packets to another node leave this one at the moment.
    enum Way: Hashable {
        /// By a link that both are on.
        case onLink(InterfaceName)
        /// Through somebody else.
        case throughGateway
        /// Not at all: the way is down, or was never there.
        case none
    }

    /// How packets to an address of another node leave this one.
    ///
    /// While this node's own address is on no link that is up, the routes of that link are gone, and what leads to the others
    /// is at most a makeshift, as the default route of another link: that counts as no way.
    func way(to address: IPAddress) -> Way {
        guard let route = facts.route(to: address) else { return .none }
        if route.isOnLink { return .onLink(route.device) }
        return unusableAddress(address.family) == nil ? .throughGateway : .none
    }

    /// This node's own address of a family, if it is on no link that is up, be it others' or one of the document's own.
    func unusableAddress(_ family: AddressFamily) -> IPAddress? {
        guard let own = ownNode?.addresses[family], !facts.isUsable(own) else { return nil }
        let isOnOwnLink = result.state.links.values.contains { link in
            link.id.place == .node && link.isUp && link.addresses.contains { $0.address == own }
        }
        return isOnOwnLink ? nil : own
    }

    /// Tells to which nodes there is no way at the moment: all of a network and family together, for there may be hundreds.
    ///
    /// - Parameters:
    ///   - cutOff: The nodes and their addresses of the family; of none nothing is said.
    ///   - network: The network that reaches to them.
    ///   - family: The family of the addresses.
    ///   - consequence: What becomes of that.
    mutating func warn(
        of cutOff: [(peer: ClusterNode, address: IPAddress)],
        _ network: Network,
        _ family: AddressFamily,
        _ consequence: String
    ) {
        guard !cutOff.isEmpty else { return }
        let told = 3
        var names = cutOff.prefix(told).map { "'\($0.peer.name)' at \($0.address)" }
        if cutOff.count > told { names.append("\(cutOff.count - told) more") }
        let list =
            names.count > 1 ? names.dropLast().joined(separator: ", ") + " and \(names.last ?? "")" : names[0]
        var reason = "no route leads there"
        if let own = unusableAddress(family) {
            reason = "this node's own address \(own) is on no link that is up"
        }
        result.warnings.append(
            "networks.\(network.name): there is no way to \(cutOff.count == 1 ? "node" : "nodes") \(list) at the moment, for "
                + "\(reason): \(consequence)"
        )
    }

    /// The link that joins the node to the underlay, as far as that is known.
    ///
    /// The uplink may be another one: of a node whose underlay is not there at the moment nothing is said by it.
    private var knownUnderlayLink: InterfaceName? {
        guard let ownNode else { return facts.uplink }
        return ownNode.interface ?? facts.link(holding: ownNode.addresses.values)
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
    ///   - addresses: Those of its peers, to which its packets go; those without a way at the moment do not count.
    ///   - overhead: How many bytes of the underlay's packets are not the network's.
    /// - Returns: What is stated, else what fits.
    mutating func mtu(of network: Network, to addresses: [IPAddress], overhead: UInt32) -> MTU {
        let paths = addresses.filter { way(to: $0) != .none }.compactMap { facts.mtu(to: $0) }
        let known = paths.min() ?? facts.mtu(of: knownUnderlayLink)
        let carried = known ?? facts.mtu(of: underlayLink) ?? .ethernet
        let fitting = carried.lessened(by: overhead)
        guard let wanted = network.mtu else { return fitting }
        // What is stated for an underlay that is not there at the moment can't be told to be too much.
        if known != nil, wanted > fitting {
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
