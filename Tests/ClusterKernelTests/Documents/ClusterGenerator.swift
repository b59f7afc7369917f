import NetworkModel
import NetworkTesting

/// Makes up documents that can be carried out on a ``ClusterBench``, the same for the same seed.
///
/// All draw from the same few names, so that of two documents the second changes, remakes and removes much of the first.
struct ClusterGenerator {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static let names = ["web", "db", "cache", "api", "job-1", "a_name_longer_than_a_link_may_have"]
    private static let networkNames = ["front", "back", "side", "a-long-network-name"]
    private static let aliases = ["www", "blog", "my-db", "s3", "queue"]

    mutating func cluster() -> Cluster {
        var cluster = Cluster()
        if chance(30) {
            cluster.bridgeSubnets = texts(["10.70.0.0/24"] + (chance(50) ? ["fd00:70::/64"] : []))
        }
        for (index, name) in Self.networkNames.enumerated() where chance(70) {
            cluster.networks.append(bridge(name, index, beside: cluster))
        }
        if chance(65) { cluster.networks.append(macvlan()) }
        let names = Self.names.shuffled(using: &random).prefix(Int.random(in: 3...5, using: &random))
        for name in names { cluster.sandboxes.append(sandbox(name, in: &cluster)) }
        for index in cluster.sandboxes.indices { addLinks(to: index, of: &cluster) }
        return cluster
    }

    // MARK: Networks

    /// A bridge network with subnets of its place; an isolated one may take those of one that is there.
    private mutating func bridge(_ name: String, _ index: Int, beside cluster: Cluster) -> Cluster.Network {
        let length = [16, 24, 28][Int.random(in: 0..<3, using: &random)]
        let (ipv4, ipv6) = ("10.\(60 + index).0.0/\(length)", "fd00:\(60 + index)::/\(chance(50) ? 64 : 112)")
        let choice = Int.random(in: 0..<4, using: &random)
        var network = Cluster.Network(
            name: name,
            subnets: texts(choice == 0 ? [ipv4] : choice == 1 ? [ipv6] : [ipv4, ipv6])
        )
        switch Int.random(in: 0..<6, using: &random) {
        case 0: network.gateway = .none
        case 1, 2:
            let stated = network.subnets.filter { _ in chance(70) }.map { $0.host(9) }
            if !stated.isEmpty { network.gateway = .stated(stated) }
        default: break
        }
        if chance(25) {
            network.isInternal = true
        } else if chance(25) {
            network.isIsolated = true
            network.gateway = .unstated
            if let other = cluster.networks.first(where: { !$0.isMacvlan }), chance(60) {
                network.subnets = other.subnets
            }
        }
        if chance(50) {
            network.ranges = network.subnets.map {
                Prefix(containing: $0.host(8), length: $0.length + ($0.length == 28 ? 1 : 3))
            }
        }
        if chance(40), !network.isInternal, !network.isIsolated { network.masquerade = chance(40) }
        if chance(40) { network.mtu = [1280, 1300, 1500, 9000][Int.random(in: 0..<4, using: &random)] }
        if chance(30) { network.interface = "nic\(index)" }
        return network
    }

    private mutating func macvlan() -> Cluster.Network {
        let isWired = chance(70)
        let mode = chance(75) ? "bridge" : "private"
        var network = Cluster.Network(
            name: "lan",
            driver: .macvlan(parent: isWired ? ClusterBench.uplink : ClusterBench.spare, mode: mode),
            subnets: texts(["10.99.0.0/24"] + (chance(50) ? ["fd00:99::/64"] : []))
        )
        // Without the router, which the document does not name where there is no gateway.
        network.ranges = texts(["10.99.0.128/26"])
        if chance(60) { network.gateway = .stated([ClusterBench.routerIPv4]) }
        if chance(25) { network.mtu = 1280 }
        return network
    }

    // MARK: Sandboxes

    private mutating func sandbox(_ name: String, in cluster: inout Cluster) -> Cluster.Sandbox {
        var sandbox = Cluster.Sandbox(name: name)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: sandbox.stack = .host
        case 1: sandbox.stack = .networkHost
        case 2: sandbox.stack = .networkNone
        default: addEndpoints(to: &sandbox, in: cluster)
        }
        if chance(50) { sandbox.exposed = exposed() }
        guard sandbox.stack.hasNamespace else { return sandbox }
        if chance(40) { sandbox.settings["net.ipv4.tcp_keepalive_time"] = chance(50) ? "60" : "61" }
        if chance(40), !sandbox.endpoints.isEmpty {
            sandbox.settings["net.ipv4.conf.\(sandbox.interface(0)).arp_announce"] = "2"
        }
        if chance(40) {
            sandbox.servers = [IPAddress("10.99.0.7"), chance(50) ? IPAddress("fd00:99::7") : nil].compactMap(
                \.self
            )
        }
        if chance(30) { sandbox.search = ["corp.example", "example"] }
        if chance(30) { sandbox.options = ["ndots:2"] }
        return sandbox
    }

    private mutating func addEndpoints(to sandbox: inout Cluster.Sandbox, in cluster: Cluster) {
        let choice = (cluster.networks.map(\.name) + ["bridge"]).shuffled(using: &random)
        var taken: [Prefix] = []
        for name in choice.prefix(Int.random(in: 0...3, using: &random)) {
            guard let network = cluster.network(name),
                !network.subnets.contains(where: { subnet in taken.contains { $0.overlaps(subnet) } })
            else { continue }
            taken += network.subnets
            sandbox.endpoints.append(endpoint(of: sandbox, sandbox.endpoints.count, on: network, in: cluster))
        }
        let ways = sandbox.endpoints.compactMap { cluster.network($0.network) }.filter { network in
            AddressFamily.allCases.contains { network.wayOut($0) != nil }
        }
        if chance(50) { sandbox.defaultRoute = ways.randomElement(using: &random)?.name }
        if chance(50) { addRoute(to: &sandbox, in: cluster) }
    }

    private mutating func endpoint(
        of sandbox: Cluster.Sandbox,
        _ index: Int,
        on network: Cluster.Network,
        in cluster: Cluster
    ) -> Cluster.Endpoint {
        var endpoint = Cluster.Endpoint(network: network.name)
        let number = UInt64(Self.names.firstIndex(of: sandbox.name) ?? 0)
        for subnet in network.subnets where chance(35) { endpoint.addresses.append(subnet.host(2 + number)) }
        if chance(25) { endpoint.mac = "02:00:00:00:0\(number):0\(index)" }
        if chance(25) { endpoint.interface = "net\(index)" }
        if chance(35) { endpoint.aliases = Self.aliases.shuffled(using: &random).prefix(2).map { $0 } }
        return endpoint
    }

    /// A route by the gateway or by an address that another sandbox may have.
    private mutating func addRoute(to sandbox: inout Cluster.Sandbox, in cluster: Cluster) {
        guard let endpoint = sandbox.endpoints.randomElement(using: &random),
            let network = cluster.network(endpoint.network),
            let subnet = network.subnets.randomElement(using: &random)
        else { return }
        let others = Self.names.indices.filter { Self.names[$0] != sandbox.name }.map {
            subnet.host(2 + UInt64($0))
        }
        let gateways = others + [network.hostAddress(subnet.family)].compactMap(\.self)
        guard let gateway = gateways.randomElement(using: &random) else { return }
        // One of the document's other networks, or a place far away.
        let near = cluster.networks.flatMap(\.subnets).filter { other in
            other.family == subnet.family
                && !sandbox.endpoints.contains {
                    cluster.network($0.network)?.subnets.contains { $0.overlaps(other) } ?? false
                }
        }
        let far = texts([subnet.family == .ipv4 ? "10.200.0.0/16" : "fd00:200::/32"])
        guard let destination = (near + far).randomElement(using: &random) else { return }
        sandbox.routes = [Cluster.Route(destination: destination, gateway: gateway)]
    }

    private mutating func exposed() -> [Cluster.Port] {
        let all = [("tcp", 3306), ("tcp", 80), ("udp", 53)].map { Cluster.Port(number: $1, transport: $0) }
        return Array(all.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)))
    }

    /// Links to sandboxes with which there is a network in common.
    private mutating func addLinks(to index: Int, of cluster: inout Cluster) {
        let own = Set(cluster.sandboxes[index].endpoints.map(\.network))
        var free = ["db", "my-db", "x_1"].shuffled(using: &random)
        for (other, target) in cluster.sandboxes.enumerated() where other != index && chance(50) {
            guard !own.isDisjoint(with: target.endpoints.map(\.network)), let alias = free.popLast() else {
                continue
            }
            cluster.sandboxes[index].links.append(Cluster.Link(target: target.name, alias: alias))
        }
    }

    // MARK: Chance

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func texts(_ prefixes: [String]) -> [Prefix] { prefixes.compactMap { Prefix(text: $0) } }
}
