import NetworkModel
import NetworkTesting

extension AttributeCase {
    private static func route(
        _ property: String,
        _ plan: [String],
        _ index: Int = AttributeBase.route4,
        drift: String = "ip route del 192.168.1.0/24 proto 87",
        _ change: @escaping @Sendable (AttributeBase, inout Route) -> Void
    ) -> AttributeCase {
        AttributeCase("Route.\(property)", plan, drift: drift) { change($0, &$1.routes[index]) }
    }

    static let routes = [
        route("destination", ["create route", "delete route"]) {
            $1.destination = Prefix(containing: $0.ip("192.168.2.0"), length: 24)
        },
        route(
            "gateway",
            ["change route via"],
            drift: "ip route replace 192.168.1.0/24 via 10.9.0.88 proto 87"
        ) {
            $1.gateway = $0.ip("10.9.0.10")
        },
        route("gateway", ["change route via"], AttributeBase.route6, drift: "ip -6 route del fd11::/64") {
            $1.gateway = $0.ip("fd00:9::10")
        },
        route(
            "source",
            ["change route src"],
            drift: "ip route replace 192.168.1.0/24 via 10.9.0.9 src 10.8.0.1 proto 87"
        ) {
            $1.source = $0.ip("10.9.0.1")
        },
        AttributeCase("Route.place", ["create route", "delete route"]) { base, state in
            state.routes[0].place = base.far.place
            state.routes[0].gateway = nil
            state.routes[0].device = base.far.name
        },
        route("device", ["change route via, dev"], drift: "ip route replace 192.168.1.0/24 dev br1 proto 87")
        {
            $1.gateway = $0.ip("10.8.0.9")
            $1.device = $0.second.name
        },
        route("table", ["create route", "delete route"]) { $1.table = 100 },
        route("metric", ["create route", "delete route"]) { $1.metric = 9 },
        route(
            "mtu",
            ["change route mtu"],
            drift: "ip route replace 192.168.1.0/24 via 10.9.0.9 mtu 1300 proto 87"
        ) {
            $1.mtu = MTU(bytes: 1400)
        },
        route(
            "mtu",
            ["change route mtu"],
            AttributeBase.route6,
            drift: "ip -6 route change fd11::/64 via fd00:9::9 mtu 1300 proto 87"
        ) {
            $1.mtu = MTU(bytes: 1400)
        },
        route("type", ["change route type, via"], drift: "ip route replace blackhole 192.168.1.0/24 proto 87")
        {
            $1.type = .unreachable
            $1.gateway = nil
        },
        route("type", ["delete route", "remake route type, via"], AttributeBase.route6) {
            $1.type = .unreachable
            $1.gateway = nil
        },
        route(
            "isOnLink",
            ["change route onlink"],
            drift: "ip route replace 192.168.1.0/24 via 10.9.0.9 dev br0 onlink proto 87"
        ) {
            $1.isOnLink = true
            $1.device = $0.bridge.name
        },
        route("scope", ["change route via, scope"]) {
            $1.gateway = nil
            $1.device = $0.bridge.name
            $1.scope = .link
        },
    ]

    static let entries = [
        AttributeCase(
            "Neighbour.address",
            ["create neighbour", "delete neighbour"],
            drift: "ip neigh del 10.9.0.7 dev br0"
        ) {
            $1.neighbours[0].address = $0.ip("10.9.0.8")
        },
        AttributeCase(
            "Neighbour.mac",
            ["change neighbour mac"],
            drift: "ip neigh replace 10.9.0.7 lladdr 02:00:00:00:00:99 dev br0 nud permanent"
        ) { $1.neighbours[0].mac = $0.mac(9) },
        AttributeCase("Neighbour.link", ["create neighbour", "delete neighbour"]) {
            $1.neighbours[0].link = $0.second
        },
        AttributeCase(
            "ForwardingEntry.mac",
            ["create fdb", "delete fdb"],
            drift: "bridge fdb del 02:00:00:00:00:07 dev vx0 self"
        ) {
            $1.forwarding[0].mac = $0.mac(9)
        },
        AttributeCase(
            "ForwardingEntry.destination",
            ["change fdb dst"],
            drift: "bridge fdb replace 02:00:00:00:00:07 dev vx0 dst 172.16.1.99 self permanent"
        ) { $1.forwarding[0].destination = $0.ip("172.16.1.8") },
        AttributeCase(
            "ForwardingEntry.link",
            ["create fdb", "delete fdb"],
            drift: "bridge fdb del 02:00:00:00:00:08 dev v0 master"
        ) {
            $1.forwarding[1].link = $0.bridge
            $1.forwarding[1].table = .own
            $1.forwarding[1].state = .permanent
        },
        AttributeCase(
            "ForwardingEntry.table",
            ["create fdb", "delete fdb"],
            drift: "bridge fdb add 02:00:00:00:00:09 dev v0 master static"
        ) {
            var entry = ForwardingEntry($0.mac(8), on: $0.tunnel, table: .own)
            entry.destination = $0.ip("172.16.1.8")
            $1.forwarding[1] = entry
        },
        AttributeCase(
            "ForwardingEntry.state",
            ["change fdb state"],
            drift: "bridge fdb replace 02:00:00:00:00:08 dev v0 master permanent"
        ) { $1.forwarding[1].state = .permanent },
        AttributeCase(
            "ForwardingEntry.vni",
            ["change fdb vni"],
            drift: "bridge fdb replace 02:00:00:00:00:07 dev vx0 dst 172.16.1.7 vni 3 self permanent"
        ) {
            $1.forwarding[0].vni = VNI(number: 5)
        },
        AttributeCase(
            "ForwardingEntry.port",
            ["change fdb port"],
            drift: "bridge fdb replace 02:00:00:00:00:07 dev vx0 dst 172.16.1.7 port 3 self permanent"
        ) {
            $1.forwarding[0].port = 4790
        },
        AttributeCase("Sysctl.key", ["change sysctl value", "change sysctl value"]) {
            $1.sysctls[0].key.path = "net/ipv4/tcp_keepalive_intvl"
        },
        AttributeCase(
            "Sysctl.value",
            ["change sysctl value"],
            drift: "sysctl -q -w net.ipv4.tcp_keepalive_probes=5"
        ) {
            $1.sysctls[0].value = "8"
        },
        AttributeCase("NodeState.namespaces", ["create namespace"], drift: "ip -n RED link set lo down") {
            $1.namespaces.insert($0.pools.namespaces[1])
        },
        AttributeCase("NodeState.links", ["delete link"], drift: "ip link del m0") {
            $1.links[$0.macvlan] = nil
        },
    ]
}
