import NetworkModel
import NetworkTesting

/// The matrix of several nodes: from every sandbox, every node and somebody beyond them to every address.
struct FleetExchange {
    let reach: FleetReach
    private let exchange: Exchange
    /// The rules that are tried, and how often.
    let rules: [FleetReach.Rule: Int]

    /// Routes of somebody beyond all nodes, so that they are found again.
    private static let routes = "proto 186"

    init(_ cluster: Cluster, on fleet: Fleet) throws {
        let reach = try FleetReach(
            cluster: cluster,
            view: FleetView(of: cluster, on: fleet),
            outside: fleet.outside
        )
        try Self.leadOutsideToEndpoints(reach, on: fleet)
        var stations: [String: Station] = [:]
        var expected: [Exchange.Attempt: Reach.Delivery?] = [:]
        var rules: [FleetReach.Rule: Int] = [:]
        let addresses = reach.addresses
        for party in Self.parties(of: cluster) {
            stations["\(party)"] = try Self.station(party, in: cluster, on: fleet)
            let own = Set(reach.addresses(of: party))
            for address in addresses where !own.contains(address) {
                guard let verdict = reach.verdict(from: party, to: address) else { continue }
                rules[verdict.rule, default: 0] += 1
                let delivery = verdict.receiver.flatMap { receiver in
                    verdict.source.map { Reach.Delivery(receiver: "\(receiver)", source: $0) }
                }
                expected[Exchange.Attempt(sender: "\(party)", address: address)] = .some(delivery)
            }
        }
        self.reach = reach
        self.rules = rules
        exchange = Exchange(between: stations, expecting: expected)
    }

    /// Tries everything; returns what is not as it shall be.
    func problems() -> [String] { exchange.problems() }

    private static func parties(of cluster: Cluster) -> [FleetReach.Party] {
        cluster.sandboxes.map { .sandbox($0.name) } + cluster.nodes.map { .node($0.name) } + [.outside]
    }

    private static func station(
        _ party: FleetReach.Party,
        in cluster: Cluster,
        on fleet: Fleet
    ) throws -> Station {
        let place: String? =
            switch party {
            case .sandbox(let name): "\(cluster.sandbox(name)?.node ?? "").\(name)"
            case .node(let name): name
            case .outside: nil
            }
        return try Station("\(party)", in: place, of: fleet.underlay)
    }

    /// Somebody beyond all nodes knows by which node each endpoint would be reached, whether or not it is to be.
    private static func leadOutsideToEndpoints(_ reach: FleetReach, on fleet: Fleet) throws {
        try forgetRoutes(on: fleet)
        var lines: [IPAddress: String] = [:]
        for sandbox in reach.cluster.sandboxes {
            guard let node = sandbox.node.flatMap(reach.cluster.node) else { continue }
            for (index, endpoint) in sandbox.endpoints.enumerated() {
                guard let network = reach.cluster.network(endpoint.network), !network.isMacvlan else {
                    continue
                }
                for address in reach.view.addresses[sandbox.name]?[index] ?? [] {
                    guard let hop = node.address(address.family) else { continue }
                    // Of two that have it, it is the one that may be reached.
                    if network.routed == nil, lines[address] != nil { continue }
                    lines[address] = "route add \(address) via \(hop) \(routes)"
                }
            }
        }
        try fleet.batch(lines.values.sorted(), on: nil)
    }

    /// What ``leadOut(_:on:)`` may return.
    static let ways = ["by an internal network", "by an isolated network"].map {
        "route of a sandbox's own: \($0)"
    }

    /// Gives sandboxes without a way out a default route, which is to change nothing of who reaches whom.
    ///
    /// It leads by the gateway of an internal network, or over the wire of an isolated one.
    ///
    /// - Returns: What was done, a line for each route.
    static func leadOut(_ cluster: Cluster, on fleet: Fleet) throws -> [String] {
        let view = try FleetView(of: cluster, on: fleet)
        var done: [String] = []
        for sandbox in cluster.sandboxes {
            var families = Set(AddressFamily.allCases)
            for (index, endpoint) in sandbox.endpoints.enumerated() {
                guard let network = cluster.network(endpoint.network) else { continue }
                for subnet in network.subnets where network.isInternal || network.isIsolated {
                    let gateway = view.gateway(in: subnet, on: sandbox.node ?? "")
                    // One that has a way out keeps it, and of two ways the first is tried.
                    guard !hasWayOut(sandbox, subnet.family, in: cluster),
                        families.remove(subnet.family) != nil
                    else { continue }
                    let everything = subnet.family == .ipv4 ? "0.0.0.0/0" : "::/0"
                    let hop = network.isIsolated ? "" : gateway.map { "via \($0)" } ?? ""
                    let line = "route add \(everything) \(hop) dev \(sandbox.interface(index))"
                    try fleet.batch([line], on: "\(sandbox.node ?? "").\(sandbox.name)")
                    done.append(ways[network.isIsolated ? 1 : 0])
                }
            }
        }
        return done
    }

    private static func hasWayOut(
        _ sandbox: Cluster.Sandbox,
        _ family: AddressFamily,
        in cluster: Cluster
    ) -> Bool {
        sandbox.endpoints.contains { cluster.network($0.network)?.wayOut(family) != nil }
    }

    static func forgetRoutes(on fleet: Fleet) throws {
        for family in ["-4", "-6"] { try fleet.underlay.run("ip \(family) route flush \(routes)") }
    }
}
