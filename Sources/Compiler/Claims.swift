import ClusterModel
import NetworkModel

/// What a document's networks take on a node.
extension NodeCompiler {
    /// The whole of a network's ranges: of a routed one the other nodes' parts are reached through this node too.
    mutating func claimSubnets(of network: Network) {
        guard !network.isIsolated else { return }
        let isDefault = network.isBuiltInBridge && network.subnets == Network.builtInBridge().subnets
        for subnet in network.subnets.values {
            let claim = SubnetClaim(
                network.name.text,
                subnet,
                parent: parent(of: network),
                isDefault: isDefault
            )
            result.claims.subnets.append(claim)
        }
    }

    /// What of the document else there is to know of ranges and addresses.
    mutating func claimTheRest() {
        result.claims.others = cluster.underlay + cluster.networks.flatMap(\.subnets.values)
        let objects = cluster.nodes.map(\.objects.state) + [cluster.host.state]
        for address in cluster.nodes.flatMap(\.addresses.values) {
            result.claims.others.append(Prefix(containing: address, length: address.family.width))
        }
        for state in objects {
            result.claims.others += state.links.values.flatMap { $0.addresses.map(\.prefix) }
            result.claims.others += state.routes.map(\.destination).filter { $0.length > 1 }
        }
        result.claims.nameservers = foreignNameservers
        result.claims.holders = holders
    }

    /// The node's name servers, but for those that the document itself has: the node may well ask a sandbox.
    private var foreignNameservers: [IPAddress] {
        let suspects = facts.resolver.servers.filter { server in
            cluster.networks.contains { $0.subnets[server.family]?.contains(server) ?? false }
        }
        guard !suspects.isEmpty else { return [] }
        var own: Set<IPAddress> = []
        forEachAddress { address, _ in own.insert(address) }
        for network in cluster.networks {
            for family in network.subnets.families {
                if let gateway = assignment.gateway(of: network, family, on: node) { own.insert(gateway) }
            }
        }
        return suspects.filter { !own.contains($0) }
    }

    /// Who has which address of the networks in which one was pushed aside, as a sandbox does that comes later.
    private var holders: [AddressHolder] {
        guard !assignment.displaced.isEmpty else { return [] }
        var holders: [AddressHolder] = []
        holders.reserveCapacity(cluster.sandboxes.count)
        forEachAddress { address, sandbox in holders.append(AddressHolder(address, sandbox.name.text)) }
        return holders
    }

    /// The addresses of all endpoints, but for those of networks that may have the same as others.
    private func forEachAddress(_ body: (IPAddress, Sandbox) -> Void) {
        for (index, sandbox) in cluster.sandboxes.enumerated() {
            for (endpoint, value) in sandbox.endpoints.enumerated() {
                guard let network = cluster.networks[value.network], !network.isIsolated else { continue }
                for address in assignment[index, endpoint].addresses.values { body(address, sandbox) }
            }
        }
    }
}
