package import NetworkModel

/// Where a default route leads.
package struct DefaultRoute: Hashable, Sendable {
    /// The endpoint that it leads by, among those of its sandbox.
    package var endpoint: Int
    package var gateway: IPAddress
}

extension ClusterState {
    /// The default route of a sandbox for a family, if it has one.
    ///
    /// It leads by the network that ``Sandbox/defaultRoute`` names, if that has a gateway of the family; else by the first one
    /// that has.
    package func defaultRoute(
        of sandbox: Sandbox,
        _ family: AddressFamily,
        _ assignment: Assignment
    ) -> DefaultRoute? {
        let preferred = sandbox.endpoints.firstIndex { $0.network == sandbox.defaultRoute }
        let order = (preferred.map { [$0] } ?? []) + Array(sandbox.endpoints.indices)
        for index in order {
            guard let network = networks[sandbox.endpoints[index].network], network.leadsOut else { continue }
            if let gateway = assignment.gateway(of: network, family, on: sandbox.node) {
                return DefaultRoute(endpoint: index, gateway: gateway)
            }
        }
        return nil
    }
}
