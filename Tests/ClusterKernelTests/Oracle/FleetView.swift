import NetworkModel
import NetworkTesting

/// The addresses that a document's sandboxes and nodes have got, as iproute2 shows them.
struct FleetView {
    /// Those of each sandbox's endpoints, in order, IPv4 first.
    private(set) var addresses: [String: [[IPAddress]]] = [:]
    /// Those that each node has on its bridges.
    private(set) var gateways: [String: [IPAddress]] = [:]

    init(of cluster: Cluster, on fleet: Fleet) throws {
        for sandbox in cluster.sandboxes {
            let links = try Self.links(in: "\(sandbox.node ?? "").\(sandbox.name)", on: fleet)
            addresses[sandbox.name] = sandbox.endpoints.indices.map { links[sandbox.interface($0)] ?? [] }
        }
        for node in cluster.nodes {
            let links = try Self.links(in: node.name, on: fleet)
            gateways[node.name] = links.filter { $0.key != "eth0" }.values.flatMap(\.self)
        }
    }

    /// The addresses of each link of a namespace, but for link-local ones.
    private static func links(in place: String, on fleet: Fleet) throws -> [String: [IPAddress]] {
        var links: [String: [IPAddress]] = [:]
        for link in try fleet.underlay.ipJSON("addr show", in: place).elements {
            let own = link["addr_info"].elements.filter { $0["scope"] == "global" }
                .compactMap { $0["local"].string.flatMap { IPAddress($0) } }
            links[link["ifname"].string ?? ""] = own.sorted { ($0.family, $0) < ($1.family, $1) }
        }
        return links
    }

    /// The address of a sandbox's endpoint.
    func address(_ family: AddressFamily, of sandbox: Cluster.Sandbox, _ endpoint: Int) -> IPAddress? {
        addresses[sandbox.name]?[endpoint].first { $0.family == family }
    }

    /// The address that a node has in a range, on one of its bridges.
    func gateway(in subnet: Prefix?, on node: String) -> IPAddress? {
        gateways[node]?.first { subnet?.contains($0) ?? false }
    }
}
