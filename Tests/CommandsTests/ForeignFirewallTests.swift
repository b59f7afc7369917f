import LinuxSystem
import NetworkTesting
import Testing

/// Firewalls of others that drop what networks forward: warned of, and left as they are.
@Suite("Others' firewalls", .kernel)
struct ForeignFirewallTests {
    private static let document = """
        weft: 1
        networks: { back: { driver: bridge, subnets: [172.30.0.0/24, "fd00:30::/64"] } }
        sandboxes:
          one: { endpoints: [ { network: back, address: [172.30.0.2, "fd00:30::2"] } ] }
          two: { endpoints: [ { network: back, address: [172.30.0.3, "fd00:30::3"] } ] }

        """

    /// What Docker 20 has when it has begun, as `iptables-save` tells it.
    private static let docker = """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        :DOCKER - [0:0]
        :DOCKER-ISOLATION-STAGE-1 - [0:0]
        :DOCKER-ISOLATION-STAGE-2 - [0:0]
        :DOCKER-USER - [0:0]
        -A FORWARD -j DOCKER-USER
        -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A FORWARD -o docker0 -j DOCKER
        -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
        -A FORWARD -i docker0 -o docker0 -j ACCEPT
        -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
        -A DOCKER-ISOLATION-STAGE-2 -j RETURN
        -A DOCKER-USER -j RETURN
        COMMIT

        """

    /// What ufw has after `ufw enable`, as `iptables-save` tells it, without what does not concern forwarded packets.
    private static let ufw = """
        *filter
        :INPUT DROP [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        :ufw-after-forward - [0:0]
        :ufw-after-logging-forward - [0:0]
        :ufw-before-forward - [0:0]
        :ufw-before-logging-forward - [0:0]
        :ufw-reject-forward - [0:0]
        :ufw-track-forward - [0:0]
        :ufw-user-forward - [0:0]
        -A FORWARD -j ufw-before-logging-forward
        -A FORWARD -j ufw-before-forward
        -A FORWARD -j ufw-after-forward
        -A FORWARD -j ufw-after-logging-forward
        -A FORWARD -j ufw-reject-forward
        -A FORWARD -j ufw-track-forward
        -A ufw-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
        -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A ufw-before-forward -p icmp -m icmp --icmp-type 3 -j ACCEPT
        -A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
        -A ufw-before-forward -j ufw-user-forward
        COMMIT

        """

    /// What firewalld 1.3 has of forwarded packets as long as no link is in a zone, without empty chains.
    private static let firewalld = """
        table inet firewalld {
            chain filter_FORWARD {
                type filter hook forward priority filter + 10; policy accept;
                ct state { established, related } accept
                ct status dnat accept
                iifname "lo" accept
                ct state invalid drop
                ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24 } reject with icmpv6 addr-unreachable
                jump filter_FORWARD_ZONES
                reject with icmpx admin-prohibited
            }
            chain filter_FORWARD_ZONES {
                goto filter_FWD_public
            }
            chain filter_FWD_public {
                jump filter_FWD_public_allow
            }
            chain filter_FWD_public_allow {
            }
        }

        """

    /// A node with a way out by `up0` to a host 10.99.0.254 in namespace `outside`.
    private static func withOutside(_ body: (Station) throws -> Void) throws {
        try Station.with { station in
            let node = station.node
            try Command(["ip", "netns", "add", node.fullName(of: "outside")]).output()
            try node.run("ip link add up0 type veth peer name up1 netns \(node.fullName(of: "outside"))")
            try node.run("ip link set lo up", in: "outside")
            try node.run("ip address add 10.99.0.254/24 dev up1", in: "outside")
            try node.run("ip link set up1 up", in: "outside")
            try node.run("ip address add 10.99.0.1/24 dev up0")
            try node.run("ip link set up0 up")
            try node.run("ip route add default via 10.99.0.254")
            // A new namespace may have any value of these.
            if hasBridgeFilter {
                try node.run(
                    "sysctl -q -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0"
                )
            }
            try body(station)
        }
    }

    /// Whether the kernel can show bridged packets to firewalls of IP: `br_netfilter`.
    private static let hasBridgeFilter =
        (try? SysctlFile.exists("net/bridge/bridge-nf-call-iptables")) == true

    /// The ruleset without Weft's tables, to the byte, counters apart.
    private static func others(on station: Station) throws -> String {
        let listing = try station.node.run("nft --stateless list ruleset")
        var isOwn = false
        return listing.split(separator: "\n").filter { line in
            if line.hasPrefix("table ") { isOwn = line.hasSuffix(" weft {") }
            return !isOwn
        }.joined(separator: "\n")
    }

    /// Applies the document beside a firewall, follows what is proposed, and looks at all that is promised.
    ///
    /// - Parameters:
    ///   - program: Reads the firewall's rules.
    ///   - rules: These rules.
    ///   - expected: The warning, with its hint.
    ///   - followed: What is run in the hint's place; `nil` for the hint itself.
    /// - Throws: ``CommandFailure`` if something could not be tried.
    private static func tryBeside(
        _ program: String,
        rules: String,
        warns expected: String,
        following followed: String? = nil
    ) throws {
        try withOutside { station in
            let node = station.node
            try node.command([program] + (program == "nft" ? ["-f", "-"] : [])).reading(rules).output()
            let before = try others(on: station)
            let plan = try station.run("plan", document: document)
            #expect(plan.status == 0)
            #expect(plan.errors == expected)
            let json = try station.run("plan", document: document, "--format", "json").json
            #expect(json["warnings"].elements.count == 1)
            let apply = try station.run("apply", document: document)
            #expect(apply.status == 0)
            #expect(apply.errors == expected)
            #expect(try others(on: station) == before)
            // What is warned of is so.
            try station.node.runFails("ping -c1 -W1 10.99.0.254", in: "one")
            try station.node.run("ping -c1 -W5 172.30.0.3", in: "one")

            let hint = expected.split(separator: "\n").first { $0.hasPrefix("  hint: ") }?.dropFirst(8)
            try node.command(["sh", "-ec", followed ?? String(try #require(hint))]).output()
            let again = try station.run("apply", document: document)
            #expect(again.status == 0)
            #expect(again.errors == "")
            #expect(again.output.hasPrefix("nothing to change"))
            try station.node.run("ping -c1 -W5 10.99.0.254", in: "one")
        }
    }

    @Test("of Docker are warned of until the command of the hint was run")
    func docker() throws {
        try Self.tryBeside(
            "iptables-restore",
            rules: Self.docker,
            warns: """
                warning: Docker's chain 'FORWARD' of table 'ip filter' drops packets of bridge 'br-back': \
                to the outside, from the outside
                  hint: iptables -I DOCKER-USER -i br-back -j ACCEPT && iptables -I DOCKER-USER -o br-back \
                -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT

                """
        )
    }

    @Test("of iptables alone are warned of until the command of the hint was run")
    func iptables() throws {
        try Self.tryBeside(
            "iptables-restore",
            rules:
                "*filter\n:FORWARD ACCEPT\n-A FORWARD -i docker0 -j ACCEPT\n-A FORWARD -j REJECT\nCOMMIT\n",
            warns: """
                warning: chain 'FORWARD' of table 'ip filter' drops packets of bridge 'br-back': \
                to the outside, from the outside
                  hint: iptables -I FORWARD -i br-back -j ACCEPT && iptables -I FORWARD -o br-back \
                -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT

                """
        )
    }

    @Test("of nftables are warned of until the command of the hint was run")
    func nftables() throws {
        try Self.tryBeside(
            "nft",
            rules: """
                table inet fw {
                    set own { type ifname; elements = { "lan0", "lan1" } }
                    chain forward {
                        type filter hook forward priority 0; policy drop;
                        ct state vmap { established : accept, related : accept, invalid : drop }
                        iifname @own accept
                    }
                }
                """,
            warns: """
                warning: chain 'forward' of table 'inet fw' drops packets of bridge 'br-back': to the outside
                  hint: nft 'insert rule inet fw forward iifname "br-back" accept'

                """
        )
    }

    @Test("of ufw are warned of; what its command adds lets the network through")
    func ufw() throws {
        let answered = Self.ufw.replacing(
            "-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT\n",
            with: ""
        )
        try Self.tryBeside(
            "iptables-restore",
            rules: answered,
            warns: """
                warning: ufw's chain 'FORWARD' of table 'ip filter' drops packets of bridge 'br-back': to the outside
                  hint: ufw route allow in on br-back

                """,
            following: "iptables -A ufw-user-forward -i br-back -j ACCEPT"
        )
    }

    @Test("of firewalld are warned of; what its command adds lets the network through")
    func firewalld() throws {
        try Self.tryBeside(
            "nft",
            rules: Self.firewalld,
            warns: """
                warning: firewalld's chain 'filter_FORWARD' of table 'inet firewalld' drops packets of bridge \
                'br-back': to the outside
                  hint: firewall-cmd --zone=trusted --add-interface=br-back && \
                firewall-cmd --permanent --zone=trusted --add-interface=br-back

                """,
            following: """
                nft 'add chain inet firewalld filter_FWD_trusted; \
                add rule inet firewalld filter_FWD_trusted accept; \
                insert rule inet firewalld filter_FORWARD_ZONES iifname "br-back" goto filter_FWD_trusted'
                """
        )
    }

    @Test("of firewalld that let a zone's links reach each other are not warned of")
    func withinZone() throws {
        try Self.withOutside { station in
            let node = station.node
            let rules =
                Self.firewalld + "add rule inet firewalld filter_FWD_public_allow oifname up0 accept\n"
            try node.command(["nft", "-f", "-"]).reading(rules).output()
            #expect(try station.run("apply", document: Self.document).errors == "")
            try node.run("ping -c1 -W5 10.99.0.254", in: "one")
        }
    }

    @Test("are not looked at where no network is forwarded for, and do not keep anything from being removed")
    func nothing() throws {
        try Self.withOutside { station in
            try station.node.command(["iptables-restore"]).reading(Self.docker).output()
            try station.succeed("apply", document: Self.document)
            let raw = "weft: 1\nnode: { links: { br9: { type: bridge, addresses: [10.9.0.1/24] } } }\n"
            let result = try station.run("plan", document: raw)
            #expect(result.status == 0)
            #expect(!result.errors.contains("Docker"))
            let before = try Self.others(on: station)
            let destroy = try station.run("destroy")
            #expect(destroy.status == 0)
            #expect(!destroy.errors.contains("Docker"))
            #expect(try Self.others(on: station) == before)
        }
    }

    @Test(
        "see the packets of one network where bridged packets are filtered: Weft's own let them through",
        .enabled(if: Self.hasBridgeFilter, "needs the kernel's br_netfilter")
    )
    func bridged() throws {
        try Self.withOutside { station in
            let node = station.node
            try node.run(
                "sysctl -q -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1"
            )
            #expect(try station.run("apply", document: Self.document).errors == "")
            func reach(_ address: String) throws -> Bool {
                try node.command(["ping", "-c1", "-W1", address], in: "one").result().status == 0
            }
            #expect(try reach("172.30.0.3"))
            #expect(try reach("fd00:30::3"))
            try node.command(["iptables-restore"]).reading(Self.docker).output()
            // So it is true that such packets are seen by chains like Weft's.
            #expect(try !reach("172.30.0.3"))
            #expect(try reach("fd00:30::3"))
            let apply = try station.run("apply", document: Self.document)
            #expect(apply.status == 0)
            #expect(
                apply.errors.hasPrefix(
                    "warning: Docker's chain 'FORWARD' of table 'ip filter' drops packets of bridge 'br-back': to the "
                        + "outside, from the outside, within the network ('net.bridge.bridge-nf-call-iptables' is 1)\n"
                )
            )
            let hint = try #require(apply.errors.split(separator: "\n").last?.dropFirst(8))
            try node.command(["sh", "-ec", String(hint)]).output()
            #expect(try station.run("apply", document: Self.document).errors == "")
            #expect(try reach("172.30.0.3"))
        }
    }
}
