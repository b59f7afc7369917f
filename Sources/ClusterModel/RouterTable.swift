package import NetworkModel

/// A route that the network between the nodes needs, to reach endpoints of a routed network by their own addresses.
package struct RouterRoute: Hashable, Sendable {
    package var network: NetworkName
    /// The node's part of the network.
    package var prefix: Prefix
    /// The node's address, in the prefix's family.
    package var nextHop: IPAddress
    package var node: NodeName
}

extension ClusterState {
    /// What a VPC's router must be told: by which node each part of the routed networks is reached; in order of network, family
    /// and prefix.
    package func routerTable(_ assignment: Assignment) -> [RouterRoute] {
        networks.flatMap { network -> [RouterRoute] in
            guard case .routed = network.driver else { return [] }
            let routes = (assignment.carriers[network.name] ?? []).flatMap { name -> [RouterRoute] in
                network.subnets.families.compactMap { family in
                    guard let prefix = assignment.prefix(of: network, family, on: name),
                        let nextHop = nodes[name]?.addresses[family]
                    else { return nil }
                    return RouterRoute(network: network.name, prefix: prefix, nextHop: nextHop, node: name)
                }
            }
            return routes.sorted { ($0.prefix.family, $0.prefix) < ($1.prefix.family, $1.prefix) }
        }
    }
}
