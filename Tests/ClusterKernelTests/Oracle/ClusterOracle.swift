import LinuxSystem
import NetworkModel
import NetworkTesting

/// Judges a node by a document and the contract alone: it shares no code with what compiles documents.
///
/// Where the contract leaves something to Weft (assigned addresses and MACs, names of the node's ends of pairs) what is
/// there is held against the rules for it.
struct ClusterOracle {
    let cluster: Cluster
    let view: ClusterView
    let bench: ClusterBench
    /// The families that the node forwarded packets of before.
    let forwarded: Set<AddressFamily>

    init(
        _ cluster: Cluster,
        _ view: ClusterView,
        _ bench: ClusterBench,
        forwarded: Set<AddressFamily> = []
    ) {
        self.cluster = cluster
        self.view = view
        self.bench = bench
        self.forwarded = forwarded
    }

    /// What is not as the document says, a sentence each.
    func differences() throws -> [String] {
        var differences = try namespaces()
        for sandbox in cluster.stacks {
            let words = linkDifferences(of: sandbox) + routeDifferences(of: sandbox)
            differences += try (words + settingDifferences(of: sandbox) + fileDifferences(of: sandbox))
                .map { "sandbox '\(sandbox.name)': \($0)" }
        }
        differences += assignmentDifferences()
        differences += try nodeDifferences().map { "node: \($0)" }
        return differences
    }

    /// What is wrong with `found`, which should be `wanted`.
    func difference<Value: Equatable>(_ what: String, _ found: Value, _ wanted: Value) -> [String] {
        found == wanted ? [] : ["\(what) is \(found), not \(wanted)"]
    }

    /// The namespaces there are are those of the sandboxes, and the router's.
    private func namespaces() throws -> [String] {
        let wanted = (cluster.stacks.map(\.name) + [ClusterBench.router]).sorted()
        return try difference("the list of namespaces", bench.node.namespaces().sorted(), wanted)
    }

    // MARK: Links

    private func linkDifferences(of sandbox: Cluster.Sandbox) -> [String] {
        let links = view.links[sandbox.name] ?? [:]
        let names = (["lo"] + sandbox.endpoints.indices.map(sandbox.interface)).sorted()
        var differences = difference("the list of links", links.keys.sorted(), names)
        let loopback = links["lo"]?["addr_info"].elements.compactMap { $0["local"].string } ?? []
        if !Set(loopback).isSubset(of: ["127.0.0.1", "::1"]) || !loopback.contains("127.0.0.1") {
            differences.append("lo has \(loopback)")
        }
        for (index, endpoint) in sandbox.endpoints.enumerated() {
            guard let network = cluster.network(endpoint.network), let link = links[sandbox.interface(index)]
            else {
                continue
            }
            differences += linkDifferences(link, endpoint, network).map {
                "\(sandbox.interface(index)): \($0)"
            }
        }
        return differences
    }

    private func linkDifferences(
        _ link: JSON,
        _ endpoint: Cluster.Endpoint,
        _ network: Cluster.Network
    ) -> [String] {
        var differences = difference("MTU", link["mtu"].int, mtu(of: network))
        differences += difference("group", link["group"].string, Self.group)
        differences += difference("being up", link["flags"].elements.contains("UP"), true)
        let info = link["linkinfo"]
        switch network.driver {
        case .bridge, .routed, .overlay:
            differences += difference("kind", info["info_kind"].string, "veth")
        case .macvlan(let parent, let mode):
            differences += difference("kind", info["info_kind"].string, "macvlan")
            differences += difference("mode", info["info_data"]["mode"].string, mode)
            let index = view.nodeLinks.first { $0["ifname"].string == parent }?["ifindex"].int
            differences += difference("parent", link["link_index"].int, index)
        }
        let mac = link["address"].string ?? ""
        if let stated = endpoint.mac {
            differences += difference("MAC", mac, stated)
        } else if !mac.hasPrefix("02:") {
            differences.append("MAC is \(mac), which does not begin with 02:")
        }
        return differences + addressDifferences(link, endpoint, network)
    }

    /// One address of each family of the network, in IPv6 the link-local one of the MAC besides; none of any other.
    private func addressDifferences(
        _ link: JSON,
        _ endpoint: Cluster.Endpoint,
        _ network: Cluster.Network
    ) -> [String] {
        var differences: [String] = []
        let all = link["addr_info"].elements
        for info in all
        where info["tentative"] == true || info["dadfailed"] == true || info["dynamic"] == true {
            differences.append("an address can't be used: \(info)")
        }
        for family in AddressFamily.allCases {
            let own = all.filter { ($0["family"] == "inet6") == (family == .ipv6) }
            let locals = own.filter { $0["scope"] == "link" }.compactMap { $0["local"].string }
            let others = own.filter { $0["scope"] != "link" }
            guard let subnet = network.subnet(family) else {
                if !own.isEmpty {
                    differences.append("it has addresses of a family that its network has not: \(own)")
                }
                continue
            }
            let linkLocal = MACAddress(link["address"].string ?? "").map {
                IPAddress(linkLocalFor: $0).description
            }
            differences += difference(
                "the list of link-local addresses",
                locals,
                family == .ipv6 ? [linkLocal ?? ""] : []
            )
            guard others.count == 1, let address = others[0]["local"].string.flatMap({ IPAddress($0) }) else {
                differences.append("it has \(others.count) addresses in \(subnet), not one: \(others)")
                continue
            }
            differences += difference("the prefix length", others[0]["prefixlen"].int, Int(subnet.length))
            differences += reasonsAgainst(address, in: subnet, endpoint, network)
        }
        return differences
    }

    /// What speaks against an address, be it stated or assigned.
    private func reasonsAgainst(
        _ address: IPAddress,
        in subnet: Prefix,
        _ endpoint: Cluster.Endpoint,
        _ network: Cluster.Network
    ) -> [String] {
        if let stated = endpoint.addresses.first(where: { $0.family == address.family }) {
            return difference("the stated address", address, stated)
        }
        var reasons: [String] = []
        let range = network.ranges.first { $0.family == address.family } ?? subnet
        if !range.contains(address) { reasons.append("\(address) is not in \(range)") }
        if address == subnet.address { reasons.append("\(address) is the subnet's first address") }
        if address.family == .ipv4, address == subnet.last {
            reasons.append("\(address) is the broadcast address")
        }
        if address == network.hostAddress(address.family) { reasons.append("\(address) is the gateway") }
        return reasons
    }

    /// The MTU of a network's links at both ends.
    func mtu(of network: Cluster.Network) -> Int {
        if let stated = network.mtu { return stated }
        switch network.driver {
        case .bridge: return min(1500, bench.uplinkMTU)
        case .routed: return bench.uplinkMTU
        case .overlay: return bench.uplinkMTU - 50
        case .macvlan(let parent, _): return parent == ClusterBench.uplink ? bench.uplinkMTU : 1500
        }
    }

    /// `weft`, as a number and as `ip` prints what it has no name for.
    static let group = "\(0x7765_6674)"

    /// No two endpoints of a network have one address or one MAC.
    private func assignmentDifferences() -> [String] {
        var holders: [String: String] = [:]
        var differences: [String] = []
        for sandbox in cluster.stacks {
            for (index, endpoint) in sandbox.endpoints.enumerated() {
                let mac = view.links[sandbox.name]?[sandbox.interface(index)]?["address"].string ?? ""
                let own = view.addresses(of: sandbox, index).map(\.description) + [mac]
                for text in own {
                    if let other = holders.updateValue(sandbox.name, forKey: "\(endpoint.network) \(text)") {
                        differences.append(
                            "'\(other)' and '\(sandbox.name)' both have \(text) on '\(endpoint.network)'"
                        )
                    }
                }
            }
        }
        return differences
    }

    // MARK: Routes

    /// A route as the tests compare it.
    struct RouteView: Hashable, Comparable, CustomStringConvertible {
        var destination: String
        var gateway: String?
        var device: String

        var description: String { "\(destination)\(gateway.map { " via \($0)" } ?? "") dev \(device)" }

        static func < (left: Self, right: Self) -> Bool { left.description < right.description }

        init(_ destination: Prefix, via gateway: IPAddress? = nil, _ device: String) {
            let isDefault = destination.length == 0
            self.destination =
                isDefault ? "default" : destination.isHost ? "\(destination.address)" : "\(destination)"
            self.gateway = gateway?.description
            self.device = device
        }

        init(_ answer: JSON) {
            destination = answer["dst"].string ?? "?"
            gateway = answer["gateway"].string
            device = answer["dev"].string ?? "?"
        }
    }

    static let linkLocal = Prefix(containing: IPAddress(ipv6High: 0xfe80 << 48, low: 0), length: 64)

    private func routeDifferences(of sandbox: Cluster.Sandbox) -> [String] {
        var wanted: [RouteView] = []
        for (index, endpoint) in sandbox.endpoints.enumerated() {
            guard let network = cluster.network(endpoint.network) else { continue }
            let device = sandbox.interface(index)
            wanted += network.subnets.map { RouteView($0, device) }
            if network.subnet(.ipv6) != nil { wanted.append(RouteView(Self.linkLocal, device)) }
        }
        for family in AddressFamily.allCases {
            guard let (endpoint, gateway) = defaultRoute(of: sandbox, family) else { continue }
            wanted.append(RouteView(.all(family), via: gateway, sandbox.interface(endpoint)))
        }
        for route in sandbox.routes {
            guard let endpoint = self.endpoint(of: sandbox, reaching: route.gateway) else { continue }
            wanted.append(RouteView(route.destination, via: route.gateway, sandbox.interface(endpoint)))
        }
        let found = (view.routes[sandbox.name] ?? []).map(RouteView.init)
        return Self.differences(found, wanted)
    }

    static func differences(_ found: [RouteView], _ wanted: [RouteView]) -> [String] {
        var counts: [RouteView: Int] = [:]
        for route in found { counts[route, default: 0] += 1 }
        for route in wanted { counts[route, default: 0] -= 1 }
        return counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { route, count in
            count > 0 ? "there is a route that nobody stated: \(route)" : "there is no route \(route)"
        }
    }

    /// The endpoint and the gateway of a default route: by the stated network if that has a gateway of the family, else by
    /// the first that has.
    func defaultRoute(of sandbox: Cluster.Sandbox, _ family: AddressFamily) -> (Int, IPAddress)? {
        let ways = sandbox.endpoints.enumerated().compactMap { index, endpoint in
            cluster.network(endpoint.network)?.wayOut(family).map { (index, $0) }
        }
        return ways.first { sandbox.endpoints[$0.0].network == sandbox.defaultRoute } ?? ways.first
    }

    /// The endpoint on whose network an address is.
    func endpoint(of sandbox: Cluster.Sandbox, reaching address: IPAddress) -> Int? {
        sandbox.endpoints.firstIndex { endpoint in
            cluster.network(endpoint.network)?.subnet(address.family)?.contains(address) ?? false
        }
    }
}
