import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Each attribute alone", .enabled(if: KernelTests.isAvailable), .serialized)
struct AttributeTests {
    @Test("changed in the document: the plan has that change and no other, and the kernel has it then")
    func inDocument() throws {
        try withBase { bench, base in
            for tried in AttributeCase.all where Self.isPossible(tried) {
                var state = base.state
                tried.edit(base, &state)
                #expect(state != base.state, "\(tried.property)")
                let plan = try bench.weft().plan(state).changes.map(Self.words).sorted()
                #expect(plan == tried.plan.sorted(), "\(tried.property)")
                try bench.bring(to: state, tried.property)
                try bench.bring(to: base.state, "\(tried.property) back")
            }
        }
    }

    @Test("changed behind Weft's back: it is found and put right")
    func behindTheBack() throws {
        try withBase { bench, base in
            for tried in AttributeCase.all where Self.isPossible(tried) {
                for command in tried.drift {
                    try bench.node.run(command.replacing("RED", with: base.pools.namespaces[0].text))
                    #expect(try !bench.weft().plan(base.state).isEmpty, "\(tried.property): \(command)")
                    try bench.bring(to: base.state, "\(tried.property): \(command)")
                }
            }
        }
    }

    @Test("every stored property is in the table")
    func isWhole() {
        let pools = StatePools(node: "n", prefix: "p.", parents: ["a", "b"], hasVLANFiltering: true)
        let base = AttributeBase(pools: pools)
        let state = base.state
        let values: [(String, Any)] = [
            ("Bridge", Bridge()), ("BridgePort", BridgePort()), ("VXLAN", VXLAN(vni: VNI(number: 1))),
            ("Macvlan", Macvlan(parent: base.bridge.name)), ("InterfaceAddress", base.address("10.0.0.1", 8)),
            ("Route", state.routes[0]), ("Neighbour", state.neighbours[0]),
            ("ForwardingEntry", state.forwarding[0]),
            ("Sysctl", state.sysctls[0]),
            ("Link", Link(base.bridge, kind: .bridge(Bridge()), mac: .zero, purpose: "")),
            ("NodeState", state), ("FirewallState", base.firewall),
            ("FirewallState.Bridge", FirewallState.Bridge()),
            ("FirewallState.Port", FirewallState.Port(mac: .zero)),
        ]
        let properties = values.flatMap { name, value in
            Mirror(reflecting: value).children.compactMap { $0.label }.map { "\(name).\($0)" }
        }
        #expect(
            Set(properties).subtracting(AttributeCase.all.map(\.property)).subtracting(Self.elsewhere)
                .sorted() == []
        )
    }

    /// What has no row of its own, and where it is tried.
    private static let elsewhere: Set<String> = [
        // The rows of their own types, and those of what they hold.
        "Link.kind", "Link.port", "Link.addresses", "NodeState.routes", "NodeState.neighbours",
        "NodeState.forwarding",
        "NodeState.sysctls",
        // A link's identity, which a new link has: the row of `NodeState.links`.
        "Link.id",
        // Asked for by rollbacks only: the tests of faults compare indexes. The node's name is not of its kernel.
        "Link.index", "NodeState.node", "Link.promotesSecondaries", "NodeState.untouched",
        "InterfaceAddress.owner", "Neighbour.owner", "FirewallState.others",
        // `AdoptedTests`, `SandboxFileTests`.
        "NodeState.adopted", "NodeState.files",
        // Kernels with VLAN filtering take a VLAN that the port is in: generated states.
        "ForwardingEntry.vlan",
    ]

    /// VLANs need a kernel that filters them.
    private static func isPossible(_ tried: AttributeCase) -> Bool {
        Workbench.hasVLANFiltering || !tried.property.contains("vlan")
    }

    /// `change link mtu, mac`.
    private static func words(_ change: Change) -> String {
        let attributes = change.differences.map(\.attribute).joined(separator: ", ")
        return "\(change.verb) \(change.operation.objectKind)\(attributes.isEmpty ? "" : " \(attributes)")"
    }

    private func withBase(_ body: (Workbench, AttributeBase) throws -> Void) throws {
        try ThrowAwayNode.with("attr-") { node in
            let foreign = try ForeignWorld(on: node)
            let lines = try foreign.lines()
            let bench = Workbench(node)
            let base = AttributeBase(pools: bench.pools)
            try bench.bring(to: base.state, "base")
            try body(bench, base)
            try bench.destroy("last")
            #expect(try foreign.lines().difference(from: lines).map { "\($0)" } == [])
        }
    }
}
