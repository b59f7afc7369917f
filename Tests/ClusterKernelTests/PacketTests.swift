import NetworkModel
import NetworkTesting
import Testing

@Suite("Packets of documents", .kernel, .serialized)
struct PacketTests {
    @Test("who reaches whom, and is seen as whom, is what the document says, for all and every address")
    func matrix() throws {
        let seed = Randomness.seed(for: "packets of documents")
        var counts: [String: Int] = [
            "delivered ipv4": 0, "delivered ipv6": 0, "not delivered": 0,
        ]
        for run in 0..<Randomness.runs(usual: 5) {
            var generator = ClusterGenerator(seed: seed &+ UInt64(100 + run))
            let cluster = generator.cluster()
            try ClusterBench.with { bench in
                guard try bench.apply(cluster.yaml, "seed \(seed) run \(run)") != nil else { return }
                let exchange = try Exchange(cluster, on: bench)
                for problem in exchange.problems() {
                    Issue.record("seed \(seed) run \(run): \(problem)\n\(cluster.yaml)")
                }
                for (what, count) in exchange.counts { counts[what, default: 0] += count }
            }
        }
        print(counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
        for what in ["delivered ipv4", "delivered ipv6", "not delivered"] {
            #expect(counts[what] ?? 0 > 0, "\(what)")
        }
    }
}
