import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// What users of other networks for containers suffer from most, each shown not to be so here.
@Suite("The field's problems", .kernel, .serialized)
struct FieldProblemTests {
    /// Three nodes with an overlay and a routed network; `db` is where it is told, if it is.
    static func text(_ fleet: Fleet, nodes: [String] = ["n1", "n2", "n3"], db: String? = nil) -> String {
        var text =
            fleet.head(of: nodes) + """
                networks:
                  flat: { driver: overlay, vni: 77, subnets: [10.60.0.0/24, "fd00:60::/64"] }
                  pods: { driver: routed, subnets: [10.50.0.0/16, "fd00:50::/48"] }
                sandboxes:

                """
        if let db { text += "  db: { node: \(db), endpoints: [ { network: flat } ] }\n" }
        for node in nodes {
            text +=
                "  a\(node.dropFirst()): { node: \(node), endpoints: [ { network: flat }, { network: pods } ] }\n"
        }
        return text
    }

    /// Sends from a sandbox to addresses of another until all have come; false if they have not within two seconds.
    static func reaches(
        _ fleet: Fleet,
        _ sender: (sandbox: String, node: String),
        _ receiver: (sandbox: String, node: String),
        at addresses: [IPAddress]
    ) throws -> Bool {
        let from = try fleet.station(sender.sandbox, on: sender.node)
        let to = try fleet.station(receiver.sandbox, on: receiver.node)
        var missing = Set(addresses.map { "to \($0)" })
        return Eventually.holds(within: 2) {
            for address in addresses { _ = from.send("to \(address)", to: address) }
            Station.wait(for: [to], milliseconds: 20)
            for arrival in to.arrivals() { missing.remove(arrival.text) }
            return missing.isEmpty
        }
    }

    /// Whether `a1` and `a2` reach each other by both networks and both families.
    static func areJoined(_ fleet: Fleet) throws -> Bool {
        for (sender, receiver) in [(("a1", "n1"), ("a2", "n2")), (("a2", "n2"), ("a1", "n1"))] {
            let addresses = try ["eth0", "eth1"].flatMap {
                try fleet.addresses(of: receiver.0, $0, on: receiver.1)
            }
            #expect(addresses.count == 4)
            guard try reaches(fleet, sender, receiver, at: addresses) else { return false }
        }
        return true
    }

    static func destroy(_ fleet: Fleet) throws {
        for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
    }

    @Test(
        "problem 1: no entry of the forwarding or neighbour tables is stale or missing after a sandbox moved"
    )
    func staleEntries() throws {
        try Fleet.with(3) { fleet in
            for node in fleet.nodes { try fleet.apply(Self.text(fleet, db: "n2"), on: node) }
            let addresses = try fleet.addresses(of: "db", "eth0", on: "n2")
            let link = try fleet.underlay.ipJSON("link show dev eth0", in: "n2.db")[0]
            let mac = try #require(link["address"].string)
            // What was learnt is in the way of whoever adds without replacing.
            try fleet.underlay.run("bridge fdb del \(mac) dev vx-flat dst 10.99.0.2 self", in: "n1")
            try fleet.underlay.run("bridge fdb add \(mac) dev vx-flat dst 10.99.0.9 self dynamic", in: "n1")
            for address in addresses {
                try fleet.underlay.run("ip neigh del \(address) dev br-flat", in: "n1")
                try fleet.underlay.run(
                    "ip neigh add \(address) lladdr 02:00:00:00:00:99 dev br-flat nud stale",
                    in: "n1"
                )
            }
            for node in ["n2", "n3", "n1"] { try fleet.apply(Self.text(fleet, db: "n3"), on: node) }
            #expect(try Self.reaches(fleet, ("a1", "n1"), ("db", "n3"), at: addresses))
            #expect(try Self.reaches(fleet, ("a2", "n2"), ("db", "n3"), at: addresses))
            let losses = [
                "bridge fdb del \(mac) dev vx-flat self", "bridge fdb del \(mac) dev vx-flat master",
                "ip neigh flush dev br-flat nud permanent",
            ]
            for loss in losses {
                try fleet.underlay.run(loss, in: "n1")
                let report = try fleet.apply(Self.text(fleet, db: "n3"), on: "n1")
                #expect(!report.plan.isEmpty, "\(loss)")
                #expect(try Self.reaches(fleet, ("a1", "n1"), ("db", "n3"), at: addresses), "\(loss)")
            }
            try Self.destroy(fleet)
        }
    }

    @Test(
        "problem 2: a peer that was removed from the document while this node was off is gone after the next apply"
    )
    func removedPeer() throws {
        try Fleet.with(3) { fleet in
            for node in fleet.nodes { try fleet.apply(Self.text(fleet), on: node) }
            // What others have toward that node is theirs.
            try fleet.underlay.run("ip route add 10.77.0.0/16 via 10.99.0.3", in: "n1")
            try fleet.underlay.run("ip link add vx9 type vxlan id 9 dstport 4790 nolearning", in: "n1")
            try fleet.underlay.run("bridge fdb add 02:00:00:00:00:09 dev vx9 dst 10.99.0.3 self", in: "n1")
            let theirs = try Self.traces(of: "n3", on: fleet)
            let isKnown = theirs.contains { $0.contains("proto weft") || $0.contains("proto 87") }
            #expect(isKnown && theirs.count > 5, "\(theirs)")
            try fleet.apply(Self.text(fleet, nodes: ["n1", "n2"]), on: "n1")
            #expect(
                try Self.traces(of: "n3", on: fleet).map {
                    $0.split(separator: " ").prefix(3).joined(separator: " ")
                }
                    == ["10.77.0.0/16 via 10.99.0.3", "02:00:00:00:00:09 dev vx9"]
            )
            try fleet.apply(Self.text(fleet, nodes: ["n1", "n2"]), on: "n2")
            #expect(try Self.areJoined(fleet))
            try Self.destroy(fleet)
        }
    }

    /// The lines of `n1`'s tables that name a node's address or its sandbox's, or let its tunnels in.
    private static func traces(of node: String, on fleet: Fleet) throws -> [String] {
        let number = node.dropFirst()
        var names = ["10.99.0.\(number)", "fd00:99::\(number)"]
        for link in ["eth0", "eth1"] {
            names += try fleet.addresses(of: "a\(number)", link, on: node).map { "\($0)" }
        }
        let lines = try [
            "ip route show table all", "ip -6 route show table all", "bridge fdb show",
            "ip neigh show nud permanent", "ip -6 neigh show nud permanent", "nft list table inet weft",
        ].flatMap { try fleet.underlay.run($0, in: "n1").split(separator: "\n").map(String.init) }
        return lines.filter { line in
            let words = line.split(whereSeparator: { " ,{}".contains($0) })
            return words.contains { word in names.contains(String(word)) }
        }
    }

    @Test(
        "problem 3: a tunnel that was deleted, a link that went down and addresses that were flushed come back with all that was on them"
    )
    func lostLinks() throws {
        try Fleet.with(2) { fleet in
            let text = Self.text(fleet, nodes: ["n1", "n2"])
            for node in fleet.nodes { try fleet.apply(text, on: node) }
            #expect(try Self.areJoined(fleet))
            let losses = [
                ["ip link del vx-flat"], ["ip addr flush dev br-flat"], ["ip addr flush dev br-pods"],
                ["ip link del br-pods"], ["ip link set br-flat down"], ["ip link set vx-flat down"],
                // What is the operator's, he brings back himself.
                [
                    "ip link set eth0 down", "ip link set eth0 up",
                    "ip addr add fd00:99::1/64 dev eth0 nodad",
                    "ip route add default via 10.99.0.254", "ip -6 route add default via fd00:99::fe",
                ],
            ]
            for loss in losses {
                for line in loss { try fleet.underlay.run(line, in: "n1") }
                #expect(try fleet.isSettled("n1"))
                let report = try fleet.apply(text, on: "n1")
                #expect(!report.plan.isEmpty, "\(loss)")
                #expect(try Self.areJoined(fleet), "\(loss)")
            }
            try Self.destroy(fleet)
        }
    }

    @Test(
        "problem 15: the MAC of a bridge stays whatever ports come and go, and no packet between others is lost"
    )
    func bridgeMAC() throws {
        try Fleet.with(1) { fleet in
            func text(_ count: Int) -> String {
                let sandboxes = (0..<count).map { number in
                    // Each with a lower MAC than all before.
                    "  s\(number): { node: n1, endpoints: [ { network: here, mac: \"02:00:00:00:00:\(90 - number)\" } ] }\n"
                }
                return fleet.head(of: ["n1"])
                    + "networks: { here: { driver: bridge, subnets: [10.62.0.0/24, \"fd00:62::/64\"] } }\nsandboxes:\n"
                    + sandboxes.joined()
            }
            func mac() throws -> String? {
                try fleet.underlay.ipJSON("link show dev br-here", in: "n1")[0]["address"].string
            }
            try fleet.apply(text(2), on: "n1")
            let before = try mac()
            let flow = Flow()
            let stations = try (0...1).map { try fleet.station("s\($0)", on: "n1") }
            let addresses = try (0...1).map { try fleet.addresses(of: "s\($0)", "eth0", on: "n1") }
            flow.add("one bridge", (stations[0], addresses[0]), (stations[1], addresses[1]))
            let node = try fleet.station(nil, on: "n1")
            let gateways = ["10.62.0.1", "fd00:62::1"].compactMap { IPAddress($0) }
            flow.add("the gateway", (stations[0], addresses[0]), (node, gateways))
            let lost = try flow.problems {
                for count in [6, 2, 4] {
                    try fleet.apply(text(count), on: "n1")
                    #expect(try mac() == before)
                    // A port of others', with the lowest MAC that there can be.
                    try fleet.underlay.run(
                        "ip link add d0 address 00:00:00:00:00:01 type veth peer name d1",
                        in: "n1"
                    )
                    try fleet.underlay.run("ip link set d0 master br-here up", in: "n1")
                    #expect(try mac() == before)
                    try fleet.underlay.run("ip link del d0", in: "n1")
                    #expect(try mac() == before)
                }
            }
            #expect(lost == [])
            #expect(flow.sentCount > 0)
            try Self.destroy(fleet)
        }
    }
}
