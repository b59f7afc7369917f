import Compiler
import Document
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// A node that is cut off from others does what can be done, and the rest when it no longer is.
@Suite("Cut off", .kernel, .serialized)
struct CutOffTests {
    private static func text(_ fleet: Fleet, _ more: String = "") -> String {
        fleet.head + """
            networks:
              pods: { driver: routed, subnets: [10.50.0.0/16, "fd00:50::/48"] }
              flat: { driver: overlay, subnets: [10.60.0.0/24, "fd00:60::/64"] }
              here: { driver: bridge, subnets: [10.62.0.0/24] }
            sandboxes:
              a1: { node: n1, endpoints: [ { network: flat }, { network: pods } ] }
              a2: { node: n2, endpoints: [ { network: flat }, { network: pods } ] }
              c1: { node: n1, endpoints: [ { network: here } ] }
            \(more)
            """
    }

    private static func warnings(_ text: String, on node: String, _ fleet: Fleet) throws -> [String] {
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        return document.cluster.compile(
            for: try document.node(named: node),
            try fleet.weft(node).facts(),
            document.assignment
        ).warnings
    }

    /// The routes of Weft's on a node that lead to other nodes.
    private static func routes(_ node: String, _ fleet: Fleet) throws -> [String] {
        try ["-4", "-6"].flatMap { family in
            try fleet.underlay.ipJSON("\(family) route show", in: node).elements.compactMap { route in
                guard let destination = route["dst"].string, let gateway = route["gateway"].string,
                    destination != "default"
                else { return nil }
                return "\(destination) via \(gateway)"
            }
        }
    }

    @Test(
        "while the underlay's link is down everything else is applied, with or without another way out, and the routes come back",
        arguments: [false, true]
    )
    func down(hasOtherWay: Bool) throws {
        try Fleet.with(2) { fleet in
            for node in fleet.nodes { try fleet.apply(Self.text(fleet), on: node) }
            let before = try Self.routes("n1", fleet)
            #expect(before.count == 2)
            try fleet.underlay.run("ip link set eth0 down", in: "n1")
            if hasOtherWay {
                // A link for maintenance, by which nobody of the cluster is reached.
                try fleet.underlay.run("ip link add d0 up type veth peer name d1", in: "n1")
                try fleet.underlay.run("ip link set d1 up", in: "n1")
                try fleet.underlay.run("ip addr add 192.0.2.1/24 dev d0", in: "n1")
                try fleet.underlay.run("ip route add default via 192.0.2.254", in: "n1")
            }
            let more = "  c2: { node: n1, endpoints: [ { network: here } ] }\n"
            let text = Self.text(fleet, more)
            let warnings = try Self.warnings(text, on: "n1", fleet)
            // Of the routed network one for each family, of the overlay one.
            let words = "there is no way to node 'n2' at "
            #expect(warnings.filter { $0.hasPrefix("networks.pods: \(words)") }.count == 2)
            #expect(warnings.filter { $0.hasPrefix("networks.flat: \(words)") }.count == 1)
            #expect(warnings.count == 3)
            try fleet.apply(text, on: "n1")
            #expect(try Self.routes("n1", fleet) == [])
            let new = try fleet.addresses(of: "c2", "eth0", on: "n1")
            #expect(try FieldProblemTests.reaches(fleet, ("c1", "n1"), ("c2", "n1"), at: new))
            let lines = [
                "ip link set eth0 up", "ip addr add fd00:99::1/64 dev eth0 nodad",
                "ip route replace default via 10.99.0.254", "ip -6 route add default via fd00:99::fe",
            ]
            for line in lines { try fleet.underlay.run(line, in: "n1") }
            #expect(try fleet.isSettled("n1"))
            #expect(try Self.warnings(text, on: "n1", fleet) == [])
            try fleet.apply(text, on: "n1")
            #expect(try Self.routes("n1", fleet) == before)
            #expect(try FieldProblemTests.areJoined(fleet))
            try FieldProblemTests.destroy(fleet)
        }
    }

    @Test("routes that the kernel keeps while the way to their gateway is gone are kept")
    func kept() throws {
        try Fleet.with(2) { fleet in
            for node in fleet.nodes { try fleet.apply(Self.text(fleet), on: node) }
            let before = try Self.routes("n1", fleet)
            try fleet.underlay.run("ip addr del fd00:99::1/64 dev eth0", in: "n1")
            // The kernel forgets the prefix, and with it its default route, but not Weft's route.
            let isKept = try Self.routes("n1", fleet) == before
            #expect(isKept)
            #expect(try Self.warnings(Self.text(fleet), on: "n1", fleet) == [])
            let report = try fleet.apply(Self.text(fleet), on: "n1")
            #expect(report.plan.isEmpty)
            #expect(try Self.routes("n1", fleet) == before)
            try FieldProblemTests.destroy(fleet)
        }
    }

    @Test("a peer that is not on a link is refused, and named")
    func gateway() throws {
        try Fleet.with(2) { fleet in
            try fleet.underlay.run("ip route add 10.99.0.2/32 via 10.99.0.254", in: "n1")
            let document = try Document.load([Source(name: "a.yaml", text: Self.text(fleet))])
            let problems = document.cluster.compile(
                for: try document.node(named: "n1"),
                try fleet.weft("n1").facts(),
                document.assignment
            ).problems
            #expect(problems.map(\.path) == ["networks.pods"])
            #expect(problems.first?.message.contains("node 'n2' at 10.99.0.2 is not on a link") == true)
        }
    }
}
