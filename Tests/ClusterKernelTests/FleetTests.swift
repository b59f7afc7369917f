import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("Several nodes", .kernel, .serialized)
struct FleetTests {
    /// Networks of every kind that reaches over nodes, by an underlay of either family.
    private static func text(_ fleet: Fleet, tunnels: String = "") -> String {
        fleet.head + """
            networks:
              pods: { driver: routed, subnets: [10.50.0.0/16, "fd00:50::/48"] }
              open: { driver: routed, subnets: [10.51.0.0/16], masquerade: false }
              hid:  { driver: routed, subnets: [10.52.0.0/16], internal: true }
              flat: { driver: overlay, subnets: [10.60.0.0/24, "fd00:60::/64"]\(tunnels) }
              deep: { driver: overlay, subnets: [10.61.0.0/24], internal: true }
              here: { driver: bridge, subnets: [10.62.0.0/24] }
            sandboxes:
              a1: { node: n1, endpoints: [ { network: pods }, { network: flat } ] }
              a2: { node: n2, endpoints: [ { network: pods }, { network: flat } ] }
              b1: { node: n1, endpoints: [ { network: open } ] }
              b2: { node: n2, endpoints: [ { network: open } ] }
              c1: { node: n1, endpoints: [ { network: hid }, { network: deep } ] }
              c2: { node: n2, endpoints: [ { network: hid }, { network: deep } ] }
              d1: { node: n1, endpoints: [ { network: here }, { network: flat } ] }

            """
    }

    /// Who is on which networks, in the order of endpoints, and where.
    private static let sandboxes: [(name: String, node: String, networks: [String])] = [
        ("a1", "n1", ["pods", "flat"]), ("a2", "n2", ["pods", "flat"]), ("b1", "n1", ["open"]),
        ("b2", "n2", ["open"]), ("c1", "n1", ["hid", "deep"]), ("c2", "n2", ["hid", "deep"]),
        ("d1", "n1", ["here", "flat"]),
    ]

    /// Somebody's address on a network; `nil` for what is beyond all nodes.
    private struct Target: Hashable {
        var owner: String
        var network: String?
        var address: IPAddress
    }

    @Test("reach each other by their own addresses on the networks that they share, and nowhere else")
    func matrix() throws {
        try Fleet.with { fleet in
            for node in fleet.nodes { try fleet.apply(Self.text(fleet), on: node) }
            for problem in try Self.problems(on: fleet) { Issue.record("\(problem)") }
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test("a sandbox that moves keeps its address and its MAC, and is reached at once by who had it cached")
    func moves() throws {
        try Fleet.with(3) { fleet in
            func text(on node: String) -> String {
                fleet.head + """
                    networks:
                      flat: { driver: overlay, subnets: [10.60.0.0/24, "fd00:60::/64"] }
                    sandboxes:
                      db: { node: \(node), endpoints: [ { network: flat } ] }
                      a1: { node: n1, endpoints: [ { network: flat } ] }
                      a2: { node: n2, endpoints: [ { network: flat } ] }
                      a3: { node: n3, endpoints: [ { network: flat } ] }

                    """
            }
            for node in fleet.nodes { try fleet.apply(text(on: "n2"), on: node) }
            let before = try fleet.addresses(of: "db", "eth0", on: "n2")
            #expect(before.count == 2)
            func expectReached(from peers: [String]) throws {
                for peer in peers {
                    for address in before {
                        let ping = ["ping", "-q", "-c", "1", "-W", "1", "\(address)"]
                        let result = try fleet.underlay.command(ping, in: "n\(peer.dropFirst()).\(peer)")
                            .result()
                        #expect(result.status == 0, "\(peer) to \(address)\n\(result.output)")
                    }
                }
            }
            try expectReached(from: ["a1", "a2", "a3"])
            // Away from the old node, and to the new one, whose peers know it by the old.
            for node in ["n2", "n3", "n1"] { try fleet.apply(text(on: "n3"), on: node) }
            #expect(try fleet.addresses(of: "db", "eth0", on: "n3") == before)
            try expectReached(from: ["a1", "a2", "a3"])
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test("an isolated overlay joins its endpoints in both families, and none of its nodes is on it")
    func isolated() throws {
        try Fleet.with { fleet in
            let text =
                fleet.head + """
                    networks:
                      wire: { driver: overlay, subnets: [10.60.0.0/24, "fd00:60::/64"], isolated: true }
                    sandboxes:
                      e1: { node: n1, endpoints: [ { network: wire } ] }
                      e2: { node: n2, endpoints: [ { network: wire } ] }

                    """
            for node in fleet.nodes { try fleet.apply(text, on: node) }
            let addresses = try fleet.addresses(of: "e2", "eth0", on: "n2")
            #expect(addresses.count == 2)
            for address in addresses {
                let ping = fleet.underlay.command(
                    ["ping", "-q", "-c", "1", "-W", "1", "\(address)"],
                    in: "n1.e1"
                )
                #expect(try ping.result().status == 0, "\(address)")
            }
            let bridge = try fleet.underlay.ipJSON("addr show dev br-wire", in: "n1").elements.first
            #expect(bridge?["addr_info"].elements.isEmpty == true)
            // Whoever has IPv6 on the link answers to all of its nodes; who sends hears itself.
            let all = ["ping", "-c", "2", "-W", "1", "ff02::1%eth0"]
            let answers = try fleet.underlay.command(all, in: "n1.e1").result().output
                .split(separator: "\n").filter { $0.contains("bytes from") }
            #expect(
                Set(answers.compactMap { $0.split(separator: " ").dropFirst(3).first }).count == 1,
                "\(answers)"
            )
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test("nothing but tunnels of its nodes comes in by an overlay, and nothing is asked aloud")
    func tunnels() throws {
        try Fleet.with(3) { fleet in
            let text = Self.text(fleet)
            for node in ["n1", "n2"] { try fleet.apply(text, on: node) }
            let target = try #require(try fleet.addresses(of: "a2", "eth1", on: "n2").first)
            let mac = try fleet.underlay.ipJSON("link show eth1", in: "n2.a2").elements.first?["address"]
                .string
            let vxlan = try fleet.underlay.ipJSON("-d link show type vxlan dev vx-flat", in: "n1").elements
                .first
            let vni = try #require(vxlan?["linkinfo"]["info_data"]["id"].int)
            // A node that is no node of the network, on the same underlay, knows all that there is to know.
            let lines = [
                "link add vx0 type vxlan id \(vni) dstport 4789 local 10.99.0.3 nolearning",
                "link set vx0 up",
                "addr add 10.60.0.250/24 dev vx0",
                "neigh add \(target) lladdr \(mac ?? "") dev vx0 nud permanent",
            ]
            for line in lines { try fleet.underlay.run("ip \(line)", in: "n3") }
            try fleet.underlay.run("bridge fdb add \(mac ?? "") dev vx0 dst 10.99.0.2 self static", in: "n3")
            let receiver = try fleet.station("a2", on: "n2")
            let stranger = try fleet.station(nil, on: "n3")
            let member = try fleet.station("a1", on: "n1")
            let isThrough = Eventually.holds {
                _ = stranger.send("stranger", to: target)
                _ = member.send("member", to: target)
                let texts = receiver.arrivals().map(\.text)
                #expect(!texts.contains("stranger"))
                return texts.contains("member")
            }
            #expect(isThrough)
            // Without the rule it would have come: what was tried is something that works.
            try fleet.underlay.run("nft flush set inet weft tunnels", in: "n2")
            let isOpen = Eventually.holds {
                _ = stranger.send("stranger", to: target)
                return receiver.arrivals().contains { $0.text == "stranger" }
            }
            #expect(isOpen)
        }
    }

    /// Sends from everybody to every address until what shall come has come, twice; returns what is not as it shall be.
    private static func problems(on fleet: Fleet) throws -> [String] {
        var stations: [String: Station] = ["outside": try fleet.station(nil, on: nil)]
        var targets = Fleet.outside.map { Target(owner: "outside", network: nil, address: $0) }
        var own: [String: [String: [IPAddress]]] = [:]
        for sandbox in sandboxes {
            stations[sandbox.name] = try fleet.station(sandbox.name, on: sandbox.node)
            for (index, network) in sandbox.networks.enumerated() {
                let addresses = try fleet.addresses(of: sandbox.name, "eth\(index)", on: sandbox.node)
                own[sandbox.name, default: [:]][network] = addresses
                targets += addresses.map { Target(owner: sandbox.name, network: network, address: $0) }
            }
        }
        var wanted: Set<String> = []
        var attempts: [(sender: String, target: Target)] = []
        for sandbox in sandboxes {
            for target in targets where target.owner != sandbox.name {
                attempts.append((sandbox.name, target))
                guard let source = source(of: sandbox, to: target, own[sandbox.name] ?? [:]) else { continue }
                wanted.insert("\(sandbox.name) -> \(target.address) at \(target.owner) as from \(source)")
            }
        }
        var seen: Set<String> = []
        for round in 0..<200 {
            for (sender, target) in attempts {
                _ = stations[sender]?.send("\(sender)|\(target.address)", to: target.address)
            }
            Station.wait(for: Array(stations.values), milliseconds: 50)
            for (name, station) in stations {
                for arrival in station.arrivals() {
                    let parts = arrival.text.split(separator: "|")
                    guard parts.count == 2 else { continue }
                    seen.insert("\(parts[0]) -> \(parts[1]) at \(name) as from \(arrival.source)")
                }
            }
            // Three rounds at least: what must not come has had its time then.
            if round > 2, wanted.isSubset(of: seen) { break }
        }
        return wanted.subtracting(seen).sorted().map { "never: \($0)" }
            + seen.subtracting(wanted).sorted().map { "not wanted: \($0)" }
    }

    /// As whose a datagram arrives; `nil` if it must not.
    private static func source(
        of sandbox: (name: String, node: String, networks: [String]),
        to target: Target,
        _ own: [String: [IPAddress]]
    ) -> IPAddress? {
        let family = target.address.family
        if let network = target.network {
            return own[network]?.first { $0.family == family }
        }
        // By the first network with a gateway of the family.
        let way = sandbox.networks.first { network in
            !["hid", "deep"].contains(network) && own[network]?.contains { $0.family == family } == true
        }
        guard let way else { return nil }
        if way == "open" { return own[way]?.first { $0.family == family } }
        let number = sandbox.node.dropFirst()
        return IPAddress(family == .ipv4 ? "10.99.0.\(number)" : "fd00:99::\(number)")
    }
}
