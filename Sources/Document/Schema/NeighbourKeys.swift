internal import NetworkModel

/// The keys of a neighbour.
enum NeighbourKey: Int, KeySet {
    case dev, namespace, address, mac

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .dev:
            Attribute(
                "dev",
                .interfaceName,
                "The link it is on, which is one of this document.",
                isRequired: true,
                synonyms: ["device", "interface", "link"]
            )
        case .namespace:
            Attribute.namespace("the link")
        case .address:
            Attribute(
                "address",
                .address,
                "The address that is asked for.",
                isRequired: true,
                synonyms: ["ip", "to", "dst"]
            )
        case .mac:
            Attribute("mac", .mac, "The MAC that answers.", isRequired: true, synonyms: ["lladdr"])
        }
    }
}

/// The keys of an FDB entry.
enum ForwardingKey: Int, KeySet {
    case dev, namespace, mac, dst, own, master, state, vlan, vni, port

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .dev, .namespace, .mac, .dst: placeAttribute
        case .own:
            Attribute(
                "self",
                .boolean,
                "It is in the link's own table.",
                default: "true with 'dst', on VXLAN links and on bridges, unless 'master' is given"
            )
        case .master:
            Attribute(
                "master",
                .boolean,
                "It is in the table of the bridge that the link is a port of. With 'self' besides: in both.",
                default: "true where 'self' is not"
            )
        case .state:
            Attribute(
                "state",
                .choice(ForwardingEntry.State.allCases.map(\.rawValue)),
                "'static' does not age; 'permanent' on a bridge's port: the MAC is the port's own.",
                default: "static with 'master', else permanent"
            )
        case .vlan:
            Attribute(
                "vlan",
                .number(0...4094, unit: ""),
                "The VLAN, for bridges that filter them; 0: none.",
                default: "0"
            )
        case .vni:
            Attribute(
                "vni",
                .number(UInt64(VNI.range.lowerBound)...UInt64(VNI.range.upperBound), unit: ""),
                "The VNI that the tunnel end expects.",
                default: "the link's"
            )
        case .port:
            Attribute(
                "port",
                .number(1...65535, unit: ""),
                "The UDP port of the tunnel end.",
                default: "the link's"
            )
        }
    }

    private var placeAttribute: Attribute {
        switch self {
        case .dev:
            Attribute(
                "dev",
                .interfaceName,
                "The link it is on, which is one of this document.",
                isRequired: true,
                synonyms: ["device", "interface", "link"]
            )
        case .namespace:
            Attribute.namespace("the link")
        case .mac:
            Attribute(
                "mac",
                .mac,
                "The MAC that frames are for; zero on a VXLAN link: all that have no entry.",
                isRequired: true,
                synonyms: ["lladdr", "address"]
            )
        case .dst:
            Attribute(
                "dst",
                .address,
                "The tunnel end that has the MAC; on VXLAN links only.",
                synonyms: ["via", "remote", "to"]
            )
        case .own, .master, .state, .vlan, .vni, .port:
            preconditionFailure("says not where")
        }
    }
}
