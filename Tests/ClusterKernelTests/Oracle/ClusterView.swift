import NetworkModel
import NetworkTesting

/// What iproute2 shows of a document's sandboxes and of their node.
struct ClusterView {
    /// `ip addr` of each sandbox, by sandbox and interface.
    private(set) var links: [String: [String: JSON]] = [:]
    /// `ip route` of each sandbox, the main table of both families.
    private(set) var routes: [String: [JSON]] = [:]
    /// `ip addr` of the node.
    let nodeLinks: [JSON]
    /// `ip route` of the node, the main table of both families.
    let nodeRoutes: [JSON]

    init(of cluster: Cluster, on bench: ClusterBench) throws {
        for sandbox in cluster.stacks {
            let answer = try bench.node.ipJSON("-d addr show", in: sandbox.name).elements
            links[sandbox.name] = Dictionary(answer.map { ($0["ifname"].string ?? "", $0) }) { first, _ in
                first
            }
            routes[sandbox.name] = try Self.routes(of: bench.node, sandbox.name)
        }
        nodeLinks = try bench.node.ipJSON("-d addr show").elements
        nodeRoutes = try Self.routes(of: bench.node, nil)
    }

    private static func routes(of node: ThrowAwayNode, _ namespace: String?) throws -> [JSON] {
        try ["-4", "-6"].flatMap { try node.ipJSON("\($0) route show table main", in: namespace).elements }
    }

    /// The address of a family that a sandbox has on an interface, beside the link-local one.
    func address(_ family: AddressFamily, of sandbox: Cluster.Sandbox, _ endpoint: Int) -> IPAddress? {
        let own = links[sandbox.name]?[sandbox.interface(endpoint)]?["addr_info"].elements ?? []
        return own.compactMap { $0["scope"] == "link" ? nil : $0["local"].string.flatMap { IPAddress($0) } }
            .first { $0.family == family }
    }

    /// All addresses of a sandbox on an interface, beside the link-local one, IPv4 first.
    func addresses(of sandbox: Cluster.Sandbox, _ endpoint: Int) -> [IPAddress] {
        AddressFamily.allCases.compactMap { address($0, of: sandbox, endpoint) }
    }

    /// The address by which a sandbox's link finds its target: on the first network that both are on.
    func addresses(of link: Cluster.Link, from sandbox: Cluster.Sandbox, in cluster: Cluster) -> [IPAddress] {
        guard let target = cluster.sandbox(link.target) else { return [] }
        for endpoint in sandbox.endpoints {
            guard let index = target.endpoints.firstIndex(where: { $0.network == endpoint.network }) else {
                continue
            }
            return addresses(of: target, index)
        }
        return []
    }
}
