import ClusterModel
import NetworkModel

/// Classic mode: one subnet over all nodes, in a tunnel of VXLAN that is told where everybody is, and learns nothing.
extension NodeCompiler {
    mutating func compileOverlay(_ network: Network, _ options: Network.Overlay, _ members: [Attachment]) {
        guard let vni = network.vni, let own = ownNode, let local = own.tunnelAddress else { return }
        let peers = peers(of: network)
        let addresses = peers.compactMap(\.tunnelAddress)
        let mtu = mtu(of: network, to: addresses, overhead: VXLAN.overhead(over: local.family))
        compileBridge(network, members, mtu)
        let bridge = LinkID(KernelNames.bridge(of: network), in: .node)
        let tunnel = LinkID(KernelNames.tunnel(of: network.name), in: .node)
        insert(tunnelLink(tunnel, of: network, options, vni, local, mtu), for: "networks.\(network.name)")
        addEntries(of: network, on: tunnel, bridge)
        if options.floods {
            for address in addresses {
                var entry = ForwardingEntry(.zero, on: tunnel, table: .own)
                entry.destination = address
                result.state.forwarding.append(entry)
            }
        }
        guardTunnel(vni, port: options.port, from: addresses)
        warnOfCutOff(peers, of: network, local.family)
    }

    /// Tells to which nodes the tunnel leads nowhere at the moment.
    ///
    /// Its packets have this node's own address: without that they go to nobody, whatever routes there are. The entries stay: the
    /// tunnel carries again by itself as soon as the way is there.
    private mutating func warnOfCutOff(_ peers: [ClusterNode], of network: Network, _ family: AddressFamily) {
        let hasSource = unusableAddress(family) == nil
        let cutOff = peers.compactMap { peer in
            peer.tunnelAddress.map { (peer: peer, address: $0) }
        }.filter { !hasSource || way(to: $0.address) == .none }
        warn(
            of: cutOff,
            network,
            family,
            "the tunnel reaches \(cutOff.count == 1 ? "it" : "them") when there is one"
        )
    }

    private func tunnelLink(
        _ id: LinkID,
        of network: Network,
        _ options: Network.Overlay,
        _ vni: VNI,
        _ local: IPAddress,
        _ mtu: MTU
    ) -> Link {
        var vxlan = VXLAN(vni: vni)
        vxlan.local = local
        vxlan.port = options.port
        vxlan.learning = options.learns
        var link = Link(
            id,
            kind: .vxlan(vxlan),
            mac: DefaultMAC.mac(of: id, onNode: facts.name),
            purpose: Purpose.tunnel(network: network.name.text).text
        )
        link.master = KernelNames.bridge(of: network)
        link.mtu = mtu
        link.addressGeneration = .none
        link.port.neighbourSuppression = true
        link.port.learning = options.learns
        return link
    }

    /// Where the endpoints of other nodes are: behind which node, behind the tunnel's port, and with which MAC.
    private mutating func addEntries(of network: Network, on tunnel: LinkID, _ bridge: LinkID) {
        for remote in remoteEndpoints[network.name] ?? [] {
            var own = ForwardingEntry(remote.assigned.mac, on: tunnel, table: .own, state: .static)
            own.destination = remote.tunnelAddress
            result.state.forwarding.append(own)
            result.state.forwarding.append(
                ForwardingEntry(remote.assigned.mac, on: tunnel, table: .bridge, state: .static)
            )
            for address in remote.assigned.addresses.values {
                result.state.neighbours.append(Neighbour(address, mac: remote.assigned.mac, on: bridge))
            }
        }
    }
}

/// An endpoint on another node.
struct RemoteEndpoint {
    let assigned: AssignedEndpoint
    /// Where tunnels to its node end.
    let tunnelAddress: IPAddress

    /// Those of a document's overlays, by network: all at once, for there may be as many networks as sandboxes.
    static func all(
        in cluster: ClusterState,
        _ assignment: Assignment,
        beside node: NodeName?
    ) -> [NetworkName: [RemoteEndpoint]] {
        let overlays = Set(cluster.networks.filter { $0.driver.kind == .overlay }.map(\.name))
        guard !overlays.isEmpty else { return [:] }
        let pairs = cluster.nodes.compactMap { node in node.tunnelAddress.map { (node.name, $0) } }
        let addresses = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        var endpoints: [NetworkName: [RemoteEndpoint]] = [:]
        for (index, sandbox) in cluster.sandboxes.enumerated() where sandbox.node != node {
            guard let there = sandbox.node.flatMap({ addresses[$0] }) else { continue }
            for (position, endpoint) in sandbox.endpoints.enumerated()
            where overlays.contains(endpoint.network) {
                endpoints[endpoint.network, default: []].append(
                    RemoteEndpoint(assigned: assignment[index, position], tunnelAddress: there)
                )
            }
        }
        return endpoints
    }
}
