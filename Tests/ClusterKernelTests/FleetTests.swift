import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Synchronization
import Testing

@Suite("Several nodes", .kernel, .serialized)
struct FleetTests {
    @Test("reach each other by their own addresses on the networks that they share, and nowhere else")
    func matrix() throws {
        try Fleet.with { fleet in
            for node in fleet.nodes { try fleet.apply(Cluster.abroad.yaml, on: node) }
            let exchange = try FleetExchange(.abroad, on: fleet)
            for problem in exchange.problems() { Issue.record("\(problem)") }
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

    @Test(
        "a sandbox that moves away and sends to its last moment leaves nothing behind",
        arguments: [false, true]
    )
    func departs(learning: Bool) throws {
        try Fleet.with { fleet in
            func text(on node: String) -> String {
                fleet.head + """
                    networks:
                      flat: { driver: overlay, subnets: [10.60.0.0/24], options: { learning: \(learning) } }
                    sandboxes:
                      db: { node: \(node), endpoints: [ { network: flat, mac: "02:00:00:00:00:07" } ] }
                      a1: { node: n1, endpoints: [ { network: flat, mac: "02:00:00:00:00:08" } ] }

                    """
            }
            let (own, other) = try (
                #require(MACAddress("02:00:00:00:00:07")), #require(MACAddress("02:00:00:00:00:08"))
            )
            for node in fleet.nodes { try fleet.apply(text(on: "n1"), on: node) }
            let socket = try FrameSocket(on: "eth0", in: "n1.db", of: fleet.underlay)
            let ends = Frame.octets(other) + Frame.octets(own)
            let frame = ends + [0x88, 0xb5] + [UInt8](repeating: 0, count: 46)
            let sent = Mutex(0)
            // Whatever is about to be done, a frame comes before it, until there is no link to send by.
            let hook = StepHook { _ in
                if (try? socket.send(frame)) != nil { sent.withLock { $0 += 1 } }
                return nil
            }
            try fleet.apply(text(on: "n2"), on: "n1", hook: hook)
            #expect(sent.withLock(\.self) > 3)
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
            for node in ["n1", "n2"] { try fleet.apply(Cluster.abroad.yaml, on: node) }
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
}
