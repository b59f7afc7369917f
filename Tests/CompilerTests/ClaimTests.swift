import ClusterModel
import Compiler
import Document
import NetworkModel
import Testing

/// What of a document must be nobody else's on a node.
@Suite("What networks take on a node")
struct ClaimTests {
    private static let text = """
        weft: 1
        underlay: { subnets: [172.16.1.0/24] }
        nodes:
          n1: { address: 172.16.1.1, links: { br9: { type: bridge, addresses: [10.9.0.1/24] } } }
          n2: { address: 172.16.1.2 }
        networks:
          back: { driver: bridge, subnets: [10.20.0.0/16, "fd00:20::/64"] }
          wire: { driver: bridge, subnets: [10.20.0.0/16], isolated: true }
          lan: { driver: macvlan, parent: eth1, subnets: [172.16.1.0/24] }
          far: { driver: bridge, subnets: [10.40.0.0/16] }
        sandboxes:
          web: { node: n1, endpoints: [{ network: back, address: 10.20.0.53 }, { network: wire }, { network: bridge }] }
          lonely: { node: n1, endpoints: [{ network: lan }] }
          other: { node: n2, endpoints: [{ network: far, address: 10.40.0.53 }] }
        """

    private func compiled(_ servers: String...) throws -> CompiledNode {
        let document = try Document.load([Source(name: "a.yaml", text: Self.text)])
        var facts = NodeFacts(name: "n1")
        facts.resolver.servers = servers.compactMap { IPAddress($0) }
        return document.cluster.compile(for: document.cluster.nodes.first?.name, facts, document.assignment)
    }

    @Test("are the ranges of those that it carries and that can be reached; the rest is not to be proposed")
    func ranges() throws {
        let claims = try compiled().claims
        #expect(
            claims.subnets.map { "\($0.network) \($0.prefix) \($0.parent?.text ?? "-") \($0.isDefault)" } == [
                "back 10.20.0.0/16 - false", "back fd00:20::/64 - false", "bridge 172.17.0.0/16 - true",
                "lan 172.16.1.0/24 eth1 false",
            ]
        )
        for other in ["172.16.1.0/24", "172.16.1.2/32", "10.9.0.0/24", "10.40.0.0/16"] {
            #expect(claims.others.contains { $0.description == other })
        }
    }

    @Test(
        "are not the name servers that are sandboxes of the document, here or elsewhere, or gateways of its networks"
    )
    func nameservers() throws {
        let own = ["10.20.0.53", "10.40.0.53", "10.20.0.1"]
        let claims = try compiled(own[0], own[1], own[2], "10.20.0.54", "192.0.2.53", "127.0.0.53").claims
        #expect(claims.nameservers.map(\.description) == ["10.20.0.54"])
    }
}
