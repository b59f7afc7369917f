import NetworkTesting
import Testing

/// What an operator reads of a node that is cut off from others: one way that is down holds up nothing else.
@Suite("A node that is cut off", .kernel)
struct CutOffTests {
    private static let document = """
        weft: 1
        nodes:
          n1: { address: 172.16.1.1 }
          n2: { address: 172.16.1.2 }
          n3: { address: 172.16.1.3 }
        networks:
          pods: { driver: routed, subnets: [192.168.0.0/16], nodeSubnets: {
            n1: [192.168.1.0/24], n2: [192.168.2.0/24], n3: [192.168.3.0/24] } }
        sandboxes:
          a: { node: n1, endpoints: [ { network: pods } ] }
          b: { node: n2, endpoints: [ { network: pods } ] }
          c: { node: n3, endpoints: [ { network: pods } ] }

        """

    @Test("is told by plan and apply which nodes have no way, and everything else is carried out")
    func told() throws {
        try Station.with { station in
            let lines = [
                "ip link add eth0 type veth peer name far", "ip link set far up", "ip link set eth0 up",
                "ip addr add 172.16.1.1/24 dev eth0",
            ]
            for line in lines { try station.node.run(line) }
            try station.node.run("ip link set eth0 down")
            for command in ["plan", "apply"] {
                let result = try station.run(command, document: Self.document, "--node", "n1")
                #expect(result.status == 0)
                #expect(
                    station.normal(result.errors) == """
                        warning: DIR/state.yaml: networks.pods: there is no way to nodes 'n2' at 172.16.1.2 and 'n3' at 172.16.1.3 at the \
                        moment, for this node's own address 172.16.1.1 is on no link that is up: their routes are left out; \
                        apply again when there is one

                        """
                )
            }
            #expect(try station.node.run("ip route show proto 87 type unicast").isEmpty)
            try station.node.run("ip link set eth0 up")
            let result = try station.run("apply", document: Self.document, "--node", "n1")
            #expect(result.status == 0 && result.errors.isEmpty)
            let routes = try station.node.run("ip route show proto 87 type unicast").split(separator: "\n")
            #expect(
                routes.map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
                    "192.168.2.0/24 via 172.16.1.2", "192.168.3.0/24 via 172.16.1.3",
                ]
            )
        }
    }
}
