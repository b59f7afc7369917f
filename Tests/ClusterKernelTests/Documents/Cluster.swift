import NetworkModel

/// A document of networks and sandboxes, for one node or for several, in values of the tests' own.
///
/// What is said of it here comes from the contract alone: the code under test reads its text and nothing else.
struct Cluster: Sendable {
    /// None: the document is for the one node on which it is applied.
    var nodes: [Node] = []
    var networks: [Network] = []
    var sandboxes: [Sandbox] = []
    /// Subnets of the built-in bridge, where they are stated.
    var bridgeSubnets: [Prefix] = []

    struct Node: Sendable {
        var name: String
        /// On the underlay, first that from which its tunnels come.
        var addresses: [IPAddress]
        var isRouter = false

        func address(_ family: AddressFamily) -> IPAddress? { addresses.first { $0.family == family } }
    }

    struct Network: Sendable {
        var name: String
        var driver = Driver.bridge
        var subnets: [Prefix]
        var gateway = Gateway.unstated
        var ranges: [Prefix] = []
        var isInternal = false
        var isIsolated = false
        /// Whether what leaves it bears the node's address, where it is stated.
        var masquerade: Bool?
        var mtu: Int?
        var interface: String?
        /// The nodes that carry it, where they are stated.
        var nodes: [String] = []
    }

    enum Driver: Hashable, Sendable {
        case bridge
        case routed(Routed)
        case overlay(Overlay)
        case macvlan(parent: String, mode: String)
    }

    struct Routed: Hashable, Sendable {
        /// Whether routers alone hold its routes.
        var isByRouter = false
        /// The nodes' parts, where they are stated.
        var parts: [String: [Prefix]] = [:]
    }

    struct Overlay: Hashable, Sendable {
        var vni: Int?
        var port: Int?
        var floods = false
        var learns = false
    }

    enum Gateway: Hashable, Sendable {
        case unstated
        case none
        case stated([IPAddress])
    }

    struct Sandbox: Sendable {
        var name: String
        /// Its node; `nil` where the document has none.
        var node: String?
        var stack = Stack.own
        var endpoints: [Endpoint] = []
        var defaultRoute: String?
        var routes: [Route] = []
        var settings: [String: String] = [:]
        var links: [Link] = []
        var exposed: [Port] = []
        var servers: [IPAddress] = []
        var search: [String] = []
        var options: [String] = []

        /// The name of an endpoint's link: what is stated, else `eth` and its place.
        func interface(_ index: Int) -> String { endpoints[index].interface ?? "eth\(index)" }
    }

    /// How a sandbox says whose network stack it has.
    enum Stack: Sendable, CaseIterable {
        case own, networkNone, networkHost, host

        /// Whether there is a namespace for it.
        var hasNamespace: Bool {
            switch self {
            case .own, .networkNone: true
            case .networkHost, .host: false
            }
        }
    }

    struct Endpoint: Sendable {
        var network: String
        var addresses: [IPAddress] = []
        var mac: String?
        var interface: String?
        var aliases: [String] = []
    }

    struct Route: Sendable {
        var destination: Prefix
        var gateway: IPAddress
    }

    struct Link: Sendable {
        var target: String
        var alias: String
    }

    struct Port: Hashable, Sendable {
        var number: Int
        var transport: String
    }
}

extension Cluster {
    /// The sandboxes that have a namespace.
    var stacks: [Sandbox] { sandboxes.filter(\.stack.hasNamespace) }

    func sandbox(_ name: String) -> Sandbox? { sandboxes.first { $0.name == name } }

    func node(_ name: String) -> Node? { nodes.first { $0.name == name } }

    /// The nodes that carry a network: those that are stated, and those with an endpoint on it.
    func carriers(of network: Network) -> Set<String> {
        let members = sandboxes.filter { $0.endpoints.contains { $0.network == network.name } }
        return Set(network.nodes + members.compactMap(\.node))
    }

    /// A network by its name, be it the built-in one.
    func network(_ name: String) -> Network? {
        guard name == "bridge" else { return networks.first { $0.name == name } }
        let standard = Prefix(containing: IPAddress(ipv4: 0xac11_0000), length: 16)
        return Network(name: "bridge", subnets: bridgeSubnets.isEmpty ? [standard] : bridgeSubnets)
    }

    /// The networks that are carried: those with an endpoint, the built-in one among them.
    var carried: [Network] {
        let names = Set(sandboxes.flatMap { $0.endpoints.map(\.network) })
        return names.sorted().compactMap(network)
    }
}

extension Cluster.Network {
    func subnet(_ family: AddressFamily) -> Prefix? { subnets.first { $0.family == family } }

    var isMacvlan: Bool {
        switch driver {
        case .macvlan: true
        case .bridge, .routed, .overlay: false
        }
    }

    /// Of a routed network, what is said of its routes and parts.
    var routed: Cluster.Routed? {
        switch driver {
        case .routed(let routed): routed
        case .bridge, .overlay, .macvlan: nil
        }
    }

    /// The address on the node's side, or of the router that is stated; `nil` where nobody forwards.
    ///
    /// Of a routed network each node has another one, the first of its own part.
    /// `internal` and `gateway: none` take the default route away, and leave the address on the bridge.
    func hostAddress(_ family: AddressFamily) -> IPAddress? {
        guard !isIsolated, let subnet = subnet(family) else { return nil }
        if case .stated(let addresses) = gateway, let own = addresses.first(where: { $0.family == family }) {
            return own
        }
        return isMacvlan ? nil : subnet.host(1)
    }

    /// Whether the node forwards what its endpoints send to the outside.
    func hasOutside(_ family: AddressFamily) -> Bool {
        !isMacvlan && !isInternal && hostAddress(family) != nil
    }

    /// Where a default route through it leads.
    func wayOut(_ family: AddressFamily) -> IPAddress? {
        isInternal || gateway == .none ? nil : hostAddress(family)
    }
}

extension Prefix {
    /// The address at a place in it.
    func host(_ number: UInt64) -> IPAddress {
        family == .ipv4
            ? IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low + number))
            : IPAddress(ipv6High: address.high, low: address.low + number)
    }

    /// The last address, which in IPv4 is the broadcast address.
    var last: IPAddress {
        let bits = UInt64(family.width - length)
        return host(bits >= 64 ? .max : (1 << bits) - 1)
    }

    /// Reads ADDRESS/LENGTH.
    init?(text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = UInt8(parts[1]) else {
            return nil
        }
        self.init(containing: address, length: length)
    }
}
