import ClusterModel
import NetworkModel
import Testing

/// Which nodes carry a network.
@Suite struct CarrierTests {
    @Test func areThoseWithAnEndpointUnlessTheyAreStated() {
        let subnets = PerFamily(ipv4: Prefix(containing: IPAddress(ipv4: 10 << 24), length: 8))
        let used = Network(NetworkName(unchecked: "used"), driver: .bridge, subnets: subnets)
        var stated = Network(NetworkName(unchecked: "stated"), driver: .bridge, subnets: subnets)
        stated.nodes = ["n9", "n7"].map { NodeName(unchecked: $0) }
        let unused = Network(NetworkName(unchecked: "unused"), driver: .bridge, subnets: subnets)
        var state = ClusterState()
        state.networks = NamedList([used, stated, unused])
        state.sandboxes = NamedList(
            ["n2", "n1", "n2"].enumerated().map { index, node in
                var sandbox = Sandbox(SandboxName(unchecked: "s\(index)"), node: NodeName(unchecked: node))
                sandbox.endpoints = [Endpoint(used.name), Endpoint(stated.name)]
                return sandbox
            }
        )
        let carriers = state.assignment().carriers.mapValues { $0.map(\.text) }
        #expect(carriers[used.name] == ["n1", "n2"])
        #expect(carriers[stated.name] == ["n7", "n9"])
        #expect(carriers[unused.name] == [])
    }
}
