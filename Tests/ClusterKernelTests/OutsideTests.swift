import Compiler
import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("The outside of networks", .kernel, .serialized)
struct OutsideTests {
    @Test(
        "answers come back, masqueraded or not; nobody outside begins; an internal network has neither, an isolated one no node"
    )
    func answers() throws {
        try ClusterBench.with { bench in
            guard try bench.bring(to: .apart, "apart") != nil else { return }
            let view = try ClusterView(of: .apart, on: bench)
            for network in Cluster.apart.networks {
                // One that is on no other network.
                let members = Cluster.apart.stacks.filter { $0.endpoints.map(\.network) == [network.name] }
                let sandbox = try #require(members.first)
                if network.isInternal {
                    // It has no default route; whoever is root there makes one.
                    try bench.node.run("ip route add default via 10.62.0.1", in: sandbox.name)
                    try bench.node.run("ip -6 route add default via fd00:62::1", in: sandbox.name)
                }
                for router in ClusterBench.routerAddresses {
                    #expect(
                        try Self.reaches(router, from: sandbox.name, on: bench)
                            == (!network.isInternal && !network.isIsolated),
                        "\(sandbox.name) to \(router)"
                    )
                }
                for own in view.addresses(of: sandbox, 0) {
                    #expect(
                        try Self.reaches(own, from: nil, on: bench) == !network.isIsolated,
                        "the node to \(own)"
                    )
                    #expect(
                        try !Self.reaches(own, from: ClusterBench.router, on: bench),
                        "the router to \(own)"
                    )
                }
            }
        }
    }

    /// True if an echo comes back.
    private static func reaches(
        _ address: IPAddress,
        from place: String?,
        on bench: ClusterBench
    ) throws -> Bool {
        // One answer is enough; the first request may wait for a neighbour longer than for an answer.
        let command = bench.node.command(
            ["ping", "-q", "-c", "3", "-i", "0.2", "-W", "1", "\(address)"],
            in: place
        )
        return try command.result().status == 0
    }

    @Test("a node that forwards IPv6 keeps the default route that a router advertises")
    func advertised() throws {
        try ClusterBench.with { bench in
            let link = try bench.node.ipJSON("link show up1", in: ClusterBench.router).elements.first
            let mac = try #require(link?["address"].string.flatMap(MACAddress.init))
            let router = try RouterAdvertiser(on: "up1", mac, in: ClusterBench.router, of: bench.node)
            #expect(try Self.learns(from: router, on: bench))

            let text = Cluster.pair.yaml
            try bench.apply(text, "with a router")
            #expect(try Self.acceptance(on: bench) == "2")
            #expect(try bench.forwarded() == [.ipv4, .ipv6])
            #expect(try !Self.defaults(on: bench).isEmpty, "it is not lost meanwhile")
            try bench.node.run("ip -6 route flush proto ra")
            #expect(try Self.learns(from: router, on: bench), "nor is it later")

            // Without the route nothing asks for the setting any more; it stays as long as packets are forwarded.
            try bench.node.run("ip -6 route flush proto ra")
            let again = try bench.apply(text, "without the route")
            #expect(again?.messagesSent == 0)
            #expect(try Self.acceptance(on: bench) == "2")
            _ = try bench.weft().destroy()
            #expect(try Self.acceptance(on: bench) == "2")
            #expect(try Self.learns(from: router, on: bench))
        }
    }

    /// Has a router advertise itself until the node has its route; false if it takes none within ten seconds.
    private static func learns(from router: RouterAdvertiser, on bench: ClusterBench) throws -> Bool {
        try Eventually.holds {
            try router.send()
            return try !defaults(on: bench).isEmpty
        }
    }

    private static func defaults(on bench: ClusterBench) throws -> [JSON] {
        try bench.node.ipJSON("-6 route show default proto ra").elements
    }

    private static func acceptance(on bench: ClusterBench) throws -> String {
        try bench.node.inside { try SysctlFile.read("net/ipv6/conf/up0/accept_ra") }
    }

    @Test("a thousand sandboxes have as many rules as ten")
    func rules() throws {
        let counts = try [10, 100, 1000].map { count in
            try ClusterBench.with { bench in
                let names = (0..<count).map { "s\($0)" }
                let cluster = Cluster(
                    networks: [Cluster.bridge("back", "10.60.0.0/16", "fd00:60::/64")],
                    sandboxes: names.map { Cluster.sandbox($0, on: "back") }
                )
                // The firewall alone: what it is about need not be there.
                var state = NodeState(node: "n")
                state.firewall = try bench.compile(cluster.yaml).state.firewall
                let report = try bench.weft().apply(state)
                #expect(report.isDone)
                let objects = try JSON(text: bench.node.run("nft -j list ruleset"))["nftables"].elements
                let senders = objects.first { $0["set"]["name"] == "senders6" }?["set"]["elem"].elements
                #expect(senders?.count == 2 * count)
                return objects.filter { $0["rule"] != .null }.count
            }
        }
        #expect(counts[0] > 0 && counts.allSatisfy { $0 == counts[0] }, "\(counts)")
    }
}
