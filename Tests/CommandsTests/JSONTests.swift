import LinuxSystem
import NetworkTesting
import Testing

/// What programs rely on: docs/commands.md describes it.
@Suite("JSON output", .kernel)
struct JSONTests {
    static let document = """
        weft: 1
        node:
          namespaces: [NODE.red]
          links:
            br9: { type: bridge, addresses: [10.9.0.1/24] }
            v0: { type: veth, master: br9, peer: { name: eth0, namespace: NODE.red, addresses: [10.9.0.2/24] } }
            vx9: { type: vxlan, master: br9, vni: 9, local: 10.9.0.1 }
          routes: [ { to: default, via: 10.9.0.1, namespace: NODE.red } ]
          neighbours: [ { dev: br9, address: 10.9.0.7, mac: "02:00:00:00:00:07" } ]
          fdb: [ { dev: vx9, mac: "02:00:00:00:00:07", dst: 10.9.0.9 } ]
          sysctls: { net.ipv4.ip_forward: 1 }
        """
    private static let planKeys = ["schema", "node", "changes", "summary", "warnings"]
    private static let changeKeys = [
        "verb", "object", "name", "namespace", "sandbox", "network", "reason", "from", "to",
    ]

    @Test("of plan has the documented keys in their order, and agrees with the text")
    func plan() throws {
        try Station.with { station in
            let text = try station.succeed("plan", document: Self.document)
            let output = try station.succeed("plan", document: Self.document, "--format", "json")
            #expect(keys(output, depth: 1) == Self.planKeys)
            #expect(keys(output, depth: 2) == ["create", "change", "remake", "delete"])
            let json = try JSON(text: output)
            #expect(json["schema"] == 1)
            #expect(json["node"].string == station.node.name)
            #expect(json["warnings"] == [])
            let lines = text.split(separator: "\n")
            let changes = json["changes"].elements
            #expect(changes.count == lines.count - 1)
            #expect(
                keys(output, depth: 3)
                    == Array(repeating: Self.changeKeys, count: changes.count).flatMap(\.self)
            )
            for (change, line) in zip(changes, lines) {
                let object = change["object"].string ?? "?"
                // A setting is always there: it is changed.
                let words = object == "sysctl" ? "~ change setting" : "+ create "
                #expect(line.hasPrefix(words) && line.contains(object == "sysctl" ? "setting" : object))
                #expect(change["verb"].string == (object == "sysctl" ? "change" : "create"))
            }
            #expect(json["summary"] == .object(["create": 9, "change": 1, "remake": 0, "delete": 0]))
            #expect(lines.last == "9 to create, 1 to change, 0 to make anew, 0 to delete")
            let kinds = Set(changes.compactMap(\.["object"].string))
            #expect(kinds == ["link", "address", "route", "neighbour", "fdb", "namespace", "sysctl"])
        }
    }

    @Test("of plan tells of the firewall by the words of documents")
    func firewall() throws {
        let document = """
            weft: 1
            node:
              links: { br9: { type: bridge }, v0: { type: veth, master: br9, peer: { name: v1 } } }
              firewall:
                bridges: { br9: { subnets: [10.9.0.0/24, "fd00:9::/64"], outside: true } }
                ports: { v0: { mac: "02:00:00:00:00:07", addresses: [10.9.0.7] } }
            """
        try Station.with { station in
            func changes(_ document: String) throws -> [JSON] {
                let plan = try station.run("plan", document: document, "--format", "json").json
                return plan["changes"].elements.filter { $0["object"] == "firewall" }
            }
            let created = JSON.array(try changes(document))
            let names = created.elements.map { $0["name"].string ?? "" }
            #expect(names == ["tables", "vxlanPorts", "br9", "v0"])
            #expect(created[0]["to"] == .null && created[1]["to"]["vxlanPorts"] == "4789")
            #expect(
                created.first("name", "br9")["to"]
                    == .object([
                        "subnets": "10.9.0.0/24 fd00:9::/64", "outside": "true", "masquerade": "false",
                        "reachable": "false", "spansNodes": "false",
                    ])
            )
            let port: JSON = .object(["mac": "02:00:00:00:00:07", "addresses": "10.9.0.7"])
            #expect(created.first("name", "v0")["to"] == port)
            try station.succeed("apply", document: document)
            #expect(try changes(document) == [])
            let other = try changes(document.replacing("[10.9.0.7]", with: "[10.9.0.7, 10.9.0.8]"))
            #expect(other.count == 1 && other[0]["verb"] == "change")
            #expect(other[0]["from"] == .object(["addresses": "10.9.0.7"]))
            #expect(other[0]["to"] == .object(["addresses": "10.9.0.7 10.9.0.8"]))
            let printed = try station.succeed("compile", document: document)
            #expect(try changes(printed) == [])
            let gone = try changes(document.replacing("ports: {", with: "ports: {} #"))
            #expect(gone.count == 1 && gone[0]["verb"] == "delete" && gone[0]["from"] == port)
        }
    }

    @Test("of plan says what is made and what goes, with the attributes that a document gives")
    func objects() throws {
        try Station.with { station in
            let created = try station.run("plan", document: Self.document, "--format", "json").json["changes"]
            let pair = created.first("name", "v0")
            #expect(pair["from"] == .null)
            #expect(pair["to"]["type"] == "veth" && pair["to"]["master"] == "br9")
            #expect(
                pair["to"]["peer.name"] == "eth0"
                    && pair["to"]["peer.namespace"].string?.hasSuffix(".red") == true
            )
            #expect(pair["to"]["bridge_slave.learning"] == "true")
            #expect(pair["to"]["peer.addresses"] == .null)
            let address = created.first("name", "10.9.0.1/24 dev br9")["to"]
            #expect(address["address"] == "10.9.0.1/24" && address["dev"] == "br9")
            #expect(created.first("object", "route")["to"]["via"] == "10.9.0.1")
            #expect(created.first("object", "neighbour")["to"]["mac"] == "02:00:00:00:00:07")
            #expect(created.first("object", "fdb")["to"]["dst"] == "10.9.0.9")
            try station.succeed("apply", document: Self.document)
            let gone = try station.run("plan", document: "weft: 1\n", "--format", "json").json
            #expect(gone["warnings"].elements.contains { $0.string?.contains("--allow-empty") == true })
            let less = Self.document.replacing("neighbours: [", with: "neighbours: [] #")
            let neighbour = try station.run("plan", document: less, "--format", "json").json["changes"][0]
            #expect(neighbour["to"] == .null && neighbour["from"]["address"] == "10.9.0.7")
        }
    }

    @Test("of plan says what differs, before and after")
    func differences() throws {
        try Station.with { station in
            let small =
                "weft: 1\nnode: { links: { br9: { type: bridge, mtu: 1400 }, br8: { type: bridge } } }\n"
            let large = """
                weft: 1
                node: { links: { br9: { type: bridge, mtu: 1500 }, br8: { type: vxlan, vni: 8, local: 10.0.0.1 } } }
                """
            try station.succeed("apply", document: small)
            let json = try station.run("plan", document: large, "--format", "json").json
            let change = json["changes"].first("name", "br9")
            #expect(change["verb"] == "change")
            #expect(change["from"] == .object(["mtu": "1400"]))
            #expect(change["to"] == .object(["mtu": "1500"]))
            let remake = json["changes"].first("name", "br8")
            #expect(remake["verb"] == "remake")
            #expect(remake["reason"].string?.hasSuffix("the type can't be changed") == true)
            #expect(json["changes"].elements.count == 2)
            #expect(json["summary"] == .object(["create": 0, "change": 1, "remake": 1, "delete": 0]))
            let gone = try station.run("plan", document: "weft: 1\n", "--format", "json").json
            #expect(gone["summary"] == .object(["create": 0, "change": 0, "remake": 0, "delete": 2]))
        }
    }

    @Test("of apply and destroy is that of plan, and what became of it")
    func apply() throws {
        try Station.with { station in
            let keysOfApply =
                Self.planKeys + [
                    "applied", "failures", "rolledBack", "undone", "remaining", "verified", "durationMs",
                ]
            let plan = try station.run("plan", document: Self.document, "--format", "json").json
            let result = try station.run("apply", document: Self.document, "--format", "json")
            #expect(result.status == 0)
            #expect(result.errors.isEmpty)
            #expect(keys(result.output, depth: 1) == keysOfApply)
            let json = try result.json
            #expect(json["changes"] == plan["changes"])
            #expect(json["summary"] == plan["summary"])
            #expect(json["applied"].int == plan["changes"].elements.count)
            #expect(json["failures"] == [] && json["undone"] == [] && json["remaining"] == [])
            #expect(json["rolledBack"] == false && json["verified"] == true)
            #expect(try #require(json["durationMs"].int) >= 0)

            let destroy = try station.run("destroy", "--format", "json")
            #expect(keys(destroy.output, depth: 1) == keysOfApply)
            #expect(try destroy.json["summary"]["delete"].int ?? 0 > 0)
        }
    }

    @Test("of an apply that failed says what, and what was undone")
    func failure() throws {
        try Station.with { station in
            let document = """
                weft: 1
                node: { links: { br9: { type: bridge } }, routes: [ { to: 10.8.0.0/16, via: 10.77.0.1 } ] }
                """
            let result = try station.run("apply", document: document, "--format", "json")
            #expect(result.status == 1)
            let json = try result.json
            #expect(json["rolledBack"] == true && json["verified"] == false && json["applied"] == 1)
            #expect(json["remaining"] == [])
            #expect(json["undone"].elements.map { "\($0["verb"]) \($0["name"])" } == ["\"delete\" \"br9\""])
            let failures = json["failures"].elements
            #expect(failures.count == 1)
            let members = failures.first?.members ?? [:]
            #expect(members["operation"] == "create route 10.8.0.0/16 via 10.77.0.1")
            #expect(members["object"] == "10.8.0.0/16 via 10.77.0.1")
            #expect(members["errno"] == "ENETUNREACH")
            #expect(members["kernel"] == "Nexthop has invalid gateway")
            #expect(members["hint"]?.string?.hasPrefix("the gateway must be on-link: ") == true)
            #expect(members.count == 5)
        }
    }

    @Test("of show has the documented keys in their order")
    func show() throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document)
            let output = try station.succeed("show", "--format", "json")
            #expect(
                keys(output, depth: 1) == [
                    "schema", "node", "networks", "sandboxes", "namespaces", "links", "routes", "neighbours",
                    "fdb",
                    "sysctls",
                ]
            )
            let json = try JSON(text: output)
            #expect(json["schema"] == 1 && json["node"].string == station.node.name)
            #expect(json["networks"] == [] && json["sandboxes"] == [])
            #expect(json["namespaces"] == [.string("\(station.node.name).red")])
            #expect(
                json["links"].elements.compactMap(\.["name"].string).sorted() == ["br9", "eth0", "v0", "vx9"]
            )
            let link = json["links"][0]
            #expect(link["type"] == "bridge" && link["up"] == true && link["addresses"] == ["10.9.0.1/24"])
            #expect(json["routes"][0]["route"] == "default via 10.9.0.1 dev eth0")
            #expect(json["neighbours"][0]["mac"] == "02:00:00:00:00:07")
            #expect(json["fdb"][0]["dst"] == "10.9.0.9")
            let setting = json["sysctls"][0]
            #expect(setting["value"] == "1" && setting["before"] == "0")
        }
    }

    @Test("of check lists errors; of other commands that fail it says why in the same form")
    func errors() throws {
        try Station.with { station in
            let keysOfComplaint = ["file", "line", "column", "path", "message", "hint"]
            let good = try station.run("check", document: Self.document, "--format", "json")
            #expect(good.status == 0)
            #expect(good.output == "{\n  \"schema\": 1,\n  \"errors\": [],\n  \"warnings\": []\n}\n")

            let text = "weft: 1\nnode: { links: { br9: { type: bridge, mtuu: 1 } } }\n"
            for command in ["check", "compile", "plan", "apply"] {
                let bad = try station.run(command, document: text, "--format", "json")
                #expect(bad.status == 65)
                #expect(keys(bad.output, depth: 1) == ["schema", "errors", "warnings"])
                #expect(keys(bad.output, depth: 3) == keysOfComplaint)
                let error = try bad.json["errors"][0]
                #expect(error["file"].string == "\(station.directory)/state.yaml")
                #expect(error["line"] == 2 && error["column"] == 39 && error["path"] == "node.links.br9.mtuu")
                #expect(error["message"] == "unknown key 'mtuu'" && error["hint"] == "did you mean 'mtu'?")
                // The text says the same.
                #expect(
                    station.normal(bad.errors)
                        == "DIR/state.yaml:2:39: node.links.br9.mtuu: unknown key 'mtuu'; did you mean 'mtu'?\n"
                )
            }

            try station.node.run("ip link add br9 type bridge")
            let taken = try station.run("plan", document: Self.document, "--format", "json")
            #expect(taken.status == 1)
            #expect(keys(taken.output, depth: 3) == keysOfComplaint)
            let error = try taken.json["errors"][0]
            #expect(error["file"] == nil)
            #expect(
                error["message"]
                    == "cannot create link 'br9': the name is taken by a bridge link that is not Weft's"
            )
        }
    }

    /// The keys of a text, in its order, at a depth: 1 is the outermost object.
    private func keys(_ text: String, depth: Int) -> [String] {
        let indent = String(repeating: "  ", count: depth) + "\""
        return text.split(separator: "\n").filter { $0.hasPrefix(indent) && $0.contains("\": ") }.map {
            line in
            String(line.dropFirst(indent.count).prefix { $0 != "\"" })
        }
    }
}
