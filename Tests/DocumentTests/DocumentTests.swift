import ClusterModel
import Document
import NetworkModel
import Testing

/// What documents mean.
@Suite struct DocumentTests {
    /// The state that a text asks for.
    private func state(_ text: String, node: String = "n1") throws -> NodeState {
        try Document.load([Source(name: "a.yaml", text: text)]).nodeState(for: node)
    }

    private func link(_ text: String, _ name: String = "x") throws -> Link {
        let state = try state("weft: 1\nnode:\n  links:\n    \(name): \(text)\n")
        return try #require(state.links[LinkID(try InterfaceName(name), in: .node)])
    }

    private func route(_ text: String) throws -> Route {
        try #require(try state("weft: 1\nnode:\n  routes: [\(text)]\n").routes.first)
    }

    @Test func readsATextBehindAByteOrderMark() {
        #expect(complaints("\u{feff}weft: 1\nnode: { namespaces: [red] }\n") == "")
        #expect(complaints("\u{feff}weft: 1\nnode: 1\n").hasPrefix("a.yaml:2:7: node: "))
        #expect(complaints("\u{feff}weft: 2\n").hasPrefix("a.yaml:1:7: weft: "))
    }

    @Test func readsTheExampleOfTheSpecification() throws {
        let state = try state(try #require(Files.text("Good/specification.yaml")))
        let lab = Place.namespace(try NamespaceName("lab1"))
        #expect(state.namespaces == [try NamespaceName("lab1")])
        #expect(state.links.keys.sorted().map(\.description) == ["br9", "v0", "vx9", "lab1/eth0"])
        let v0 = try #require(state.links[LinkID(try InterfaceName("v0"), in: .node)])
        let eth0 = try #require(state.links[LinkID(try InterfaceName("eth0"), in: lab)])
        #expect(v0.kind == .veth(peer: eth0.id))
        #expect(eth0.kind == .veth(peer: v0.id))
        #expect(v0.purpose == "pair with lab1/eth0")
        #expect(eth0.addresses.map(\.description) == ["10.9.0.2/24"])
        #expect(state.routes.map(\.destination.description) == ["10.8.0.0/16", "0.0.0.0/0"])
        #expect(state.routes.map(\.place) == [.node, lab])
        #expect(state.neighbours.map(\.address.description) == ["10.9.0.7"])
        #expect(state.forwarding.map(\.table) == [.own])
        #expect(state.sysctls.map(\.key.path) == ["net/ipv4/ip_forward"])
    }

    @Test func readsScalarsByWhatTheirKeyWants() throws {
        #expect(try link("{ type: bridge, mtu: 0x578, alias: no, up: off }").mtu == MTU(bytes: 1400))
        #expect(try link("{ type: bridge, alias: no }").purpose == "no")
        #expect(try link("{ type: bridge, alias: 0x1f }").purpose == "0x1f")
        #expect(try link("{ type: bridge, alias: \"null\" }").purpose == "null")
        #expect(try link("{ type: bridge, alias: 2222:22 }").purpose == "2222:22")
        #expect(try link("{ type: bridge, mtu: '1400', up: \"no\" }").isUp == false)
        #expect(try link("{ type: bridge }", "no").id.name.text == "no")
        #expect(try state("weft: 0x1\nnode: {}\n").isEmpty)
    }

    @Test func makesDefaultsExplicit() throws {
        #expect(try link("{ type: bridge }").kind == .bridge(Bridge()))
        #expect(try link("{ type: bridge }").purpose == "bridge")
        #expect(try link("{ type: vxlan, vni: 9 }").kind == .vxlan(VXLAN(vni: VNI(number: 9))))
        #expect(try link("{ type: vxlan, vni: 9 }").purpose == "vxlan 9")
        #expect(
            try link("{ type: macvlan, parent: eth0 }").kind
                == .macvlan(Macvlan(parent: try InterfaceName("eth0")))
        )
        #expect(try link("{ type: macvlan, parent: eth0 }").purpose == "macvlan on eth0")
        #expect(try link("{ type: veth, peer: { name: y } }").mtu == .ethernet)
        #expect(try link("{ type: veth, peer: { name: y, mtu: 1400 } }").mtu == MTU(bytes: 1400))
        #expect(try link("{ type: bridge }").mtu == nil)
    }

    @Test func derivesMACsFromNames() throws {
        let text =
            "weft: 1\nnode:\n  namespaces: [a]\n  links: { x: { type: bridge }, a/x: { type: bridge } }\n"
        let one = try state(text, node: "n1")
        let other = try state(text, node: "n2")
        let macs = Set([one, other].flatMap { $0.links.values.map(\.mac) })
        #expect(macs.count == 4)
        #expect(macs.allSatisfy { $0.bits >> 40 == 2 })
        #expect(one == (try state(text, node: "n1")))
        let mac = one.links[LinkID(try InterfaceName("x"), in: .node)]?.mac.description
        #expect(mac == "02:94:87:7c:9d:27", "a new hash gives every link a new address")
    }

    @Test func readsRoutesAsIPDoes() throws {
        #expect(try route("{ to: default, via: 10.0.0.1 }").destination == .all(.ipv4))
        #expect(try route("{ to: default, via: fd00::1 }").destination == .all(.ipv6))
        #expect(try route("{ to: default, src: fd00::1, dev: eth0 }").destination == .all(.ipv6))
        #expect(try route("{ to: default, dev: eth0 }").destination == .all(.ipv4))
        #expect(try route("{ to: 10.0.0.1, dev: eth0 }").destination.description == "10.0.0.1/32")
        #expect(try route("{ to: fd00::1, dev: eth0 }").metric == 1024)
        #expect(try route("{ to: fd00::1, dev: eth0, metric: 0 }").metric == 1024)
        #expect(try route("{ to: 10.0.0.1, dev: eth0 }").scope == .link)
        #expect(try route("{ to: 10.0.0.1, via: 10.0.0.2 }").scope == .global)
        #expect(try route("{ to: 10.0.0.1, dev: lo, type: local }").scope == .host)
        #expect(try route("{ to: fd00::1, dev: eth0 }").scope == nil)
        #expect(try route("{ to: 10.0.0.1, dev: eth0, table: local }").table == 255)
        #expect(try route("{ to: 10.0.0.1, dev: eth0, table: 0x57 }").table == 87)
        #expect(try route("{ to: 10.0.0.0/8, type: unreachable, metric: 4294967295 }").type == .unreachable)
    }

    @Test func sortsRoutes() throws {
        let text =
            "weft: 1\nnode:\n  routes: [{to: 10.2.0.0/16, dev: a}, {to: 10.1.0.0/16, dev: b}, {to: 10.10.0.0/16, dev: c}]\n"
        #expect(try state(text).routes.compactMap(\.device?.text) == ["b", "a", "c"])
    }

    @Test func putsForwardingEntriesIntoTheirTables() throws {
        func entries(_ text: String) throws -> [String] {
            let links =
                "vx: { type: vxlan, vni: 9, master: br }, br: { type: bridge }, v: { type: veth, master: br, peer: { name: w } }"
            let state = try state(
                "weft: 1\nnode:\n  links: { \(links) }\n  fdb: [{ mac: \"02:00:00:00:00:07\", \(text) }]\n"
            )
            return state.forwarding.map {
                "\($0.table.rawValue) \($0.state) \($0.destination?.description ?? "-")"
            }
        }
        #expect(try entries("dev: vx, dst: 10.0.0.1") == ["self permanent 10.0.0.1"])
        #expect(
            try entries("dev: vx, dst: 10.0.0.1, self: true, master: true") == [
                "master static -", "self static 10.0.0.1",
            ]
        )
        #expect(try entries("dev: vx, master: true") == ["master static -"])
        #expect(try entries("dev: vx, self: false") == ["master static -"])
        #expect(try entries("dev: v") == ["master static -"])
        #expect(try entries("dev: v, state: permanent") == ["master permanent -"])
        #expect(try entries("dev: v, self: true") == ["self permanent -"])
        #expect(try entries("dev: br") == ["self permanent -"])
    }

    @Test func readsSettingsInBothForms() throws {
        let text = """
            weft: 1
            node:
              namespaces: [{ name: a, sysctls: { net/ipv4/conf/eth0.1/forwarding: 0 } }, b]
              sysctls: { net.ipv4.conf.eth0/1.forwarding: yes, net.ipv4.tcp_rmem: "4096\t131072   6291456" }
            """
        let settings = try state(text).sysctls.map {
            "\($0.key.place.name?.text ?? "-") \($0.key.path) \($0.value)"
        }
        #expect(
            settings == [
                "- net/ipv4/conf/eth0.1/forwarding yes", "- net/ipv4/tcp_rmem 4096 131072 6291456",
                "a net/ipv4/conf/eth0.1/forwarding 0",
            ]
        )
    }

    @Test func readsNodes() throws {
        let text = """
            weft: 1
            nodes:
              node1: { address: 172.16.1.1, links: { br9: { type: bridge } } }
              node2: { address: [172.16.1.2, "fd00:16::2"], interface: eth0 }
              vrouter: { address: 172.16.1.254, role: router }
            """
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        #expect(document.cluster.nodes.map(\.name.text) == ["node1", "node2", "vrouter"])
        #expect(
            document.cluster.nodes[1].addresses.values.map(\.description) == ["172.16.1.2", "fd00:16::2"]
        )
        #expect(document.cluster.nodes[1].interface?.text == "eth0")
        #expect(document.cluster.nodes.map(\.role) == [.node, .node, .router])
        #expect(try document.nodeState(for: "node1").links.count == 1)
        #expect(try document.nodeState(for: "node2").isEmpty)
        #expect(!document.isEmpty)
    }

    @Test func sharesValuesByAliases() throws {
        let text = """
            weft: 1
            node:
              links:
                br8: &plain { type: bridge, stp_state: &flag yes, vlan_filtering: *flag }
                br9: *plain
            """
        let state = try state(text)
        #expect(state.links.count == 2)
        #expect(Set(state.links.values.map(\.kind)).count == 1)
    }

    @Test func warnsOfAPairInOneBridge() throws {
        func warnings(_ bridge: String) throws -> [String] {
            let links =
                "br: { type: bridge\(bridge) }, v: { type: veth, master: br, peer: { name: w, master: br } }"
            let text = "weft: 1\nnode:\n  links: { \(links) }\n"
            return try Document.load([Source(name: "a.yaml", text: text)]).warnings.map(\.description)
        }
        #expect(try warnings(", stp_state: yes") == [])
        #expect(
            try warnings("") == [
                "a.yaml:3:59: node.links.v.master: both ends of the pair are ports of 'br': what the bridge floods comes "
                    + "back for ever; join two bridges, or turn stp_state on"
            ]
        )
    }

    @Test func isEmptyWithoutObjects() throws {
        #expect(try Document.load([Source(name: "a.yaml", text: "weft: 1\n")]).isEmpty)
        #expect(try Document.load([Source(name: "a.yaml", text: "weft: 1\nnode: { links: {} }\n")]).isEmpty)
        #expect(try Document.load([Source(name: "a.yaml", text: "weft: 1\nnodes: {}\n")]).isEmpty)
    }

    @Test(arguments: Files.documents(in: "Good"))
    func readsWhatItPrints(name: String) throws {
        let document = try Document.load([
            Source(name: name, bytes: try #require(Files.read("Good/\(name).yaml")))
        ])
        for node in document.cluster.nodes.isEmpty ? ["n1"] : document.cluster.nodes.map(\.name.text) {
            let state = try document.nodeState(for: node)
            #expect(try self.state(NodeStatePrinter.yaml(state), node: node) == state)
            #expect(try self.state(NodeStatePrinter.json(state), node: node) == state)
        }
    }
}
