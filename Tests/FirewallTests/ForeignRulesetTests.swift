import Firewall
import NetworkModel
import NetworkTesting
import Testing

@Suite("Tables of others")
struct ForeignRulesetTests {
    private typealias Rule = ForeignTable.Rule
    private typealias Pattern = ForeignTable.LinkPattern

    private static func tables(_ program: String..., rules: String) throws -> [ForeignTable] {
        try ThrowAwayNode.with("ff-") { node in
            try node.run("ip link add br-a type bridge")
            try node.command(program).reading(rules).output()
            return try node.inside { try NodeFirewall().foreignTables() }
        }
    }

    /// A chain that sees forwarded packets, with these rules, and sets and other chains before it.
    private static func rules(_ rules: String, besides: String = "") throws -> [Rule]? {
        let text = """
            table inet fw {
                \(besides)
                chain forward {
                    type filter hook forward priority 0; policy drop;
                    \(rules)
                }
            }
            """
        let tables = try tables("nft", "-f", "-", rules: text)
        #expect(tables.count == 1)
        #expect(tables.first?.chains["forward"]?.forwardPolicy == .drop)
        return tables.first?.chains["forward"]?.rules
    }

    private static func prefix(_ text: String) -> Prefix {
        let parts = text.split(separator: "/")
        return Prefix(containing: IPAddress(parts[0]) ?? .unspecified(.ipv4), length: UInt8(parts[1]) ?? 0)
    }

    @Test("are those that see forwarded packets, and never Weft's", .kernel)
    func which() throws {
        try ThrowAwayNode.with("ff-") { node in
            try node.inside {
                let firewall = try NodeFirewall()
                #expect(try firewall.foreignTables() == [])
                try firewall.carryOut([.write([.network(InterfaceName(fromKernel: "br-a"))])])
                #expect(try firewall.foreignTables() == [])
                let others = """
                    add table inet other
                    add chain inet other input { type filter hook input priority 0; policy drop; }
                    add table bridge fw
                    add chain bridge fw forward { type filter hook forward priority 0; policy drop; }
                    add table ip weft
                    add chain ip weft forward { type filter hook forward priority 5; }
                    add chain ip weft aside
                    add rule ip weft aside accept
                    add table ip6 fw
                    add chain ip6 fw forward { type filter hook forward priority 5; policy drop; }

                    """
                try Command(["nft", "-f", "-"]).reading(others).output()
                var four = ForeignTable(.ip, "weft")
                four.chains["forward"] = ForeignTable.Chain(forwardPolicy: .accept)
                four.chains["aside"] = ForeignTable.Chain()
                four.chains["aside"]?.rules = [Rule([], .accept)]
                var six = ForeignTable(.ip6, "fw")
                six.chains["forward"] = ForeignTable.Chain(forwardPolicy: .drop)
                #expect(try firewall.foreignTables() == [four, six])
                // Beside one of its own family Weft's is not taken for another's.
                try Command("nft add chain inet other forward { type filter hook forward priority 0 ; }")
                    .output()
                #expect(try firewall.foreignTables().map(\.name) == ["weft", "fw", "other"])
            }
        }
    }

    @Test("have rules about links, by name, pattern, list, set and index", .kernel)
    func links() throws {
        let rules = try Self.rules(
            """
            iifname "br-a" accept
            iifname "br-*" oifname != "eth0" counter drop
            oifname { "a", "b" } log prefix "x" accept comment "c"
            iifname != { "a", "b" } reject
            iifname @trusted jump other
            iif "br-a" goto other
            iifname vmap { "a" : accept, "b" : jump other }
            oifname vmap @ways
            iifname . oifname { "a" . "b" } accept
            """,
            besides: """
                chain other { return; counter; }
                set trusted { type ifname; elements = { "a", "b" } }
                map ways { type ifname : verdict; elements = { "a" : drop } }
                """
        )
        func links(_ names: String...) -> [Pattern] { names.map(Pattern.init) }
        #expect(
            rules == [
                Rule([.link(.source, links("br-a"))], .accept),
                Rule([.link(.source, links("br-*")), .not(.link(.destination, links("eth0")))], .drop),
                Rule([.link(.destination, links("a", "b"))], .accept),
                Rule([.not(.link(.source, links("a", "b")))], .drop),
                Rule([.link(.source, links("a", "b"))], .jump("other")),
                Rule([.link(.source, links("br-a"))], .goto("other")),
                Rule([.link(.source, links("a"))], .accept),
                Rule([.link(.source, links("b"))], .jump("other")),
                Rule([.link(.destination, links("a"))], .drop),
                Rule([.unknown], .accept),
            ]
        )
    }

    @Test("have rules about connections, families and addresses", .kernel)
    func packets() throws {
        let rules = try Self.rules(
            """
            ct state established,related accept
            ct state { established, related } accept
            ct state != established drop
            ct state vmap { invalid : drop, established : accept }
            meta nfproto ipv4 accept
            meta protocol ip6 accept
            ip saddr 10.0.0.0/8 ip daddr != 10.0.0.1 accept
            ip6 saddr { fd00::/64, fd01::1 } accept
            ip daddr @nets accept
            ip daddr { 10.0.0.1-10.0.0.5 } accept
            """,
            besides: "set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }"
        )
        let known: ForeignTable.ConnectionStates = [.established, .related]
        #expect(
            rules == [
                Rule([.connection(known)], .accept), Rule([.connection(known)], .accept),
                Rule([.not(.connection(.established))], .drop),
                Rule([.connection(.invalid)], .drop), Rule([.connection(.established)], .accept),
                Rule([.family(.ipv4)], .accept), Rule([.family(.ipv6)], .accept),
                Rule(
                    [
                        .family(.ipv4), .address(.source, [Self.prefix("10.0.0.0/8")]), .family(.ipv4),
                        .not(.address(.destination, [Self.prefix("10.0.0.1/32")])),
                    ],
                    .accept
                ),
                Rule(
                    [.family(.ipv6), .address(.source, ["fd00::/64", "fd01::1/128"].map(Self.prefix))],
                    .accept
                ),
                Rule([.family(.ipv4), .address(.destination, [Self.prefix("10.0.0.0/8")])], .accept),
                Rule([.family(.ipv4), .unknown], .accept),
            ]
        )
    }

    @Test("have rules that nobody can tell of, and statements that do not matter", .kernel)
    func others() throws {
        let rules = try Self.rules(
            """
            tcp dport 80 accept
            limit rate 3/minute accept
            ct mark 1 accept
            iifgroup 7 drop
            meta mark set 1
            meta mark set 1 counter accept
            tcp flags syn tcp option maxseg size set rt mtu
            continue
            counter
            """
        )
        #expect(
            rules == [
                Rule([.unknown], .accept), Rule([.unknown], .accept), Rule([.unknown], .accept),
                Rule([.unknown], .drop), Rule([], .accept),
            ]
        )
    }

    @Test(
        "of iptables are understood: links, states and comments, and that others' extensions are not",
        .kernel
    )
    func iptables() throws {
        let tables = try Self.tables(
            "iptables-restore",
            rules: """
                *filter
                :INPUT ACCEPT
                :FORWARD DROP
                :OUTPUT ACCEPT
                :DOCKER-USER -
                -A FORWARD -j DOCKER-USER
                -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                -A FORWARD -o docker0 -m state --state ESTABLISHED -m comment --comment "an answer" -j ACCEPT
                -A FORWARD ! -i docker0 -m conntrack ! --ctstate INVALID -j ACCEPT
                -A FORWARD -i br-+ -g DOCKER-USER
                -A FORWARD -j LOG
                -A FORWARD -m addrtype --dst-type LOCAL -j ACCEPT
                -A FORWARD -m conntrack --ctproto 6 -j ACCEPT
                -A FORWARD -s 10.0.0.0/8 -j REJECT
                -A DOCKER-USER -j RETURN
                COMMIT

                """
        )
        var table = ForeignTable(.ip, "filter")
        table.chains["FORWARD"] = ForeignTable.Chain(forwardPolicy: .drop)
        table.chains["DOCKER-USER"] = ForeignTable.Chain()
        table.chains["INPUT"] = ForeignTable.Chain()
        table.chains["OUTPUT"] = ForeignTable.Chain()
        table.chains["DOCKER-USER"]?.rules = [Rule([], .return)]
        table.chains["FORWARD"]?.rules = [
            Rule([], .jump("DOCKER-USER")),
            Rule([.connection([.established, .related])], .accept),
            Rule([.link(.destination, [Pattern("docker0")]), .connection(.established)], .accept),
            Rule([.not(.link(.source, [Pattern("docker0")])), .unknown], .accept),
            Rule([.link(.source, [Pattern("br-*")])], .goto("DOCKER-USER")),
            Rule([.unknown], .accept), Rule([.unknown], .accept),
            Rule([.family(.ipv4), .address(.source, [Self.prefix("10.0.0.0/8")])], .drop),
        ]
        #expect(tables == [table])
    }
}
