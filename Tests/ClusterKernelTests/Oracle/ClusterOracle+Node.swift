import LinuxSystem
import NetworkModel
import NetworkTesting

/// What the node itself holds for a document, and settings.
extension ClusterOracle {
    // MARK: Settings of sandboxes

    /// A sandbox forwards nothing and takes nothing from router advertisements, whatever the node does.
    func settingDifferences(of sandbox: Cluster.Sandbox) throws -> [String] {
        let devices = ["all", "default", "lo"] + sandbox.endpoints.indices.map(sandbox.interface)
        let closed = devices.flatMap { device in
            ["net/ipv4/conf/\(device)/forwarding", "net/ipv6/conf/\(device)/forwarding"]
                + (["all", "lo"].contains(device) ? [] : ["net/ipv6/conf/\(device)/accept_ra"])
        }
        let stated = sandbox.settings.map { ($0.key.replacing(".", with: "/"), $0.value) }
        return try bench.node.inside(sandbox.name) {
            try (closed.map { ($0, "0") } + stated).flatMap { path, value in
                try difference(path, SysctlFile.read(path), value)
            }
        }
    }

    // MARK: The node

    func nodeDifferences() throws -> [String] {
        let links = Dictionary(view.nodeLinks.map { ($0["ifname"].string ?? "", $0) }) { first, _ in first }
        var known = Set(["lo", ClusterBench.uplink, ClusterBench.spare])
        var differences: [String] = []
        for network in cluster.carried where !network.isMacvlan {
            guard let bridge = bridge(of: network, links) else {
                differences.append("there is no bridge of network '\(network.name)'")
                continue
            }
            known.insert(bridge["ifname"].string ?? "")
            differences += try bridgeDifferences(bridge, network).map { "\(bridge["ifname"]): \($0)" }
            for sandbox in cluster.stacks {
                for (index, endpoint) in sandbox.endpoints.enumerated() where endpoint.network == network.name
                {
                    let end = view.links[sandbox.name]?[sandbox.interface(index)]
                    let port = view.nodeLinks.first { $0["ifindex"] == end?["link_index"] } ?? .null
                    known.insert(port["ifname"].string ?? "")
                    differences += portDifferences(port, of: bridge, network).map {
                        "\(port["ifname"]): \($0)"
                    }
                }
            }
        }
        for name in links.keys.sorted() where !known.contains(name) {
            differences.append("there is a link that nobody stated: \(name)")
        }
        // Turned on where a network needs it, and never off.
        let needed = AddressFamily.allCases.filter { family in
            cluster.carried.contains { $0.hasOutside(family) }
        }
        return try differences + nodeRouteDifferences(links)
            + difference("forwarding", bench.forwarded(), forwarded.union(needed))
    }

    /// The bridge of a network: by its stated name, else readable where it fits, and one that begins so where it does not.
    private func bridge(of network: Cluster.Network, _ links: [String: JSON]) -> JSON? {
        if let name = network.interface { return links[name] }
        let name = "br-\(network.name)"
        if name.utf8.count <= 15 { return links[name] }
        let candidates = links.filter { $0.key.hasPrefix(name.prefix(6)) && $0.key.utf8.count <= 15 }
        return candidates.count == 1 ? candidates.first?.value : nil
    }

    private func bridgeDifferences(_ bridge: JSON, _ network: Cluster.Network) throws -> [String] {
        let info = bridge["linkinfo"]
        var differences = difference("kind", info["info_kind"].string, "bridge")
        differences += difference("MTU", bridge["mtu"].int, mtu(of: network))
        differences += difference("group", bridge["group"].string, Self.group)
        differences += difference("being up", bridge["flags"].elements.contains("UP"), true)
        let found = bridge["addr_info"].elements.map {
            "\($0["local"].string ?? "?")/\($0["prefixlen"].int ?? -1)"
        }
        var wanted = network.subnets.compactMap { subnet in
            network.hostAddress(subnet.family).map { "\($0)/\(subnet.length)" }
        }
        if network.hostAddress(.ipv6) != nil, let mac = MACAddress(bridge["address"].string ?? "") {
            wanted.append("\(IPAddress(linkLocalFor: mac))/64")
        }
        differences += difference("the list of addresses", found.sorted(), wanted.sorted())
        // It must not take addresses from advertisements; where there is no IPv6, it does not ask who listens either.
        let path = "net/ipv6/conf/\(bridge["ifname"].string ?? "")"
        let (takes, isOff) = try bench.node.inside {
            (try SysctlFile.read("\(path)/accept_ra"), try SysctlFile.read("\(path)/disable_ipv6"))
        }
        if network.hostAddress(.ipv6) != nil {
            differences += difference("accept_ra", takes, "0") + difference("disable_ipv6", isOff, "0")
        } else {
            if takes != "0", isOff != "1" { differences.append("it takes router advertisements") }
            if isOff != "1", info["info_data"]["mcast_snooping"].int != 0 {
                differences.append("it sends MLD")
            }
        }
        return differences
    }

    private func portDifferences(_ port: JSON, of bridge: JSON, _ network: Cluster.Network) -> [String] {
        guard let name = port["ifname"].string else { return ["an endpoint's other end is not on the node"] }
        var differences = difference("kind", port["linkinfo"]["info_kind"].string, "veth")
        differences += difference("master", port["master"].string, bridge["ifname"].string)
        differences += difference("MTU", port["mtu"].int, mtu(of: network))
        differences += difference("group", port["group"].string, Self.group)
        differences += difference("the list of addresses", port["addr_info"].elements, [])
        differences += difference("being up", port["flags"].elements.contains("UP"), true)
        let grabbed = ["ve-", "vb-", "vz-", "vt-", "ns-", "docker", "host0"]
        if grabbed.contains(where: name.hasPrefix) { differences.append("others take the name for theirs") }
        return differences
    }

    private func nodeRouteDifferences(_ links: [String: JSON]) -> [String] {
        let uplink = ClusterBench.uplink
        var wanted = [
            RouteView(.all(.ipv4), via: ClusterBench.routerIPv4, uplink), RouteView(Self.linkLocal, uplink),
            RouteView(Self.linkLocal, ClusterBench.spare),
        ]
        wanted += ClusterBench.nodeAddresses.map {
            RouteView(Prefix(containing: $0, length: $0.family == .ipv4 ? 24 : 64), uplink)
        }
        for network in cluster.carried where !network.isMacvlan {
            guard let name = bridge(of: network, links)?["ifname"].string else { continue }
            wanted += network.subnets.filter { network.hostAddress($0.family) != nil }.map {
                RouteView($0, name)
            }
            if network.hostAddress(.ipv6) != nil { wanted.append(RouteView(Self.linkLocal, name)) }
        }
        return Self.differences(view.nodeRoutes.map(RouteView.init), wanted)
    }
}
