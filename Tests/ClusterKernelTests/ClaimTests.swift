import NetworkModel
import NetworkTesting
import Testing

@Suite("An address that somebody else has", .kernel, .serialized)
struct ClaimTests {
    private static let text = """
        weft: 1
        networks:
          back: { driver: bridge, subnets: [10.60.0.0/24, "fd00:60::/64"] }
        sandboxes:
          ann: { endpoints: [ { network: back, address: [10.60.0.2, "fd00:60::2"], mac: "02:00:00:00:00:02" } ] }
          bob: { endpoints: [ { network: back, address: [10.60.0.3, "fd00:60::3"], mac: "02:00:00:00:00:03" } ] }
          eve: { endpoints: [ { network: back, address: [10.60.0.4, "fd00:60::4"], mac: "02:00:00:00:00:04" } ] }

        """

    /// One of the sandboxes.
    private struct Party {
        let mac: MACAddress
        let addresses: [IPAddress]

        init(_ number: UInt8) throws {
            mac = try #require(MACAddress("02:00:00:00:00:0\(number)"))
            addresses = [
                try #require(IPAddress("10.60.0.\(number)")), try #require(IPAddress("fd00:60::\(number)")),
            ]
        }
    }

    @Test("is not to be had by an answer that one makes up, and would be without the firewall")
    func claims() throws {
        let (ann, bob, eve) = try (Party(2), Party(3), Party(4))
        try ClusterBench.with { bench in
            guard try bench.apply(Self.text) != nil else { return }
            // Whoever has just learnt an address believes nothing else of it for a second.
            try bench.node.run("sysctl -q -w net.ipv4.neigh.eth0.locktime=0", in: "bob")
            let socket = try FrameSocket(on: "eth0", in: "eve", of: bench.node)
            let listener = try Station("bob", in: "bob", of: bench.node)
            /// Where bob sends what is for ann, once eve has claimed her addresses.
            func learnt(_ round: String) throws -> [MACAddress?] {
                for address in ann.addresses {
                    try bench.node.run("ping -q -c 1 -W 5 \(address)", in: "bob")
                }
                for frame in Self.claims(of: ann, by: eve, to: bob) { try socket.send(frame) }
                try expectArrival(round, from: eve, to: bob, by: socket, at: listener)
                return try ann.addresses.map { address in
                    let known = try bench.node.ipJSON("neigh show \(address) dev eth0", in: "bob").elements
                    return known.first?["lladdr"].string.flatMap(MACAddress.init)
                }
            }
            #expect(try learnt("with") == [ann.mac, ann.mac])
            try bench.node.run("nft delete table bridge weft")
            #expect(try learnt("without") == [eve.mac, eve.mac], "the claims are such as are believed")
            try bench.destroy()
        }
    }

    /// An answer of ARP (RFC 826) and a neighbour advertisement (RFC 4861), in frames and packets of the claimant's own.
    private static func claims(of owner: Party, by claimant: Party, to victim: Party) -> [[UInt8]] {
        let claimed = owner.addresses.map(Frame.bytes)
        let answer: [UInt8] =
            [0, 1, 8, 0, 6, 4, 0, 2] + Frame.octets(claimant.mac) + claimed[0] + Frame.octets(victim.mac)
            + Frame.bytes(victim.addresses[0])
        // Solicited, and overriding what was known; with the option of the MAC.
        let advertisement: [UInt8] =
            [136, 0, 0, 0, 0x60, 0, 0, 0] + claimed[1] + [2, 1] + Frame.octets(claimant.mac)
        let packet = Frame.packet(
            of: advertisement,
            checksumAt: 2,
            transport: 58,
            from: claimant.addresses[1],
            to: victim.addresses[1]
        )
        let ends = Frame.octets(victim.mac) + Frame.octets(claimant.mac)
        return [ends + [0x08, 0x06] + answer, ends + [0x86, 0xdd] + packet]
    }

    /// Sends what is allowed behind what was sent: once it has come, so has all else that was to come.
    private func expectArrival(
        _ text: String,
        from sender: Party,
        to receiver: Party,
        by socket: FrameSocket,
        at station: Station
    ) throws {
        let (own, other) = (sender.addresses[0], receiver.addresses[0])
        let packet = Frame.datagram(text, from: own, to: other, port: Station.port)
        try socket.send(Frame.frame(of: packet, .ipv4, from: sender.mac, to: receiver.mac))
        Station.wait(for: [station], milliseconds: 10_000)
        #expect(station.arrivals().map(\.text) == [text])
    }
}
