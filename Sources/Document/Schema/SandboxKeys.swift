/// The keys of a sandbox.
enum SandboxKey: Int, KeySet {
    case node, netns, host, endpoints, defaultRoute, routes, links, publish, expose, dns, sysctls

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .node, .netns, .host, .endpoints: stackAttribute
        case .defaultRoute:
            Attribute(
                "defaultRoute",
                .name(.network),
                "The network by which default routes lead.",
                default: "the first endpoint's that has a gateway, for each family"
            )
        case .routes:
            Attribute("routes", .list(.sandboxRoute), "Further routes.")
        case .links:
            Attribute(
                "links",
                .list(.sandboxLink),
                "The sandboxes that it depends on, under names of its own."
            )
        case .publish:
            Attribute(
                "publish",
                .values(.publishedPort),
                "Not carried out yet. The ports that answer on the node's addresses: \"8080:80\", \"127.0.0.1:8443:443/tcp\", \"[::]:5353:53/udp\".",
                synonyms: ["ports", "published"]
            )
        case .expose:
            Attribute("expose", .values(.port), "The ports that it serves, as links tell them: 3306/tcp.")
        case .dns:
            Attribute("dns", .object(.sandboxDNS), "How it resolves names.")
        case .sysctls:
            Attribute("sysctls", .sysctls, "Settings below 'net.' in the sandbox.", synonyms: ["sysctl"])
        }
    }

    private var stackAttribute: Attribute {
        switch self {
        case .node:
            Attribute(
                "node",
                .name(.node),
                "The node it is on; must be given if the document has 'nodes', and only then."
            )
        case .netns:
            Attribute(
                "netns",
                .path,
                "The namespace of the sandbox, if somebody else made it: configured, never made or removed.",
                default: "one that Weft makes",
                synonyms: ["namespace"]
            )
        case .host:
            Attribute(
                "host",
                .boolean,
                "It has the node's own network stack: short for the only endpoint { network: host }.",
                default: "false"
            )
        case .endpoints:
            Attribute(
                "endpoints",
                .list(.endpoint),
                "Its attachments to networks.",
                default: "none: network 'none'",
                synonyms: ["networks", "interfaces"]
            )
        case .defaultRoute, .routes, .links, .publish, .expose, .dns, .sysctls:
            preconditionFailure("not of the stack")
        }
    }
}

/// The keys of an endpoint.
enum EndpointKey: Int, KeySet {
    case network, address, mac, interface, aliases

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .network:
            Attribute(
                "network",
                .name(.network),
                "The network: one of the document, or 'bridge', 'host', 'none', which are always there.",
                isRequired: true,
                synonyms: ["name"]
            )
        case .address:
            Attribute(
                "address",
                .eachFamily(.address),
                "Its address: one, or a list of one of each family.",
                default: "assigned",
                synonyms: ["addresses", "ip", "ipv4_address"]
            )
        case .mac:
            Attribute(
                "mac",
                .mac,
                "Its MAC.",
                default: "from network and address",
                synonyms: ["mac_address"]
            )
        case .interface:
            Attribute(
                "interface",
                .interfaceName,
                "The name of its link inside the sandbox.",
                default: "eth0, eth1, … in order"
            )
        case .aliases:
            Attribute(
                "aliases",
                .values(.name(.alias)),
                "Other names of the sandbox on this network.",
                default: "none",
                synonyms: ["alias"]
            )
        }
    }
}

/// The keys of a sandbox's route.
enum SandboxRouteKey: Int, KeySet {
    case to, via

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .to:
            Attribute(
                "to",
                .destination,
                "The addresses it is for: a prefix, an address or 'default'.",
                isRequired: true,
                synonyms: ["dst", "destination", "prefix"]
            )
        case .via:
            Attribute(
                "via",
                .address,
                "The next hop, in a subnet that the sandbox is on.",
                isRequired: true,
                synonyms: ["gateway", "gw"]
            )
        }
    }
}

/// The keys of a link from sandbox to sandbox.
enum SandboxLinkKey: Int, KeySet {
    case sandbox, alias

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .sandbox:
            Attribute(
                "sandbox",
                .name(.sandbox),
                "The sandbox that is depended on; it has a network in common with this one.",
                isRequired: true,
                synonyms: ["to", "target", "name"]
            )
        case .alias:
            Attribute(
                "alias",
                .name(.alias),
                "What this sandbox calls it.",
                default: "its name",
                synonyms: ["as"]
            )
        }
    }
}

/// The keys of how a sandbox resolves names.
enum SandboxDNSKey: Int, KeySet {
    case servers, search, options

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .servers:
            Attribute(
                "servers",
                .values(.address),
                "Whom it asks for names that are not the document's.",
                default: "the node's",
                synonyms: ["server", "nameservers"]
            )
        case .search:
            Attribute(
                "search",
                .values(.word),
                "Domains that are tried behind short names.",
                default: "the node's",
                synonyms: ["domains"]
            )
        case .options:
            Attribute("options", .values(.word), "Options as resolv.conf has them: ndots:2.", default: "none")
        }
    }
}
