internal import NetworkModel

extension LinkKey {
    /// The options of a bridge.
    var bridgeAttribute: Attribute? {
        switch self {
        case .stpState: flag("stp_state", "Spanning tree protocol.", false, synonyms: ["stp"])
        case .priority:
            Attribute(
                "priority",
                .number(0...65535, unit: ""),
                "The bridge's priority in the spanning tree.",
                default: "32768"
            )
        case .forwardDelay:
            Attribute(
                "forward_delay",
                .number(0...UInt64(UInt32.max), unit: Self.centiseconds),
                "How long listening and learning each last, in hundredths of a second; 200 through 3000 with stp_state.",
                default: "1500"
            )
        case .helloTime:
            Attribute(
                "hello_time",
                .number(100...1000, unit: Self.centiseconds),
                "Time between hello packets, in hundredths of a second.",
                default: "200"
            )
        case .maxAge:
            Attribute(
                "max_age",
                .number(600...4000, unit: Self.centiseconds),
                "Until another bridge counts as gone, in hundredths of a second.",
                default: "2000"
            )
        case .ageingTime:
            Attribute(
                "ageing_time",
                .number(0...UInt64(UInt32.max), unit: Self.centiseconds),
                "How long a learnt FDB entry lasts, in hundredths of a second.",
                default: "30000"
            )
        case .groupForwardMask:
            Attribute(
                "group_fwd_mask",
                .number(0...65535, unit: ""),
                "Which link-local groups are forwarded, a bit each; never bits 0, 1 and 2.",
                default: "0"
            )
        case .vlanFiltering: flag("vlan_filtering", "VLAN filtering.", false)
        case .vlanDefaultPVID:
            Attribute(
                "vlan_default_pvid",
                .number(0...4094, unit: ""),
                "The VLAN of untagged frames at new ports; 0: none.",
                default: "1"
            )
        case .multicastSnooping: flag("mcast_snooping", "Multicast snooping: IGMP and MLD.", true)
        case .multicastQuerier: flag("mcast_querier", "Sends IGMP and MLD queries itself.", false)
        case .callsIPTables: flag("nf_call_iptables", "Bridged IPv4 packets pass iptables.", false)
        case .callsIP6Tables: flag("nf_call_ip6tables", "Bridged IPv6 packets pass ip6tables.", false)
        case .callsARPTables: flag("nf_call_arptables", "Bridged ARP packets pass arptables.", false)
        default: nil
        }
    }

    /// The options of a VXLAN link that are no flags.
    var vxlanAttribute: Attribute? {
        switch self {
        case .vni:
            Attribute(
                "vni",
                .number(UInt64(VNI.range.lowerBound)...UInt64(VNI.range.upperBound), unit: ""),
                "The VXLAN network identifier.",
                isRequired: true,
                synonyms: ["id"]
            )
        case .local:
            Attribute(
                "local",
                .address,
                "The source address of the tunnel.",
                default: "the kernel's choice for each packet"
            )
        case .remote:
            Attribute(
                "remote",
                .address,
                "Where frames to unknown addresses go: a node, or a multicast group.",
                default: "nowhere",
                synonyms: ["group"]
            )
        case .dev:
            Attribute(
                "dev",
                .interfaceName,
                "The link of the node that packets leave by.",
                default: "the one that the route says",
                synonyms: ["link"]
            )
        case .port:
            Attribute(
                "port",
                .number(1...65535, unit: ""),
                "The UDP port.",
                default: "4789",
                synonyms: ["dstport"]
            )
        case .ttl:
            Attribute(
                "ttl",
                .number(0...255, unit: "hops"),
                "The TTL of outer packets; 0: 1 for multicast, else the route's.",
                default: "0"
            )
        case .tos:
            Attribute(
                "tos",
                .number(0...255, unit: ""),
                "The TOS of outer packets; 1: that of the inner.",
                default: "0"
            )
        case .ageing:
            Attribute(
                "ageing",
                // The kernel takes 0 for its own default.
                .number(1...UInt64(UInt32.max), unit: "seconds"),
                "How long a learnt FDB entry lasts, in seconds.",
                default: "300"
            )
        default: nil
        }
    }

    /// The options of a VXLAN link that are flags.
    var vxlanFlagAttribute: Attribute? {
        switch self {
        case .learning: flag("learning", "Learns where addresses are from what comes in.", true)
        case .proxy: flag("proxy", "Answers ARP and ND for the link's own neighbours.", false)
        case .udpChecksum: flag("udpcsum", "Checksums outer UDP over IPv4.", true)
        case .udpZeroChecksum6Transmit:
            flag("udp6zerocsumtx", "Sends outer UDP over IPv6 without checksum.", false)
        case .udpZeroChecksum6Receive:
            flag("udp6zerocsumrx", "Takes outer UDP over IPv6 without checksum.", false)
        default: nil
        }
    }

    private static let centiseconds = "hundredths of a second"

    private func flag(
        _ name: String,
        _ summary: String,
        _ fallback: Bool,
        synonyms: [String] = []
    ) -> Attribute {
        Attribute(name, .boolean, summary, default: "\(fallback)", synonyms: synonyms)
    }
}

/// The keys of a link's behaviour as a port of its bridge.
enum BridgePortKey: Int, KeySet {
    case cost, priority, hairpin, guardsBPDU, blocksRoot, fastLeave, learning
    case unicastFlood, multicastFlood, broadcastFlood, neighbourSuppression, isolated

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .cost:
            Attribute(
                "cost",
                .number(1...65535, unit: ""),
                "The cost of the port in the spanning tree.",
                default: "from the link's speed"
            )
        case .priority:
            Attribute(
                "priority",
                .number(0...63, unit: ""),
                "The priority of the port in the spanning tree.",
                default: "32"
            )
        case .hairpin: flag("hairpin", "Frames may leave by the port they came in.", false)
        case .guardsBPDU: flag("guard", "Drops BPDUs.", false)
        case .blocksRoot: flag("root_block", "Never becomes the root port.", false)
        case .fastLeave: flag("fastleave", "Leaves multicast groups at once.", false)
        case .learning: flag("learning", "Learns source addresses.", true)
        case .unicastFlood: flag("flood", "Floods frames to unknown unicast addresses.", true)
        case .multicastFlood: flag("mcast_flood", "Floods frames to unknown multicast groups.", true)
        case .broadcastFlood: flag("bcast_flood", "Floods broadcast frames.", true)
        case .neighbourSuppression:
            flag(
                "neigh_suppress",
                "Answers ARP and ND from the bridge's neighbour table instead of flooding.",
                false
            )
        case .isolated: flag("isolated", "Exchanges no frame with other isolated ports.", false)
        }
    }

    private func flag(_ name: String, _ summary: String, _ fallback: Bool) -> Attribute {
        Attribute(name, .boolean, summary, default: "\(fallback)")
    }
}

/// The keys of an address on a link.
enum AddressKey: Int, KeySet {
    case address, scope, nodad, noprefixroute

    static let index = KeyIndex<Self>()

    var attribute: Attribute {
        switch self {
        case .address:
            Attribute(
                "address",
                .interfaceAddress,
                "The address with the length of its prefix.",
                isRequired: true
            )
        case .scope:
            Attribute(
                "scope",
                .choice(AddressScope.allCases.map(\.rawValue)),
                "How far the address is valid; for IPv4 only.",
                default: "global"
            )
        case .nodad:
            Attribute(
                "nodad",
                .boolean,
                "Usable at once, with no duplicate address detection; for IPv6 only.",
                default: "false"
            )
        case .noprefixroute:
            Attribute("noprefixroute", .boolean, "Brings no route to its prefix.", default: "false")
        }
    }
}
