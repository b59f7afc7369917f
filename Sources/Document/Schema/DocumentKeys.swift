internal import ClusterModel

/// The keys of the whole document.
enum DocumentKey: Int, KeySet {
    case weft, node, nodes, underlay, networks, sandboxes

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .weft:
            Attribute(
                "weft",
                .number(1...1, unit: ""),
                "The version of the document's form.",
                isRequired: true,
                synonyms: ["version", "apiVersion"]
            )
        case .node:
            Attribute(
                "node",
                .object(.hostNode),
                "What the kernel of this host shall hold; for a document without nodes."
            )
        case .nodes:
            Attribute(
                "nodes",
                .named(.declaredNode, name: .node),
                "The nodes of the cluster, by name, each with what its kernel shall hold."
            )
        case .underlay:
            Attribute("underlay", .object(.underlay), "The network that joins the nodes.")
        case .networks:
            Attribute(
                "networks",
                .named(.network, name: .network),
                "The networks, by name; 'bridge', 'host' and 'none' are always there.",
                synonyms: ["nets"]
            )
        case .sandboxes:
            Attribute(
                "sandboxes",
                .named(.sandbox, name: .sandbox),
                "The sandboxes, by name: network stacks with their attachments to networks.",
                synonyms: ["containers", "services"]
            )
        }
    }
}

/// The keys of a node, and of `node`, which has the raw ones only.
enum NodeKey: Int, KeySet {
    case address, interface, role
    case namespaces, links, routes, neighbours, fdb, sysctls, rules, files, firewall

    static let index = KeyIndex<Self>()

    /// True for the objects of the kernel, false for what is said of the node itself.
    var isRaw: Bool { rawValue >= NodeKey.namespaces.rawValue }

    var attribute: Attribute {
        switch self {
        case .address:
            Attribute(
                "address",
                .eachFamily(.address),
                "The node's address on the underlay: one, or a list of one of each family.",
                isRequired: true,
                synonyms: ["addresses", "ip"]
            )
        case .interface:
            Attribute(
                "interface",
                .interfaceName,
                "The link that joins the node to the underlay.",
                default: "the link that has the address"
            )
        case .role:
            Attribute(
                "role",
                .choice(ClusterNode.Role.allCases.map(\.rawValue)),
                "What the node does: 'node' carries sandboxes, 'router' holds routes only.",
                default: "node"
            )
        case .namespaces, .links, .routes, .neighbours, .fdb, .sysctls, .rules, .files, .firewall:
            rawAttribute
        }
    }

    private var rawAttribute: Attribute {
        switch self {
        case .address, .interface, .role:
            preconditionFailure("not a kernel object")
        case .namespaces:
            Attribute(
                "namespaces",
                .shortList(.namespace, short: .namespaceName),
                "The network namespaces that Weft makes: names, or mappings with a name and settings.",
                synonyms: ["netns"]
            )
        case .links:
            Attribute(
                "links",
                .named(.bridge, name: .link),
                "The links, by name; NAMESPACE/NAME where links of two namespaces have one name.",
                synonyms: ["interfaces", "devices"]
            )
        case .routes:
            Attribute("routes", .list(.route), "The routes.")
        case .neighbours:
            Attribute(
                "neighbours",
                .list(.neighbour),
                "Permanent neighbours, on links of this document.",
                synonyms: ["neighbors", "neigh", "arp"]
            )
        case .fdb:
            Attribute(
                "fdb",
                .list(.forwardingEntry),
                "Entries of forwarding databases, on links of this document.",
                synonyms: ["forwarding"]
            )
        case .sysctls:
            Attribute(
                "sysctls",
                .sysctls,
                "Settings below 'net.' in the node's own namespace, in either form that sysctl(8) takes.",
                synonyms: ["sysctl"]
            )
        case .rules:
            Attribute("rules", .unsupported, "Policy rules.")
        case .files:
            Attribute(
                "files",
                .list(.file),
                "The files that processes of sandboxes see in the place of the node's."
            )
        case .firewall:
            Attribute(
                "firewall",
                .object(.firewall),
                "Weft's rules of nftables, and what they look up; {} for rules that concern nobody.",
                default: "no rules",
                synonyms: ["nftables", "nft"]
            )
        }
    }
}

/// The keys of a namespace.
enum NamespaceKey: Int, KeySet {
    case name, netns, sysctls

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .name:
            Attribute("name", .namespaceName, "The namespace's name in /run/netns.", isRequired: true)
        case .netns:
            Attribute(
                "netns",
                .path,
                "The namespace, if somebody else made it: used, never made or removed; 'name' is then for this document alone.",
                default: "one that Weft makes"
            )
        case .sysctls:
            Attribute("sysctls", .sysctls, "Settings below 'net.' in this namespace.", synonyms: ["sysctl"])
        }
    }
}
