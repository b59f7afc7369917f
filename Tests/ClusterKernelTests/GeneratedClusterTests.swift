import NetworkTesting
import Testing

@Suite("Generated documents", .kernel, .serialized)
struct GeneratedClusterTests {
    @Test(
        "what is applied is what the contract says; back again is as it was; destroyed there is nothing left"
    )
    func roundTrips() throws {
        let seed = Randomness.seed(for: "generated documents")
        let coverage = Coverage(expecting: Coverage.ofClusters)
        let usual = Randomness.runs(usual: 4)
        var run = 0
        // What has not come yet is waited for, up to a point.
        while run < usual || (!coverage.missing.isEmpty && run < 4 * usual) {
            try roundTrip(seed: seed &+ UInt64(run), coverage)
            run += 1
        }
        print("\(run) runs\n\(coverage.report)")
        if usual > 1 { coverage.require() }
    }

    private func roundTrip(seed: UInt64, _ coverage: Coverage) throws {
        var generator = ClusterGenerator(seed: seed)
        let (first, second) = (generator.cluster(), generator.cluster())
        try ClusterBench.with(uplinkMTU: seed % 3 == 0 ? 1400 : 1500) { bench in
            let before = try WholeDump.take(of: bench.node)
            for cluster in [first, second] { coverage.note(cluster) }
            guard try bench.bring(to: first, "seed \(seed) first") != nil else { return }
            let dump = try WholeDump.take(of: bench.node)
            guard try bench.bring(to: second, "seed \(seed) second") != nil else { return }
            guard try bench.bring(to: first, "seed \(seed) back") != nil else { return }
            let back = try WholeDump.take(of: bench.node)
            for difference in Comeback.differences(dump, back) {
                Issue.record("seed \(seed) back: \(difference)")
            }
            try bench.destroy("seed \(seed)")
            for difference in WholeDump.diff(before, try WholeDump.take(of: bench.node)) {
                Issue.record("seed \(seed) destroyed: \(difference)")
            }
        }
    }
}

/// Compares dumps of one state, between which there was another.
enum Comeback {
    /// What is different, but for what can't come back.
    ///
    /// - numbers that the kernel gives to what is made anew: indexes of links, inodes, cookies and ids of namespaces, numbers of
    ///   bridges' ports;
    /// - all nodes' group, to which a link belongs from its creation, and not any more once its IPv6 was turned off;
    /// - that the node forwards packets, which nobody turns off again;
    /// - settings on record as being what they were before: they are written where something is made, not where it is kept.
    static func differences(_ old: WholeDump, _ new: WholeDump) -> [String] {
        var counts: [String: Int] = [:]
        for line in new.lines where !mayStay(line) { counts[withoutNumbers(line), default: 0] += 1 }
        for line in old.lines where !mayStay(line) { counts[withoutNumbers(line), default: 0] -= 1 }
        return counts.filter { $0.value != 0 }.map { "\($0.value < 0 ? "-" : "+") \($0.key)" }.sorted()
    }

    /// True for what is left of a state in between.
    private static func mayStay(_ line: String) -> Bool { isOfGroup(line) || isOfForwarding(line) }

    /// True for the settings that the kernel changes with the forwarding of a family, and for a router's anycast addresses.
    private static func isOfForwarding(_ line: String) -> Bool {
        line.contains(
            #/^wt-[^.]* sysctl: net/ipv./(ip_forward|conf/[^/]*/forwarding|conf/all/accept_redirects) /#
        )
            || line.contains(#/^wt-[^.]* route: .*"type": "anycast"/#)
    }

    /// True for a group of IPv6 that a link itself listens to.
    private static func isOfGroup(_ line: String) -> Bool {
        line.contains(" fdb: {") && line.contains("\"flags\": [\"self\"]")
            && line.contains("\"mac\": \"33:33:")
    }

    private static func withoutNumbers(_ line: String) -> String {
        line.replacing(#/namespace\(net:\[\d+\]\)/#, with: "namespace")
            .replacing(#/sysctl\\t[^\\]*\\t[^\\]*\\t([^\\]*)\\t\1\\n/#, with: "")
            .replacing(#/sysctl\\t[^\\]*\\t[^\\]*(ip_|\/)forward(ing)?\\t[^\\]*\\t[^\\]*\\n/#, with: "")
            .replacing(#/namespace\\t([^\\]*)\\t\d+/#) { "namespace \($0.1)" }
            .replacing(#/"(ifindex|link_index|link_netnsid|id|no|designated_port)": [^,}]*,? ?/#, with: "")
    }
}

@Suite("Skipped tests of documents")
struct SkippedClusterTests {
    @Test("kernel tests were not skipped unnoticed")
    func skipped() { KernelTests.requireOrAllowSkip() }
}
