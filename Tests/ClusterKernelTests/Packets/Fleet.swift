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
    private let mtu: Int

    static let outside = [IPAddress("10.99.0.254"), IPAddress("fd00:99::fe")].compactMap(\.self)

    /// Makes nodes, runs `body`, and takes all of it away.
    static func with(_ count: Int = 2, mtu: Int = 1500, _ body: (Fleet) throws -> Void) throws {
        try ThrowAwayNode.with("fleet-") { underlay in
            let fleet = Fleet(underlay: underlay, nodes: (1...count).map { "n\($0)" }, mtu: mtu)
            try fleet.prepare()
            try body(fleet)
        }
    }

    private func prepare() throws {
        var lines = ["link add u0 type bridge", "link set u0 mtu \(mtu)", "link set u0 up"]
        lines += ["addr add 10.99.0.254/24 dev u0", "addr add fd00:99::fe/64 dev u0 nodad"]
        for (index, node) in nodes.enumerated() {
            let name = underlay.fullName(of: node)
            try Command(["ip", "netns", "add", name]).output()
            lines += [
                "link add p\(index) mtu \(mtu) type veth peer name eth0 mtu \(mtu) netns \(name)",
                "link set p\(index) master u0", "link set p\(index) up",
            ]
        }
        try Command(["ip", "-n", underlay.name, "-batch", "-"]).reading(lines.joined(separator: "\n"))
            .output()
        for (index, node) in nodes.enumerated() {
            let number = index + 1
            let lines = [
                "link set lo up", "link set eth0 up", "addr add 10.99.0.\(number)/24 dev eth0",
                "addr add fd00:99::\(number)/64 dev eth0 nodad", "route add default via 10.99.0.254",
                "-6 route add default via fd00:99::fe",
            ]
            try Command(["ip", "-n", underlay.fullName(of: node), "-batch", "-"])
                .reading(lines.filter { !$0.hasPrefix("-6") }.joined(separator: "\n")).output()
            try underlay.run("ip -6 route add default via fd00:99::fe", in: node)
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

    /// The head of a document with these nodes.
    var head: String {
        let list = nodes.enumerated().map { index, node in
            "  \(node): { address: [10.99.0.\(index + 1), \"fd00:99::\(index + 1)\"] }"
        }
        return "weft: 1\nunderlay: { subnets: [10.99.0.0/24, \"fd00:99::/64\"] }\nnodes:\n"
            + list.joined(separator: "\n") + "\n"
    }

    func weft(_ node: String) -> Reconciler {
        Reconciler(
            node: Node(
                name: node,
                namespace: .init(name: underlay.fullName(of: node), path: underlay.path(of: node)),
                runtimeDirectory: "\(underlay.runtimeDirectory)/\(node)"
            )
        )
    }

    /// Applies a document's text on a node, and once more, which is to change nothing.
    @discardableResult
    func apply(_ text: String, on node: String) throws -> ApplyReport {
        let document = try Document.load([Source(name: "document.yaml", text: text)])
        let name = try document.node(named: node)
        let compiled = document.cluster.compile(for: name, try weft(node).facts(), document.assignment)
        for problem in compiled.problems { Issue.record("\(node): \(problem)\n\(text)") }
        let report = try weft(node).apply(compiled.state, claiming: compiled.claims)
        for failure in report.failures + report.rollbackFailures {
            Issue.record("\(node): \(failure)\n\(text)")
        }
        let again = try weft(node).apply(compiled.state, claiming: compiled.claims)
        for change in again.plan.changes { Issue.record("\(node): again: \(change)\n\(text)") }
        #expect(again.messagesSent == 0, "\(node)")
        return report
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
