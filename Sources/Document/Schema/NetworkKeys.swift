internal import ClusterModel
internal import NetworkModel

/// The keys of the underlay.
enum UnderlayKey: Int, KeySet {
    case subnets

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        Attribute(
            "subnets",
            .values(.prefix),
            "The nodes' own ranges, which no network may overlap.",
            isRequired: true,
            synonyms: ["subnet", "ranges"]
        )
    }
}

/// The keys of a network.
enum NetworkKey: Int, KeySet {
    case driver, subnets, gateway, range, isInternal, masquerade, isIsolated, mtu, dns, nodes
    case nodePrefix, nodeSubnets, via, vni, parent, interface, options

    static let index = KeyIndex<Self>()

    /// The drivers whose networks have the key.
    var drivers: [Network.Driver.Kind] {
        switch self {
        case .driver, .subnets, .gateway, .range, .isInternal, .masquerade, .isIsolated, .mtu, .dns, .nodes:
            Network.Driver.Kind.allCases
        case .nodePrefix, .nodeSubnets, .via: [.routed]
        case .vni: [.overlay]
        case .parent: [.macvlan]
        case .interface: Network.Driver.Kind.allCases.filter(\.hasBridge)
        case .options: [.overlay, .macvlan]
        }
    }

    var attribute: Attribute {
        switch self {
        case .driver, .subnets, .gateway, .range, .mtu, .nodes, .interface, .options: commonAttribute
        case .isInternal, .masquerade, .isIsolated, .dns: flagAttribute
        case .nodePrefix, .nodeSubnets, .via, .vni, .parent: driverAttribute
        }
    }

    private var commonAttribute: Attribute {
        switch self {
        case .driver:
            Attribute(
                "driver",
                .choice(Network.Driver.Kind.allCases.map(\.rawValue)),
                "What makes the network: 'bridge' on one node; 'routed' with a prefix for each node; 'overlay' with one "
                    + "subnet over all nodes, by VXLAN; 'macvlan' on the underlay's own wire.",
                isRequired: true,
                synonyms: ["type", "kind"]
            )
        case .subnets:
            Attribute(
                "subnets",
                .eachFamily(.prefix),
                "Its addresses; of a macvlan network those of its parent's network.",
                isRequired: true,
                synonyms: ["subnet", "cidr", "prefix"]
            )
        case .gateway:
            Attribute(
                "gateway",
                .gateway,
                "Who forwards for it; 'none': there is no default route.",
                default: "the first address of the subnet on each node; for macvlan none"
            )
        case .range:
            Attribute(
                "range",
                .eachFamily(.prefix),
                "The part of each subnet from which addresses are assigned.",
                default: "all of it",
                synonyms: ["ranges", "ip-range", "ipRange"]
            )
        case .mtu:
            Attribute(
                "mtu",
                .number(UInt64(MTU.range.lowerBound)...UInt64(MTU.range.upperBound), unit: "bytes"),
                "The largest layer-3 packet, in bytes.",
                default: "what the underlay allows"
            )
        case .nodes:
            Attribute(
                "nodes",
                .values(.name(.node)),
                "The nodes that carry it.",
                default: "those with an endpoint on it"
            )
        case .interface:
            Attribute(
                "interface",
                .interfaceName,
                "The name of its bridge on the nodes.",
                default: "br-NAME, shortened with a hash if that is too long",
                synonyms: ["bridge"]
            )
        case .options:
            Attribute("options", .object(.networkOptions), "The driver's own options.")
        case .isInternal, .masquerade, .isIsolated, .dns, .nodePrefix, .nodeSubnets, .via, .vni, .parent:
            preconditionFailure("not a common key")
        }
    }

    private var flagAttribute: Attribute {
        switch self {
        case .isInternal:
            Attribute("internal", .boolean, "No default route, and no way to the outside.", default: "false")
        case .masquerade:
            Attribute(
                "masquerade",
                .boolean,
                "What leaves for the outside bears the node's address.",
                default: "true; for internal, isolated and macvlan networks false",
                synonyms: ["snat", "nat"]
            )
        case .isIsolated:
            Attribute(
                "isolated",
                .boolean,
                "A wire and nothing else, with no address on the host side; such networks may overlap others.",
                default: "false"
            )
        case .dns:
            Attribute(
                "dns",
                .boolean,
                "Not carried out yet, if it is stated. Sandboxes find each other by name on it.",
                default: "true; for the built-in bridge false"
            )
        case .driver, .subnets, .gateway, .range, .mtu, .nodes, .nodePrefix, .nodeSubnets, .via, .vni,
            .parent,
            .interface, .options:
            preconditionFailure("not a flag")
        }
    }

    private var driverAttribute: Attribute {
        switch self {
        case .nodePrefix:
            Attribute(
                "nodePrefix",
                .eachFamily(.number(1...126, unit: "bits")),
                "The length of the prefix that each node is assigned: one for each subnet, in their order; for routed networks.",
                default: "24 for IPv4, 64 for IPv6"
            )
        case .nodeSubnets:
            Attribute(
                "nodeSubnets",
                .byNode(.eachFamily(.prefix)),
                "The prefixes of the nodes, instead of assigned ones; for routed networks.",
                default: "assigned"
            )
        case .via:
            Attribute(
                "via",
                .choice(Network.Routed.Via.allCases.map(\.rawValue)),
                "Who holds the routes of a routed network: every node, or nodes of role 'router' only.",
                default: "nodes"
            )
        case .vni:
            Attribute(
                "vni",
                .number(UInt64(VNI.range.lowerBound)...UInt64(VNI.range.upperBound), unit: ""),
                "The VXLAN network identifier of an overlay.",
                default: "from the name",
                synonyms: ["id"]
            )
        case .parent:
            Attribute(
                "parent",
                .interfaceName,
                "The link of the node whose wire a macvlan network shares.",
                default: "the node's 'interface'"
            )
        case .driver, .subnets, .gateway, .range, .isInternal, .masquerade, .isIsolated, .mtu, .dns, .nodes,
            .interface, .options:
            preconditionFailure("not of one driver")
        }
    }
}

/// The keys of a network's options.
enum NetworkOptionKey: Int, KeySet {
    case flood, port, learning, mode

    static let index = KeyIndex<Self>()

    /// The driver whose option it is.
    var driver: Network.Driver.Kind {
        switch self {
        case .flood, .port, .learning: .overlay
        case .mode: .macvlan
        }
    }

    var attribute: Attribute {
        switch self {
        case .flood:
            Attribute(
                "flood",
                .boolean,
                "Broadcast and unknown frames of an overlay go to every node that carries it.",
                default: "false"
            )
        case .port:
            Attribute(
                "port",
                .number(1...65535, unit: ""),
                "The UDP port of an overlay.",
                default: "4789",
                synonyms: ["dstport"]
            )
        case .learning:
            Attribute(
                "learning",
                .boolean,
                "An overlay learns where addresses are from what comes in, besides what is programmed.",
                default: "false"
            )
        case .mode:
            Attribute(
                "mode",
                .choice(Macvlan.Mode.allCases.map(\.rawValue)),
                "Whom endpoints of a macvlan network reach among those of their node.",
                default: "bridge"
            )
        }
    }
}

/// The keys of the built-in network `bridge`.
enum BuiltInBridgeKey: Int, KeySet {
    case subnets

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        Attribute(
            "subnets",
            .eachFamily(.prefix),
            "Its addresses, on every node the same.",
            default: "172.17.0.0/16",
            synonyms: ["subnet"]
        )
    }
}
