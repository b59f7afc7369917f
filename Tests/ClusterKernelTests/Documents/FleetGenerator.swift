import NetworkModel
import NetworkTesting

/// Makes up documents for two to five nodes of a ``Fleet``, the same for the same seed.
struct FleetGenerator {
    var random: SeededGenerator
    /// What the nodes speak on the underlay; their tunnels go by the first.
    let families: [AddressFamily]
    /// The node of each bridge network.
    private(set) var homes: [String: String] = [:]
    /// How many names of sandboxes were given.
    private var nameCount = 0

    static let macvlan = "lan"

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let choices: [[AddressFamily]] = [
            [.ipv4, .ipv6], [.ipv6, .ipv4], [.ipv4, .ipv6], [.ipv4], [.ipv6],
        ]
        families = choices[Int(seed % 5)]
    }

    mutating func cluster() -> Cluster {
        var cluster = Cluster()
        let count = [2, 3, 4, 4, 5, 5].randomElement(using: &random) ?? 2
        for number in 1...count { cluster.nodes.append(node(number)) }
        if count > 2, chance(60) { cluster.nodes[0].isRouter = true }
        cluster.bridgeSubnets = texts(["10.70.0.0/24"] + (chance(50) ? ["fd00:70::/64"] : []))
        addNetworks(to: &cluster)
        for node in cluster.workers {
            for _ in 0..<Int.random(in: 1...3, using: &random) { addSandbox(on: node, to: &cluster) }
        }
        return cluster
    }

    func node(_ number: Int) -> Cluster.Node {
        Cluster.Node(name: "n\(number)", addresses: Fleet.addresses(ofNode: number, families))
    }

    // MARK: Networks

    private mutating func addNetworks(to cluster: inout Cluster) {
        let hasRouter = cluster.nodes.contains(where: \.isRouter)
        if chance(85) { cluster.networks.append(routed("pods", 50, isByRouter: false, in: cluster)) }
        if hasRouter, chance(85) {
            cluster.networks.append(routed("spur", 51, isByRouter: true, in: cluster))
        }
        if chance(90) { cluster.networks.append(overlay("flat", 60)) }
        if chance(60) { cluster.networks.append(overlay("deep", 61)) }
        for (index, name) in ["here", "there"].enumerated() where chance(60) {
            homes[name] = cluster.workers.randomElement(using: &random)
            var network = Cluster.Network(name: name, subnets: subnets(62 + index))
            addWays(to: &network)
            cluster.networks.append(network)
        }
        if chance(50) { cluster.networks.append(isolated(beside: cluster)) }
        if chance(60) { cluster.networks.append(macvlan(in: cluster)) }
        for index in cluster.networks.indices where chance(20) { addCarriers(to: index, of: &cluster) }
    }

    private mutating func routed(
        _ name: String,
        _ number: Int,
        isByRouter: Bool,
        in cluster: Cluster
    ) -> Cluster.Network {
        let all = texts(["10.\(number).0.0/16", "fd00:\(number)::/48"]).filter {
            families.contains($0.family)
        }
        var routed = Cluster.Routed(isByRouter: isByRouter)
        let ranges = all.count > 1 && chance(40) ? [all[Int.random(in: 0...1, using: &random)]] : all
        if chance(40) {
            for node in cluster.workers { routed.parts[node] = Self.parts(of: ranges, number, node) }
        }
        var network = Cluster.Network(name: name, driver: .routed(routed), subnets: ranges)
        addWays(to: &network)
        return network
    }

    /// The parts of a routed network that a node is given.
    static func parts(of ranges: [Prefix], _ number: Int, _ node: String) -> [Prefix] {
        let part = node.dropFirst()
        return ranges.compactMap {
            Prefix(text: $0.family == .ipv4 ? "10.\(number).\(part)0.0/24" : "fd00:\(number):0:\(part)0::/64")
        }
    }

    private mutating func overlay(_ name: String, _ number: Int) -> Cluster.Network {
        var overlay = Cluster.Overlay()
        if chance(40) { overlay.vni = 4000 + number }
        if chance(40) { overlay.port = 4789 + number }
        overlay.floods = chance(30)
        overlay.learns = chance(30)
        var network = Cluster.Network(name: name, driver: .overlay(overlay), subnets: subnets(number))
        addWays(to: &network)
        if chance(40) { network.gateway = .stated(network.subnets.map { $0.host(9) }) }
        return network
    }

    /// A wire and nothing else, mostly of the range of another network.
    private mutating func isolated(beside cluster: Cluster) -> Cluster.Network {
        var network = Cluster.Network(name: "wire", driver: .overlay(Cluster.Overlay()), subnets: subnets(64))
        network.isIsolated = true
        if chance(40) {
            network.driver = .bridge
            homes["wire"] = cluster.workers.randomElement(using: &random)
        }
        let others = cluster.networks.filter { $0.routed == nil }
        if let other = others.randomElement(using: &random), chance(75) { network.subnets = other.subnets }
        return network
    }

    private mutating func macvlan(in cluster: Cluster) -> Cluster.Network {
        var network = Cluster.Network(
            name: Self.macvlan,
            driver: .macvlan(parent: "eth0", mode: "bridge"),
            subnets: texts(["10.99.0.0/24", "fd00:99::/64"]).filter { families.contains($0.family) }
        )
        network.ranges = texts(["10.99.0.128/26", "fd00:99::8000/113"]).filter {
            families.contains($0.family)
        }
        // The router, if there is one, else somebody beyond.
        let router = cluster.nodes.first(where: \.isRouter)?.addresses
        if chance(60) {
            network.gateway = .stated(router ?? Fleet.outside.filter { families.contains($0.family) })
        }
        return network
    }

    private mutating func addWays(to network: inout Cluster.Network) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: network.isInternal = true
        case 2, 3, 4: network.masquerade = false
        case 5: network.gateway = .none
        default: break
        }
    }

    /// Nodes that carry a network without an endpoint on it, too.
    private mutating func addCarriers(to index: Int, of cluster: inout Cluster) {
        let name = cluster.networks[index].name
        guard homes[name] == nil, name != Self.macvlan else { return }
        let some = cluster.workers.filter { _ in chance(70) }
        if some.count > 1 { cluster.networks[index].nodes = some }
    }

    private mutating func subnets(_ number: Int) -> [Prefix] {
        let both = texts(["10.\(number).0.0/24", "fd00:\(number)::/64"])
        return [both, both, [both[0]], [both[1]]][Int.random(in: 0..<4, using: &random)]
    }

    // MARK: Sandboxes

    mutating func addSandbox(on node: String, to cluster: inout Cluster) {
        nameCount += 1
        var sandbox = Cluster.Sandbox(name: "s\(nameCount)", node: node)
        let names = (cluster.networks.map(\.name) + ["bridge"]).shuffled(using: &random)
        var taken: [Prefix] = []
        for name in names.prefix(Int.random(in: 1...4, using: &random)) {
            guard let network = cluster.network(name), isOpen(network, to: node),
                !network.subnets.contains(where: { subnet in taken.contains { $0.overlaps(subnet) } })
            else { continue }
            taken += network.subnets
            sandbox.endpoints.append(endpoint(on: network))
        }
        let ways = sandbox.endpoints.filter { endpoint in
            AddressFamily.allCases.contains { cluster.network(endpoint.network)?.wayOut($0) != nil }
        }
        if chance(40) { sandbox.defaultRoute = ways.randomElement(using: &random)?.network }
        cluster.sandboxes.append(sandbox)
    }

    /// True if an endpoint on a network can be on a node.
    func isOpen(_ network: Cluster.Network, to node: String) -> Bool {
        (homes[network.name].map { $0 == node } ?? true)
            && (network.nodes.isEmpty || network.nodes.contains(node))
    }

    private mutating func endpoint(on network: Cluster.Network) -> Cluster.Endpoint {
        var endpoint = Cluster.Endpoint(network: network.name)
        switch network.driver {
        case .bridge, .overlay:
            guard network.name != "bridge", chance(25) else { break }
            endpoint.addresses = network.subnets.map { $0.host(UInt64(100 + nameCount)) }
            if chance(50) { endpoint.mac = "02:00:00:00:00:\(10 + nameCount)" }
        case .routed, .macvlan: break
        }
        return endpoint
    }

    // MARK: Chance

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func texts(_ prefixes: [String]) -> [Prefix] { prefixes.compactMap { Prefix(text: $0) } }
}

extension Cluster {
    /// The nodes on which there may be sandboxes, by name.
    var workers: [String] { nodes.filter { !$0.isRouter }.map(\.name) }
}
