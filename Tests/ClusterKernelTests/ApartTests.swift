import LinuxSystem
import NetworkModel
import NetworkTesting
import Testing

@Suite("Networks that are apart", .kernel, .serialized)
struct ApartTests {
    @Test("stay so whatever root does in a sandbox, and would not without the firewall")
    func attacks() throws {
        try ClusterBench.with { bench in
            guard try bench.apply(Cluster.apart.yaml, "apart") != nil else { return }
            let attack = try Attack(.apart, on: bench)
            for (breach, example) in try attack.breaches() {
                Issue.record("\(breach.rawValue): \(example)")
            }
            // The same without the firewall: what was tried is something that works.
            for family in ["inet", "bridge"] { try bench.node.run("nft delete table \(family) weft") }
            let open = try attack.breaches()
            for breach in Attack.Breach.allCases {
                #expect(open[breach] != nil, "without the firewall, too: not \(breach.rawValue)")
            }
        }
    }
}
