import ClusterModel
import NetworkModel

/// VPC mode: each node has a part of the network's ranges on its bridge, and the others, or routers, a route to it.
extension NodeCompiler {
    mutating func compileRouted(_ network: Network, _ routed: Network.Routed, _ members: [Attachment]) {
        let peers = peers(of: network)
        let addresses = network.subnets.families.flatMap { family in
            peers.compactMap { $0.addresses[family] }
        }
        let mtu = mtu(of: network, to: addresses, overhead: 0)
        compileBridge(network, members, mtu)
        for member in members { addSubnetRoutes(of: network, to: member) }
        for family in network.subnets.families { forward(family) }
        switch routed.via {
        case .nodes:
            for family in network.subnets.families {
                addRoutes(of: network, family, to: peers)
                addDeadEnd(of: network, family)
            }
        case .router: warnOfMissingRouter(network)
        }
    }

    /// What a router holds: the routes of all networks that leave them to routers.
    mutating func compileRouter() {
        guard let ownNode, ownNode.role == .router else { return }
        for network in cluster.networks {
            guard case .routed(let routed) = network.driver, routed.via == .router else { continue }
            for family in network.subnets.families {
                addRoutes(of: network, family, to: peers(of: network))
                forward(family)
            }
        }
    }

    /// The way from an endpoint to those on other nodes, which a default route need not be.
    private mutating func addSubnetRoutes(of network: Network, to member: Attachment) {
        for family in network.subnets.families {
            guard let subnet = network.subnets[family],
                let prefix = assignment.prefix(of: network, family, on: node), prefix != subnet,
                let gateway = assignment.gateway(of: network, family, on: node)
            else { continue }
            var route = Route(to: subnet, in: member.place)
            route.gateway = gateway
            route.device = member.link.name
            result.state.routes.append(route)
        }
    }

    /// A route to each node's part, by that node.
    ///
    /// Of a node to which there is no way at the moment it is left out, and comes with the next apply: one way that is down
    /// must not hold up everything else. What the kernel still has of such routes stays.
    private mutating func addRoutes(of network: Network, _ family: AddressFamily, to peers: [ClusterNode]) {
        var cutOff: [(peer: ClusterNode, address: IPAddress)] = []
        for peer in peers {
            guard let prefix = assignment.prefix(of: network, family, on: peer.name),
                let address = peer.addresses[family]
            else { continue }
            let device: InterfaceName?
            switch way(to: address) {
            case .onLink(let link): device = link
            case .throughGateway:
                complain(of: peer, at: address, network)
                continue
            case .none:
                device = facts.heldRoutes.first { $0.destination == prefix && $0.gateway == address }?.device
                if device == nil { cutOff.append((peer, address)) }
            }
            guard let device else { continue }
            var route = Route(to: prefix, in: .node)
            route.gateway = address
            route.device = device
            result.state.routes.append(route)
        }
        let left = cutOff.count == 1 ? "its route is" : "their routes are"
        warn(of: cutOff, network, family, "\(left) left out; apply again when there is one")
    }

    private mutating func complain(of peer: ClusterNode, at address: IPAddress, _ network: Network) {
        result.problems.append(
            CompilerProblem(
                "networks.\(network.name)",
                "node '\(peer.name)' at \(address) is not on a link of this node, and no route can lead through it",
                hint: "use 'driver: overlay', or 'via: router' with a node of role router on the underlay"
            )
        )
    }

    /// Packets for what is on no node end here, and not at the default route.
    private mutating func addDeadEnd(of network: Network, _ family: AddressFamily) {
        guard let subnet = network.subnets[family] else { return }
        var route = Route(to: subnet, in: .node)
        route.type = .unreachable
        route.metric = .max
        result.state.routes.append(route)
    }

    private mutating func warnOfMissingRouter(_ network: Network) {
        for family in network.subnets.families {
            guard let subnet = network.subnets[family], facts.route(to: subnet.address) == nil else {
                continue
            }
            result.warnings.append(
                "networks.\(network.name): no route of this node leads to \(subnet), which its endpoints have on other nodes: "
                    + "with 'via: router' the default route does, or one of the underlay"
            )
        }
    }
}
