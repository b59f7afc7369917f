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
        if !Workbench.hasVLANFiltering {
            coverage.excuse(["bridge.vlanFiltering", "bridge.vlanDefaultPVID", "fdb.vlan"])
        }
        let usual = Randomness.runs(usual: 6)
        var run = 0
        // What has not come yet is waited for, up to a point.
        while run < usual || (!coverage.missing.isEmpty && run < 4 * usual) {
            try roundTrip(seed: seed &+ UInt64(run), coverage)
            run += 1
        }
        print("\(run) runs\n\(coverage.report)")
        if usual > 1 { coverage.require() }
    }

    private static let expected: [String] = {
        let objects = ["link", "address", "route", "neighbour", "fdb"]
        var names = objects.flatMap { object in ["create", "change", "delete"].map { "\($0) \(object)" } }
        names += ["create namespace", "delete namespace", "change namespace", "change sysctl", "remake link"]
        names += ["remake address", "remake route", "drift"]
        names += ["create", "remake", "delete"].map { "\($0) firewall tables" }
        names += ["bridge", "port", "VXLAN ports"].flatMap { entry in
            ["create", "change", "delete"].map { "\($0) firewall \(entry)" }
        }
        names += RouteType.allCases.flatMap { ["route \($0) ipv4", "route \($0) ipv6"] }
        names += [
            "pair in the node", "pair in one namespace", "pair node and namespace", "pair two namespaces",
        ]
        names += ["bridge", "veth", "vxlan", "macvlan"].flatMap {
            ["link \($0) in node", "link \($0) in namespace"]
        }
        return names
    }()

    /// Lets a stranger at some of Weft's objects, and has it put right.
    private func drift(
        from state: NodeState,
        _ generator: inout StateGenerator,
        _ bench: Workbench,
        _ coverage: Coverage,
        _ why: String
    ) throws {
        let drift = Drift(state, bench.node)
        for _ in 0..<4 {
            guard let commands = drift.next(&generator) else { return }
            for command in commands { try Command(command).output() }
            let plan = try bench.weft().plan(state)
            #expect(!plan.isEmpty, "\(why): \(commands)")
            coverage.note(plan)
            coverage.note("drift")
            try bench.bring(to: state, "\(why): \(commands.map { $0.joined(separator: " ") })")
        }
    }

    @Test("addresses of others on Weft's links stay, whatever becomes of Weft's own")
    func guests() throws {
        let seed = Randomness.seed(for: "guests")
        var count = 0
        for run in 0..<Randomness.runs(usual: 2) {
            try ThrowAwayNode.with("guests-") { node in
                let foreign = try ForeignWorld(on: node)
                let lines = try foreign.lines()
                let bench = Workbench(node)
                var generator = StateGenerator(bench.pools, seed: seed &+ UInt64(run))
                let first = generator.state()
                try bench.bring(to: first, "seed \(seed) run \(run) first")
                var guests = ForeignGuests(on: node)
                try guests.settle(beside: first, host: 200)
                count += guests.count
                for step in 0..<3 {
                    let state = step == 2 ? first.withoutAddresses : generator.mutate(first)
                    guard case .some = try? bench.weft().plan(state) else { continue }
                    try bench.bring(to: state, "seed \(seed) run \(run) step \(step)")
                    let missing = try guests.missing()
                    #expect(missing == [], "seed \(seed) run \(run) step \(step)")
                }
                let lost = try foreign.lines().difference(from: lines).map { "\($0)" }
                #expect(lost == [], "seed \(seed) run \(run)")
                try bench.destroy("seed \(seed) run \(run)")
            }
        }
        #expect(count > 0, "no link had an address for a guest to stand beside")
    }

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
                coverage.note(report.plan)
            }
            try drift(from: states[4], &generator, bench, coverage, "seed \(seed)")
            let lost = try foreign.lines().difference(from: foreignBefore).map { "\($0)" }
            #expect(lost == [], "seed \(seed)")
            try bench.destroy("seed \(seed)")
            let differences = WholeDump.diff(before, try WholeDump.take(of: node))
            #expect(differences == [], "seed \(seed)")
        }
    }
}

extension NodeState {
    /// The same links without addresses, and without what stands on those.
    fileprivate var withoutAddresses: NodeState {
        var state = self
        for id in links.keys { state.links[id]?.addresses = [] }
        state.routes = []
        return state
    }
}

/// What a stranger can do to the objects of a state.
private struct Drift {
    private let state: NodeState
    private let node: ThrowAwayNode

    init(_ state: NodeState, _ node: ThrowAwayNode) {
        self.state = state
        self.node = node
    }

    /// Some commands; `nil` if there is nothing to do them to.
    func next(_ generator: inout StateGenerator) -> [[String]]? {
        let kinds: [(inout StateGenerator) -> [[String]]?] = [
            link, address, route, neighbour, entry, namespace, firewall,
        ]
        for kind in kinds.shuffled(using: &generator.random) {
            if let commands = kind(&generator) { return commands }
        }
        return nil
    }

    private func ip(_ place: Place, _ words: String) -> [String] {
        ["ip", "-n", place.name?.text ?? node.name] + words.split(separator: " ").map(String.init)
    }

    private func link(_ generator: inout StateGenerator) -> [[String]]? {
        guard let link = generator.element(state.links.values.sorted { $0.id < $1.id }) else { return nil }
        let name = link.id.name
        // Not out of its group: it would be a stranger's, whose name is in the way.
        let changes = [
            "link del \(name)", "link set \(name) \(link.isUp ? "down" : "up")",
            "link set \(name) alias strange",
        ]
        guard let change = generator.element(changes) else { return nil }
        return [ip(link.id.place, change)]
    }

    private func address(_ generator: inout StateGenerator) -> [[String]]? {
        let links = state.links.values.filter { !$0.addresses.isEmpty }.sorted { $0.id < $1.id }
        guard let link = generator.element(links), let address = generator.element(link.addresses) else {
            return nil
        }
        return [ip(link.id.place, "addr del \(address) dev \(link.id.name)")]
    }

    private func route(_ generator: inout StateGenerator) -> [[String]]? {
        guard let route = generator.element(state.routes) else { return nil }
        let family = route.destination.family.rawValue
        let key = "\(route.type) \(route.destination) table \(route.table) metric \(route.metric) proto 87"
        return [
            ["ip", "-\(family)", "-n", route.place.name?.text ?? node.name, "route", "del"]
                + key.split(separator: " ").map(String.init)
        ]
    }

    private func neighbour(_ generator: inout StateGenerator) -> [[String]]? {
        guard let neighbour = generator.element(state.neighbours) else { return nil }
        let change =
            "neigh replace \(neighbour.address) lladdr 02:00:00:00:99:99 dev \(neighbour.link.name) nud permanent"
        return [ip(neighbour.link.place, change)]
    }

    private func entry(_ generator: inout StateGenerator) -> [[String]]? {
        guard let entry = generator.element(state.forwarding.filter { $0.mac != .zero && $0.vlan == 0 })
        else { return nil }
        let table = entry.table.rawValue
        return [
            [
                "bridge", "-n", entry.link.place.name?.text ?? node.name, "fdb", "del", "\(entry.mac)", "dev",
                "\(entry.link.name)", table,
            ]
        ]
    }

    private func firewall(_ generator: inout StateGenerator) -> [[String]]? {
        guard let firewall = state.firewall else { return nil }
        var changes = [
            "delete table inet weft", "delete table bridge weft", "flush chain inet weft forward",
            "insert rule inet weft input accept", "add chain bridge weft incoming { policy drop ; }",
            "flush set bridge weft ports", "add element inet weft masqueraded { \"strange\" }",
        ]
        // Flushed of nothing a set is as it was.
        if firewall.ports.isEmpty { changes.removeAll { $0.hasPrefix("flush set") } }
        return generator.element(changes).map { [node.command(["nft", $0]).arguments] }
    }

    private func namespace(_ generator: inout StateGenerator) -> [[String]]? {
        // One without a link of Weft's in it would be a stranger's, whose name is in the way.
        let known = state.namespaces.sorted().filter { name in
            state.links.keys.contains { $0.place == .namespace(name) }
        }
        guard let name = generator.element(known) else { return nil }
        return generator.chance(30)
            ? [["ip", "netns", "delete", name.text]]
            : [ip(.namespace(name), generator.chance(50) ? "link set lo down" : "link set lo alias strange")]
    }
}
