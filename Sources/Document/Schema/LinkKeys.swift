internal import NetworkModel

/// The keys of links of all types, and of a veth's peer.
enum LinkKey: Int, KeySet {
    case type, name
    case up, mtu, mac, master, namespace, addresses, alias, addrgenmode, bridgeSlave
    case stpState, priority, forwardDelay, helloTime, maxAge, ageingTime, groupForwardMask
    case vlanFiltering, vlanDefaultPVID, multicastSnooping, multicastQuerier
    case callsIPTables, callsIP6Tables, callsARPTables
    case peer
    case vni, local, remote, dev, port, learning, ttl, tos, ageing, proxy
    case udpChecksum, udpZeroChecksum6Transmit, udpZeroChecksum6Receive
    case parent, mode

    static let index = KeyIndex<Self>()

    /// Where a key may stand.
    struct Contexts: OptionSet, Hashable, Sendable {
        let rawValue: UInt8

        static let bridge = Contexts(rawValue: 1)
        static let veth = Contexts(rawValue: 2)
        static let vxlan = Contexts(rawValue: 4)
        static let macvlan = Contexts(rawValue: 8)
        static let peer = Contexts(rawValue: 16)
        static let links: Contexts = [.bridge, .veth, .vxlan, .macvlan]
        /// What may be a port of a bridge.
        static let ports: Contexts = [.veth, .vxlan, .macvlan, .peer]
        static let all: Contexts = [.bridge, .veth, .vxlan, .macvlan, .peer]
    }

    /// Where the key may stand.
    var contexts: Contexts {
        if rawValue >= LinkKey.parent.rawValue { return .macvlan }
        if rawValue >= LinkKey.vni.rawValue { return .vxlan }
        if self == .peer { return .veth }
        if rawValue >= LinkKey.stpState.rawValue { return .bridge }
        switch self {
        case .type: return .links
        case .name: return .peer
        case .master, .bridgeSlave: return .ports
        default: return .all
        }
    }

    /// The attributes that may stand somewhere.
    static func attributes(of context: Contexts) -> [Attribute] {
        allCases.filter { $0.contexts.contains(context) }.map { index.attributes[$0.rawValue] }
    }

    var attribute: Attribute {
        if let attribute = commonAttribute { return attribute }
        if let attribute = bridgeAttribute { return attribute }
        if let attribute = vxlanAttribute ?? vxlanFlagAttribute { return attribute }
        preconditionFailure("a key without an attribute")
    }

    private var commonAttribute: Attribute? {
        switch self {
        case .type:
            Attribute(
                "type",
                .choice(DocumentObject.linkTypes.map(\.rawValue)),
                "What the link is.",
                isRequired: true,
                synonyms: ["kind"]
            )
        case .name:
            Attribute("name", .interfaceName, "The name of the pair's other end.", isRequired: true)
        case .up:
            Attribute(
                "up",
                .boolean,
                "Whether the link is up.",
                default: "true",
                synonyms: ["state", "enabled"]
            )
        case .mtu:
            Attribute(
                "mtu",
                .number(UInt64(MTU.range.lowerBound)...UInt64(MTU.range.upperBound), unit: "bytes"),
                "The largest layer-3 packet, in bytes.",
                default: "veth: the other end's, else 1500; other links: the kernel's choice"
            )
        case .mac:
            Attribute(
                "mac",
                .mac,
                "The link's own MAC.",
                default: "from the node's, namespace's and link's names",
                synonyms: ["lladdr"]
            )
        case .master:
            Attribute(
                "master",
                .interfaceName,
                "The bridge that it is a port of: a link of this document, in the same namespace.",
                default: "none",
                synonyms: ["bridge", "controller"]
            )
        case .namespace: Attribute.namespace("the link")
        case .addresses:
            Attribute(
                "addresses",
                .shortList(.address, short: .interfaceAddress),
                "The link's addresses, in order: ADDRESS/LENGTH, or mappings.",
                default: "none",
                synonyms: ["address", "ip", "ips"]
            )
        case .alias:
            Attribute(
                "alias",
                .text(maximumBytes: Mark.node.longestPurpose),
                "What the link is for; 'weft:' is put before it.",
                default: "derived from the link's type",
                synonyms: ["ifalias", "description"]
            )
        case .addrgenmode:
            Attribute(
                "addrgenmode",
                .choice(AddressGeneration.allCases.map(\.rawValue)),
                "How the link-local IPv6 address is made; 'none': no IPv6 unless by an address.",
                default: "eui64",
                synonyms: ["addr_gen_mode"]
            )
        case .bridgeSlave:
            Attribute(
                "bridge_slave",
                .object(.bridgePort),
                "How the link behaves as a port of its bridge.",
                synonyms: ["brport", "port_options"]
            )
        case .peer:
            Attribute("peer", .object(.peer), "The pair's other end.", isRequired: true)
        case .parent:
            Attribute(
                "parent",
                .interfaceName,
                "The link of the node whose wire it shares.",
                isRequired: true,
                synonyms: ["link", "lower"]
            )
        case .mode:
            Attribute(
                "mode",
                .choice(Macvlan.Mode.allCases.map(\.rawValue)),
                "Whom it reaches among the links of its parent.",
                default: "bridge"
            )
        default: nil
        }
    }
}
