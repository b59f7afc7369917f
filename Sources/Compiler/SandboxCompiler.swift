import ClusterModel
import NetworkModel

extension NodeCompiler {
    /// A sandbox's namespace, its settings and its routes; links come with the networks.
    mutating func compile(_ sandbox: Sandbox, at index: Int, in place: Place) {
        guard let name = place.name else { return }
        if result.state.namespaces.contains(name) || result.state.adopted[name] != nil {
            result.problems.append(
                CompilerProblem(
                    "sandboxes.\(sandbox.name)",
                    "its namespace '\(name)' is stated directly as well",
                    hint: "give one of them another name"
                )
            )
        }
        switch sandbox.stack {
        case .adopted(let path):
            result.state.adopted[name] = path
            compileLinkSettings(of: sandbox, in: place)
            for stated in sandbox.settings { set(stated.path, stated.value, in: place) }
        case .made, .host:
            result.state.namespaces.insert(name)
            compileSettings(of: sandbox, in: place)
            compileLinkSettings(of: sandbox, in: place)
        }
        for family in AddressFamily.allCases {
            guard let way = cluster.defaultRoute(of: sandbox, family, assignment) else { continue }
            var route = Route(to: .all(family), in: place)
            route.gateway = way.gateway
            route.device = sandbox.interface(ofEndpoint: way.endpoint)
            result.state.routes.append(route)
        }
        for stated in sandbox.routes {
            var route = Route(to: stated.destination, in: place)
            route.gateway = stated.gateway
            route.device = device(to: stated.gateway, from: sandbox)
            result.state.routes.append(route)
        }
    }

    /// The link whose network an address is on.
    private func device(to address: IPAddress, from sandbox: Sandbox) -> InterfaceName? {
        let index = sandbox.endpoints.firstIndex { endpoint in
            guard let network = cluster.networks[endpoint.network] else { return false }
            return assignment.prefix(of: network, address.family, on: node)?.contains(address) ?? false
        }
        return index.map { sandbox.interface(ofEndpoint: $0) }
    }

    /// As ``compileSettings(of:in:)``, of the sandbox's own links alone: what others have in the namespace is theirs.
    private mutating func compileLinkSettings(of sandbox: Sandbox, in place: Place) {
        for index in sandbox.endpoints.indices {
            let link = sandbox.interface(ofEndpoint: index)
            let network = cluster.networks[sandbox.endpoints[index].network]
            if let network { announce(link, of: network, sandbox, in: place) }
            set("net/ipv4/conf/\(link)/forwarding", "0", in: place)
            guard facts.hasIPv6 else { continue }
            set("net/ipv6/conf/\(link)/forwarding", "0", in: place)
            set("net/ipv6/conf/\(link)/accept_ra", "0", in: place)
            guard network?.subnets.ipv6 != nil else { continue }
            set("net/ipv6/conf/\(link)/disable_ipv6", "0", in: place)
        }
    }

    /// Has the kernel announce a link where the switches of others learn who is where, unless the sandbox says otherwise.
    ///
    /// A macvlan endpoint comes with its MAC and its addresses from another node, it may be; only by what it sends itself do
    /// the switches of the underlay learn that.
    private mutating func announce(
        _ link: InterfaceName,
        of network: Network,
        _ sandbox: Sandbox,
        in place: Place
    ) {
        guard network.driver.kind == .macvlan else { return }
        var paths: [String] = []
        if network.subnets.ipv4 != nil { paths.append("net/ipv4/conf/\(link)/arp_notify") }
        if facts.hasIPv6, network.subnets.ipv6 != nil { paths.append("net/ipv6/conf/\(link)/ndisc_notify") }
        for path in paths where !sandbox.settings.contains(where: { $0.path == path }) {
            set(path, "1", in: place)
        }
    }

    /// What a new namespace may have from its maker, and a sandbox must not: it forwards nothing, and takes no addresses or
    /// routes from router advertisements.
    ///
    /// Kernel: `net/core/net_namespace.c`, `net.core.devconf_inherit_init_net`.
    private mutating func compileSettings(of sandbox: Sandbox, in place: Place) {
        var settings: [String: String] = [
            "net/ipv4/ip_forward": "0",
            "net/ipv4/conf/default/forwarding": "0",
        ]
        if facts.hasIPv6 {
            settings["net/ipv6/conf/all/forwarding"] = "0"
            settings["net/ipv6/conf/default/forwarding"] = "0"
            settings["net/ipv6/conf/default/accept_ra"] = "0"
            if sandbox.endpoints.contains(where: { cluster.networks[$0.network]?.subnets.ipv6 != nil }) {
                settings["net/ipv6/conf/all/disable_ipv6"] = "0"
                settings["net/ipv6/conf/default/disable_ipv6"] = "0"
            }
        }
        for stated in sandbox.settings { settings[stated.path] = stated.value }
        for (path, value) in settings { set(path, value, in: place) }
    }
}
