import LinuxSystem
import NetworkTesting
import Testing

/// What Weft holds, as a person and as a program sees it; by the kernel, whatever document it came from.
@Suite("weft show", .kernel)
struct ShowTests {
    private static let document = """
        weft: 1
        networks:
          back: { driver: bridge, subnets: [172.18.0.0/24, "fd00:18::/64"], mtu: 1400 }
          wire: { driver: bridge, subnets: [172.20.0.0/24], isolated: true }
          lan: { driver: macvlan, parent: eth0, subnets: [172.16.1.0/24], gateway: 172.16.1.254, interface: x }
        sandboxes:
          web:
            endpoints:
              - { network: back, address: [172.18.0.2, "fd00:18::2"], mac: "02:00:00:00:00:02", aliases: [blog, shop] }
              - { network: wire, address: 172.20.0.2, mac: "02:00:00:00:00:03" }
            routes: [ { to: 10.8.0.0/16, via: 172.18.0.9 } ]
            links: [ { sandbox: db } ]
          db: { endpoints: [ { network: back, address: [172.18.0.3, "fd00:18::3"], mac: "02:00:00:00:00:04" } ] }
          far: { endpoints: [ { network: lan, address: 172.16.1.7, mac: "02:00:00:00:00:05", interface: net0 } ] }
          alone: {}
        """.replacing(", interface: x", with: "")

    private static let shown = """
        node NODE
        network back
          driver   bridge br-back
          subnets  172.18.0.0/24 fd00:18::/64
          gateway  172.18.0.1 fd00:18::1
          mtu      1400
        network lan
          driver   macvlan on eth0
          subnets  172.16.1.0/24
          gateway  172.16.1.254
          mtu      1500
        network wire
          driver   bridge br-wire
          subnets  172.20.0.0/24
          mtu      1500
        sandbox alone
          namespace  NODE.alone
        sandbox db
          namespace  NODE.db
          eth0       on back  02:00:00:00:00:04  172.18.0.3/24 fd00:18::3/64
          default    via 172.18.0.1 dev eth0
          default    via fd00:18::1 dev eth0
        sandbox far
          namespace  NODE.far
          net0       on lan  02:00:00:00:00:05  172.16.1.7/24
          default    via 172.16.1.254 dev net0
        sandbox web
          namespace  NODE.web
          eth0       on back  02:00:00:00:00:02  172.18.0.2/24 fd00:18::2/64  alias blog shop
          eth1       on wire  02:00:00:00:00:03  172.20.0.2/24
          default    via 172.18.0.1 dev eth0
          default    via fd00:18::1 dev eth0
          route      10.8.0.0/16 via 172.18.0.9 dev eth0

        """

    private static func withDocument(_ text: String = document, _ body: (Station) throws -> Void) throws {
        try Station.with { station in
            try station.addForeignLink("eth0", address: "172.16.1.1/24")
            try station.succeed("apply", document: text)
            try body(station)
        }
    }

    @Test("prints networks and sandboxes, and nothing of what they are made of")
    func text() throws {
        try Self.withDocument { station in
            #expect(try station.normal(station.succeed("show")) == Self.shown)
            // The links say it: without what Weft has on record, and without its files, only aliases are lost.
            try AtomicFile.removeTree(station.node.runtimeDirectory)
            for sandbox in ["web", "db", "far"] {
                try AtomicFile.removeTree("/etc/netns/\(station.node.fullName(of: sandbox))")
            }
            let left = try station.normal(station.succeed("show"))
            #expect(left == Self.shown.replacing("  alias blog shop", with: ""))
        }
    }

    @Test("prints routes to the parts of a network on other nodes with the network")
    func routed() throws {
        let text = """
            weft: 1
            nodes: { n1: { address: 172.16.1.1 }, n2: { address: 172.16.1.2 } }
            networks:
              pods:
                driver: routed
                subnets: [192.168.0.0/16]
                nodeSubnets: { n1: [192.168.1.0/24], n2: [192.168.2.0/24] }
            sandboxes:
              web: { node: n1, endpoints: [ { network: pods, address: 192.168.1.2, mac: "02:00:00:00:00:01" } ] }
              db: { node: n2, endpoints: [ { network: pods, address: 192.168.2.2 } ] }
            """
        try Self.withDocument(text) { station in
            #expect(
                try station.normal(station.succeed("show")) == """
                    node NODE
                    network pods
                      driver   routed br-pods
                      subnets  192.168.1.0/24
                      gateway  192.168.1.1
                      mtu      1500
                      range    192.168.0.0/16
                      route    192.168.2.0/24 via 172.16.1.2 dev eth0
                    sandbox web
                      namespace  NODE.web
                      eth0       on pods  02:00:00:00:00:01  192.168.1.2/24
                      default    via 192.168.1.1 dev eth0
                      route      192.168.0.0/16 via 192.168.1.1 dev eth0

                    """
            )
            let network = try station.run("show", "--format", "json").json["networks"].elements.first
            #expect(network?["ranges"].elements.map(\.string) == ["192.168.0.0/16"])
            #expect(network?["routes"].elements.map(\.["to"].string) == ["192.168.2.0/24"])
            #expect(network?["routes"].elements.map(\.["via"].string) == ["172.16.1.2"])
        }
    }

    @Test("prints objects that are of no network below them, in their places")
    func rawObjects() throws {
        let raw =
            Self.document + """

                node:
                  namespaces: [NODE.red]
                  links:
                    br9: { type: bridge, mac: "02:00:00:00:00:09", addresses: [10.9.0.1/24] }
                    v0: { type: veth, mac: "02:00:00:00:00:0a", peer: { name: raw0, namespace: NODE.red, mac: "02:00:00:00:00:0b" } }
                  routes: [ { to: 10.7.0.0/16, via: 10.9.0.7 } ]
                  sysctls: { net.ipv4.tcp_keepalive_probes: 7 }
                """
        try Self.withDocument(raw) { station in
            let shown = try station.normal(station.succeed("show"))
            let (model, rest) = (shown.prefix(Self.shown.count), shown.dropFirst(Self.shown.count))
            #expect(model == Self.shown)
            #expect(
                rest == """
                    other objects
                      br9  bridge  up    mtu 1500  02:00:00:00:00:09  10.9.0.1/24
                      v0   veth    up    mtu 1500  02:00:00:00:00:0a
                      route 10.7.0.0/16 via 10.9.0.7 dev br9
                    namespace NODE.red
                      raw0  veth  up    mtu 1500  02:00:00:00:00:0b
                    setting net.ipv4.tcp_keepalive_probes = 7 (9 before)

                    """
            )
        }
    }

    @Test("prints with '--verbose' whatever there is: links, routes, settings, files")
    func verbose() throws {
        try Self.withDocument { station in
            let shown = try station.normal(station.succeed("show", "--verbose"))
            #expect(shown.hasPrefix(Self.shown + "objects\n"))
            for line in [
                "\n  br-wire   bridge  up ", "\n  web.eth1  veth ", "\nnamespace NODE.web\n",
                "\n  eth1  veth  up    mtu 1500  02:00:00:00:00:03  172.20.0.2/24\n",
                "02:00:00:00:00:02  172.18.0.2/24 fd00:18::2/64 fe80::ff:fe00:2/64\n",
                "\n  route default via 172.18.0.1 dev eth0\n", "\nfile web/hosts for namespace NODE.web\n",
                "\nfile web/env\n", "\nsetting net.ipv6.conf.br-wire.disable_ipv6 = 1 (0 before)\n",
                "\nsetting net.ipv4.ip_forward = 0 in namespace NODE.web (0 before)\n",
            ] { #expect(shown.contains(line), "\(line)\(shown)") }
        }
    }

    @Test("counts who lives in a sandbox, and tells what is down")
    func life() throws {
        try Self.withDocument { station in
            let running = try station.exec("db", ["sleep", "60"]).start()
            defer { _ = try? running.end() }
            #expect(Eventually.holds { ProcessTable.commandName(of: running.pid) == "sleep" })
            try station.node.run("ip link set eth0 down", in: "db")
            let shown = try station.normal(station.succeed("show"))
            #expect(
                shown.contains("  172.18.0.3/24 down\n") && shown.contains("\n  processes  1\n"),
                "\(shown)"
            )
            let sandbox = try station.run("show", "--format", "json").json["sandboxes"].first("name", "db")
            #expect(sandbox["processes"] == 1)
        }
    }

    @Test("of programs has the documented keys, with all that the kernel tells")
    func json() throws {
        try Self.withDocument { station in
            let json = try station.run("show", "--format", "json").json
            #expect(
                json["networks"].first("name", "back").members == [
                    "name": "back", "driver": "bridge", "subnets": ["172.18.0.0/24", "fd00:18::/64"],
                    "gateway": ["172.18.0.1", "fd00:18::1"], "bridge": "br-back", "parent": .null,
                    "vni": .null, "mtu": 1400, "ranges": [], "routes": [],
                ]
            )
            let lan = json["networks"].first("name", "lan")
            #expect(lan["driver"] == "macvlan" && lan["bridge"] == .null && lan["parent"] == "eth0")
            #expect(lan["gateway"] == ["172.16.1.254"])
            #expect(json["networks"].first("name", "wire")["gateway"] == [])
            #expect(json["sandboxes"].elements.map(\.["name"]) == ["alone", "db", "far", "web"])
            let web = json["sandboxes"].first("name", "web")
            #expect(
                Set(web.members.keys) == [
                    "name", "namespace", "endpoints", "defaultRoute", "published", "processes",
                ]
            )
            #expect(web["namespace"].string == station.node.fullName(of: "web"))
            #expect(
                web["endpoints"].elements == [
                    .object([
                        "network": "back", "interface": "eth0", "mac": "02:00:00:00:00:02",
                        "addresses": ["172.18.0.2/24", "fd00:18::2/64"],
                        "gateway": ["172.18.0.1", "fd00:18::1"],
                        "aliases": ["blog", "shop"],
                    ]),
                    .object([
                        "network": "wire", "interface": "eth1", "mac": "02:00:00:00:00:03",
                        "addresses": ["172.20.0.2/24"], "gateway": [], "aliases": [],
                    ]),
                ]
            )
            #expect(
                web["defaultRoute"].elements == [
                    .object(["network": "back", "interface": "eth0", "via": "172.18.0.1"]),
                    .object(["network": "back", "interface": "eth0", "via": "fd00:18::1"]),
                ]
            )
            #expect(web["published"] == [])
            // What it is made of is there as well.
            #expect(json["links"].first("name", "web.eth1")["master"] == "br-wire")
        }
    }

    @Test("and what plans say of who an object belongs to are the same: JSON")
    func owners() throws {
        try Station.with { station in
            try station.addForeignLink("eth0", address: "172.16.1.1/24")
            let path = try station.write(Self.document + "\nnode: { links: { br9: { type: bridge } } }\n")
            func owners(_ arguments: String...) throws -> [String: String] {
                let json = try station.command(arguments[0], arguments.dropFirst() + ["--format", "json"])
                    .result().json
                let pairs = json["changes"].elements.map { change in
                    let name = change["namespace"].string.map { "\($0): " } ?? ""
                    let owner = "\(change["sandbox"].string ?? "-") \(change["network"].string ?? "-")"
                    return (station.normal(name + (change["name"].string ?? "?")), owner)
                }
                return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
            }
            let expected = [
                "br-back": "- back", "br9": "- -", "172.18.0.1/24 dev br-back": "- back",
                "web.eth1": "web wire",
                "NODE.web: NODE.web": "web -", "NODE.far: NODE.far/net0": "far lan",
                "NODE.web: 172.20.0.2/24 dev NODE.web/eth1": "web wire",
                "NODE.web: default via 172.18.0.1 dev eth0": "web back", "web/hosts": "web -",
            ]
            let planned = try owners("plan", path)
            for (name, owner) in expected { #expect(planned[name] == owner, "\(name)") }
            #expect(try owners("apply", path) == planned)
            try station.node.inside { try SysctlFile.write("net/ipv6/conf/br-wire/disable_ipv6", "0") }
            try station.node.inside("web") { try SysctlFile.write("net/ipv4/ip_forward", "1") }
            let changed = try owners("plan", path)
            #expect(changed["net.ipv6.conf.br-wire.disable_ipv6"] == "- wire")
            #expect(changed["NODE.web: net.ipv4.ip_forward"] == "web -")
            // What goes is told by the kernel alone.
            let gone = try owners("destroy")
            #expect(gone["br-back"] == "- back" && gone["br9"] == "- -" && gone["web.eth1"] == "web wire")
            #expect(gone["NODE.web: NODE.web"] == "web -" && gone["web/hosts"] == "web -")
        }
    }
}
