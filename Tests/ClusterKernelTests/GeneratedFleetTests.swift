import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("Generated clusters of several nodes", .kernel, .serialized)
struct GeneratedFleetTests {
    @Test(
        "who reaches whom, and as whom, is what the contract says, also after a change; destroyed there is nothing left"
    )
    func matrices() throws {
        let seed = Randomness.seed(for: "clusters of several nodes")
        let coverage = Coverage(expecting: Coverage.ofFleets)
        let usual = Randomness.runs(usual: 6)
        var run = 0
        // What has not come yet is waited for, up to a point.
        while run < usual || (!coverage.missing.isEmpty && run < 3 * usual) {
            try matrices(seed: seed &+ UInt64(run), coverage)
            run += 1
        }
        print("\(run) runs\n\(coverage.report)")
        if usual > 1 { coverage.require() }
    }

    private func matrices(seed: UInt64, _ coverage: Coverage) throws {
        var generator = FleetGenerator(seed: seed)
        let first = generator.cluster()
        let (second, changes) = generator.changed(first)
        for (change, count) in changes { coverage.note("change: \(change.rawValue)", count) }
        let count = (first.nodes + second.nodes).compactMap { Int($0.name.dropFirst()) }.max() ?? 0
        let router = first.nodes.first(where: \.isRouter)?.name
        try Fleet.with(count, families: generator.families, router: router) { fleet in
            let before = try WholeDump.take(of: fleet.underlay)
            for (what, cluster) in [("first", first), ("second", second)] {
                coverage.note(cluster, of: generator.families)
                let why = "seed \(seed) \(what)"
                let order = cluster.nodes.map(\.name).shuffled(using: &generator.random)
                try bring(fleet, to: cluster, why, in: order)
                try exchange(cluster, on: fleet, why, coverage)
                // Nor did packets change anything that is the document's.
                for node in order {
                    try fleet.expectNothingToDo(for: cluster.yaml, on: node, "\(why), after packets")
                }
            }
            // Whoever is root in a sandbox may add what routes he likes.
            for route in try FleetExchange.leadOut(second, on: fleet) { coverage.note(route) }
            try exchange(second, on: fleet, "seed \(seed) second, with routes of sandboxes' own", coverage)
            for node in second.nodes.map(\.name) { try destroy(node, on: fleet) }
            try FleetExchange.forgetRoutes(on: fleet)
            try fleet.forwardNothing()
            for difference in WholeDump.diff(before, try WholeDump.take(of: fleet.underlay)) {
                Issue.record("seed \(seed) destroyed: \(difference)")
            }
        }
    }

    /// Tries the matrix of a document that is in force.
    private func exchange(_ cluster: Cluster, on fleet: Fleet, _ why: String, _ coverage: Coverage) throws {
        let exchange = try FleetExchange(cluster, on: fleet)
        for (rule, count) in exchange.rules { coverage.note(rule.rawValue, count) }
        let problems = exchange.problems()
        for problem in problems { Issue.record("\(why): \(problem)") }
        if !problems.isEmpty { print("\(why)\n\(cluster.yaml)") }
    }

    /// Has every node of a document apply it, in some order; one that is not in it any more is emptied.
    private func bring(_ fleet: Fleet, to cluster: Cluster, _ why: String, in order: [String]) throws {
        for node in fleet.nodes where cluster.node(node) == nil { try destroy(node, on: fleet) }
        for node in order { try fleet.apply(cluster.yaml, on: node) }
        let view = try FleetView(of: cluster, on: fleet)
        for problem in FleetAssignment(cluster, view).problems { Issue.record("\(why): \(problem)") }
    }

    private func destroy(_ node: String, on fleet: Fleet) throws {
        let report = try fleet.weft(node).destroy()
        for failure in report.failures + report.rollbackFailures {
            Issue.record("\(node): destroy: \(failure)")
        }
    }
}
