import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Synchronization
import Testing

/// After an apply the node is read again: large FDBs entry by entry, for a list of them takes the kernel seconds.
@Suite("Verification", .enabled(if: KernelTests.isAvailable))
struct VerificationTests {
    private static let tunnel = LinkID(PlannerStates.name("vx0"), in: .node)
    private static let port = LinkID(PlannerStates.name("p0"), in: .node)

    /// A bridge with a tunnel and another port, and some entries, each in both tables.
    private static func state(_ numbers: [Int], via end: UInt32 = 0xc000_0202) -> NodeState {
        var state = NodeState(node: "n")
        let bridge = PlannerStates.name("br0")
        func add(_ id: LinkID, _ kind: LinkKind, _ mac: UInt64, isPort: Bool) {
            var link = Link(id, kind: kind, mac: MACAddress(bits: 0x0200_0000_0000 | mac), purpose: "")
            link.master = isPort ? bridge : nil
            state.links[id] = link
        }
        add(LinkID(bridge, in: .node), .bridge(Bridge()), 1, isPort: false)
        add(tunnel, .vxlan(VXLAN(vni: VNI(number: 7))), 2, isPort: true)
        let far = LinkID(PlannerStates.name("p1"), in: .node)
        add(port, .veth(peer: far), 3, isPort: true)
        add(far, .veth(peer: port), 4, isPort: false)
        for number in numbers {
            let mac = MACAddress(bits: 0x0200_0000_1000 | UInt64(number))
            var own = ForwardingEntry(mac, on: tunnel, table: .own, state: .static)
            own.destination = IPAddress(ipv4: end)
            state.forwarding += [own, ForwardingEntry(mac, on: tunnel, table: .bridge, state: .static)]
        }
        return state
    }

    /// Applies a state to a node of a hundred entries; when all is done, and before it is verified, `meddling` is run there.
    ///
    /// - Returns: What is said, and what the next plan has left to do.
    private func outcome(
        _ meddling: String?,
        applying state: NodeState,
        listing listed: Int
    ) throws -> (failures: [String], isRolledBack: Bool?, remaining: [String]) {
        try ThrowAwayNode.with("verify-") { node in
            let bench = Workbench(node)
            try bench.bring(to: Self.state(Array(0..<100)), "before")
            var options = Reconciler.Options()
            options.listedEntries = listed
            let total = Atomic(0)
            options.onPlan = { total.store($0.changes.count, ordering: .relaxed) }
            options.onProgress = { done in
                guard let meddling, done == total.load(ordering: .relaxed) else { return }
                do { try node.run(meddling) } catch { Issue.record(error) }
            }
            let report = try bench.weft().apply(state, options)
            #expect(report.isVerified || !report.failures.isEmpty)
            let remaining = try bench.weft().plan(state).changes.map(\.description)
            return (report.failures.map { "\($0)" }, report.isRolledBack, remaining)
        }
    }

    /// Some go, some come, some change.
    private static let changed = state(Array(0..<60) + Array(100..<120), via: 0xc000_0203)

    @Test("what was told is there, by a list or one by one", arguments: [0, 1_000_000])
    func verifies(listed: Int) throws {
        let seen = try outcome(nil, applying: Self.changed, listing: listed)
        #expect(seen.failures.isEmpty)
        #expect(seen.remaining.isEmpty)
    }

    /// What somebody does, and the MAC that is told of.
    private static let meddling = [
        ("bridge fdb del 02:00:00:00:10:05 dev vx0 self", "02:00:00:00:10:05"),
        ("bridge fdb del 02:00:00:00:10:05 dev vx0 master", "02:00:00:00:10:05"),
        ("bridge fdb replace 02:00:00:00:10:05 dev vx0 self static dst 192.0.2.9", "02:00:00:00:10:05"),
        ("bridge fdb replace 02:00:00:00:10:05 dev vx0 self permanent dst 192.0.2.3", "02:00:00:00:10:05"),
        ("bridge fdb replace 02:00:00:00:10:05 dev p0 master static", "02:00:00:00:10:05"),
        ("bridge fdb add 02:00:00:00:10:50 dev vx0 self static dst 192.0.2.2", "02:00:00:00:10:50"),
        ("bridge fdb add 02:00:00:00:10:50 dev vx0 master static", "02:00:00:00:10:50"),
    ]

    @Test(
        "what is gone, altered, elsewhere or back again by then is told, and undone",
        arguments: [0, 1_000_000]
    )
    func finds(listed: Int) throws {
        for (command, mac) in Self.meddling {
            let seen = try outcome(command, applying: Self.changed, listing: listed)
            #expect(seen.failures.count == 1, "\(command): \(seen.failures)")
            let failure = seen.failures.first ?? ""
            #expect(failure.contains(mac) && failure.contains("there is still to"), "\(command): \(failure)")
            #expect(seen.isRolledBack == true, "\(command)")
        }
    }

    @Test("what somebody adds meanwhile a list shows, and otherwise the next plan takes away")
    func findsAdditions() throws {
        let command = "bridge fdb add 02:00:00:00:77:77 dev vx0 self static dst 192.0.2.2"
        let listed = try outcome(command, applying: Self.changed, listing: 1_000_000)
        #expect(listed.failures.count == 1)
        let asked = try outcome(command, applying: Self.changed, listing: 0)
        #expect(asked.failures.isEmpty)
        #expect(asked.remaining.count == 1)
        #expect(asked.remaining.first?.contains("02:00:00:00:77:77") == true)
    }

    @Test("several destinations of one MAC are told by a list alone")
    func listsFloods() throws {
        var state = Self.changed
        for end: UInt32 in [0xc000_0204, 0xc000_0205] {
            var entry = ForwardingEntry(.zero, on: Self.tunnel, table: .own)
            entry.destination = IPAddress(ipv4: end)
            state.forwarding.append(entry)
        }
        #expect(try outcome(nil, applying: state, listing: 0).failures.isEmpty)
        let command = "bridge fdb del 00:00:00:00:00:00 dev vx0 self dst 192.0.2.5"
        let seen = try outcome(command, applying: state, listing: 0)
        #expect(seen.failures.count == 1)
        #expect(seen.failures.first?.contains("192.0.2.5") == true)
    }
}
