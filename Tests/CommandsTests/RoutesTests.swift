import NetworkTesting
import Testing

/// What the network between the nodes must be told.
@Suite("weft routes")
struct RoutesTests {
    private static let document = """
        weft: 1
        nodes:
          node1: { address: [172.16.1.1, "fd00:16::1"] }
          node2: { address: [172.16.1.2, "fd00:16::2"] }
          vrouter: { address: 172.16.1.254, role: router }
        networks:
          pods:
            driver: routed
            via: router
            subnets: [192.168.0.0/16]
            nodeSubnets: { node2: [192.168.1.0/24], node1: [192.168.2.0/24] }
          dual:
            driver: routed
            subnets: [10.7.0.0/16, "fd00:7::/48"]
            nodeSubnets: { node1: [10.7.1.0/24, "fd00:7:0:1::/64"] }
          back: { driver: overlay, subnets: [10.20.0.0/16] }
        sandboxes:
          a: { node: node1, endpoints: [ { network: pods }, { network: dual }, { network: back } ] }
          b: { node: node2, endpoints: [ { network: pods } ] }

        """

    @Test("prints prefix, next hop and node of routed networks, and of no others")
    func text() throws {
        let result = try Command([Program.path, "routes", "-"]).reading(Self.document).result()
        #expect(result.status == 0 && result.errors == "")
        #expect(
            result.output == """
                10.7.1.0/24      via 172.16.1.1  node node1  network dual
                fd00:7:0:1::/64  via fd00:16::1  node node1  network dual
                192.168.1.0/24   via 172.16.1.2  node node2  network pods
                192.168.2.0/24   via 172.16.1.1  node node1  network pods

                """
        )
    }

    @Test("has a stable form for programs")
    func json() throws {
        let result = try Command([Program.path, "routes", "-", "--format", "json"]).reading(Self.document)
            .result()
        let routes = try result.json["routes"].elements
        #expect(try result.json["schema"] == 1)
        #expect(routes.count == 4)
        #expect(
            routes.last
                == .object([
                    "network": "pods", "prefix": "192.168.2.0/24", "nextHop": "172.16.1.1", "node": "node1",
                ])
        )
    }

    @Test("says so if there is nothing to tell")
    func nothing() throws {
        let result = try Command([Program.path, "routes", "-"]).reading("weft: 1\n").result()
        #expect(result.status == 0 && result.output == "no network is routed\n")
    }
}
