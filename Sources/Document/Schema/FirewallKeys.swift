internal import NetworkModel

/// The keys of a node's firewall.
enum FirewallKey: Int, KeySet {
    case bridges, ports, vxlanPorts

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .bridges:
            Attribute(
                "bridges",
                .named(.firewallBridge, name: .nodeLink),
                "The bridges whose networks are kept apart, by name; links of this document.",
                default: "none",
                synonyms: ["networks"]
            )
        case .ports:
            Attribute(
                "ports",
                .named(.firewallPort, name: .nodeLink),
                "The bridges' ports at which endpoints are, by name; links of this document.",
                default: "none",
                synonyms: ["endpoints", "sandboxes"]
            )
        case .vxlanPorts:
            Attribute(
                "vxlanPorts",
                .values(.number(1...65535, unit: "")),
                "The UDP ports of VXLAN: what comes for them from one of 'bridges' is dropped.",
                default: "[\(FirewallState.assignedVXLANPort)]"
            )
        }
    }
}

/// The keys of a bridge of the firewall.
enum FirewallBridgeKey: Int, KeySet {
    case subnets, outside, masquerade, reachable

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .subnets:
            Attribute(
                "subnets",
                .values(.prefix),
                "The network's own ranges, wherever they are: what goes there is never masqueraded.",
                isRequired: true,
                synonyms: ["subnet"]
            )
        case .outside:
            Attribute(
                "outside",
                .boolean,
                "Whether its endpoints reach what the node reaches.",
                default: "false",
                synonyms: ["external"]
            )
        case .masquerade:
            Attribute(
                "masquerade",
                .boolean,
                "With 'outside': whether what leaves bears the node's address.",
                default: "false",
                synonyms: ["nat", "snat"]
            )
        case .reachable:
            Attribute(
                "reachable",
                .boolean,
                "With 'outside': whether others than the node reach its endpoints by their own addresses.",
                default: "false"
            )
        }
    }
}

/// The keys of a port of the firewall.
enum FirewallPortKey: Int, KeySet {
    case mac, addresses

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .mac:
            Attribute(
                "mac",
                .mac,
                "The endpoint's MAC: frames that come in bear it, or are dropped.",
                isRequired: true,
                synonyms: ["lladdr"]
            )
        case .addresses:
            Attribute(
                "addresses",
                .values(.address),
                "The endpoint's addresses, the link-local one too: packets that come in bear one of them, or are dropped.",
                isRequired: true,
                synonyms: ["address", "ip"]
            )
        }
    }
}
