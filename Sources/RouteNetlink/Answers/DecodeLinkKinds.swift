internal import CMnl
internal import Netlink
internal import NetworkModel

extension Bridge {
    /// Reads `IFLA_INFO_DATA` of a bridge.
    ///
    /// Kernel: `net/bridge/br_netlink.c`, `br_fill_info()`.
    init(_ attributes: NetlinkAttributes) {
        self.init()
        var attributes = attributes
        while let attribute = attributes.next() {
            let flag = attribute.uint8 != 0
            switch Int(attribute.type) {
            case Int(IFLA_BR_FORWARD_DELAY): forwardDelay = attribute.uint32 ?? forwardDelay
            case Int(IFLA_BR_HELLO_TIME): helloTime = attribute.uint32 ?? helloTime
            case Int(IFLA_BR_MAX_AGE): maxAge = attribute.uint32 ?? maxAge
            case Int(IFLA_BR_AGEING_TIME): ageingTime = attribute.uint32 ?? ageingTime
            case Int(IFLA_BR_STP_STATE): stpState = attribute.uint32 ?? 0 != 0
            case Int(IFLA_BR_PRIORITY): priority = attribute.uint16 ?? priority
            case Int(IFLA_BR_GROUP_FWD_MASK): groupForwardMask = attribute.uint16 ?? groupForwardMask
            case Int(IFLA_BR_VLAN_FILTERING): vlanFiltering = flag
            case Int(IFLA_BR_VLAN_DEFAULT_PVID): vlanDefaultPVID = attribute.uint16 ?? vlanDefaultPVID
            case Int(IFLA_BR_MCAST_SNOOPING): multicastSnooping = flag
            case Int(IFLA_BR_MCAST_QUERIER): multicastQuerier = flag
            case Int(IFLA_BR_NF_CALL_IPTABLES): callsIPTables = flag
            case Int(IFLA_BR_NF_CALL_IP6TABLES): callsIP6Tables = flag
            case Int(IFLA_BR_NF_CALL_ARPTABLES): callsARPTables = flag
            default: break
            }
        }
    }
}

extension BridgePort {
    /// Reads `IFLA_INFO_SLAVE_DATA` of a bridge's port.
    ///
    /// Kernel: `net/bridge/br_netlink.c`, `br_port_fill_attrs()`.
    init(_ attributes: NetlinkAttributes) {
        self.init()
        var attributes = attributes
        while let attribute = attributes.next() {
            let flag = attribute.uint8 != 0
            switch Int(attribute.type) {
            case Int(IFLA_BRPORT_COST): cost = attribute.uint32
            case Int(IFLA_BRPORT_PRIORITY): priority = attribute.uint16 ?? priority
            case Int(IFLA_BRPORT_MODE): hairpin = flag
            case Int(IFLA_BRPORT_GUARD): guardsBPDU = flag
            case Int(IFLA_BRPORT_PROTECT): blocksRoot = flag
            case Int(IFLA_BRPORT_FAST_LEAVE): fastLeave = flag
            case Int(IFLA_BRPORT_LEARNING): learning = flag
            case Int(IFLA_BRPORT_UNICAST_FLOOD): unicastFlood = flag
            case Int(IFLA_BRPORT_MCAST_FLOOD): multicastFlood = flag
            case Int(IFLA_BRPORT_BCAST_FLOOD): broadcastFlood = flag
            case Int(IFLA_BRPORT_NEIGH_SUPPRESS): neighbourSuppression = flag
            case Int(IFLA_BRPORT_ISOLATED): isolated = flag
            default: break
            }
        }
    }
}

/// Reads `IFLA_INFO_DATA` of a VXLAN link.
///
/// Kernel: `drivers/net/vxlan/vxlan_core.c`, `vxlan_fill_info()`.
///
/// - Returns: The options without the underlay, and the underlay's index.
func decodeVXLAN(_ attributes: NetlinkAttributes) -> (VXLAN, underlayIndex: Int32?) {
    var attributes = attributes
    var vxlan = VXLAN(vni: VNI(number: 0))
    var underlayIndex: Int32?
    while let attribute = attributes.next() {
        let flag = attribute.uint8 != 0
        switch Int(attribute.type) {
        case Int(IFLA_VXLAN_ID): vxlan.vni = VNI(number: attribute.uint32 ?? 0)
        case Int(IFLA_VXLAN_GROUP), Int(IFLA_VXLAN_GROUP6): vxlan.remote = specified(attribute)
        case Int(IFLA_VXLAN_LOCAL), Int(IFLA_VXLAN_LOCAL6): vxlan.local = specified(attribute)
        case Int(IFLA_VXLAN_LINK): underlayIndex = attribute.int32
        case Int(IFLA_VXLAN_PORT): vxlan.port = attribute.uint16.map { UInt16(bigEndian: $0) } ?? 0
        case Int(IFLA_VXLAN_LEARNING): vxlan.learning = flag
        case Int(IFLA_VXLAN_TTL): vxlan.ttl = attribute.uint8 ?? 0
        case Int(IFLA_VXLAN_TOS): vxlan.tos = attribute.uint8 ?? 0
        case Int(IFLA_VXLAN_AGEING): vxlan.ageing = attribute.uint32 ?? 0
        case Int(IFLA_VXLAN_PROXY): vxlan.proxy = flag
        case Int(IFLA_VXLAN_UDP_CSUM): vxlan.udpChecksum = flag
        case Int(IFLA_VXLAN_UDP_ZERO_CSUM6_TX): vxlan.udpZeroChecksum6Transmit = flag
        case Int(IFLA_VXLAN_UDP_ZERO_CSUM6_RX): vxlan.udpZeroChecksum6Receive = flag
        default: break
        }
    }
    return (vxlan, underlayIndex == 0 ? nil : underlayIndex)
}

/// The address in an attribute, if it is any in particular.
private func specified(_ attribute: NetlinkAttribute) -> IPAddress? {
    guard let address = IPAddress(networkBytes: attribute.payload), !address.isUnspecified else { return nil }
    return address
}

/// Reads `IFLA_INFO_DATA` of a macvlan link, without its parent.
///
/// Kernel: `drivers/net/macvlan.c`, `macvlan_fill_info()`.
func decodeMacvlan(_ attributes: NetlinkAttributes) -> Macvlan {
    var attributes = attributes
    var macvlan = Macvlan(parent: InterfaceName(fromKernel: ""))
    while let attribute = attributes.next() {
        guard Int(attribute.type) == Int(IFLA_MACVLAN_MODE), let number = attribute.uint32 else { continue }
        macvlan.mode = Macvlan.Mode.allCases.first { $0.number == number } ?? .private
    }
    return macvlan
}
