internal import NetworkModel
internal import Planner

/// What Weft holds on a node in the words of documents: networks and sandboxes.
///
/// By what the kernel says alone, as links tell what they are for; aliases stand in the sandboxes' hosts files. No document is asked.
struct Inventory {
    /// In order of name.
    private(set) var networks: [HeldNetwork] = []
    /// In order of name.
    private(set) var sandboxes: [HeldSandbox] = []
    /// Which objects belong to them.
    let belongings: Belongings
    private let sandboxNamespaces: Set<NamespaceName>
    private let networkRoutes: Set<Route>

    /// - Parameters:
    ///   - state: What was read.
    ///   - prefix: What the names of sandboxes' namespaces begin with; `nil` on the host.
    init(_ state: ObservedState, namespacePrefix prefix: String?) {
        belongings = Belongings(from: state, to: NodeState(node: ""))
        var networks: [String: HeldNetwork] = [:]
        for link in state.node.links {
            switch link.purpose {
            case .network(let name, let driver):
                networks[name, default: HeldNetwork(name: name)].take(bridge: link, of: driver)
            case .tunnel(let name): networks[name, default: HeldNetwork(name: name)].take(tunnel: link)
            case .port, .endpoint, nil: break
            }
        }
        for (name, namespace) in state.namespaces {
            let stated = belongings.sandbox(of: .namespace(name))
            guard stated != nil || namespace.links.contains(where: \.isEndpoint) else { continue }
            let text = stated ?? name.sandbox(onNodeNamespace: prefix)
            sandboxes.append(HeldSandbox(name: text, name, namespace, state.hosts(of: text)))
        }
        sandboxNamespaces = Set(sandboxes.map(\.namespace))
        for sandbox in sandboxes {
            for endpoint in sandbox.endpoints {
                networks[endpoint.network, default: HeldNetwork(name: endpoint.network)].take(
                    endpoint,
                    of: sandbox
                )
            }
        }
        let routes = state.node.routes.filter { $0.isManaged && $0.value.table == Route.mainTable }.map(
            \.value
        )
        for name in networks.keys { networks[name]?.take(routesOf: routes) }
        self.networks = networks.values.sorted { $0.name < $1.name }
        networkRoutes = Set(self.networks.flatMap { $0.routes + $0.unreachable })
        sandboxes.sort { ($0.name, $0.namespace) < ($1.name, $1.namespace) }
        for index in sandboxes.indices { sandboxes[index].note(gateways: networks.mapValues(\.gateways)) }
    }

    /// True if a route of the node is a network's.
    func isOfNetwork(_ route: Route) -> Bool { networkRoutes.contains(route) }

    /// True if a namespace is a sandbox's.
    func isSandbox(_ name: NamespaceName) -> Bool { sandboxNamespaces.contains(name) }
}

/// A network as the links of a node show it.
struct HeldNetwork {
    let name: String
    /// What makes it: `bridge`, `macvlan`.
    private(set) var driver = ""
    private(set) var subnets: [Prefix] = []
    private(set) var gateways: [IPAddress] = []
    private(set) var bridge: InterfaceName?
    /// The link whose wire it shares.
    private(set) var parent: InterfaceName?
    private(set) var mtu: MTU?
    /// Of an overlay.
    private(set) var vni: VNI?
    /// Of a routed network that has routes: the whole of its ranges, of which ``subnets`` are this node's parts.
    var ranges: [Prefix] { unreachable.map(\.destination) }
    /// What says of each of these that the rest of it is nowhere.
    fileprivate private(set) var unreachable: [Route] = []
    /// To the parts on other nodes.
    private(set) var routes: [Route] = []

    init(name: String) {
        self.name = name
    }

    mutating func take(bridge link: ObservedLink, of driver: String) {
        self.driver = driver
        bridge = link.name
        mtu = link.mtu
        subnets = link.ownAddresses.map(\.prefix)
        gateways = link.ownAddresses.map(\.address)
    }

    mutating func take(tunnel link: ObservedLink) {
        if case .vxlan(let vxlan) = link.kind { vni = vxlan.vni }
    }

    /// Learns from the node's routes where the other parts of a routed network are.
    ///
    /// What has no part is unreachable: the route that says so has the whole range.
    fileprivate mutating func take(routesOf node: [Route]) {
        guard driver == "routed" else { return }
        unreachable = node.filter { route in
            route.type == .unreachable && subnets.contains { route.destination.covers($0) }
        }
        routes = node.filter { route in
            route.type == .unicast && ranges.contains { $0.covers(route.destination) }
        }
    }

    /// Learns from an endpoint what no link of the node's own tells.
    mutating func take(_ endpoint: HeldEndpoint, of sandbox: HeldSandbox) {
        for address in endpoint.addresses where !subnets.contains(where: { $0.contains(address.address) }) {
            subnets.append(address.prefix)
        }
        guard bridge == nil else { return }
        mtu = endpoint.mtu
        driver = endpoint.kind.name
        if case .macvlan(let macvlan) = endpoint.kind {
            parent = macvlan.parent
        } else {
            driver = "bridge"
        }
        for route in sandbox.defaultRoutes where route.device == endpoint.interface {
            if let gateway = route.gateway, !gateways.contains(gateway) { gateways.append(gateway) }
        }
    }
}

/// A sandbox as its namespace shows it.
struct HeldSandbox {
    let name: String
    let namespace: NamespaceName
    private(set) var endpoints: [HeldEndpoint]
    /// One for each family at most.
    let defaultRoutes: [Route]
    /// Other routes that it was given.
    let routes: [Route]
    /// How many processes live in it.
    let processCount: Int

    fileprivate init(
        name: String,
        _ namespaceName: NamespaceName,
        _ namespace: ObservedNamespace,
        _ hosts: SandboxFile.Content?
    ) {
        self.name = name
        self.namespace = namespaceName
        let held = namespace.routes.filter(\.isManaged).map(\.value)
        defaultRoutes = held.filter { $0.destination.length == 0 }
        routes = held.filter { $0.destination.length > 0 }
        processCount = namespace.processCount
        endpoints = namespace.links.sorted { $0.name < $1.name }.compactMap { link in
            guard case .endpoint(let network) = link.purpose else { return nil }
            return HeldEndpoint(link, on: network)
        }
        if let hosts { noteAliases(hosts) }
    }

    /// Reads the lines about the sandbox itself, which come first: `172.18.0.2  wordpress wordpress.back blog blog.back`.
    private mutating func noteAliases(_ hosts: SandboxFile.Content) {
        var missing = Set(endpoints.flatMap { $0.addresses.map(\.address) })
        var rest = hosts.bytes[...]
        while !missing.isEmpty, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let first = words.first, let address = IPAddress(first), missing.remove(address) != nil
            else { continue }
            let aliases = words.dropFirst().filter { !$0.contains(".") && $0 != name }
            for index in endpoints.indices
            where endpoints[index].addresses.contains(where: { $0.address == address }) {
                endpoints[index].aliases += aliases.filter { !endpoints[index].aliases.contains($0) }
            }
        }
    }

    fileprivate mutating func note(gateways: [String: [IPAddress]]) {
        for index in endpoints.indices {
            let families = Set(endpoints[index].addresses.map(\.address.family))
            endpoints[index].gateways = (gateways[endpoints[index].network] ?? []).filter {
                families.contains($0.family)
            }
        }
    }
}

/// An endpoint as its link shows it.
struct HeldEndpoint {
    let network: String
    let interface: InterfaceName
    let kind: ObservedLinkKind
    let isUp: Bool
    let mtu: MTU
    let mac: MACAddress?
    /// Those of its network; not the link-local one.
    let addresses: [InterfaceAddress]
    fileprivate(set) var gateways: [IPAddress] = []
    fileprivate(set) var aliases: [String] = []

    fileprivate init(_ link: ObservedLink, on network: String) {
        self.network = network
        interface = link.name
        kind = link.kind
        isUp = link.isUp
        mtu = link.mtu
        mac = link.mac
        addresses = link.ownAddresses
    }
}

extension ObservedLink {
    /// True for the link of an endpoint, inside a sandbox.
    fileprivate var isEndpoint: Bool {
        guard case .endpoint = purpose else { return false }
        return true
    }

    /// Weft's addresses, but for the link-local one that comes with IPv6.
    fileprivate var ownAddresses: [InterfaceAddress] {
        addresses.filter {
            $0.isManaged && !($0.value.address.family == .ipv6 && $0.value.address.isLinkLocal)
        }
        .map(\.value)
    }
}

extension ObservedState {
    /// The hosts file of a sandbox, as it was read.
    fileprivate func hosts(of sandbox: String) -> SandboxFile.Content? {
        switch files[SandboxFile.Key(.hosts, of: sandbox)]?.content {
        case .other(let content): content
        case .asAsked, nil: nil
        }
    }
}
