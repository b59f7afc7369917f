import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("Tunnels that a sandbox forges", .kernel, .serialized)
struct ForgedTunnelTests {
    /// A sandbox behind one node, and an overlay between two others, one of which has a second overlay with the first node.
    private static let cluster = Cluster(
        nodes: Cluster.nodes(3),
        networks: [
            Cluster.bridge("here", "10.62.0.0/24"),
            Cluster.overlay("flat", Cluster.Overlay(), "10.60.0.0/24"),
            Cluster.overlay("far", Cluster.Overlay(vni: 4096, port: 4790), "10.61.0.0/24"),
        ],
        sandboxes: [
            Cluster.sandbox("eve", at: "n1", on: "here"), Cluster.sandbox("a1", at: "n1", on: "flat"),
            Cluster.sandbox("a2", at: "n2", on: "flat"), Cluster.sandbox("b2", at: "n2", on: "far"),
            Cluster.sandbox("b3", at: "n3", on: "far"),
        ]
    )

    @Test("end at its node, though that carries no such overlay, and though its address is that of a node")
    func dropped() throws {
        try Fleet.with(3) { fleet in
            for node in fleet.nodes { try fleet.apply(Self.cluster.yaml, on: node) }
            let view = try FleetView(of: Self.cluster, on: fleet)
            let forged = try Self.forgedFrame(view, on: fleet)
            let eve = try FrameSocket(on: "eth0", in: "n1.eve", of: fleet.underlay)
            let receiver = try fleet.station("b2", on: "n2")
            let member = try fleet.station("b3", on: "n3")
            let target = try #require(view.addresses["b2"]?[0].first)
            // Behind each that must not come is one that must.
            var count = 0
            let isThrough = try Eventually.holds {
                try eve.send(forged)
                _ = member.send("member", to: target)
                let texts = receiver.arrivals().map(\.text)
                #expect(!texts.contains("forged"))
                count += texts.count { $0 == "member" }
                return count >= 3
            }
            #expect(isThrough)
            // Without the rule it would have come: what was tried is something that works.
            try fleet.underlay.run("nft flush set inet weft vxlan_ports", in: "n1")
            let isOpen = try Eventually.holds {
                try eve.send(forged)
                return receiver.arrivals().contains { $0.text == "forged" }
            }
            #expect(isOpen)
        }
    }

    /// A frame by which 'eve' sends a tunnel's datagram to the second node: in it is a packet as if from 'b3' to 'b2'.
    private static func forgedFrame(_ view: FleetView, on fleet: Fleet) throws -> [UInt8] {
        func address(_ sandbox: String) throws -> IPAddress {
            try #require(view.addresses[sandbox]?[0].first)
        }
        func mac(_ link: String, _ place: String) throws -> MACAddress {
            let links = try fleet.underlay.ipJSON("link show dev \(link)", in: place).elements
            return try #require(links.first?["address"].string.flatMap(MACAddress.init))
        }
        let packet = try Frame.datagram("forged", from: address("b3"), to: address("b2"), port: Station.port)
        let inner = try Frame.frame(of: packet, .ipv4, from: mac("eth0", "n3.b3"), to: mac("eth0", "n2.b2"))
        let node = try #require(Fleet.addresses(ofNode: 2, [.ipv4]).first)
        let outer = try Frame.datagram(
            Frame.tunnelled(inner, vni: 4096),
            from: address("eve"),
            to: node,
            port: 4790
        )
        return try Frame.frame(of: outer, .ipv4, from: mac("eth0", "n1.eve"), to: mac("br-here", "n1"))
    }
}
