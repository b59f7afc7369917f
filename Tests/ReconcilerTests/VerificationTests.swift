import LinuxSystem
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

    /// A bridge with a tunnel and another port, and some entries, each in both tables; and another bridge, of one entry.
    private static func state(_ numbers: [Int], via end: UInt32 = 0xc000_0202) -> NodeState {
        var state = NodeState(node: "n")
        func add(_ name: String, _ kind: LinkKind, on bridge: String? = nil) -> LinkID {
            let id = LinkID(PlannerStates.name(name), in: .node)
            let mac = MACAddress(bits: 0x0200_0000_0001 + UInt64(state.links.count))
            var link = Link(id, kind: kind, mac: mac, purpose: "")
            link.master = bridge.map(PlannerStates.name)
            state.links[id] = link
            return id
        }
        func addPair(_ near: String, _ far: String, on bridge: String) -> LinkID {
            let ids = [near, far].map { LinkID(PlannerStates.name($0), in: .node) }
            _ = add(far, .veth(peer: ids[0]))
            return add(near, .veth(peer: ids[1]), on: bridge)
        }
        func entry(_ number: Int, on link: LinkID, _ table: ForwardingEntry.Table) -> ForwardingEntry {
            let mac = MACAddress(bits: 0x0200_0000_1000 | UInt64(number))
            return ForwardingEntry(mac, on: link, table: table, state: .static)
        }
        for bridge in ["br0", "br1"] { _ = add(bridge, .bridge(Bridge())) }
        let tunnel = add("vx0", .vxlan(VXLAN(vni: VNI(number: 7))), on: "br0")
        _ = addPair("p0", "p1", on: "br0")
        let other = addPair("q0", "q1", on: "br1")
        for number in numbers {
            var own = entry(number, on: tunnel, .own)
            own.destination = IPAddress(ipv4: end)
            state.forwarding += [own, entry(number, on: tunnel, .bridge)]
        }
        state.forwarding.append(entry(0x999, on: other, .bridge))
        return state
    }

    /// Applies a state to a node in another one, of a hundred entries; when all is done, and before it is verified, `meddling` is run there.
    ///
    /// - Returns: What is said, and what the next plan has left to do; where the kernel is made to refuse the message that is
    ///   `refused`, and the rest goes on, what was found left to do.
    private func outcome(
        _ meddling: String?,
        from before: NodeState = state(Array(0..<100)),
        applying state: NodeState,
        listing listed: Int,
        refusing refused: Int? = nil
    ) throws -> (failures: [String], isRolledBack: Bool?, remaining: [String]) {
        try ThrowAwayNode.with("verify-") { node in
            let bench = Workbench(node)
            try bench.bring(to: before, "before")
            var options = Reconciler.Options()
            options.listedEntries = listed
            let total = Atomic(0)
            options.onPlan = { total.store($0.changes.count, ordering: .relaxed) }
            options.onProgress = { done in
                guard let meddling, done == total.load(ordering: .relaxed) else { return }
                do { try node.run(meddling) } catch { Issue.record(error) }
            }
            options.keepsGoing = refused != nil
            let messages = Atomic(0)
            // RTM_NEWNEIGH, of which all of these are.
            let hook = StepHook(sendsBatches: true) { step in
                guard step == "message 28" else { return nil }
                return messages.add(1, ordering: .relaxed).oldValue == refused ? .noBufferSpace : nil
            }
            let report = try bench.weft(hook: hook).apply(state, options)
            guard refused == nil else {
                return (report.failures.map { "\($0)" }, nil, report.remaining.map(\.description))
            }
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
        ("bridge fdb add 02:00:00:00:10:50 dev p0 master static", "02:00:00:00:10:50"),
    ]

    @Test("what is gone, altered, elsewhere or back again by then is told, in the same words, and undone")
    func finds() throws {
        for (command, mac) in Self.meddling {
            let listed = try outcome(command, applying: Self.changed, listing: 1_000_000)
            let asked = try outcome(command, applying: Self.changed, listing: 0)
            #expect(listed.failures.count == 1, "\(command): \(listed.failures)")
            let failure = listed.failures.first ?? ""
            #expect(failure.contains(mac) && failure.contains("there is still to"), "\(command): \(failure)")
            #expect(asked.failures == listed.failures, "\(command)")
            #expect(listed.isRolledBack == true && asked.isRolledBack == true, "\(command)")
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

    @Test("a bridge with few entries is listed, whatever another one has")
    func listsSmallOnes() throws {
        let command = "bridge fdb add 02:00:00:00:77:77 dev q0 master static"
        let seen = try outcome(command, applying: Self.changed, listing: 50)
        #expect(seen.failures.count == 1, "\(seen.failures)")
        #expect(seen.failures.first?.contains("02:00:00:00:77:77") == true)
        let gone = "bridge fdb del 02:00:00:00:19:99 dev q0 master"
        #expect(try outcome(gone, applying: Self.changed, listing: 50).failures.count == 1)
        // Of the large one it is asked.
        let added = "bridge fdb add 02:00:00:00:77:77 dev p0 master static"
        #expect(try outcome(added, applying: Self.changed, listing: 50).failures.isEmpty)
    }

    @Test("where something failed, everything is looked at", arguments: [0, 1_000_000])
    func listsAfterFailures(listed: Int) throws {
        let command = "bridge fdb add 02:00:00:00:77:77 dev vx0 self static dst 192.0.2.2"
        let seen = try outcome(command, applying: Self.changed, listing: listed, refusing: 3)
        #expect(seen.failures.count == 1, "\(seen.failures)")
        #expect(seen.remaining.count > 1)
        #expect(seen.remaining.contains { $0.contains("02:00:00:00:77:77") }, "\(seen.remaining)")
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
        // The same where they go: what else is there is then seen as well.
        let stray = "bridge fdb add 02:00:00:00:77:77 dev vx0 self static dst 192.0.2.2"
        let gone = try outcome(stray, from: state, applying: Self.changed, listing: 0)
        #expect(gone.failures.count == 1)
    }
}
