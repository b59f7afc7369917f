import ClusterModel
import Document
import Lab
import NetworkModel
import Testing

/// What of a document is otherwise in a lab, and what can't be.
@Suite("A document in a lab")
struct LabDocumentTests {
    private func fit(_ text: String, in lab: String = "lab") throws -> LabDocument {
        let document = try Document.load([Source(name: "d.yaml", text: "weft: 1\n\(text)")])
        return try LabDocument(document.cluster, document.assignment, in: LabName(lab))
    }

    private func problems(_ text: String, in lab: String = "lab") throws -> [String] {
        let refusal = #expect(throws: LabRefusal.self) { try fit(text, in: lab) }
        return (refusal?.problems ?? []).map { "\($0.path): \($0.message) (\($0.hint ?? ""))" }
    }

    @Test("needs nodes")
    func noNodes() throws {
        #expect(
            try problems("networks: { a: { driver: bridge, subnets: [10.9.0.0/24] } }") == [
                "nodes: the document names no nodes: it is for one host, whichever that is "
                    + "(a lab is made of 'nodes', each with its 'address')"
            ]
        )
    }

    @Test("has no node that is called like one of the lab's own")
    func reserved() throws {
        #expect(
            try problems("nodes: { underlay: { address: 10.0.0.1 }, gateway: { address: 10.0.0.2 } }") == [
                "nodes.gateway: a lab has a node 'gateway' of its own (give this one another name)",
                "nodes.underlay: a lab has a node 'underlay' of its own (give this one another name)",
            ]
        )
    }

    @Test("has names of namespaces that marks can hold")
    func long() throws {
        func long(_ letter: String) -> String { String(repeating: letter, count: 60) }
        let lab = String(repeating: "l", count: 40)
        let text = """
            nodes:
              \(long("n")): { address: 10.0.0.1 }
              m: { address: 10.0.0.2, namespaces: [\(long("r"))] }
            sandboxes:
              \(long("s")): { node: m, endpoints: [] }
            """
        let hint = "give the lab a shorter name with '--name'"
        let words = "its namespace would be called"
        #expect(
            try problems(text, in: lab) == [
                "nodes.m.namespaces: \(words) '\(lab).m.\(long("r"))', which has 103 bytes; at most 100 fit (\(hint))",
                "nodes.\(long("n")): \(words) '\(lab).\(long("n"))', which has 101 bytes; at most 95 fit (\(hint))",
                "sandboxes.\(long("s")): \(words) '\(lab).m.\(long("s"))', which has 103 bytes; at most 100 fit (\(hint))",
            ]
        )
        #expect(throws: Never.self) { try fit(text, in: "l") }
    }

    @Test("joins no node to the others by 'lo', by whatever the document says so")
    func loopback() throws {
        let words =
            "'lo' leads to no other node, and every node of a lab has its own: it can't be the node's link to the others"
        let hint = "name the link with 'interface' that leads to the other nodes, or 'eth0'"
        #expect(
            try problems("nodes: { a: { address: 10.0.0.1, interface: lo }, b: { address: 10.0.0.2 } }") == [
                "nodes.a.interface: \(words) (\(hint))"
            ]
        )
    }

    @Test(
        "says where the lab's gateway has no place, of ranges that no router leads out of",
        arguments: [
            ("10.0.0.2/31", "", ["10.0.0.2/31"]),
            ("10.0.0.0/29", "", []),
            ("10.0.0.2/31", ", role: router", []),
        ]
    )
    func fullRange(range: String, role: String, expected: [String]) throws {
        let fitted = try fit(
            """
            underlay: { subnets: [\(range)] }
            nodes: { a: { address: 10.0.0.2 }, b: { address: 10.0.0.3\(role) } }
            """
        )
        let words = "is free for the lab's gateway: nothing leads into that range or out of it"
        #expect(fitted.notes == expected.map { "underlay: no address of \($0) \(words)" })
        let state = LabUnderlay.state(of: fitted, in: try LabName("lab"))
        let hasGateway = state.namespaces.contains(try NamespaceName("lab.gateway"))
        #expect(hasGateway == (expected.isEmpty && role.isEmpty))
    }

    @Test(
        "says what the underlay carries, where networks ask for more than Ethernet's packets",
        arguments: [
            ("", "", nil),
            (", mtu: 1400", ", mtu: 1500", nil),
            (", mtu: 9000", "", "9050 bytes, as network 'a' asks: yours must, too"),
            (", mtu: 1500", "", "1550 bytes, as network 'a' asks: yours must, too"),
            (", mtu: 8950", ", mtu: 9000", "9000 bytes, as networks 'a' and 'b' ask: yours must, too"),
            (", mtu: 1500", ", mtu: 9000", "9000 bytes, as network 'b' asks: yours must, too"),
        ] as [(String, String, String?)]
    )
    func largePackets(overlay: String, routed: String, expected: String?) throws {
        let fitted = try fit(
            """
            nodes: { n: { address: 10.0.0.1 }, m: { address: 10.0.0.2 } }
            networks:
              a: { driver: overlay, subnets: [10.20.0.0/16]\(overlay) }
              b: { driver: routed, subnets: [192.168.0.0/16]\(routed) }
            """
        )
        #expect(fitted.notes == [expected.map { "the lab's underlay carries \($0)" }].compactMap(\.self))
    }

    @Test("has namespaces of its own for those that somebody else made, and says so")
    func adopted() throws {
        let fitted = try fit(
            """
            nodes: { m: { address: 10.0.0.2 } }
            networks: { a: { driver: bridge, subnets: [10.9.0.0/24] } }
            sandboxes:
              legacy: { node: m, netns: /proc/1/ns/net, endpoints: [ { network: a } ] }
            """
        )
        #expect(fitted.cluster.sandboxes.first?.stack == .made)
        #expect(
            fitted.notes == [
                "sandboxes.legacy.netns: the lab makes a namespace of its own in the place of '/proc/1/ns/net'"
            ]
        )
    }

    @Test("has the namespaces of raw objects below their node, with all that is in them, and the same MACs")
    func raw() throws {
        let text = """
            nodes:
              m:
                address: 10.0.0.2
                namespaces: [red]
                links:
                  v0: { type: veth, peer: { name: eth0, namespace: red, addresses: [10.9.0.2/24] } }
                routes: [ { to: default, via: 10.9.0.1, namespace: red } ]
            """
        let plain = try Document.load([Source(name: "d.yaml", text: "weft: 1\n\(text)")])
        let fitted = try fit(text)
        let (before, after) = (
            try #require(plain.cluster.nodes.first).objects.nodeState(for: "m"),
            try #require(fitted.cluster.nodes.first).objects.nodeState(for: "m")
        )
        let moved = Place.namespace(try NamespaceName("lab.m.red"))
        #expect(after.namespaces.map(\.text) == ["lab.m.red"])
        let inside = try #require(after.links[LinkID(InterfaceName("eth0"), in: moved)])
        let old = try #require(
            before.links[LinkID(InterfaceName("eth0"), in: .namespace(NamespaceName("red")))]
        )
        #expect(inside.mac == old.mac && inside.addresses == old.addresses)
        let near = try #require(after.links[LinkID(InterfaceName("v0"), in: .node)])
        #expect(near.kind == .veth(peer: inside.id))
        #expect(after.routes.map(\.place) == [moved])
    }

    @Test("is for a lab that is called like a node or a sandbox", arguments: ["", "Lab", "a.b", "-x", "a/b"])
    func names(name: String) {
        #expect(throws: InvalidName.self) { try LabName(name) }
    }
}
