import NetworkModel
import Planner
import Testing

/// What others' firewalls would drop is warned of, word for word, and decides nothing.
@Suite("Others' firewalls")
struct ForeignFirewallTests {
    private typealias Rule = ForeignTable.Rule
    private typealias Condition = ForeignTable.Condition

    private static func prefix(_ text: String) -> Prefix {
        let parts = text.split(separator: "/")
        return Prefix(containing: IPAddress(parts[0]) ?? .unspecified(.ipv4), length: UInt8(parts[1]) ?? 0)
    }

    /// A network's bridge that reaches the outside.
    private static func bridge(_ subnets: String..., reachable: Bool = false) -> FirewallState.Bridge {
        FirewallState.Bridge(
            subnets: subnets.map(prefix),
            reachesOutside: true,
            masquerades: true,
            isReachable: reachable
        )
    }

    private static let back = ["br-back": bridge("172.18.0.0/24")]

    private static func from(_ names: String...) -> Condition {
        .link(.source, names.map(ForeignTable.LinkPattern.init))
    }

    private static func to(_ names: String...) -> Condition {
        .link(.destination, names.map(ForeignTable.LinkPattern.init))
    }

    private static let answers = Condition.connection([.established, .related])

    /// A table with a base chain `forward` and others.
    private static func table(
        _ rules: [Rule],
        policy: ForeignTable.Policy = .drop,
        family: ForeignTable.Family = .inet,
        name: String = "fw",
        chain: String = "forward",
        others: [String: [Rule]] = [:]
    ) -> ForeignTable {
        var table = ForeignTable(family, name)
        table.chains[chain] = ForeignTable.Chain(forwardPolicy: policy)
        table.chains[chain]?.rules = rules
        for (name, rules) in others { table.chains[name, default: .init()].rules = rules }
        return table
    }

    /// What is warned of where these tables and bridges are: message and hint, one after the other.
    private static func warnings(
        _ tables: ForeignTable...,
        bridges: [String: FirewallState.Bridge] = back,
        bridged: Set<AddressFamily> = [],
        uplink: String? = "eth0",
        link: Bridge? = nil
    ) throws -> [String] {
        var observed = ObservedState()
        observed.foreignForwarding = ForeignForwarding(tables: tables, bridgedFamilies: bridged)
        if let uplink {
            for family in AddressFamily.allCases {
                var route = Route(to: .all(family), in: .node)
                route.device = InterfaceName(fromKernel: uplink)
                observed.node.routes.append(ObservedRoute(route, protocolNumber: 4))
            }
        }
        var desired = NodeState(node: "n")
        var firewall = FirewallState()
        for (name, bridge) in bridges { firewall.bridges[InterfaceName(fromKernel: name)] = bridge }
        desired.firewall = firewall
        if let link {
            let id = LinkID(InterfaceName(fromKernel: "br-back"), in: .node)
            desired.links[id] = Link(
                id,
                kind: .bridge(link),
                mac: MACAddress(bits: 0x0200_0000_0001),
                purpose: "x"
            )
        }
        let plan = try Plan(from: observed, to: desired)
        observed.foreignForwarding = ForeignForwarding()
        #expect(try plan.changes == Plan(from: observed, to: desired).changes)
        return plan.warnings.flatMap { [$0.message, $0.hint ?? ""] }
    }

    // MARK: What counts as let through

    @Test("are no matter that let everything through, or both ways of what concerns a network")
    func letThrough() throws {
        #expect(try Self.warnings(Self.table([], policy: .accept)) == [])
        let both = [Rule([Self.from("br-*")], .accept), Rule([Self.to("br-back"), Self.answers], .accept)]
        #expect(try Self.warnings(Self.table(both)) == [])
        #expect(try Self.warnings(Self.table(both), uplink: nil) == [])
        let byUplink = [
            Rule([Self.from("br-back"), Self.to("eth0")], .accept),
            Rule([Self.to("br-back"), Self.from("eth0")], .accept),
        ]
        #expect(try Self.warnings(Self.table(byUplink)) == [])
        // By another way out, or by one that is not known, nothing is let through for sure.
        #expect(try Self.warnings(Self.table(byUplink), uplink: "eth1").count == 2)
        #expect(try Self.warnings(Self.table(byUplink), uplink: nil).count == 2)
        let byAddress = [
            Rule([.family(.ipv4), .address(.source, [Self.prefix("172.16.0.0/12")])], .accept),
            Rule([.family(.ipv4), .address(.destination, [Self.prefix("172.18.0.0/24")])], .accept),
        ]
        #expect(try Self.warnings(Self.table(byAddress)) == [])
        let narrow = [Rule([.address(.source, [Self.prefix("172.18.0.0/25")])], .accept), both[1]]
        #expect(try Self.warnings(Self.table(narrow)).count == 2)
        let others = [Rule([.not(Self.from("docker0"))], .accept)]
        #expect(try Self.warnings(Self.table(others)) == [])
        let nobody = Self.table([Rule([Self.from("docker0")], .accept), Rule([.unknown], .accept)])
        #expect(try Self.warnings(nobody).count == 2)
        // Weft's networks are nobody's if there are none.
        #expect(try Self.warnings(Self.table([]), bridges: [:]) == [])
    }

    @Test("drop by their last rule as by their policy, but not by one that perhaps concerns others")
    func dropped() throws {
        let last = Self.table([Rule([Self.answers], .accept), Rule([], .drop)], policy: .accept)
        #expect(
            try Self.warnings(last) == [
                "chain 'forward' of table 'inet fw' drops packets of bridge 'br-back': to the outside",
                #"nft 'insert rule inet fw forward iifname "br-back" accept'"#,
            ]
        )
        for harmless in [
            Condition.unknown, .not(.unknown), .connection(.invalid), .family(.ipv6), Self.from("docker0"),
            .address(.destination, [Self.prefix("192.0.2.0/24")]), .not(Self.from("br-back", "eth0")),
        ] {
            let table = Self.table([Rule([harmless], .drop)], policy: .accept)
            #expect(try Self.warnings(table) == [], "\(harmless)")
        }
        #expect(
            try Self.warnings(Self.table([Rule([Self.to("br-back")], .drop)], policy: .accept)).count == 2
        )
    }

    @Test("are followed from chain to chain, in order and back, and not for ever")
    func chains() throws {
        let accept = Rule([], .accept)
        let back = [Rule([Self.from("br-back")], .accept), Rule([Self.to("br-back")], .accept)]
        func table(_ rules: [Rule], _ others: [String: [Rule]]) -> ForeignTable {
            Self.table(rules, others: others)
        }
        // Taken: a jump, one of a jump, a goto.
        #expect(try Self.warnings(table([Rule([], .jump("a"))], ["a": back])) == [])
        let deep = ["a": [Rule([], .jump("b"))], "b": back]
        #expect(try Self.warnings(table([Rule([], .jump("a"))], deep)) == [])
        #expect(try Self.warnings(table([Rule([], .goto("a"))], deep)) == [])
        // What decides nothing comes back to the rule behind the jump, and behind a goto to none.
        #expect(try Self.warnings(table([Rule([], .jump("a")), accept], ["a": []])) == [])
        #expect(try Self.warnings(table([Rule([], .goto("a")), accept], ["a": []])).count == 2)
        #expect(
            try Self.warnings(table([Rule([], .jump("a")), accept], ["a": [Rule([], .goto("b"))], "b": []]))
                == []
        )
        #expect(
            try Self.warnings(table([Rule([], .jump("a"))], ["a": [Rule([], .return), accept]])).count == 2
        )
        // A jump that perhaps is taken is none.
        #expect(try Self.warnings(table([Rule([.unknown], .jump("a"))], ["a": [accept]])).count == 2)
        // The kernel has no loops and no jump to nowhere; nobody waits for ever for the end of one.
        let loop = ["a": [Rule([], .jump("b"))], "b": [Rule([], .jump("a")), accept]]
        #expect(try Self.warnings(table([Rule([], .jump("a"))], loop)) == [])
        #expect(try Self.warnings(table([Rule([], .jump("nowhere"))], [:])).count == 2)
    }

    // MARK: What a network needs

    @Test("are asked only what a network needs: its families, its ways, answers or connections")
    func needs() throws {
        let old = Self.table([], family: .ip)
        let new = Self.table([], family: .ip6)
        #expect(try Self.warnings(new) == [])
        #expect(try Self.warnings(old, new).count == 2)
        let dual = ["br-back": Self.bridge("172.18.0.0/24", "fd00:18::/64")]
        #expect(try Self.warnings(old, new, bridges: dual).count == 4)
        let half = Self.table([Rule([.family(.ipv4)], .accept)])
        #expect(try Self.warnings(half) == [])
        #expect(try Self.warnings(half, bridges: dual).count == 2)

        let stateful = Self.table([Rule([Self.from("br-back")], .accept), Rule([Self.answers], .accept)])
        #expect(try Self.warnings(stateful) == [])
        let reachable = ["br-back": Self.bridge("172.18.0.0/24", reachable: true)]
        #expect(
            try Self.warnings(stateful, bridges: reachable) == [
                "chain 'forward' of table 'inet fw' drops packets of bridge 'br-back': from the outside",
                #"nft 'insert rule inet fw forward oifname "br-back" accept'"#,
            ]
        )
        let inside = ["br-back": FirewallState.Bridge(subnets: [Self.prefix("172.18.0.0/24")])]
        #expect(try Self.warnings(Self.table([]), bridges: inside) == [])
    }

    @Test("see what stays within a network where the kernel shows it to them")
    func bridged() throws {
        let inside = [
            "br-back": FirewallState.Bridge(subnets: ["172.18.0.0/24", "fd00:18::/64"].map(Self.prefix))
        ]
        let message =
            "chain 'forward' of table 'inet fw' drops packets of bridge 'br-back': within the network"
        let hint = #"nft 'insert rule inet fw forward iifname "br-back" accept'"#
        #expect(
            try Self.warnings(Self.table([]), bridges: inside, bridged: [.ipv4])
                == ["\(message) ('net.bridge.bridge-nf-call-iptables' is 1)", hint]
        )
        #expect(
            try Self.warnings(Self.table([], family: .ip), bridges: inside, bridged: [.ipv6]) == []
        )
        var link = Bridge()
        link.callsIP6Tables = true
        #expect(
            try Self.warnings(Self.table([]), bridges: inside, link: link)
                == ["\(message) ('nf_call_ip6tables' of 'br-back' is on)", hint]
        )
        let within = Self.table([Rule([Self.from("br-back"), Self.to("br-back")], .accept)])
        #expect(try Self.warnings(within, bridges: inside, bridged: [.ipv4, .ipv6]) == [])
        let byAddress = Rule(
            [
                .address(.source, [Self.prefix("172.18.0.0/24")]),
                .address(.destination, [Self.prefix("172.18.0.0/16")]),
            ],
            .accept
        )
        #expect(try Self.warnings(Self.table([byAddress]), bridges: inside, bridged: [.ipv4]) == [])
        #expect(try Self.warnings(Self.table([], policy: .accept), bridges: inside, bridged: [.ipv4]) == [])
    }

    // MARK: Whose it is, and what helps

    private static let two = [
        "br-back": bridge("172.18.0.0/24", "fd00:18::/64"),
        "br-front": bridge("172.19.0.0/24", reachable: true),
    ]

    @Test("of Docker are told with the rules of the chain that it leaves to others")
    func docker() throws {
        let table = Self.table(
            [Rule([], .jump("DOCKER-USER")), Rule([], .jump("DOCKER-ISOLATION-STAGE-1"))],
            family: .ip,
            name: "filter",
            chain: "FORWARD",
            others: ["DOCKER-USER": [Rule([], .return)], "DOCKER-ISOLATION-STAGE-1": []]
        )
        #expect(
            try Self.warnings(table) == [
                "Docker's chain 'FORWARD' of table 'ip filter' drops packets of bridge 'br-back': "
                    + "to the outside, from the outside",
                "iptables -I DOCKER-USER -i br-back -j ACCEPT && "
                    + "iptables -I DOCKER-USER -o br-back -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            ]
        )
        #expect(
            try Self.warnings(table, bridges: Self.two) == [
                "Docker's chain 'FORWARD' of table 'ip filter' drops packets of bridges 'br-back', 'br-front': "
                    + "to the outside, from the outside",
                "for bridge in br-back br-front; do iptables -I DOCKER-USER -i \"$bridge\" -j ACCEPT; done && "
                    + "iptables -I DOCKER-USER -o br-back -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT && "
                    + "iptables -I DOCKER-USER -o br-front -j ACCEPT",
            ]
        )
    }

    @Test(
        "of iptables alone, and of chains that anybody may have made in nftables, are told with their own commands"
    )
    func plain() throws {
        let six = Self.table([Rule([Self.answers], .accept)], family: .ip6, name: "filter", chain: "FORWARD")
        #expect(
            try Self.warnings(six, bridges: Self.two) == [
                "chain 'FORWARD' of table 'ip6 filter' drops packets of bridge 'br-back': to the outside",
                "ip6tables -I FORWARD -i br-back -j ACCEPT",
            ]
        )
        #expect(
            try Self.warnings(Self.table([]), bridges: Self.two)[1]
                == "nft 'insert rule inet fw forward iifname { \"br-back\", \"br-front\" } accept; "
                + "insert rule inet fw forward oifname \"br-back\" ct state established,related accept; "
                + "insert rule inet fw forward oifname \"br-front\" accept'"
        )
    }

    @Test("of ufw are told once for both families")
    func ufw() throws {
        let tables = [ForeignTable.Family.ip, .ip6].map { family in
            let chain = family == .ip ? "ufw-before-forward" : "ufw6-before-forward"
            return Self.table(
                [Rule([], .jump("DOCKER-USER")), Rule([], .jump(chain))],
                family: family,
                name: "filter",
                chain: "FORWARD",
                others: [chain: [Rule([Self.answers], .accept)]]
            )
        }
        #expect(
            try Self.warnings(tables[0], tables[1], bridges: Self.two) == [
                "ufw's chain 'FORWARD' of tables 'ip filter' and 'ip6 filter' drops packets of bridges "
                    + "'br-back', 'br-front': to the outside, from the outside",
                "for bridge in br-back br-front; do ufw route allow in on \"$bridge\"; done && "
                    + "ufw route allow out on br-front",
            ]
        )
    }

    @Test("of firewalld are told with the zone, and with a policy where others begin connections")
    func firewalld() throws {
        let table = Self.table(
            [Rule([Self.answers], .accept), Rule([], .drop)],
            policy: .accept,
            name: "firewalld",
            chain: "filter_FORWARD"
        )
        #expect(
            try Self.warnings(table) == [
                "firewalld's chain 'filter_FORWARD' of table 'inet firewalld' drops packets of bridge 'br-back': "
                    + "to the outside",
                "firewall-cmd --zone=trusted --add-interface=br-back && "
                    + "firewall-cmd --permanent --zone=trusted --add-interface=br-back",
            ]
        )
        #expect(
            try Self.warnings(table, bridges: Self.two)[1]
                == "firewall-cmd --zone=trusted --add-interface=br-back --add-interface=br-front && "
                + "firewall-cmd --permanent --zone=trusted --add-interface=br-back --add-interface=br-front && "
                + "firewall-cmd --permanent --new-policy=weft && "
                + "firewall-cmd --permanent --policy=weft --add-ingress-zone=ANY && "
                + "firewall-cmd --permanent --policy=weft --add-egress-zone=trusted && "
                + "firewall-cmd --permanent --policy=weft --set-target=ACCEPT && firewall-cmd --reload"
        )
    }

    @Test("have names that no shell takes for anything else")
    func quoting() throws {
        let bridges = ["br'$(x)": Self.bridge("172.18.0.0/24")]
        let table = Self.table([Rule([Self.answers], .accept)], name: "a'b", chain: "c;d")
        #expect(
            try Self.warnings(table, bridges: bridges)[1]
                == #"nft 'insert rule inet a'\''b c;d iifname "br'\''$(x)" accept'"#
        )
        let iptables = Self.table(
            [Rule([Self.answers], .accept)],
            family: .ip,
            name: "filter",
            chain: "FORWARD"
        )
        #expect(
            try Self.warnings(iptables, bridges: bridges)[1]
                == #"iptables -I FORWARD -i 'br'\''$(x)' -j ACCEPT"#
        )
    }

    @Test("that can't be read are told of, and nothing is refused for it")
    func unreadable() throws {
        var observed = ObservedState()
        observed.foreignForwarding = ForeignForwarding(unreadable: "no")
        var desired = NodeState(node: "n")
        desired.firewall = FirewallState()
        #expect(
            try Plan(from: observed, to: desired).warnings.map(\.description) == [
                "whether others' firewalls drop what networks forward is not known: they could not be read: no; "
                    + "'nft list ruleset' shows them"
            ]
        )
    }
}
