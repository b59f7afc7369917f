import NetworkModel
import NetworkTesting
import Testing

@Suite("Addresses on a wire, and the MACs that go with them", .kernel, .serialized)
struct SwappedMACTests {
    /// Sandboxes with addresses on the wire of the node's uplink; their MACs follow from these.
    private static func cluster(_ addresses: [String: String]) -> Cluster {
        let lan = Cluster.Network(
            name: "lan",
            driver: .macvlan(parent: ClusterBench.uplink, mode: "bridge"),
            subnets: ["10.99.0.0/24"].compactMap { Prefix(text: $0) }
        )
        let sandboxes = addresses.sorted { $0.key < $1.key }.map { name, address in
            var sandbox = Cluster.sandbox(name, on: "lan")
            sandbox.endpoints[0].addresses = [IPAddress(address)].compactMap(\.self)
            return sandbox
        }
        return Cluster(networks: [lan], sandboxes: sandboxes)
    }

    @Test("are swapped, handed on in a ring, and taken over from a sandbox that goes or gets others")
    func swapped() throws {
        let states = [
            ["a": "10.99.0.11", "b": "10.99.0.12", "c": "10.99.0.13"],
            // Two swap.
            ["a": "10.99.0.12", "b": "10.99.0.11", "c": "10.99.0.13"],
            // A ring of three.
            ["a": "10.99.0.11", "b": "10.99.0.13", "c": "10.99.0.12"],
            // One goes, and a new one gets its address.
            ["b": "10.99.0.13", "c": "10.99.0.12", "d": "10.99.0.11"],
            // One gets another address, and a new one that was made before it the old.
            ["a": "10.99.0.13", "b": "10.99.0.14", "c": "10.99.0.12", "d": "10.99.0.11"],
            // One goes, and one that stays gets its address.
            ["a": "10.99.0.13", "b": "10.99.0.14", "c": "10.99.0.11"],
        ]
        try ClusterBench.with { bench in
            for (step, addresses) in states.enumerated() {
                let cluster = Self.cluster(addresses)
                guard try bench.bring(to: cluster, "step \(step)") != nil else { return }
                #expect(try Exchange(cluster, on: bench).problems() == [], "step \(step)")
            }
        }
    }
}
