import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Generated states", .enabled(if: KernelTests.isAvailable), .serialized)
struct GeneratedTests {
    @Test("what is applied is what iproute2 sees; what is foreign stays; what was made goes")
    func roundTrips() throws {
        let seed = Randomness.seed(for: "generated states")
        let coverage = Coverage(expecting: Self.expected)
        for run in 0..<Randomness.runs(usual: 12) {
            try roundTrip(seed: seed &+ UInt64(run), coverage)
        }
        if !Workbench.hasVLANFiltering {
            coverage.excuse(["bridge.vlanFiltering", "bridge.vlanDefaultPVID", "fdb.vlan"])
        }
        print(coverage.report)
        if Randomness.runs(usual: 12) >= 12 { coverage.require() }
    }

    private static let expected: [String] = {
        let objects = ["link", "address", "route", "neighbour", "fdb"]
        var names = objects.flatMap { object in ["create", "change", "delete"].map { "\($0) \(object)" } }
        names += ["create namespace", "delete namespace", "change namespace", "change sysctl", "remake link"]
        names += ["remake address", "remake route"]
        names += RouteType.allCases.flatMap { ["route \($0) ipv4", "route \($0) ipv6"] }
        names += [
            "pair in the node", "pair in one namespace", "pair node and namespace", "pair two namespaces",
        ]
        names += ["bridge", "veth", "vxlan", "macvlan"].flatMap {
            ["link \($0) in node", "link \($0) in namespace"]
        }
        return names
    }()

    private func roundTrip(seed: UInt64, _ coverage: Coverage) throws {
        try ThrowAwayNode.with("gen-") { node in
            let foreign = try ForeignWorld(on: node)
            let bench = Workbench(node)
            let before = try WholeDump.take(of: node)
            let foreignBefore = try foreign.lines()
            var generator = StateGenerator(bench.pools, seed: seed)
            var states = [generator.state()]
            states.append(generator.mutate(states[0]))
            states.append(generator.mutate(states[1]))
            states.append(generator.state())
            states.append(states[0])
            for (step, state) in states.enumerated() {
                coverage.note(state)
                guard let report = try bench.bring(to: state, "seed \(seed) step \(step)") else { return }
                for change in report.plan.changes where change.isCounted {
                    coverage.note("\(change.verb.rawValue) \(change.operation.objectKind)")
                }
            }
            #expect(try foreign.lines().difference(from: foreignBefore).map { "\($0)" } == [], "seed \(seed)")
            try bench.destroy("seed \(seed)")
            let differences = WholeDump.diff(before, try WholeDump.take(of: node))
            #expect(differences == [], "seed \(seed)")
        }
    }
}
