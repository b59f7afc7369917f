import ClusterModel
import Compiler
import Document
import NetworkModel
import Testing

/// What is compiled while there is no way to other nodes, or none that a route can lead by.
@Suite("Ways to other nodes")
struct WayTests {
    private static let text = """
        weft: 1
        nodes:
          n1: { address: [10.5.0.1, "fd00:5::1"] }
          n2: { address: [10.5.0.2, "fd00:5::2"] }
          n3: { address: [10.5.1.3, "fd00:5::3"] }
        networks:
          pods: { driver: routed, subnets: [10.50.0.0/16, "fd00:50::/48"], nodeSubnets: {
            n1: [10.50.1.0/24, "fd00:50:0:1::/64"], n2: [10.50.2.0/24, "fd00:50:0:2::/64"],
            n3: [10.50.3.0/24, "fd00:50:0:3::/64"] } }
        sandboxes:
          a: { node: n1, endpoints: [ { network: pods } ] }
          b: { node: n2, endpoints: [ { network: pods } ] }
          c: { node: n3, endpoints: [ { network: pods } ] }

        """

    private static let eth0 = InterfaceName(fromKernel: "eth0")
    private static let eth1 = InterfaceName(fromKernel: "eth1")

    /// On-link prefixes of eth1, which has the node's addresses, and beside it a link with the default route.
    private static func facts(isUp: Bool = true, onLink: [String]) throws -> NodeFacts {
        var facts = NodeFacts(name: "n1")
        facts.uplink = eth0
        let own = isUp ? ["10.5.0.1", "fd00:5::1"] : ["10.5.0.1"]
        facts.links = [
            .init(eth0, mtu: .ethernet, addresses: [try #require(IPAddress("192.0.2.1"))]),
            .init(eth1, mtu: MTU(bytes: 9000), addresses: own.compactMap { IPAddress($0) }, isUp: isUp),
        ]
        facts.routes = [.init(to: .all(.ipv4), device: eth0, isOnLink: false)]
        for prefix in onLink {
            facts.routes.append(.init(to: try self.prefix(prefix), device: eth1, isOnLink: true))
        }
        return facts
    }

    private static func prefix(_ text: String) throws -> Prefix {
        let parts = text.split(separator: "/")
        let address = try #require(IPAddress(parts[0]))
        return Prefix(containing: address, length: try #require(UInt8(parts[1])))
    }

    private static func compile(
        _ facts: NodeFacts,
        _ text: String = text,
        mtu: Int? = nil
    ) throws -> CompiledNode {
        let network = mtu.map { "driver: routed, mtu: \($0)," } ?? "driver: routed,"
        let text = text.replacing("driver: routed,", with: network)
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        return document.cluster.compile(
            for: document.cluster.nodes.first?.name,
            facts,
            document.assignment
        )
    }

    private static func routes(_ compiled: CompiledNode) -> [String] {
        compiled.state.routes.filter { $0.place == .node && $0.type == .unicast }.compactMap { route in
            route.gateway.map { "\(route.destination) via \($0) dev \(route.device?.text ?? "")" }
        }.sorted()
    }

    @Test("a peer to which no route leads is left out with a warning, and all else is there")
    func noRoute() throws {
        let compiled = try Self.compile(Self.facts(onLink: ["10.5.0.0/23", "fd00:5::2/128"]))
        #expect(compiled.problems == [])
        #expect(
            Self.routes(compiled) == [
                "10.50.2.0/24 via 10.5.0.2 dev eth1", "10.50.3.0/24 via 10.5.1.3 dev eth1",
                "fd00:50:0:2::/64 via fd00:5::2 dev eth1",
            ]
        )
        #expect(
            compiled.warnings == [
                "networks.pods: there is no way to node 'n3' at fd00:5::3 at the moment, for no route leads there: its route is "
                    + "left out; apply again when there is one"
            ]
        )
    }

    @Test("a peer behind a gateway is refused, for no route can ever lead through it")
    func gateway() throws {
        let compiled = try Self.compile(Self.facts(onLink: ["10.5.0.0/24", "fd00:5::/64"]))
        #expect(compiled.problems.map(\.path) == ["networks.pods"])
        #expect(compiled.problems.first?.message.contains("'n3' at 10.5.1.3 is not on a link") == true)
        #expect(compiled.warnings == [])
    }

    @Test(
        "while the link of the underlay is down, another link's default route is no way, and no reason to refuse"
    )
    func linkDown() throws {
        let compiled = try Self.compile(Self.facts(isUp: false, onLink: []))
        #expect(compiled.problems == [])
        #expect(Self.routes(compiled) == [])
        #expect(
            compiled.warnings == [
                "networks.pods: there is no way to nodes 'n2' at 10.5.0.2 and 'n3' at 10.5.1.3 at the moment, for this node's own "
                    + "address 10.5.0.1 is on no link that is up: their routes are left out; apply again when there is one",
                "networks.pods: there is no way to nodes 'n2' at fd00:5::2 and 'n3' at fd00:5::3 at the moment, for this node's own "
                    + "address fd00:5::1 is on no link that is up: their routes are left out; apply again when there is one",
            ]
        )
    }

    @Test("an address on a link that the document states itself is one that is there")
    func ownLink() throws {
        var facts = try Self.facts(onLink: ["10.5.0.0/24", "fd00:5::/64"])
        facts.links.removeLast()
        let stated = Self.text.replacing(
            "n1: { address: [10.5.0.1, \"fd00:5::1\"] }",
            with:
                "n1: { address: [10.5.0.1, \"fd00:5::1\"], links: { eth1: { type: bridge, addresses: [10.5.0.1/24] } } }"
        )
        #expect(try Self.compile(facts).problems == [])
        #expect(try Self.compile(facts, stated).problems.map(\.path) == ["networks.pods"])
    }

    @Test(
        "the MTU is that of the underlay's own link, not of the makeshift; what is stated is measured by that, or not at all"
    )
    func mtu() throws {
        let down = try Self.facts(isUp: false, onLink: [])
        let bridge = LinkID(InterfaceName(fromKernel: "br-pods"), in: .node)
        #expect(try Self.compile(down).state.links[bridge]?.mtu == MTU(bytes: 9000))
        #expect(try Self.compile(down, mtu: 9000).problems == [])
        let found = try Self.compile(down, mtu: 9001).problems
        #expect(found.map(\.path) == ["networks.pods.mtu"] && found.first?.hint == "at most 9000 fit")
        var gone = down
        gone.links.removeLast()
        let compiled = try Self.compile(gone, mtu: 9000)
        #expect(compiled.problems == [])
        #expect(compiled.state.links[bridge]?.mtu == MTU(bytes: 9000))
        #expect(try Self.compile(gone).state.links[bridge]?.mtu == .ethernet)
    }

    @Test("a route that the kernel kept while its way is gone stays")
    func held() throws {
        var facts = try Self.facts(onLink: ["10.5.0.0/23"])
        let destination = try Self.prefix("fd00:50:0:2::/64")
        facts.heldRoutes = [
            .init(to: destination, gateway: try #require(IPAddress("fd00:5::2")), device: Self.eth1),
            // Through another gateway than the document's it is nothing to keep.
            .init(
                to: try Self.prefix("fd00:50:0:3::/64"),
                gateway: try #require(IPAddress("fd00:5::9")),
                device: Self.eth1
            ),
        ]
        let compiled = try Self.compile(facts)
        #expect(compiled.problems == [] && compiled.warnings.count == 1)
        #expect(
            Self.routes(compiled).filter { $0.hasPrefix("fd00") } == [
                "fd00:50:0:2::/64 via fd00:5::2 dev eth1"
            ]
        )
    }

    private static let overlay = """
        weft: 1
        nodes:
          n1: { address: [10.5.0.1, "fd00:5::1"] }
          n2: { address: [10.5.0.2, "fd00:5::2"] }
          n3: { address: [10.5.1.3, "fd00:5::3"] }
        networks:
          back: { driver: overlay, subnets: [10.50.0.0/16] }
          alone: { driver: overlay, subnets: [10.51.0.0/16], nodes: [n1] }
        sandboxes:
          a: { node: n1, endpoints: [ { network: back } ] }
          b: { node: n2, endpoints: [ { network: back } ] }
          c: { node: n3, endpoints: [ { network: back } ] }

        """

    @Test("a peer that a tunnel does not get to is told, once for each network, and its entries are there")
    func tunnel() throws {
        let whole = try Self.compile(Self.facts(onLink: ["10.5.0.0/23"]), Self.overlay)
        #expect(whole.problems == [] && whole.warnings == [])
        // Through a gateway a tunnel gets as well.
        var facts = try Self.facts(onLink: [])
        #expect(try Self.compile(facts, Self.overlay).warnings == [])
        facts.routes = [.init(to: try Self.prefix("10.5.0.0/24"), device: Self.eth1, isOnLink: true)]
        let cut = try Self.compile(facts, Self.overlay)
        #expect(cut.problems == [])
        #expect(
            cut.warnings == [
                "networks.back: there is no way to node 'n3' at 10.5.1.3 at the moment, for no route leads there: "
                    + "the tunnel reaches it when there is one"
            ]
        )
        #expect(cut.state.forwarding == whole.state.forwarding && !whole.state.forwarding.isEmpty)
        #expect(cut.state.neighbours == whole.state.neighbours)
    }

    @Test("a tunnel without its own address gets to nobody, whatever routes there are")
    func tunnelSource() throws {
        // By a second link there is a way, but not with the address that the packets are to have.
        var facts = try Self.facts(isUp: false, onLink: [])
        facts.routes.append(.init(to: try Self.prefix("10.5.0.0/23"), device: Self.eth0, isOnLink: true))
        let compiled = try Self.compile(facts, Self.overlay)
        #expect(compiled.problems == [])
        #expect(
            compiled.warnings == [
                "networks.back: there is no way to nodes 'n2' at 10.5.0.2 and 'n3' at 10.5.1.3 at the moment, for this node's own "
                    + "address 10.5.0.1 is on no link that is up: the tunnel reaches them when there is one"
            ]
        )
    }
}
