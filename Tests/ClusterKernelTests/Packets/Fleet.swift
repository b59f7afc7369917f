import Compiler
import Document
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// Nodes on an underlay, each a namespace.
///
/// `n1` has 10.99.0.1 and fd00:99::1, and so on. The underlay itself is somebody beyond them all, whom they have for their
/// default route.
struct Fleet {
    let underlay: ThrowAwayNode
    let nodes: [String]
    /// What the nodes speak on the underlay; their tunnels go by the first.
    let families: [AddressFamily]
    /// The node by which all others have their default route.
    let router: String?
    private let mtu: Int

    static let outside = [IPAddress("10.99.0.254"), IPAddress("fd00:99::fe")].compactMap(\.self)

    /// Makes nodes, runs `body`, and takes all of it away.
    static func with(
        _ count: Int = 2,
        mtu: Int = 1500,
        families: [AddressFamily] = AddressFamily.allCases,
        router: String? = nil,
        _ body: (Fleet) throws -> Void
    ) throws {
        try ThrowAwayNode.with("fleet-") { underlay in
            let names = (1...count).map { "n\($0)" }
            let fleet = Fleet(underlay: underlay, nodes: names, families: families, router: router, mtu: mtu)
            try fleet.prepare()
            try body(fleet)
        }
    }

    /// The addresses of the node `nNUMBER` on the underlay, in the order of families.
    static func addresses(ofNode number: Int, _ families: [AddressFamily]) -> [IPAddress] {
        families.compactMap { IPAddress($0 == .ipv4 ? "10.99.0.\(number)" : "fd00:99::\(number)") }
    }

    /// Somebody beyond all nodes, by the families that the nodes speak.
    var outside: [IPAddress] { Self.outside.filter { families.contains($0.family) } }

    private func prepare() throws {
        var lines = ["link add u0 type bridge", "link set u0 mtu \(mtu)", "link set u0 up"]
        lines += outside.map { Self.line(adding: $0, to: "u0") }
        for (index, node) in nodes.enumerated() {
            let name = underlay.fullName(of: node)
            try Command(["ip", "netns", "add", name]).output()
            lines += [
                "link add p\(index) mtu \(mtu) type veth peer name eth0 mtu \(mtu) netns \(name)",
                "link set p\(index) master u0", "link set p\(index) up",
            ]
        }
        try batch(lines, on: nil)
        try forwardNothing()
        for (index, node) in nodes.enumerated() {
            let gateways = router.flatMap { node == $0 ? nil : nodes.firstIndex(of: $0) }
                .map { Self.addresses(ofNode: $0 + 1, families) }
            let lines =
                ["link set lo up", "link set eth0 up"]
                + Self.addresses(ofNode: index + 1, families).map { Self.line(adding: $0, to: "eth0") }
                + (gateways ?? outside).map {
                    "route add \($0.family == .ipv4 ? "0.0.0.0/0" : "::/0") via \($0)"
                }
            try batch(lines, on: node)
        }
        // Without a link-local address a node can't ask for a neighbour to whom it forwards something.
        let isReady = try Eventually.holds {
            try (nodes.map(Optional.some) + [nil]).allSatisfy {
                try underlay.ipJSON("-6 addr show tentative", in: $0).elements.allSatisfy {
                    $0["addr_info"].elements.isEmpty
                }
            }
        }
        #expect(isReady)
    }

    private static func line(adding address: IPAddress, to link: String) -> String {
        address.family == .ipv4
            ? "addr add \(address)/24 dev \(link)" : "addr add \(address)/64 dev \(link) nodad"
    }

    /// Has `ip` do what some lines say, on a node or on the underlay.
    func batch(_ lines: [String], on node: String?) throws {
        try Command(["ip", "-n", underlay.fullName(of: node), "-batch", "-"])
            .reading(lines.joined(separator: "\n")).output()
    }

    /// As nodes are before Weft: it turns forwarding on where a network needs it, and leaves that.
    func forwardNothing() throws {
        for place in [nil] + nodes.map(Optional.some) {
            try underlay.run(
                "sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.rp_filter=0",
                in: place
            )
        }
    }

    /// The head of a document with these nodes.
    var head: String {
        let list = nodes.indices.map { index in
            let addresses = Self.addresses(ofNode: index + 1, families).map { "\"\($0)\"" }
            return "  \(nodes[index]): { address: [\(addresses.joined(separator: ", "))] }"
        }
        return "weft: 1\nunderlay: { subnets: [10.99.0.0/24, \"fd00:99::/64\"] }\nnodes:\n"
            + list.joined(separator: "\n") + "\n"
    }

    func weft(_ node: String, hook: StepHook? = nil) -> Reconciler {
        Reconciler(
            node: Node(
                name: node,
                namespace: .init(name: underlay.fullName(of: node), path: underlay.path(of: node)),
                runtimeDirectory: "\(underlay.runtimeDirectory)/\(node)"
            ),
            hook: hook
        )
    }

    /// Applies a document's text on a node, and once more, which is to change nothing.
    @discardableResult
    func apply(_ text: String, on node: String, hook: StepHook? = nil) throws -> ApplyReport {
        let compiled = try compile(text, for: node)
        for problem in compiled.problems { Issue.record("\(node): \(problem)\n\(text)") }
        let report = try weft(node, hook: hook).apply(compiled.state, claiming: compiled.claims)
        for failure in report.failures + report.rollbackFailures {
            Issue.record("\(node): \(failure)\n\(text)")
        }
        try expectNothingToDo(for: text, on: node)
        return report
    }

    /// A node on which a document was applied is as the document says.
    func expectNothingToDo(for text: String, on node: String, _ why: String = "again") throws {
        let compiled = try compile(text, for: node)
        let again = try weft(node).apply(compiled.state, claiming: compiled.claims)
        for change in again.plan.changes { Issue.record("\(node): \(why): \(change)\n\(text)") }
        #expect(again.messagesSent == 0, "\(node): \(why)")
    }

    private func compile(_ text: String, for node: String) throws -> CompiledNode {
        let document = try Document.load([Source(name: "document.yaml", text: text)])
        let name = try document.node(named: node)
        return document.cluster.compile(for: name, try weft(node).facts(), document.assignment)
    }

    /// The addresses of a sandbox's link, but for link-local ones, IPv4 first.
    func addresses(of sandbox: String, _ interface: String, on node: String) throws -> [IPAddress] {
        let link = try underlay.ipJSON("addr show dev \(interface)", in: "\(node).\(sandbox)").elements.first
        let texts = link?["addr_info"].elements.filter { $0["scope"] == "global" }.compactMap {
            $0["local"].string
        }
        return (texts ?? []).compactMap { IPAddress($0) }.sorted { ($0.family, $0) < ($1.family, $1) }
    }

    /// A place that sends and takes datagrams: a sandbox, or without one the node; without a node what is beyond them all.
    func station(_ sandbox: String?, on node: String?) throws -> Station {
        let place = [node, sandbox].compactMap(\.self).joined(separator: ".")
        return try Station(place.isEmpty ? "outside" : place, in: place.isEmpty ? nil : place, of: underlay)
    }
}
