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

    static func forgetRoutes(on fleet: Fleet) throws {
        for family in ["-4", "-6"] { try fleet.underlay.run("ip \(family) route flush \(routes)") }
    }
}
