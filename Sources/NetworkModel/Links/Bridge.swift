/// The options of a bridge, each with the kernel's default.
///
/// Equivalent to `ip link add NAME type bridge …`. All can be changed in place.
///
/// Kernel: `net/bridge/br_netlink.c`, `br_policy`; `include/uapi/linux/if_link.h`, `IFLA_BR_*`.
package struct Bridge: Hashable, Sendable {
    /// Spanning tree protocol.
    ///
    /// `IFLA_BR_STP_STATE`.
    package var stpState = false
    /// The priority of this bridge in the spanning tree.
    ///
    /// `IFLA_BR_PRIORITY`.
    package var priority: UInt16 = 32768
    /// Listening and learning each last so long, in hundredths of a second.
    ///
    /// `IFLA_BR_FORWARD_DELAY`.
    package var forwardDelay: UInt32 = 1500
    /// Time between hello packets, in hundredths of a second.
    ///
    /// `IFLA_BR_HELLO_TIME`.
    package var helloTime: UInt32 = 200
    /// Until another bridge counts as gone, in hundredths of a second.
    ///
    /// `IFLA_BR_MAX_AGE`.
    package var maxAge: UInt32 = 2000
    /// How long a learnt FDB entry lasts, in hundredths of a second.
    ///
    /// `IFLA_BR_AGEING_TIME`.
    package var ageingTime: UInt32 = 30000
    /// Which link-local groups are forwarded, a bit each.
    ///
    /// `IFLA_BR_GROUP_FWD_MASK`.
    package var groupForwardMask: UInt16 = 0
    /// VLAN filtering.
    ///
    /// `IFLA_BR_VLAN_FILTERING`.
    package var vlanFiltering = false
    /// The VLAN of untagged frames at new ports; 0 for none.
    ///
    /// `IFLA_BR_VLAN_DEFAULT_PVID`.
    package var vlanDefaultPVID: UInt16 = 1
    /// Multicast snooping: IGMP and MLD.
    ///
    /// `IFLA_BR_MCAST_SNOOPING`.
    package var multicastSnooping = true
    /// Sends IGMP and MLD queries itself.
    ///
    /// `IFLA_BR_MCAST_QUERIER`.
    package var multicastQuerier = false
    /// Bridged IPv4 packets pass iptables.
    ///
    /// `IFLA_BR_NF_CALL_IPTABLES`.
    package var callsIPTables = false
    /// Bridged IPv6 packets pass ip6tables.
    ///
    /// `IFLA_BR_NF_CALL_IP6TABLES`.
    package var callsIP6Tables = false
    /// Bridged ARP packets pass arptables.
    ///
    /// `IFLA_BR_NF_CALL_ARPTABLES`.
    package var callsARPTables = false

    package init() {}

    /// How many ports a bridge takes.
    ///
    /// Kernel: `net/bridge/br_private.h`, `BR_MAX_PORTS`, less port 0.
    package static let maximumPortCount = 1023
}

/// How a link behaves as a port of its bridge, each option with the kernel's default.
///
/// Equivalent to `ip link set NAME type bridge_slave …`.
///
/// Kernel: `net/bridge/br_netlink.c`, `br_port_policy`; `include/uapi/linux/if_link.h`, `IFLA_BRPORT_*`.
package struct BridgePort: Hashable, Sendable {
    /// The cost of the port in the spanning tree; `nil` for what the kernel derives from the link's speed.
    ///
    /// `IFLA_BRPORT_COST`.
    package var cost: UInt32?
    /// The priority of the port in the spanning tree: 0 through 63.
    ///
    /// `IFLA_BRPORT_PRIORITY`.
    package var priority: UInt16 = 32
    /// Frames may leave by the port they came in.
    ///
    /// `IFLA_BRPORT_MODE`.
    package var hairpin = false
    /// Drops BPDUs.
    ///
    /// `IFLA_BRPORT_GUARD`.
    package var guardsBPDU = false
    /// Never becomes the root port.
    ///
    /// `IFLA_BRPORT_PROTECT`.
    package var blocksRoot = false
    /// Leaves multicast groups at once.
    ///
    /// `IFLA_BRPORT_FAST_LEAVE`.
    package var fastLeave = false
    /// Learns source addresses.
    ///
    /// `IFLA_BRPORT_LEARNING`.
    package var learning = true
    /// Floods frames to unknown unicast addresses.
    ///
    /// `IFLA_BRPORT_UNICAST_FLOOD`.
    package var unicastFlood = true
    /// Floods frames to unknown multicast groups.
    ///
    /// `IFLA_BRPORT_MCAST_FLOOD`.
    package var multicastFlood = true
    /// Floods broadcast frames.
    ///
    /// `IFLA_BRPORT_BCAST_FLOOD`.
    package var broadcastFlood = true
    /// Answers ARP and ND from the bridge's neighbour table instead of flooding them.
    ///
    /// `IFLA_BRPORT_NEIGH_SUPPRESS`.
    package var neighbourSuppression = false
    /// Exchanges no frame with other isolated ports.
    ///
    /// `IFLA_BRPORT_ISOLATED`.
    package var isolated = false

    package init() {}
}
