import NetworkModel
import NetworkTesting

/// Every attribute there is: a property that is missing here fails a test.
extension AttributeCase {
    static let all = links + bridges + ports + vxlans + macvlans + addresses + routes + entries + firewall

    private static func bridge(
        _ property: String,
        _ option: String,
        _ value: String,
        _ change: @escaping @Sendable (inout Bridge) -> Void
    ) -> AttributeCase {
        let drift = "ip link set br0 type bridge \(option) \(value)"
        return AttributeCase("Bridge.\(property)", ["change link \(option)"], drift: drift) {
            $0.bridge(&$1, change)
        }
    }

    private static let bridges = [
        bridge("stpState", "stp_state", "1") { $0.stpState = true },
        bridge("priority", "priority", "4096") { $0.priority = 4096 },
        bridge("forwardDelay", "forward_delay", "400") { $0.forwardDelay = 400 },
        bridge("helloTime", "hello_time", "300") { $0.helloTime = 300 },
        bridge("maxAge", "max_age", "1000") { $0.maxAge = 1000 },
        bridge("ageingTime", "ageing_time", "1000") { $0.ageingTime = 1000 },
        bridge("groupForwardMask", "group_fwd_mask", "8") { $0.groupForwardMask = 8 },
        bridge("vlanFiltering", "vlan_filtering", "1") { $0.vlanFiltering = true },
        bridge("vlanDefaultPVID", "vlan_default_pvid", "9") { $0.vlanDefaultPVID = 9 },
        bridge("multicastSnooping", "mcast_snooping", "0") { $0.multicastSnooping = false },
        bridge("multicastQuerier", "mcast_querier", "1") { $0.multicastQuerier = true },
        bridge("callsIPTables", "nf_call_iptables", "1") { $0.callsIPTables = true },
        bridge("callsIP6Tables", "nf_call_ip6tables", "1") { $0.callsIP6Tables = true },
        bridge("callsARPTables", "nf_call_arptables", "1") { $0.callsARPTables = true },
    ]

    private static func port(
        _ property: String,
        _ option: String,
        _ value: String,
        _ change: @escaping @Sendable (inout BridgePort) -> Void
    ) -> AttributeCase {
        let drift = "ip link set v0 type bridge_slave \(option) \(value)"
        return AttributeCase("BridgePort.\(property)", ["change link bridge_slave.\(option)"], drift: drift) {
            base,
            state in
            if var link = state.links[base.near] {
                change(&link.port)
                state.links[base.near] = link
            }
        }
    }

    private static let ports = [
        port("cost", "cost", "77") { $0.cost = 77 },
        port("priority", "priority", "9") { $0.priority = 9 },
        port("hairpin", "hairpin", "on") { $0.hairpin = true },
        port("guardsBPDU", "guard", "on") { $0.guardsBPDU = true },
        port("blocksRoot", "root_block", "on") { $0.blocksRoot = true },
        port("fastLeave", "fastleave", "on") { $0.fastLeave = true },
        port("learning", "learning", "off") { $0.learning = false },
        port("unicastFlood", "flood", "off") { $0.unicastFlood = false },
        port("multicastFlood", "mcast_flood", "off") { $0.multicastFlood = false },
        port("broadcastFlood", "bcast_flood", "off") { $0.broadcastFlood = false },
        port("neighbourSuppression", "neigh_suppress", "on") { $0.neighbourSuppression = true },
        port("isolated", "isolated", "on") { $0.isolated = true },
    ]

    private static let links = [
        AttributeCase("Link.isUp", ["change link up"], drift: "ip link set m0 down") {
            $1.links[$0.macvlan]?.isUp = false
        },
        AttributeCase("Link.mtu", ["change link mtu"], drift: "ip link set v0 mtu 1400") {
            $1.links[$0.near]?.mtu = MTU(bytes: 1400)
        },
        AttributeCase("Link.mac", ["change link mac"], drift: "ip link set v0 address 02:00:00:00:77:77") {
            $1.links[$0.near]?.mac = $0.mac(0x7777)
        },
        AttributeCase("Link.master", ["change link master", "create fdb"], drift: "ip link set v0 nomaster") {
            $1.links[$0.near]?.master = $0.second.name
        },
        AttributeCase(
            "Link.addressGeneration",
            ["change link addrgenmode"],
            drift: "ip link set v0 addrgenmode eui64"
        ) {
            $1.links[$0.near]?.addressGeneration = .eui64
        },
        AttributeCase("Link.purpose", ["change link alias"], drift: "ip link set v0 alias strange") {
            $1.links[$0.near]?.purpose = "other"
        },
    ]

    private static func vxlan(
        _ property: String,
        _ option: String,
        isRemade: Bool = false,
        drift: String?,
        _ change: @escaping @Sendable (inout VXLAN) -> Void
    ) -> AttributeCase {
        let edit: @Sendable (AttributeBase, inout NodeState) -> Void = { $0.vxlan(&$1, change) }
        let plan =
            isRemade ? ["delete link", "remake link \(option)", "create fdb"] : ["change link \(option)"]
        guard let drift else { return AttributeCase("VXLAN.\(property)", plan, edit: edit) }
        return AttributeCase(
            "VXLAN.\(property)",
            plan,
            drift: "ip link set vx0 type vxlan id 7 \(drift)",
            edit: edit
        )
    }

    // What the kernel can't change in place no stranger can change either.
    private static let vxlans = [
        vxlan("vni", "vni", isRemade: true, drift: nil) { $0.vni = VNI(number: 8) },
        vxlan("local", "local", drift: "local 172.16.1.9") { $0.local = IPAddress("172.16.1.9") },
        vxlan("remote", "remote", drift: "remote 172.16.1.9") { $0.remote = IPAddress("172.16.1.9") },
        vxlan("underlay", "dev", drift: "dev fv4") { $0.underlay = InterfaceName(fromKernel: "fv4") },
        vxlan("port", "port", isRemade: true, drift: nil) { $0.port = 8472 },
        vxlan("learning", "learning", drift: "nolearning") { $0.learning = false },
        vxlan("ttl", "ttl", drift: "ttl 9") { $0.ttl = 9 },
        vxlan("tos", "tos", drift: "tos 16") { $0.tos = 16 },
        vxlan("ageing", "ageing", drift: "ageing 60") { $0.ageing = 60 },
        vxlan("proxy", "proxy", isRemade: true, drift: nil) { $0.proxy = true },
        vxlan("udpChecksum", "udpcsum", isRemade: true, drift: nil) { $0.udpChecksum = false },
        vxlan("udpZeroChecksum6Transmit", "udp6zerocsumtx", isRemade: true, drift: nil) {
            $0.udpZeroChecksum6Transmit = true
        },
        vxlan("udpZeroChecksum6Receive", "udp6zerocsumrx", isRemade: true, drift: nil) {
            $0.udpZeroChecksum6Receive = true
        },
    ]

    private static let macvlans = [
        AttributeCase("Macvlan.parent", ["delete link", "remake link parent"]) { base, state in
            base.macvlan(&state) { $0.parent = InterfaceName(fromKernel: "fv4") }
        },
        AttributeCase("Macvlan.mode", ["change link mode"], drift: "ip link set m0 type macvlan mode vepa") {
            base,
            state in
            base.macvlan(&state) { $0.mode = .vepa }
        },
    ]

    private static let addresses = [
        AttributeCase(
            "InterfaceAddress.address",
            ["create address", "delete address"],
            drift: "ip addr del fd00:9::1/64 dev br0"
        ) { $1.links[$0.bridge]?.addresses[1] = $0.address("fd00:9::2", 64) },
        AttributeCase(
            "InterfaceAddress.prefixLength",
            ["create address", "delete address"],
            drift: "ip addr del 10.8.0.1/24 dev br1"
        ) { $1.links[$0.second]?.addresses[0] = $0.address("10.8.0.1", 16) },
        AttributeCase("InterfaceAddress.scope", ["delete address", "remake address scope"]) {
            $1.links[$0.second]?.addresses[0].scope = .link
        },
        AttributeCase("InterfaceAddress.skipsDuplicateDetection", ["change address nodad"]) {
            $1.links[$0.bridge]?.addresses[1].skipsDuplicateDetection = false
        },
        AttributeCase(
            "InterfaceAddress.hasNoPrefixRoute",
            ["change address noprefixroute"],
            drift: "ip addr change fd00:9::1/64 dev br0 noprefixroute"
        ) { $1.links[$0.bridge]?.addresses[1].hasNoPrefixRoute = true },
    ]
}
