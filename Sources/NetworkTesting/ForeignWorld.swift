/// Objects of every kind that are not Weft's, on a throw-away node: they stand by while Weft works, and stay as they are.
package struct ForeignWorld {
    private let node: ThrowAwayNode

    /// Links that Weft's may stand on.
    package static let parents = ["fv0", "fv4"]

    /// Makes them.
    package init(on node: ThrowAwayNode) throws {
        self.node = node
        try Command(["ip", "netns", "add", "\(node.name).foreign"]).output()
        // Nothing here is about DAD, which takes a second for every link.
        try node.run("sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
        try batch(Self.linkCommands.map { $0.replacing("NETNS", with: "\(node.name).foreign") })
        try batch(Self.contentCommands)
        try Command(["ip", "-n", "\(node.name).foreign", "link", "set", "fin", "up"]).output()
        try Command(["ip", "-n", "\(node.name).foreign", "addr", "add", "10.252.0.2/24", "dev", "fin"])
            .output()
        try Command(["bridge", "-n", node.name, "-batch", "-"]).reading(
            Self.fdbCommands.joined(separator: "\n") + "\n"
        ).output()
        try node.run("sysctl -q -w net.ipv4.conf.fv0.arp_ignore=1")
        try node.command(["nft", "-f", "-"]).reading(Self.ruleset).output()
        // Links find their carriers, and make addresses then.
        _ = try WholeDump.take(of: node)
    }

    private func batch(_ lines: [String]) throws {
        let parts = [
            ("-4", lines.filter { !$0.hasPrefix("-6 ") }), ("-6", lines.filter { $0.hasPrefix("-6 ") }),
        ]
        for (family, lines) in parts where !lines.isEmpty {
            let text = lines.map { $0.replacing("-6 ", with: "") }.joined(separator: "\n") + "\n"
            try Command(["ip", family, "-n", node.name, "-batch", "-"]).reading(text).output()
        }
    }

    private static let linkCommands = [
        "link add fv0 type veth peer name fv1", "link add fv2 type veth peer name fv3",
        "link add fv4 type veth peer name fv5", "link add fbr type bridge", "link set fv2 master fbr",
        "link add fvx type vxlan id 999 dstport 4799 local 127.0.0.1", "link set fvx master fbr",
        "link add fmac link fv4 type macvlan mode bridge", "tuntap add dev ftap mode tap",
        "link add fifb type ifb", "link add fout type veth peer name fin netns NETNS",
        "link set fv0 up", "link set fv1 up", "link set fv2 up", "link set fv3 up", "link set fv4 up",
        "link set fv5 up",
        "link set fbr up", "link set fvx up", "link set fmac up",
        "link set fout up alias weft-is-not-at-the-start:weft:",
    ]

    private static let contentCommands = [
        "addr add 10.250.0.1/24 dev fv0", "addr add 10.250.0.2/24 dev fv0",
        "-6 addr add fd50::1/64 dev fbr nodad",
        "addr add 10.250.1.1/24 dev fbr", "route add 10.240.0.0/16 via 10.250.0.9",
        "route add 10.241.0.0/16 via 10.250.0.9 proto static table 100",
        "route add default via 10.250.0.9 metric 5000",
        "route add blackhole 10.242.0.0/16",
        "route add unreachable 10.243.0.0/16 table 4000000000 metric 9 proto 88",
        "-6 route add fd40::/64 via fd50::9", "-6 route add fd41::/64 via fd50::9 table 100",
        "-6 route add unreachable fd42::/64", "rule add from 10.250.0.0/16 lookup 100 pref 1000",
        "-6 rule add from fd50::/16 lookup 100 pref 1000",
        "neigh add 10.250.0.77 lladdr 02:00:00:00:ff:77 dev fv0 nud permanent",
        "-6 neigh add fd50::77 lladdr 02:00:00:00:ff:77 dev fbr nud permanent",
    ]

    /// Tables of others, some of them called like Weft's, of which nothing counts packets.
    private static let ruleset = """
        table inet foreign {
            set services { type inet_service; flags interval; elements = { 22, 8000-8100 }; }
            map verdicts { type ifname : verdict; elements = { "fv0" : accept, "fv2" : continue }; }
            chain input {
                type filter hook input priority filter; policy accept;
                tcp dport @services accept comment "weft"
                iifname vmap @verdicts
            }
            chain forward {
                type filter hook forward priority -10; policy accept;
                iifname "weft*" drop
            }
        }
        table inet weft2 {
            set networks { type ifname; elements = { "br0" }; }
        }
        table ip weft {
            chain forward {
                type filter hook forward priority 10; policy accept;
                ip saddr 10.0.0.1 accept
            }
        }
        table ip6 weft {
            set networks { type ifname; elements = { "br0" }; }
        }
        table bridge foreign {
            chain incoming {
                type filter hook prerouting priority -300; policy accept;
                ether type arp accept
            }
        }

        """

    private static let fdbCommands = [
        "fdb append 00:00:00:00:00:00 dev fvx dst 10.250.0.9",
        "fdb add 02:00:00:00:ff:01 dev fvx dst 10.250.0.9 self permanent",
        "fdb add 02:00:00:00:ff:02 dev fv2 master static", "fdb add 02:00:00:00:ff:03 dev fvx master static",
    ]

    /// Everything of theirs, a line each.
    ///
    /// Left out is what tells of others that stand on them: how many listen, and for which MACs.
    package func lines() throws -> [String] {
        let dump = try WholeDump.take(of: node, namespaces: ["foreign"], waits: false)
        return dump.lines.compactMap { line -> String? in
            if line.hasPrefix("\(node.name).foreign ") || line.contains(" rule: ") || line.contains(" nft: ")
            {
                return line
            }
            guard line.hasPrefix("\(node.name) "), Self.isForeign(line) else { return nil }
            if line.contains(" fdb: "), line.contains("[\"self\"]"), !line.contains("\"fvx\"") { return nil }
            return line.replacing(/"(promiscuity|allmulti|allmulticast)": \d+,? ?/, with: "")
        }
    }

    private static func isForeign(_ line: String) -> Bool {
        if line.contains(" sysctl: ") {
            return line.contains("/fv") || line.contains("/fbr") || line.contains("/fout")
        }
        if line.contains("\"protocol\": \"87\"") || line.contains("\"protocol\": \"weft\"") { return false }
        return line.contains(/"(ifname|dev)": "f/) || line.contains(/"dst": "(10\.24|fd4)/)
    }
}
