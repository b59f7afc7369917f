import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// What generated states found, each by itself.
@Suite("What once went wrong", .enabled(if: KernelTests.isAvailable))
struct FoundTests {
    @Test("a pair with both ends in the node: the far end gets its bridge and port options")
    func farEndInNode() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            let (_, far) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            state.links[far]?.master = bridge.name
            state.links[far]?.port.hairpin = true
        }
    }

    @Test("an alias of full length is taken")
    func longAlias() throws {
        try bring { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.purpose = String(repeating: "x", count: Mark.longestPurpose)
        }
    }

    @Test("a link in a namespace goes together with its parent in the node")
    func parentAndChild() throws {
        try bring { bench, state in
            state.namespaces = [bench.pools.namespaces[0]]
            let (near, _) = addPair(bench.pools.id("va"), bench.pools.id("vb"), bench, &state)
            let child = bench.pools.id("m1", 0)
            state.links[child] = Link(
                child,
                kind: .macvlan(Macvlan(parent: near.name)),
                mac: mac(child, bench),
                purpose: ""
            )
        } then: { bench, state in
            state.links = [:]
        }
    }

    // MARK: Making states

    /// Applies a state, and a changed one, and takes everything away.
    private func bring(
        _ make: (Workbench, inout NodeState) -> Void,
        then change: (Workbench, inout NodeState) -> Void = { _, _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try ThrowAwayNode.with { node in
            let bench = Workbench(node)
            let before = try WholeDump.take(of: node)
            var state = NodeState(node: "n")
            make(bench, &state)
            try bench.bring(to: state, "first", sourceLocation: sourceLocation)
            change(bench, &state)
            try bench.bring(to: state, "second", sourceLocation: sourceLocation)
            try bench.destroy("last", sourceLocation: sourceLocation)
            #expect(
                WholeDump.diff(before, try WholeDump.take(of: node)) == [],
                sourceLocation: sourceLocation
            )
        }
    }

    private func mac(_ id: LinkID, _ bench: Workbench) -> MACAddress {
        MACAddress(bits: 0x0200_0000_0000 | UInt64(bench.pools.number(of: id)))
    }

    private func addBridge(_ name: String, _ bench: Workbench, _ state: inout NodeState) -> LinkID {
        let id = bench.pools.id(name)
        state.links[id] = Link(id, kind: .bridge(Bridge()), mac: mac(id, bench), purpose: name)
        return id
    }

    private func addPair(
        _ first: LinkID,
        _ second: LinkID,
        _ bench: Workbench,
        _ state: inout NodeState
    ) -> (LinkID, LinkID) {
        state.links[first] = Link(first, kind: .veth(peer: second), mac: mac(first, bench), purpose: "first")
        state.links[second] = Link(
            second,
            kind: .veth(peer: first),
            mac: mac(second, bench),
            purpose: "second"
        )
        return (first, second)
    }
}
