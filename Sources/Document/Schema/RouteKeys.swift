internal import NetworkModel

/// The keys of a route.
enum RouteKey: Int, KeySet {
    case to, via, dev, namespace, table, metric, type, onlink, src, scope, mtu

    static let index = KeyIndex<Self>()

    /// The kernel takes no path MTU above 65,520.
    ///
    /// Kernel: `net/ipv4/metrics.c`, `ip_metrics_convert`.
    static let largestMTU: UInt64 = 65535 - 15

    var attribute: Attribute {
        switch self {
        case .to, .via, .dev, .namespace, .src: addressAttribute
        case .table:
            Attribute(
                "table",
                .table,
                "The routing table: a number, or main, local or default.",
                default: "main"
            )
        case .metric:
            Attribute(
                "metric",
                .number(0...UInt64(UInt32.max), unit: ""),
                "Of two routes to one destination the one with the lesser metric is used.",
                default: "0; 1024 for IPv6",
                synonyms: ["priority", "preference"]
            )
        case .type:
            Attribute(
                "type",
                .choice(RouteType.allCases.map(\.rawValue)),
                "What becomes of the packets.",
                default: "unicast"
            )
        case .onlink:
            Attribute(
                "onlink",
                .boolean,
                "The gateway is reached on the link although no route leads there.",
                default: "false"
            )
        case .scope:
            Attribute(
                "scope",
                .choice(AddressScope.allCases.map(\.rawValue)),
                "How far the destination is; for IPv4 only.",
                default: "global with a gateway, else link; host for type local"
            )
        case .mtu:
            Attribute(
                "mtu",
                .number(UInt64(MTU.range.lowerBound)...Self.largestMTU, unit: "bytes"),
                "The MTU of the path, in bytes, where it is less than the link's.",
                default: "the link's"
            )
        }
    }

    private var addressAttribute: Attribute {
        switch self {
        case .to:
            Attribute(
                "to",
                .destination,
                "The addresses it is for: a prefix, an address or 'default'.",
                isRequired: true,
                synonyms: ["dst", "destination", "prefix", "dest"]
            )
        case .via:
            Attribute(
                "via",
                .address,
                "The next hop, of the destination's family.",
                default: "none: the destination is on the link",
                synonyms: ["gateway", "gw", "nexthop"]
            )
        case .dev:
            Attribute(
                "dev",
                .interfaceName,
                "The link that packets leave by.",
                default: "the link that 'via' is reached by",
                synonyms: ["device", "interface", "oif", "link"]
            )
        case .namespace:
            Attribute.namespace("the route")
        case .src:
            Attribute(
                "src",
                .address,
                "The preferred source address.",
                default: "the kernel's choice",
                synonyms: ["source"]
            )
        case .table, .metric, .type, .onlink, .scope, .mtu:
            preconditionFailure("not an address")
        }
    }
}

extension Attribute {
    /// The key that says in which namespace something is.
    static func namespace(_ what: String) -> Attribute {
        Attribute(
            "namespace",
            .namespaceName,
            "The namespace that \(what) is in; one of 'namespaces'.",
            default: "the node's own",
            synonyms: ["netns", "ns"]
        )
    }
}
