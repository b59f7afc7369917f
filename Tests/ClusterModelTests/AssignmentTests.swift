import ClusterModel
import NetworkModel
import Testing

/// What is assigned, in single cases.
@Suite struct AssignmentTests {
    private func network(_ name: String, _ driver: Network.Driver, _ subnets: String...) throws -> Network {
        var prefixes = PerFamily<Prefix>()
        for subnet in subnets {
            let prefix = try prefix(subnet)
            prefixes[prefix.family] = prefix
        }
        return Network(try NetworkName(name), driver: driver, subnets: prefixes)
    }

    private func prefix(_ text: String) throws -> Prefix {
        let parts = text.split(separator: "/")
        let address = try #require(IPAddress(parts[0]))
        return Prefix(containing: address, length: try #require(UInt8(parts[1])))
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private func state(_ networks: [Network], _ sandboxes: [(name: String, node: String?)]) -> ClusterState {
        var state = ClusterState()
        state.networks = NamedList(networks)
        state.sandboxes = NamedList(
            sandboxes.map { entry in
                var sandbox = Sandbox(
                    SandboxName(unchecked: entry.name),
                    node: entry.node.map { NodeName(unchecked: $0) }
                )
                sandbox.endpoints = networks.map { Endpoint($0.name) }
                return sandbox
            }
        )
        return state
    }

    @Test func hasTheAddressesOfTheFirstRelease() throws {
        let back = try network("back", .overlay(Network.Overlay()), "10.20.0.0/16", "fd00:20::/64")
        let pods = try network("pods", .routed(Network.Routed()), "192.168.0.0/16")
        let state = state([back, pods], [("web", "n1"), ("db", "n2")])
        let assignment = state.assignment()
        let given = (0...1).map { sandbox in
            (0...1).flatMap { assignment[sandbox, $0].addresses.values }.map(\.description)
                + (0...1).map { assignment[sandbox, $0].mac.description }
        }
        let expected = [
            [
                "10.20.146.182", "fd00:20::9f80:a7ef:8e71:92b6", "192.168.205.105",
                "02:e7:fb:7f:cf:2b", "02:5e:73:e1:7d:9d",
            ],
            [
                "10.20.171.141", "fd00:20::782f:b128:a4a7:ab8d", "192.168.23.15",
                "02:f0:50:de:b5:e6", "02:b7:7d:26:cd:39",
            ],
        ]
        #expect(given == expected, "a new hash gives every endpoint another address")
        #expect(back.vni == VNI(number: 14_990_587))
    }

    @Test func neverGivesTheSameToTwoThoughAllWantOne() throws {
        let small = try network("small", .bridge, "10.1.0.0/29")
        let names = (0..<5).map { (name: "s\($0)", node: String?.none) }
        let assignment = state([small], names).assignment()
        let addresses = Set((0..<5).compactMap { assignment[$0, 0].addresses.ipv4?.description })
        #expect(addresses == ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"])
        #expect(assignment.shortages.isEmpty)
        let full = state([small], names + [("s5", nil), ("s6", nil)]).assignment()
        #expect(full.shortages.map(\.available) == [5])
        #expect(full.shortages.map(\.needed) == [7])
    }

    @Test func givesTheBuiltInBridgeToEachNodeForItself() {
        let names = (0..<20).map { (name: "s", node: "n\($0)") }
        var state = state([Network.builtInBridge()], [])
        state.sandboxes = NamedList(
            names.enumerated().map { index, entry in
                var sandbox = Sandbox(
                    SandboxName(unchecked: "s\(index)"),
                    node: NodeName(unchecked: entry.node)
                )
                sandbox.endpoints = [Endpoint(Network.builtInBridgeName)]
                sandbox.endpoints[0].addresses.ipv4 = index < 2 ? IPAddress(ipv4: 0xac11_0007) : nil
                return sandbox
            }
        )
        let assignment = state.assignment()
        #expect(assignment[0, 0].addresses.ipv4 == assignment[1, 0].addresses.ipv4)
        #expect(assignment.displaced.isEmpty && assignment.shortages.isEmpty)
    }

    @Test func keepsGatewaysFree() throws {
        var stated = try network("a", .bridge, "10.1.0.0/29")
        stated.gateway = .addresses(PerFamily(ipv4: try address("10.1.0.4")))
        let assignment = state([stated], (0..<5).map { ("s\($0)", nil) }).assignment()
        let addresses = Set((0..<5).compactMap { assignment[$0, 0].addresses.ipv4?.description })
        #expect(addresses == ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.5", "10.1.0.6"])
    }

    @Test func namesGatewaysByDriver() throws {
        let node = try NodeName("n1")
        var routed = try network("r", .routed(Network.Routed()), "10.1.0.0/16")
        var state = state([routed], [("s", "n1")])
        let assignment = state.assignment()
        let part = try #require(assignment.prefix(of: routed, .ipv4, on: node))
        #expect(part.length == 24)
        let gateway = try #require(assignment.gateway(of: routed, .ipv4, on: node))
        #expect(gateway.low == part.address.low + 1)
        #expect(routed.leadsOut)
        // Without a default route the gateway still leads to the other nodes' parts.
        routed.gateway = .none
        state.networks = NamedList([routed])
        #expect(state.assignment().gateway(of: routed, .ipv4, on: node) == gateway)
        #expect(!routed.leadsOut)
        let macvlan = try network("m", .macvlan(Network.Macvlan()), "10.2.0.0/24")
        #expect(assignment.gateway(of: macvlan, .ipv4, on: node) == nil)
        var isolated = try network("i", .bridge, "10.3.0.0/24")
        isolated.isIsolated = true
        #expect(assignment.gateway(of: isolated, .ipv4, on: nil) == nil)
    }

    @Test func derivesMACsFromNetworkAndAddressAlone() throws {
        let back = try network("back", .overlay(Network.Overlay()), "10.20.0.0/16")
        let here = state([back], [("web", "n1")]).assignment()[0, 0]
        let there = state([back], [("web", "n2")]).assignment()[0, 0]
        #expect(here == there)
        #expect(here.mac.bits >> 40 == 2)
        let front = try network("front", .overlay(Network.Overlay()), "10.20.0.0/16")
        #expect(state([front], [("web", "n1")]).assignment()[0, 0].mac != here.mac)
    }

    @Test func choosesDefaultRoutesByFamily() throws {
        let inside = try network("a", .bridge, "10.1.0.0/24", "fd00:1::/64")
        var outside = try network("b", .bridge, "10.2.0.0/24")
        outside.isInternal = false
        var state = state([inside, outside], [("s", nil)])
        let sandbox = state.sandboxes[0]
        let assignment = state.assignment()
        #expect(state.defaultRoute(of: sandbox, .ipv4, assignment)?.gateway == (try address("10.1.0.1")))
        var other = sandbox
        other.defaultRoute = outside.name
        #expect(state.defaultRoute(of: other, .ipv4, assignment)?.gateway == (try address("10.2.0.1")))
        // The named network has no IPv6: the family falls back to the first that has.
        #expect(state.defaultRoute(of: other, .ipv6, assignment)?.gateway == (try address("fd00:1::1")))
        var closed = inside
        closed.isInternal = true
        state.networks = NamedList([closed, outside])
        #expect(state.defaultRoute(of: sandbox, .ipv4, assignment)?.endpoint == 1)
        #expect(state.defaultRoute(of: sandbox, .ipv6, assignment) == nil)
    }

    @Test func fitsNamesIntoFifteenBytes() throws {
        let short = try network("pods", .bridge, "10.1.0.0/24")
        #expect(KernelNames.bridge(of: short).text == "br-pods")
        #expect(KernelNames.tunnel(of: short.name).text == "vx-pods")
        let eth0 = try InterfaceName("eth0")
        #expect(KernelNames.port(of: try SandboxName("wordpress"), eth0).text == "wordpress.eth0")
        var names: Set<String> = []
        for index in 0..<2000 {
            let network = try network("a-rather-long-name-\(index)", .bridge, "10.1.0.0/24")
            let sandbox = try SandboxName("docker-or-so-\(index)")
            names.insert(KernelNames.bridge(of: network).text)
            names.insert(KernelNames.tunnel(of: network.name).text)
            names.insert(KernelNames.port(of: sandbox, eth0).text)
        }
        #expect(names.count == 6000)
        #expect(names.allSatisfy { $0.utf8.count <= 15 && !KernelNames.isGrabbed($0) })
        for name in ["ve-x", "docker", "host0", "ns-1"] {
            let port = KernelNames.port(of: SandboxName(unchecked: name), eth0).text
            #expect(!KernelNames.isGrabbed(port) && port.utf8.count <= 15)
        }
    }

    @Test func namesNamespaces() throws {
        let web = try SandboxName("web")
        #expect(try KernelNames.namespace(of: web, onNodeNamespace: nil).text == "web")
        #expect(try KernelNames.namespace(of: web, onNodeNamespace: "lab.n1").text == "lab.n1.web")
    }
}
