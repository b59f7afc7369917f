internal import NetworkModel

/// Sandboxes by themselves, and with the nodes and networks.
extension ClusterChecks {
    mutating func checkSandbox(_ index: Int) {
        let sandbox = state.sandboxes[index]
        if let node = sandbox.node { checkCarrier(node, ClusterPlace(.sandbox(sandbox.name), .node)) }
        switch sandbox.stack {
        case .made, .adopted: break
        case .host: checkHost(sandbox)
        }
        for endpoint in sandbox.endpoints.indices {
            checkEndpoint(EndpointIndex(sandbox: index, endpoint: endpoint))
        }
        checkNetworks(of: sandbox)
        checkInterfaces(of: sandbox)
        if sandbox.defaultRoute != nil { checkDefaultRoute(of: sandbox) }
        if !sandbox.routes.isEmpty { checkRoutes(of: index) }
        if !sandbox.links.isEmpty { checkLinks(of: sandbox) }
        if !sandbox.published.isEmpty { checkPublishing(of: sandbox) }
        checkSettings(of: sandbox)
    }

    /// What a sandbox with the node's own stack can't have.
    private mutating func checkHost(_ sandbox: Sandbox) {
        let stated: [(ClusterPlace.Key, Bool)] = [
            (.defaultRoute, sandbox.defaultRoute != nil),
            (.routes, !sandbox.routes.isEmpty),
            (.publish, !sandbox.published.isEmpty),
            (.dns, !sandbox.dns.isEmpty),
            (.sysctls, !sandbox.settings.isEmpty),
        ]
        for (key, isStated) in stated where isStated {
            complain(
                ClusterPlace(.sandbox(sandbox.name), key),
                "a sandbox on network 'host' has the node's own stack, hence no '\(key.rawValue)' of its own",
                hint: "leave it out"
            )
        }
    }

    private mutating func checkNetworks(of sandbox: Sandbox) {
        guard sandbox.endpoints.count > 1 else { return }
        var first: [NetworkName: Int] = [:]
        for (index, endpoint) in sandbox.endpoints.enumerated() {
            guard let other = first[endpoint.network] else {
                first[endpoint.network] = index
                continue
            }
            complain(
                ClusterPlace(.endpoint(sandbox.name, index), .network),
                "the sandbox is on network '\(endpoint.network)' already",
                other: ClusterPlace(.endpoint(sandbox.name, other), .network),
                hint: "keep one of them"
            )
        }
    }

    private mutating func checkInterfaces(of sandbox: Sandbox) {
        guard sandbox.endpoints.count > 1 else { return }
        var holders: [InterfaceName: Int] = [:]
        for index in sandbox.endpoints.indices {
            let name = sandbox.interface(ofEndpoint: index)
            guard let holder = holders[name] else {
                holders[name] = index
                continue
            }
            let isStated = sandbox.endpoints[index].interface != nil
            complain(
                ClusterPlace(.endpoint(sandbox.name, index), isStated ? .interface : nil),
                isStated
                    ? "'\(name)' is the interface of another endpoint already"
                    : "the endpoint would have '\(name)', which is the interface of another already",
                other: ClusterPlace(.endpoint(sandbox.name, holder)),
                hint: "name another with 'interface'"
            )
        }
    }

    private mutating func checkDefaultRoute(of sandbox: Sandbox) {
        guard let name = sandbox.defaultRoute, sandbox.stack != .host else { return }
        let place = ClusterPlace(.sandbox(sandbox.name), .defaultRoute)
        let names = sandbox.endpoints.map(\.network)
        guard names.contains(name) else {
            let list = names.map(\.text).joined(separator: ", ")
            let hint = guess(name, among: names) ?? (names.isEmpty ? "it is on none" : "it is on \(list)")
            return complain(place, "the sandbox is not on network '\(name)'", hint: hint)
        }
        guard let network = network(name) else { return }
        let families = network.subnets.families.filter {
            assignment.gateway(of: network, $0, on: sandbox.node) != nil
        }
        guard families.isEmpty || !network.leadsOut else { return }
        complain(
            place,
            "network '\(name)' has no gateway: \(network.wordsAgainstGateway)",
            hint: "name another network"
        )
    }

    private mutating func checkRoutes(of index: Int) {
        let sandbox = state.sandboxes[index]
        guard sandbox.stack != .host else { return }
        var seen: [Prefix: Int] = [:]
        for (place, route) in sandbox.routes.enumerated() {
            let at = { (key: String) in
                ClusterPlace(.sandbox(sandbox.name), .routes, .indexAndKey(place, key))
            }
            if let first = seen[route.destination] {
                complain(
                    at("to"),
                    "there is a route to \(route.destination) already",
                    other: ClusterPlace(.sandbox(sandbox.name), .routes, .indexAndKey(first, "to")),
                    hint: "keep one of them"
                )
                continue
            }
            seen[route.destination] = place
            checkDestination(route, of: sandbox, at("to"))
            checkNextHop(route, of: index, at("via"))
        }
    }

    private mutating func checkDestination(_ route: SandboxRoute, of sandbox: Sandbox, _ place: ClusterPlace)
    {
        let family = route.destination.family
        if route.destination.length == 0, let own = state.defaultRoute(of: sandbox, family, assignment) {
            complain(
                place,
                "the sandbox has a default route by network '\(sandbox.endpoints[own.endpoint].network)' already",
                hint: "choose the network with 'defaultRoute', or say 'gateway: none' there"
            )
        }
        for endpoint in sandbox.endpoints {
            guard let network = network(endpoint.network) else { continue }
            let prefixes = [
                network.subnets[family], assignment.prefix(of: network, family, on: sandbox.node),
            ]
            guard prefixes.contains(route.destination) else { continue }
            complain(
                place,
                "\(route.destination) is where network '\(network.name)' is",
                hint: "leave it out: the sandbox has a route there"
            )
        }
    }

    private mutating func checkNextHop(_ route: SandboxRoute, of index: Int, _ place: ClusterPlace) {
        let sandbox = state.sandboxes[index]
        let family = route.destination.family
        guard route.gateway.family == family else {
            return complain(
                place,
                "\(route.gateway) is not of the family of \(route.destination)",
                hint: "a next hop is of its destination's family"
            )
        }
        let isReached = sandbox.endpoints.contains { endpoint in
            guard let network = network(endpoint.network) else { return true }
            return assignment.prefix(of: network, family, on: sandbox.node)?.contains(route.gateway) ?? false
        }
        guard isReached else {
            return complain(
                place,
                "\(route.gateway) is in no subnet that the sandbox is on",
                hint: "a next hop is a neighbour"
            )
        }
        for endpoint in sandbox.endpoints {
            guard let network = network(endpoint.network) else { continue }
            let prefix = assignment.prefix(of: network, family, on: sandbox.node)
            guard let prefix, prefix.broadcast == route.gateway else { continue }
            return complain(
                place,
                "\(route.gateway) is the broadcast address of \(prefix)",
                hint: "a next hop is a neighbour"
            )
        }
        let isOwn = sandbox.endpoints.indices.contains {
            assignment[index, $0].addresses[family] == route.gateway
        }
        if isOwn { complain(place, "\(route.gateway) is the sandbox's own address") }
    }

    /// What a sandbox can't set, for networks would not be apart any more.
    private mutating func checkSettings(of sandbox: Sandbox) {
        for setting in sandbox.settings where Int(setting.value) != 0 {
            let parts = setting.path.split(separator: "/").map(String.init)
            let reason: String
            switch parts.last {
            case "ip_forward", "forwarding", "mc_forwarding", "force_forwarding", "proxy_arp", "proxy_ndp":
                reason = "a sandbox does not forward between its networks"
            case "disable_ipv6", "addr_gen_mode": reason = "its networks say whether it has IPv6"
            case "accept_ra": reason = "a sandbox has the addresses and routes of the document alone"
            default: continue
            }
            let name = parts.joined(separator: ".")
            complain(
                ClusterPlace(.sandbox(sandbox.name), .sysctls, .setting(setting.path)),
                "'\(name)' can't be \(setting.value): \(reason)",
                hint: "leave it out"
            )
        }
    }
}

extension Network {
    /// Why it has no gateway that a default route could lead to.
    fileprivate var wordsAgainstGateway: String {
        if isIsolated { return "it is isolated" }
        if isInternal { return "it is internal" }
        if gateway == .none { return "it says 'gateway: none'" }
        return "of a macvlan network it must be stated"
    }
}
