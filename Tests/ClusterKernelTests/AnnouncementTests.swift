import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

/// What a switch must learn, and what caches of others must: where a macvlan endpoint is.
@Suite("Announcements", .kernel, .serialized)
struct AnnouncementTests {
    private static let subnets = [
        "[10.99.0.0/24], range: 10.99.0.64/26", "[\"fd00:99::/64\"]",
        "[10.99.0.0/24, \"fd00:99::/64\"], range: 10.99.0.64/26",
    ]

    /// The port of the underlay's bridge that it knows a sandbox's MAC at.
    private static func port(of mac: String, on fleet: Fleet) throws -> String? {
        try fleet.underlay.bridgeJSON("fdb show br u0").elements.first { $0["mac"].string == mac }?["ifname"]
            .string
    }

    private static func mac(of sandbox: String, on node: String, _ fleet: Fleet) throws -> String {
        let link = try fleet.underlay.ipJSON("link show dev eth0", in: "\(node).\(sandbox)").elements.first
        return try #require(link?["address"].string)
    }

    /// Sends until something has come: who sends has the address in its cache then, and the switch has both.
    private static func acquaint(_ sender: Station, with receiver: Station, at addresses: [IPAddress]) {
        for address in addresses {
            let isKnown = Eventually.holds {
                _ = sender.send("before", to: address)
                Station.wait(for: [receiver], milliseconds: 50)
                return receiver.arrivals().contains { $0.text == "before" }
            }
            #expect(isKnown, "\(address)")
        }
    }

    /// Sends one datagram to each address; whether all have come.
    private static func reachesAtOnce(
        _ sender: Station,
        _ receiver: Station,
        at addresses: [IPAddress]
    ) -> Bool {
        for address in addresses { #expect(sender.send("once to \(address)", to: address), "\(address)") }
        var missing = Set(addresses.map { "once to \($0)" })
        for _ in 0..<20 where !missing.isEmpty {
            Station.wait(for: [receiver], milliseconds: 50)
            for arrival in receiver.arrivals() { missing.remove(arrival.text) }
        }
        return missing.isEmpty
    }

    @Test(
        "a macvlan endpoint that moves to another node is reached at once through a switch that had learnt its port",
        arguments: subnets
    )
    func move(subnets: String) throws {
        try Fleet.with(3) { fleet in
            func text(on node: String) -> String {
                fleet.head + """
                    networks:
                      lan: { driver: macvlan, subnets: \(subnets) }
                    sandboxes:
                      db: { node: \(node), endpoints: [ { network: lan } ] }
                      web: { node: n2, endpoints: [ { network: lan } ] }

                    """
            }
            for node in fleet.nodes { try fleet.apply(text(on: "n1"), on: node) }
            let addresses = try fleet.addresses(of: "db", "eth0", on: "n1")
            let mac = try Self.mac(of: "db", on: "n1", fleet)
            let web = try fleet.station("web", on: "n2")
            try Self.acquaint(web, with: fleet.station("db", on: "n1"), at: addresses)
            // It has answered the question for its MAC, and so the switch knows it.
            #expect(try Self.port(of: mac, on: fleet) == "p0")
            for node in fleet.nodes { try fleet.apply(text(on: "n3"), on: node) }
            #expect(try Self.port(of: mac, on: fleet) == "p2")
            #expect(try fleet.addresses(of: "db", "eth0", on: "n3") == addresses)
            let moved = try fleet.station("db", on: "n3")
            #expect(Self.reachesAtOnce(web, moved, at: addresses))
            // Its settings are looked after as all others are.
            let isIPv4 = addresses.contains { $0.family == .ipv4 }
            let setting = isIPv4 ? "net.ipv4.conf.eth0.arp_notify" : "net.ipv6.conf.eth0.ndisc_notify"
            try fleet.underlay.run("sysctl -q -w \(setting)=0", in: "n3.db")
            try fleet.apply(text(on: "n3"), on: "n3")
            #expect(try fleet.underlay.run("sysctl -n \(setting)", in: "n3.db") == "1\n")
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test(
        "an address that goes to another macvlan endpoint is that one's at once for those that had the old MAC cached",
        arguments: [
            ("10.99.0.0/24", "10.99.0.100", "10.99.0.101"), ("fd00:99::/64", "fd00:99::100", "fd00:99::101"),
        ]
    )
    func address(subnet: String, first: String, second: String) throws {
        try Fleet.with(3) { fleet in
            func text(_ old: String, _ new: String) -> String {
                fleet.head + """
                    networks:
                      lan: { driver: macvlan, subnets: ["\(subnet)"] }
                    sandboxes:
                      old: { node: n1, endpoints: [ { network: lan, address: "\(old)", mac: "02:00:00:00:01:01" } ] }
                      new: { node: n3, endpoints: [ { network: lan, address: "\(new)", mac: "02:00:00:00:03:03" } ] }
                      web: { node: n2, endpoints: [ { network: lan } ] }

                    """
            }
            let third = subnet.contains(":") ? "fd00:99::102" : "10.99.0.102"
            for node in fleet.nodes { try fleet.apply(text(first, second), on: node) }
            let web = try fleet.station("web", on: "n2")
            let target = try #require(IPAddress(first))
            try Self.acquaint(web, with: fleet.station("old", on: "n1"), at: [target])
            let index = try fleet.underlay.ipJSON("link show eth0", in: "n3.new")[0]["ifindex"].int
            for node in fleet.nodes { try fleet.apply(text(third, first), on: node) }
            // In place: it is the same link, with an address that came later.
            #expect(try fleet.underlay.ipJSON("link show eth0", in: "n3.new")[0]["ifindex"].int == index)
            #expect(Self.reachesAtOnce(web, try fleet.station("new", on: "n3"), at: [target]))
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test("a permanent neighbour of a link that is announced is there still")
    func neighbours() throws {
        try Fleet.with(1) { fleet in
            func text(_ addresses: String) -> String {
                """
                weft: 1
                nodes:
                  n1:
                    address: 10.99.0.1
                    links:
                      m0: { type: macvlan, parent: eth0, addresses: [\(addresses)] }
                    neighbours: [ { dev: m0, address: 10.98.0.9, mac: "02:00:00:00:00:09" } ]
                    sysctls: { net.ipv4.conf.m0.arp_notify: 1 }

                """
            }
            try fleet.apply(text("10.98.0.1/24"), on: "n1")
            try fleet.apply(text("10.98.0.1/24, 10.98.0.2/24"), on: "n1")
            let neighbours = try fleet.underlay.ipJSON("neigh show dev m0 nud permanent", in: "n1").elements
            #expect(neighbours.map { $0["dst"].string } == ["10.98.0.9"])
            _ = try fleet.weft("n1").destroy()
        }
    }
}
