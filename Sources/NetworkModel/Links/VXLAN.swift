/// The options of a VXLAN link: Ethernet frames in UDP.
///
/// Equivalent to `ip link add NAME type vxlan id VNI local ADDRESS dstport PORT …`.
///
/// The kernel fixes ``vni``, ``port`` and most flags when it creates the link; ``mustBeMadeAnew(from:)`` knows which.
///
/// Kernel: `drivers/net/vxlan/vxlan_core.c` (`vxlan_policy`, `vxlan_nl2conf`), `include/uapi/linux/if_link.h`
/// (`IFLA_VXLAN_*`). Standard: RFC 7348.
package struct VXLAN: Hashable, Sendable {
    /// The network identifier.
    ///
    /// `IFLA_VXLAN_ID`.
    package var vni: VNI
    /// The source address of the tunnel; `nil` lets the kernel choose for each packet.
    ///
    /// `IFLA_VXLAN_LOCAL`, `IFLA_VXLAN_LOCAL6`.
    package var local: IPAddress?
    /// Where frames to unknown addresses go: a node or a multicast group.
    ///
    /// `IFLA_VXLAN_GROUP`, `IFLA_VXLAN_GROUP6`.
    package var remote: IPAddress?
    /// The link of the underlay that packets leave by.
    ///
    /// `IFLA_VXLAN_LINK`.
    package var underlay: InterfaceName?
    /// The UDP port.
    ///
    /// 4789 is IANA's; the kernel's own default is 8472, so it is always sent. `IFLA_VXLAN_PORT`.
    package var port: UInt16 = 4789
    /// Learns where addresses are from what comes in.
    ///
    /// `IFLA_VXLAN_LEARNING`.
    package var learning = true
    /// The TTL of outer packets; 0: 1 for multicast, else the route's.
    ///
    /// `IFLA_VXLAN_TTL`.
    package var ttl: UInt8 = 0
    /// The TOS of outer packets; 1: that of the inner.
    ///
    /// `IFLA_VXLAN_TOS`.
    package var tos: UInt8 = 0
    /// How long a learnt entry lasts, in seconds.
    ///
    /// `IFLA_VXLAN_AGEING`.
    package var ageing: UInt32 = 300
    /// Answers ARP and ND for the link's own neighbours.
    ///
    /// `IFLA_VXLAN_PROXY`.
    package var proxy = false
    /// Checksums outer UDP over IPv4.
    ///
    /// `IFLA_VXLAN_UDP_CSUM`.
    package var udpChecksum = true
    /// Sends outer UDP over IPv6 without checksum.
    ///
    /// `IFLA_VXLAN_UDP_ZERO_CSUM6_TX`.
    package var udpZeroChecksum6Transmit = false
    /// Takes outer UDP over IPv6 without checksum.
    ///
    /// `IFLA_VXLAN_UDP_ZERO_CSUM6_RX`.
    package var udpZeroChecksum6Receive = false

    package init(vni: VNI) {
        self.vni = vni
    }

    /// What VXLAN adds to a packet, in bytes: Ethernet 14, VXLAN 8, UDP 8, and IPv4 20 or IPv6 40.
    package static func overhead(over family: AddressFamily) -> UInt32 {
        family == .ipv4 ? 50 : 70
    }
}
