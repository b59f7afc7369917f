import Compiler
import Document
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// A throw-away node with an uplink to a router, on which documents are applied.
struct ClusterBench {
    let node: ThrowAwayNode
    /// The MTU of the node's uplink.
    let uplinkMTU: Int

    /// The node's link to the router, with 10.99.0.1 and fd00:99::1.
    static let uplink = "up0"
    /// A link of the node's that leads to no address.
    static let spare = "spare0"
    /// The namespace at the other end of the uplink.
    static let router = "router"
    static let routerIPv4 = IPAddress(ipv4: 0x0a63_00fe)
    static let nodeAddresses = [IPAddress("10.99.0.1"), IPAddress("fd00:99::1")].compactMap(\.self)
    static let routerAddresses = [IPAddress("10.99.0.254"), IPAddress("fd00:99::254")].compactMap(\.self)
    /// What the router asks the node for: all networks of documents.
    static let ranges = ["10.0.0.0/8", "fd00::/16"]
    /// The name servers in the node's resolv.conf, without the one that sandboxes can't reach.
    static let nameServer = "10.99.0.53"

    /// Makes a node, runs `body` on it, and takes it away.
    static func with<Result>(uplinkMTU: Int = 1500, _ body: (ClusterBench) throws -> Result) throws -> Result
    {
        try ThrowAwayNode.with("cl-") { node in
            let bench = ClusterBench(node: node, uplinkMTU: uplinkMTU)
            try bench.prepare()
            return try body(bench)
        }
    }

    private func prepare() throws {
        let router = node.fullName(of: Self.router)
        try Command(["ip", "netns", "add", router]).output()
        // A new namespace may have these from its maker.
        try node.run("sysctl -q -w net.ipv4.conf.all.rp_filter=0")
        try forwardNothing()
        let lines = [
            "link add up0 mtu \(uplinkMTU) type veth peer name up1 mtu \(uplinkMTU) netns \(router)",
            "link add spare0 type veth peer name spare1 netns \(router)", "link set up0 up",
            "link set spare0 up",
            "addr add 10.99.0.1/24 dev up0", "addr add fd00:99::1/64 dev up0 nodad",
        ]
        try Command(["ip", "-n", node.name, "-batch", "-"]).reading(lines.joined(separator: "\n")).output()
        let others =
            [
                "link set lo up", "link set up1 up", "link set spare1 up", "addr add 10.99.0.254/24 dev up1",
                "addr add fd00:99::254/64 dev up1 nodad",
            ] + zip(Self.ranges, Self.nodeAddresses).map { "route add \($0) via \($1)" }
        try Command(["ip", "-n", router, "-batch", "-"]).reading(others.joined(separator: "\n")).output()
        // It is no part of what is tried: a sandbox on its wire may tell it what it likes, and on the spare one finds nobody.
        try node.run(
            "sysctl -q -w net.ipv4.ip_forward=0 net.ipv4.conf.all.arp_ignore=1 net.ipv6.conf.up1.accept_ra=0",
            in: Self.router
        )
        try Command(["ip", "-n", node.name, "route", "add", "default", "via", "10.99.0.254"]).output()
        try AtomicFile.makeDirectories("/etc/netns/\(node.name)")
        try AtomicFile.write(
            "/etc/netns/\(node.name)/resolv.conf",
            "nameserver 127.0.0.53\nnameserver \(Self.nameServer)\nsearch node.example\noptions edns0\n"
        )
    }

    // MARK: Forwarding

    /// The families that the node forwards packets of.
    func forwarded() throws -> Set<AddressFamily> {
        try node.inside {
            var families: Set<AddressFamily> = []
            if try SysctlFile.read("net/ipv4/ip_forward") == "1" { families.insert(.ipv4) }
            if try SysctlFile.read("net/ipv6/conf/all/forwarding") == "1" { families.insert(.ipv6) }
            return families
        }
    }

    private func forwardNothing() throws {
        try node.run("sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0")
    }

    // MARK: Weft at work

    func weft(hook: StepHook? = nil) -> Reconciler {
        Reconciler(
            node: Node(
                name: "n",
                namespace: .init(name: node.name, path: node.path()),
                runtimeDirectory: node.runtimeDirectory
            ),
            hook: hook
        )
    }

    /// What a document's text means for the node, as the commands work it out.
    func compile(_ text: String) throws -> CompiledNode {
        let document = try Document.load([Source(name: "document.yaml", text: text)])
        let name = try document.node(named: "n")
        let compiled = document.cluster.compile(for: name, try weft().facts(), document.assignment)
        guard compiled.problems.isEmpty else { throw Refused(problems: compiled.problems.map { "\($0)" }) }
        return compiled
    }

    struct Refused: Error { let problems: [String] }

    /// Applies a document; records an issue if that does not go through.
    @discardableResult
    func apply(
        _ text: String,
        _ why: String = "",
        hook: StepHook? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ApplyReport? {
        let report: ApplyReport
        do {
            let compiled = try compile(text)
            report = try weft(hook: hook).apply(compiled.state, claiming: compiled.claims)
        } catch let refusal as PlanRefusal {
            for problem in refusal.problems {
                Issue.record("\(why): refused: \(problem)\n\(text)", sourceLocation: sourceLocation)
            }
            return nil
        } catch let errors as DocumentErrors {
            Issue.record("\(why): \(errors)\n\(text)", sourceLocation: sourceLocation)
            return nil
        }
        for failure in report.failures + report.rollbackFailures {
            Issue.record("\(why): \(failure)\n\(text)", sourceLocation: sourceLocation)
        }
        return report.isDone ? report : nil
    }

    /// Applies a document and looks at all that it promises: the kernel, and that applying again, or applying what
    /// `compile` prints, changes nothing.
    ///
    /// - Returns: What the sandboxes have got; `nil` if the apply did not go through.
    @discardableResult
    func bring(
        to cluster: Cluster,
        _ why: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ClusterView? {
        let text = cluster.yaml
        let forwarded = try forwarded()
        guard try apply(text, why, sourceLocation: sourceLocation) != nil else { return nil }
        let compiled = try compile(text)
        let printed = try compile(NodeStatePrinter.yaml(compiled.state))
        for (what, compiled) in [("again", compiled), ("as compiled", printed)] {
            let again = try weft().apply(compiled.state, claiming: compiled.claims)
            for change in again.plan.changes {
                Issue.record("\(why): \(what): \(change)\n\(text)", sourceLocation: sourceLocation)
            }
            #expect(again.messagesSent == 0, "\(why): \(what)", sourceLocation: sourceLocation)
        }
        let view = try ClusterView(of: cluster, on: self)
        let differences = try ClusterOracle(cluster, view, self, forwarded: forwarded).differences()
        for difference in differences {
            Issue.record("\(why): \(difference)", sourceLocation: sourceLocation)
        }
        if !differences.isEmpty { print("\(why)\n\(text)") }
        return view
    }

    func destroy(_ why: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
        let forwarded = try forwarded()
        let report = try weft().destroy()
        // Others may rely on it; the dumps of before and after are to be compared without.
        #expect(try self.forwarded() == forwarded, "\(why): destroy", sourceLocation: sourceLocation)
        try forwardNothing()
        for failure in report.failures + report.rollbackFailures {
            Issue.record("\(why): destroy: \(failure)", sourceLocation: sourceLocation)
        }
    }
}
