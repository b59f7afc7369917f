/// Weft's rules, in nft's own words: the same on every node, however many networks and sandboxes there are.
///
/// What they look up is in sets, in constant time; ``SetName`` says which has which elements.
///
/// - In family `bridge` what comes from a sandbox is seen as it comes in, before any bridge has it: a sandbox sends from its own
///   MAC and its own addresses, so it can't forward for another one, and claims no others, by ARP or by neighbour
///   advertisements. Between endpoints of one network nothing else is asked.
/// - In family `inet` is what leaves a bridge for the node, for another network, or for the outside.
enum Ruleset {
    /// The name of both tables; it is what makes them Weft's.
    static let table = "weft"

    /// The families that have a table.
    enum Family: String, CaseIterable {
        case bridge
        case inet
    }

    /// Takes the tables away, whether or not they are there.
    static let removal = Family.allCases.map {
        "add table \($0.rawValue) \(table)\ndelete table \($0.rawValue) \(table)\n"
    }.joined()

    /// Makes the tables, empty sets and all rules.
    ///
    /// The priorities: before connection tracking (-200) for what is forged, which is to leave no trace; before others' filters (0)
    /// for what is apart, and where everybody has it for masquerading.
    static let creation = """
        table bridge \(table) {
            set \(SetName.ports.rawValue) { type ifname; }
            set \(SetName.macs.rawValue) { type ifname . ether_addr; }
            set \(SetName.senders4.rawValue) { type ifname . ether_addr . ipv4_addr; }
            set \(SetName.senders6.rawValue) { type ifname . ether_addr . ipv6_addr; }
            set \(SetName.targets6.rawValue) { typeof meta iifname . @th,64,128; }

            chain incoming {
                type filter hook prerouting priority -300; policy accept;
                iifname . ether saddr . ip saddr @senders4 accept comment "an endpoint's own IPv4 address"
                icmpv6 type nd-neighbor-advert jump advertised
                iifname . ether saddr . ip6 saddr @senders6 accept comment "an endpoint's own IPv6 address"
                iifname != @ports accept comment "no endpoint"
                iifname . ether saddr != @macs drop comment "a forged MAC"
                ether type { 8021q, 8021ad } drop comment "tagged: what is in it would be looked at by nobody"
                ether type ip ip saddr != 0.0.0.0 drop comment "a forged IPv4 address"
                ether type ip6 ip6 saddr != :: drop comment "a forged IPv6 address"
                ether type ip6 ip6 saddr :: meta l4proto != ipv6-icmp drop comment "no sender, and no neighbour discovery"
                ip6 saddr :: icmpv6 type != { 130, 131, 132, 133, 135, 143 } drop comment "no sender, and no question"
                ether type arp iifname . ether saddr . arp saddr ip @senders4 accept comment "an endpoint's own address"
                ether type arp arp saddr ip != 0.0.0.0 drop comment "a forged address in ARP"
            }

            chain advertised {
                iifname . @th,64,128 @targets6 return comment "an endpoint's own IPv6 address"
                iifname @ports drop comment "a forged neighbour advertisement"
            }
        }
        table inet \(table) {
            set \(SetName.networks.rawValue) { type ifname; }
            set \(SetName.within.rawValue) { type ifname . ifname; }
            set \(SetName.outside.rawValue) { type ifname; }
            set \(SetName.reachable.rawValue) { type ifname; }
            set \(SetName.masqueraded.rawValue) { type ifname; }
            set \(SetName.subnets4.rawValue) { type ifname . ipv4_addr; flags interval; }
            set \(SetName.subnets6.rawValue) { type ifname . ipv6_addr; flags interval; }
            set \(SetName.parts4.rawValue) { type ifname . ipv4_addr; flags interval; }
            set \(SetName.parts6.rawValue) { type ifname . ipv6_addr; flags interval; }
            set \(SetName.ranges4.rawValue) { type ipv4_addr; flags interval; }
            set \(SetName.ranges6.rawValue) { type ipv6_addr; flags interval; }
            set \(SetName.vxlanPorts.rawValue) { type inet_service; }
            set \(SetName.tunnels.rawValue) { typeof udp dport . @th,96,24; }
            set \(SetName.nodes4.rawValue) { type ipv4_addr; }
            set \(SetName.nodes6.rawValue) { type ipv6_addr; }
            set \(SetName.unforgotten4.rawValue) { type ipv4_addr; }
            set \(SetName.unforgotten6.rawValue) { type ipv6_addr; }

            chain input {
                type filter hook input priority -10; policy accept;
                iifname @networks jump to_node
                udp dport . @th,96,24 @tunnels jump tunnelled
            }

            chain to_node {
                udp dport @vxlan_ports drop comment "VXLAN from a sandbox"
                iifname @outside accept comment "the node is part of the outside"
                ct state established accept comment "an answer to the node"
                iifname . ip daddr @subnets4 accept comment "the node in the network"
                iifname . ip6 daddr @subnets6 accept comment "the node in the network"
                ip daddr { 224.0.0.0/4, 255.255.255.255 } accept comment "to all on the link"
                ip6 daddr { fe80::/10, ff00::/8 } accept comment "on the link"
                drop comment "from an internal network"
            }

            chain tunnelled {
                ip saddr @nodes4 accept
                ip6 saddr @nodes6 accept
                drop comment "VXLAN from no node"
            }

            chain forward {
                type filter hook forward priority -10; policy accept;
                ct state established accept comment "what was let through when it began"
                iifname . oifname @within accept comment "within a network"
                iifname @networks jump leaving
                oifname @networks jump entering
            }

            chain leaving {
                oifname @networks drop comment "between networks"
                udp dport @vxlan_ports drop comment "VXLAN from a sandbox"
                iifname . ip daddr @parts4 accept comment "within a network, on another node"
                iifname . ip6 daddr @parts6 accept comment "within a network, on another node"
                iifname != @outside drop comment "from an internal network"
                ip daddr @ranges4 drop comment "another network, on another node"
                ip6 daddr @ranges6 drop comment "another network, on another node"
                iifname @masqueraded ct state invalid drop comment "nothing is masqueraded of no connection"
            }

            chain entering {
                oifname . ip saddr @parts4 accept comment "within a network, from another node"
                oifname . ip6 saddr @parts6 accept comment "within a network, from another node"
                ct state related ip saddr @nodes4 accept comment "an error from a node on the way"
                ct state related ip6 saddr @nodes6 accept comment "an error from a node on the way"
                oifname != @outside drop comment "to an internal network"
                ip saddr @ranges4 drop comment "another network, from another node"
                ip6 saddr @ranges6 drop comment "another network, from another node"
                oifname @reachable accept comment "endpoints have addresses of the outside"
                ct state related accept comment "an error on the way of what an endpoint began"
                drop comment "from outside"
            }

            chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                iifname . ip daddr @subnets4 accept comment "within a network"
                iifname . ip6 daddr @subnets6 accept comment "within a network"
                iifname @masqueraded masquerade
            }
        }

        """
}

/// The sets of the rules.
enum SetName: String, CaseIterable {
    case ports
    case macs
    case senders4
    case senders6
    case targets6
    case networks
    case within
    case outside
    case reachable
    case masqueraded
    case subnets4
    case subnets6
    case parts4
    case parts6
    case ranges4
    case ranges6
    case vxlanPorts = "vxlan_ports"
    case tunnels
    case nodes4
    case nodes6
    case unforgotten4
    case unforgotten6

    /// The family of the table that the set is in.
    var family: Ruleset.Family {
        switch self {
        case .ports, .macs, .senders4, .senders6, .targets6: .bridge
        case .networks, .within, .outside, .reachable, .masqueraded, .subnets4, .subnets6, .parts4, .parts6,
            .ranges4, .ranges6, .vxlanPorts, .tunnels, .nodes4, .nodes6, .unforgotten4, .unforgotten6:
            .inet
        }
    }
}
