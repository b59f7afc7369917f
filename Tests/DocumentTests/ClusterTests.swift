import ClusterModel
import Document
import NetworkModel
import Testing

/// What documents of clusters mean.
@Suite struct ClusterTests {
    private func document(_ text: String) throws -> Document {
        try Document.load([Source(name: "a.yaml", text: text)])
    }

    @Test func readsTheExampleOfTheSpecification() throws {
        let document = try document(try #require(Files.text("Clusters/specification.yaml")))
        let cluster = document.cluster
        #expect(cluster.underlay.map(\.description) == ["172.16.1.0/24"])
        #expect(cluster.nodes.map(\.name.text) == ["node1", "node2", "vrouter"])
        #expect(cluster.networks.map(\.name.text) == ["back", "lan", "local", "pods"])
        #expect(cluster.networks.map(\.driver.kind) == [.overlay, .macvlan, .bridge, .routed])
        let back = cluster.networks[0]
        #expect(back.vni == VNI(number: 4096))
        #expect(back.subnets.values.map(\.description) == ["10.20.0.0/16", "fd00:20::/64"])
        let lan = cluster.networks[1]
        #expect(lan.ranges.ipv4?.description == "172.16.1.128/25")
        #expect(lan.gateway == .addresses(PerFamily(ipv4: IPAddress("172.16.1.254"))))
        #expect(!lan.masquerades && back.masquerades && !cluster.networks[2].masquerades)
        let node1 = try NodeName("node1")
        let pods = cluster.networks[3]
        let part = document.assignment.prefix(of: pods, .ipv4, on: node1)
        #expect(part?.description == "192.168.1.0/24")
        #expect(document.assignment.gateway(of: pods, .ipv4, on: node1)?.description == "192.168.1.1")
        #expect(document.warnings == [])
    }

    @Test func readsTheSandboxesOfTheSpecification() throws {
        let document = try document(try #require(Files.text("Clusters/specification.yaml")))
        let cluster = document.cluster
        #expect(cluster.sandboxes.map(\.name.text) == ["legacy", "mysql", "wordpress"])
        #expect(cluster.sandboxes[0].stack == .adopted(path: "/proc/4242/ns/net"))
        #expect(cluster.sandboxes[0].interface(ofEndpoint: 0).text == "net0")
        #expect(cluster.sandboxes[1].exposed == [ExposedPort(3306)])
        #expect(document.assignment[1, 1].mac.description == "02:00:00:00:00:07")
        let wordpress = cluster.sandboxes[2]
        #expect(wordpress.node?.text == "node1")
        #expect(wordpress.links.map(\.alias.text) == ["db"])
        #expect(wordpress.endpoints[0].aliases.map(\.text) == ["blog"])
        #expect(wordpress.interface(ofEndpoint: 1).text == "eth1")
        #expect(
            wordpress.published == [
                PublishedPort(8080, to: ExposedPort(80)),
                PublishedPort(8443, on: IPAddress("127.0.0.1"), to: ExposedPort(443)),
                PublishedPort(5353, on: IPAddress("::"), to: ExposedPort(53, .udp)),
            ]
        )
        #expect(document.assignment[2, 0].addresses.ipv4?.description == "192.168.1.2")
        #expect(document.assignment[2, 1].addresses.families == [.ipv4, .ipv6])
    }

    @Test func knowsTheNetworksThatAreAlwaysThere() throws {
        let text = """
            weft: 1
            sandboxes:
              a: { host: true }
              b: { endpoints: [{ network: host }] }
              c: { endpoints: [{ network: none }] }
              d: {}
              e: { endpoints: [{ network: bridge }] }
            """
        let cluster = try document(text).cluster
        #expect(cluster.sandboxes.map(\.stack) == [.host, .host, .made, .made, .made])
        #expect(cluster.sandboxes.map(\.endpoints.count) == [0, 0, 0, 0, 1])
        #expect(cluster.networks.map { $0 } == [Network.builtInBridge()])
        #expect(cluster.networks[0].subnets.ipv4?.description == "172.17.0.0/16")
        #expect(!cluster.networks[0].hasDNS)
        let stated = try document("weft: 1\nnetworks: { bridge: { subnets: [172.30.0.0/16] } }\n").cluster
        #expect(stated.networks[0].subnets.ipv4?.description == "172.30.0.0/16")
        #expect(try document("weft: 1\nsandboxes: { d: {} }\n").cluster.networks.isEmpty)
    }

    @Test func warnsOfNamesThatOthersTakeForTheirs() throws {
        let text = """
            weft: 1
            networks: { a: { driver: bridge, subnets: [10.1.0.0/24], interface: docker9 } }
            sandboxes:
              db: { endpoints: [{ network: a, address: 10.1.0.2 }] }
              web: { endpoints: [{ network: a, address: 10.1.0.3, aliases: [db, web] }] }
            """
        #expect(
            try document(text).warnings.map(\.description) == [
                "a.yaml:2:69: networks.a.interface: 'docker9' is a name that systemd, NetworkManager or Docker take for a link of "
                    + "theirs; choose another",
                "a.yaml:5:65: sandboxes.web.endpoints[0].aliases[0]: 'db' is the name of another sandbox on this network: it "
                    + "will mean either of them; choose another alias",
            ]
        )
    }

    @Test func warnsOfNodesOutsideTheUnderlay() throws {
        let text = """
            weft: 1
            underlay: { subnets: [10.0.0.0/24, 10.0.1.0/24] }
            nodes:
              n1: { address: [10.0.1.1, "fd00::1"] }
              n2: { address: ["fd00::2", 10.0.2.2] }
            """
        // Of IPv6 the underlay says nothing.
        #expect(
            try document(text).warnings.map(\.description) == [
                "a.yaml:5:30: nodes.n2.address[1]: 10.0.2.2 is in none of the underlay's ranges; add its range to "
                    + "'underlay.subnets', for networks are kept off those, or correct the address"
            ]
        )
    }

    @Test func warnsOfPartsThatMayMove() throws {
        let nodes = (1...8).map { "  n\($0): { address: 10.0.0.\($0) }\n" }.joined()
        let document = try document(
            "weft: 1\nnodes:\n\(nodes)networks: { a: { driver: routed, subnets: [10.1.0.0/24], nodePrefix: 27, "
                + "nodes: [n1, n2, n3, n4, n5, n6, n7, n8] } }\n"
        )
        // Eight nodes and eight parts: not each can have its first candidate.
        let displaced = document.assignment.displacedPrefixes
        #expect(!displaced.isEmpty)
        #expect(
            document.warnings.map(\.description)
                == displaced.map {
                    "a.yaml:11:13: networks.a: \($0.prefix) is assigned to node '\($0.node)', for \($0.candidate) is taken: it may "
                        + "move when nodes come or go; 'weft pin PATH' writes the parts of all nodes into the document, and keeps them"
                }
        )
    }

    @Test func countsThePortsOfABridgeOfThisHost() throws {
        let sandboxes = (1...1024).map { "  s\($0): { endpoints: [{ network: a }] }\n" }.joined()
        let errors = #expect(throws: DocumentErrors.self) {
            try document(
                "weft: 1\nnetworks: { a: { driver: bridge, subnets: [10.1.0.0/16] } }\nsandboxes:\n\(sandboxes)"
            )
        }
        #expect(
            errors?.complaints.map(\.description) == [
                "a.yaml:2:13: networks.a: 1024 endpoints are more than the 1023 that a bridge takes; spread them over several "
                    + "networks"
            ]
        )
    }

    @Test func isTheSameWhateverTheOrderOfItsFiles() throws {
        let files = [
            "weft: 1\nnodes: { n1: { address: 10.0.0.1 } }\n",
            "sandboxes: { a: { node: n1, endpoints: [{ network: x }] } }\n",
            "networks: { x: { driver: overlay, subnets: [10.1.0.0/16] } }\n",
            "networks: { y: { driver: bridge, subnets: [10.2.0.0/16] } }\n"
                + "sandboxes: { b: { node: n1, endpoints: [{ network: x }, { network: y }] } }\n",
        ]
        let sources = files.enumerated().map { Source(name: "\($0.offset).yaml", text: $0.element) }
        let first = try Document.load(sources)
        let second = try Document.load(sources.reversed())
        #expect(first.cluster == second.cluster)
        #expect(first.assignment[1, 0] == second.assignment[1, 0])
        #expect(first.cluster.networks.map(\.name.text) == ["x", "y"])
    }

    @Test func namesBothPlacesOfWhatTwoFilesDefine() {
        let sources = [
            Source(
                name: "a.yaml",
                text: "weft: 1\nnetworks: { x: { driver: bridge, subnets: [10.1.0.0/16] } }\n"
            ),
            Source(
                name: "b.yaml",
                text:
                    "networks: { x: {}, z: { driver: bridge, subnets: [10.1.0.0/24] } }\nunderlay: { subnets: [] }\n"
            ),
            Source(name: "c.yaml", text: "sandboxes: { s: {} }\nunderlay: { subnets: [] }\n"),
        ]
        #expect(
            complaints(sources) == """
                b.yaml:1:13: networks.x: 'x' is there already, at a.yaml:2:13; keep one of them
                b.yaml:1:51: networks.z.subnets[0]: 10.1.0.0/24 of network 'z' overlaps 10.1.0.0/16 of network 'x', \
                at a.yaml:2:44; 10.2.0.0/24 is free
                c.yaml:2:13: underlay.subnets: 'subnets' is there already, at b.yaml:2:13; keep one of them

                """
        )
    }

    @Test func warnsOfEveryAddressThatMayMove() throws {
        let text = """
            weft: 1
            networks: { x: { driver: bridge, subnets: [10.1.0.0/29] } }
            sandboxes:
              a: { endpoints: [{ network: x }] }
              b: { endpoints: [{ network: x }] }
              c: { endpoints: [{ network: x }] }
              d: { endpoints: [{ network: x }] }
              e: { endpoints: [{ network: x }] }
            """
        let document = try document(text)
        #expect(document.warnings.count == document.assignment.displaced.count)
        #expect(
            document.warnings.map(\.description) == [
                "a.yaml:5:20: sandboxes.b.endpoints[0]: 10.1.0.2 is assigned, for 10.1.0.7 can't be assigned: it may "
                    + "move when sandboxes come or go; 'weft pin PATH' writes it into the document, and keeps it",
                "a.yaml:7:20: sandboxes.d.endpoints[0]: 10.1.0.5 is assigned, for 10.1.0.4 is taken by sandbox 'c': "
                    + "it may move when sandboxes come or go; 'weft pin PATH' writes it into the document, and keeps it",
                "a.yaml:8:20: sandboxes.e.endpoints[0]: 10.1.0.6 is assigned, for 10.1.0.2 is taken by sandbox 'b': "
                    + "it may move when sandboxes come or go; 'weft pin PATH' writes it into the document, and keeps it",
            ]
        )
        // What is stated does not move.
        var pinned = text
        for displaced in document.assignment.displaced {
            let name = document.cluster.sandboxes[displaced.endpoint.sandbox].name.text
            pinned = pinned.replacing(
                "\(name): { endpoints: [{ network: x",
                with: "\(name): { endpoints: [{ network: x, address: \(displaced.address)"
            )
        }
        let after = try self.document(pinned)
        #expect(after.warnings.isEmpty)
        for index in 0..<5 { #expect(after.assignment[index, 0] == document.assignment[index, 0]) }
    }

    @Test func findsFiftyErrorsOfAClusterInOneRun() {
        let networks = (0..<25).map { "  n\($0): { driver: bridge, subnets: [10.\($0).0.0/16], vni: 7 }\n" }
        let sandboxes = (0..<25).map {
            "  s\($0): { endpoints: [{ network: n\($0), address: 10.99.0.\($0 + 1) }] }\n"
        }
        let text = "weft: 1\nnetworks:\n" + networks.joined() + "sandboxes:\n" + sandboxes.joined()
        let lines = complaints(text).split(separator: "\n")
        #expect(lines.count == 50)
        for index in 0..<25 {
            #expect(lines[index].hasPrefix("a.yaml:\(index + 3):"))
            #expect(
                lines[index].contains("networks.n\(index).vni: a network with driver bridge has no 'vni'")
            )
            #expect(lines[25 + index].hasPrefix("a.yaml:\(index + 29):"))
            #expect(
                lines[25 + index].contains(
                    "10.99.0.\(index + 1) is not in the subnet of network 'n\(index)', 10.\(index).0.0/16, at a.yaml:\(index + 3):"
                )
            )
        }
    }

    @Test func findsTheItemsOfListsBehindBadOnes() {
        let text = """
            weft: 1
            networks: { x: { driver: bridge, subnets: [10.1.0.0/16] } }
            sandboxes:
              a:
                endpoints: [7, { network: x, address: 10.2.0.1 }]
                publish: [x, "80:80", y, "80:80"]
            """
        let lines = complaints(text).split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(lines == ["a.yaml:5:17:", "a.yaml:5:43:", "a.yaml:6:15:", "a.yaml:6:27:", "a.yaml:6:30:"])
    }

    @Test func countsThePortsOfANetworksBridge() {
        func text(_ driver: String, _ count: Int) -> String {
            let sandboxes = (0..<count).map { "  s\($0): { node: n1, endpoints: [{ network: x }] }\n" }
                .joined()
            return "weft: 1\nnodes: { n1: { address: 10.9.0.1 } }\n"
                + "networks: { x: { driver: \(driver), subnets: [10.1.0.0/16] } }\nsandboxes:\n" + sandboxes
        }
        #expect(complaints(text("bridge", 1023)) == "")
        #expect(complaints(text("overlay", 1022)) == "")
        let said =
            "a.yaml:3:13: networks.x: 1023 endpoints on node 'n1' are more than the 1022 that a bridge takes; "
        #expect(complaints(text("overlay", 1023)).hasPrefix(said))
        #expect(complaints(text("macvlan", 1100)) == "")
    }

    @Test func complainsOfOneNamedThingOnce() {
        // What is wrong with a network is told there, not wherever it is used.
        let text = """
            weft: 1
            nodes: { n1: 7 }
            networks: { x: { driver: brige, subnets: [10.1.0.0/16] } }
            sandboxes:
              a: { node: n1, endpoints: [{ network: x, address: 10.9.0.1 }], publish: ["80:80"] }
              b: []
              c: { node: n1, endpoints: [{ network: x }], links: [{ sandbox: b }, { sandbox: a }] }
            """
        let lines = complaints(text).split(separator: "\n")
        #expect(lines.count == 3, "\(lines)")
    }
}
