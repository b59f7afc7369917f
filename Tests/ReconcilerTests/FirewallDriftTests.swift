import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("The firewall behind Weft's back", .enabled(if: KernelTests.isAvailable), .serialized)
struct FirewallDriftTests {
    /// The whole of the ruleset, in a node where nobody else has any.
    private func withFirewall(_ body: (Workbench, NodeState) throws -> Void) throws {
        try ThrowAwayNode.with("drift-") { node in
            let bench = Workbench(node)
            var state = NodeState(node: bench.pools.node)
            state.firewall = AttributeBase(pools: bench.pools).firewall
            try bench.bring(to: state, "base")
            try body(bench, state)
            try bench.destroy("last")
            #expect(try node.run("nft list ruleset") == "")
        }
    }

    private func rules(of bench: Workbench) throws -> [JSON] {
        let objects = try JSON(text: bench.node.run("nft -j list ruleset"))["nftables"].elements
        return objects.map { $0["rule"] }.filter { !$0.isNull }
    }

    private func put(
        right state: NodeState,
        _ bench: Workbench,
        after what: String
    ) throws {
        #expect(try !bench.weft().plan(state).isEmpty, "\(what)")
        try bench.bring(to: state, what)
    }

    @Test("each of its rules, deleted alone, is missed and comes back")
    func rules() throws {
        try withFirewall { bench, state in
            let count = try rules(of: bench).count
            #expect(count > 20)
            for position in 0..<count {
                let rule = try rules(of: bench)[position]
                let words = ["family", "table", "chain"].compactMap { rule[$0].string }.joined(separator: " ")
                let command = "nft delete rule \(words) handle \(try #require(rule["handle"].int))"
                try bench.node.run(command)
                try put(right: state, bench, after: "\(command): \(rule)")
            }
        }
    }

    @Test("each of its sets, deleted with the rules that look it up, comes back")
    func sets() throws {
        try withFirewall { bench, state in
            let objects = try JSON(text: bench.node.run("nft -j list sets"))["nftables"].elements
            let sets = objects.map { $0["set"] }.filter { !$0.isNull }
            #expect(sets.count > 8)
            for set in sets {
                let (family, name) = (set["family"].string ?? "", set["name"].string ?? "")
                try bench.node.run("nft flush table \(family) weft")
                try bench.node.run("nft delete set \(family) weft \(name)")
                try put(right: state, bench, after: "no set \(name)")
            }
        }
    }

    @Test("'nft flush ruleset' is seen, and undone")
    func flush() throws {
        try withFirewall { bench, state in
            try bench.node.run("nft flush ruleset")
            let first = try bench.weft().plan(state).changes.first.map { "\($0)" }
            #expect(first == "create firewall (tables 'inet weft' and 'bridge weft')")
            try put(right: state, bench, after: "nft flush ruleset")
        }
    }

    @Test("what a rollback gives back is the firewall as it was, also after somebody altered it")
    func rollback() throws {
        try withFirewall { bench, state in
            try bench.node.run("nft add element inet weft masqueraded { \"br0\" }")
            let before = try WholeDump.take(of: bench.node)
            var other = state
            other.firewall?.vxlanPorts = [9]
            other.namespaces = [bench.pools.namespaces[0]]
            let hook = StepHook { $0.contains("firewall") ? nil : .busy }
            let report = try bench.weft(hook: hook).apply(other)
            #expect(!report.isDone && report.isRolledBack == true, "\(report.failures)")
            #expect(WholeDump.diff(before, try WholeDump.take(of: bench.node)) == [])
        }
    }
}
