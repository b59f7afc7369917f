import NetworkModel
import NetworkTesting

extension AttributeBase {
    /// A firewall that knows one bridge and one port.
    var firewall: FirewallState {
        var firewall = FirewallState()
        firewall.bridges[bridge.name] = FirewallState.Bridge(
            subnets: [prefix("10.9.0.0", 24), prefix("fd00:9::", 64)],
            reachesOutside: true
        )
        let addresses = [ip("10.9.0.7"), ip("fd00:9::7")]
        firewall.ports[near.name] = FirewallState.Port(mac: mac(7), addresses: addresses)
        return firewall
    }

    func prefix(_ text: String, _ length: UInt8) -> Prefix { Prefix(containing: ip(text), length: length) }
}

/// What nftables holds; a stranger's hand in it is `nft`.
extension AttributeCase {
    private static func bridge(
        _ property: String,
        _ plan: [String],
        drift: [String],
        _ change: @escaping @Sendable (AttributeBase, inout FirewallState.Bridge) -> Void
    ) -> AttributeCase {
        AttributeCase("FirewallState.Bridge.\(property)", plan, drift: drift) { base, state in
            guard var bridge = state.firewall?.bridges[base.bridge.name] else { return }
            change(base, &bridge)
            state.firewall?.bridges[base.bridge.name] = bridge
        }
    }

    private static func port(
        _ property: String,
        _ plan: [String],
        drift: [String],
        _ change: @escaping @Sendable (AttributeBase, inout FirewallState.Port) -> Void
    ) -> AttributeCase {
        AttributeCase("FirewallState.Port.\(property)", plan, drift: drift) { base, state in
            guard var port = state.firewall?.ports[base.near.name] else { return }
            change(base, &port)
            state.firewall?.ports[base.near.name] = port
        }
    }

    static let firewall = firewallTables + firewallBridges + firewallPorts

    private static let firewallTables = [
        AttributeCase(
            "NodeState.firewall",
            ["delete firewall"],
            drift: [
                "nft delete table inet weft", "nft delete table bridge weft",
                "nft add table inet weft { flags dormant ; }",
                "nft flush chain inet weft forward", "nft insert rule inet weft input accept",
                "nft add rule bridge weft incoming accept",
                "nft add chain inet weft forward { policy drop ; }",
                "nft add chain inet weft more", "nft add set bridge weft more { type ifname ; }",
                "nft add element inet weft outside { \"br1\" comment \"theirs\" }",
            ]
        ) { $1.firewall = nil },
        AttributeCase(
            "FirewallState.vxlanPorts",
            ["change firewall vxlanPorts"],
            drift: ["nft flush set inet weft vxlan_ports", "nft add element inet weft vxlan_ports { 4790 }"]
        ) { $1.firewall?.vxlanPorts = [4789, 8472] },
        AttributeCase(
            "FirewallState.ranges",
            ["create firewall"],
            drift: [
                "nft add element inet weft ranges4 { 10.77.0.0/16 }",
                "nft add element inet weft ranges6 { fd77::/64 }",
            ]
        ) { $1.firewall?.ranges = [$0.prefix("10.9.0.0", 16), $0.prefix("fd00:9::", 64)] },
        AttributeCase(
            "FirewallState.tunnels",
            ["create firewall"],
            drift: ["nft add element inet weft tunnels { 4789 . 0x77 }"]
        ) { $1.firewall?.tunnels = [FirewallState.Tunnel(VNI(number: 7), port: 4789)] },
        AttributeCase(
            "FirewallState.nodes",
            ["create firewall"],
            drift: [
                "nft add element inet weft nodes4 { 10.77.0.1 }",
                "nft add element inet weft nodes6 { fd77::1 }",
            ]
        ) { $1.firewall?.nodes = [$0.ip("10.9.0.1"), $0.ip("fd00:9::1")] },
    ]

    private static let firewallBridges = [
        AttributeCase(
            "FirewallState.bridges",
            ["create firewall"],
            drift: [
                "nft delete element inet weft networks { \"br0\" }",
                "nft delete element inet weft within { \"br0\" . \"br0\" }",
                "nft add element inet weft networks { \"lo\" }",
                "nft add element inet weft within { \"br0\" . \"br1\" }",
            ]
        ) { $1.firewall?.bridges[$0.second.name] = FirewallState.Bridge() },
        bridge(
            "subnets",
            ["change firewall subnets", "change firewall"],
            drift: [
                "nft delete element inet weft subnets4 { \"br0\" . 10.9.0.0/24 }",
                "nft add element inet weft subnets6 { \"br0\" . fd00:8::/64 }",
                "nft add element inet weft subnets4 { \"br0\" . 10.8.0.1-10.8.0.6 }",
                "nft add element inet weft subnets4 { \"br0\" . 10.8.0.1 }",
            ]
        ) { $1.subnets[0] = $0.prefix("10.9.0.0", 16) },
        bridge(
            "reachesOutside",
            ["change firewall outside"],
            drift: ["nft delete element inet weft outside { \"br0\" }"]
        ) { $1.reachesOutside = false },
        bridge(
            "masquerades",
            ["change firewall masquerade"],
            drift: ["nft add element inet weft masqueraded { \"br0\" }"]
        ) { $1.masquerades = true },
        bridge(
            "isReachable",
            ["change firewall reachable"],
            drift: ["nft add element inet weft reachable { \"br0\" }"]
        ) { $1.isReachable = true },
        bridge(
            "spansNodes",
            ["change firewall spansNodes"],
            drift: [
                "nft add element inet weft parts4 { \"br0\" . 10.9.0.0/24 }",
                "nft add element inet weft parts6 { \"br0\" . fd00:9::/64 }",
            ]
        ) { $1.spansNodes = true },
    ]

    private static let firewallPorts = [
        AttributeCase(
            "FirewallState.ports",
            ["delete firewall"],
            drift: [
                "nft delete element bridge weft ports { \"v0\" }",
                "nft add element bridge weft ports { \"vx0\" }",
            ]
        ) { $1.firewall?.ports[$0.near.name] = nil },
        port(
            "mac",
            ["change firewall mac", "change firewall"],
            drift: [
                "nft delete element bridge weft macs { \"v0\" . 02:00:00:00:00:07 }",
                "nft add element bridge weft macs { \"v0\" . 02:00:00:00:00:09 }",
                "nft flush set bridge weft macs",
            ]
        ) { $1.mac = $0.mac(9) },
        port(
            "addresses",
            ["change firewall addresses"],
            drift: [
                "nft delete element bridge weft senders4 { \"v0\" . 02:00:00:00:00:07 . 10.9.0.7 }",
                "nft add element bridge weft senders4 { \"v0\" . 02:00:00:00:00:09 . 10.9.0.7 }",
                "nft add element bridge weft senders6 { \"v0\" . 02:00:00:00:00:07 . fd00:9::8 }",
                "nft add element bridge weft targets6 { \"v0\" . 0xfd000009000000000000000000000008 }",
            ]
        ) { $1.addresses.append($0.ip("10.9.0.8")) },
    ]
}
