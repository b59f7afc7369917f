import ClusterModel
import Document
import NetworkModel
import Testing

/// The schema and the decoder know the same keys.
@Suite struct SchemaTests {
    /// A document that gives `attribute` the value `value`, in surroundings in which it may stand.
    static func document(_ attribute: SchemaAttribute, value: String) -> String {
        let key = attribute.attribute.name
        var required = requirements(attribute.object).filter { $0.key != key }
        if attribute.object == .address, key == "scope" { required = [("address", "10.77.0.1/24")] }
        if attribute.object == .route { required = companions(ofRouteKey: key, value) }
        if key == "dst" || key == "vni" || key == "port", attribute.object == .forwardingEntry {
            required =
                [("dev", "vx"), ("mac", "\"02:00:00:00:00:07\"")]
                + (key == "dst" ? [] : [("dst", "10.0.0.9")])
        }
        if key == "bridge_slave" { required.append(("master", "br")) }
        if key == "remote" { required.append(("dev", "eth0")) }
        let entries = (required + [(key, value)]).map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        return wrap("{ \(entries) }", in: attribute.object, key: key)
    }

    private static func companions(ofRouteKey key: String, _ value: String) -> [(key: String, value: String)]
    {
        let to = (key: "to", value: "10.70.0.0/16")
        switch key {
        case "to": return [("dev", "eth0")]
        case "type" where value == "local": return [to, ("dev", "lo")]
        case "type" where value != "unicast": return [to]
        case "onlink": return [to, ("dev", "eth0"), ("via", "10.0.0.1")]
        case "namespace", "dev": return [to, ("via", "10.0.0.1")]
        case "via": return [to]
        default: return [to, ("dev", "eth0")]
        }
    }

    /// What must be said besides.
    private static func requirements(_ object: DocumentObject) -> [(key: String, value: String)] {
        switch object {
        case .document: [("weft", "1")]
        case .declaredNode: [("address", "10.0.0.1")]
        case .hostNode: []
        case .namespace: [("name", "blue")]
        case .bridge: [("type", "bridge")]
        case .veth: [("type", "veth"), ("peer", "{ name: far }")]
        case .vxlan: [("type", "vxlan"), ("vni", "7")]
        case .macvlan: [("type", "macvlan"), ("parent", "eth0")]
        case .peer: [("name", "far")]
        case .bridgePort: []
        case .address: [("address", "fd77::1/64")]
        case .route: [("to", "10.70.0.0/16"), ("dev", "eth0")]
        case .neighbour: [("dev", "br"), ("address", "10.0.0.9"), ("mac", "\"02:00:00:00:00:07\"")]
        case .forwardingEntry: [("dev", "port"), ("mac", "\"02:00:00:00:00:07\"")]
        case .file: [("sandbox", "s"), ("name", "hosts"), ("content", "\"\"")]
        case .firewall: []
        case .firewallBridge: [("subnets", "[]"), ("outside", "true")]
        case .firewallPort: [("mac", "\"02:00:00:00:00:07\""), ("addresses", "[]")]
        case .underlay, .networkOptions, .builtInBridge, .sandbox, .sandboxDNS: []
        case .network: [("driver", "bridge"), ("subnets", "[10.1.0.0/16]")]
        case .endpoint: [("network", "net")]
        case .sandboxRoute: [("to", "10.70.0.0/16"), ("via", "10.1.0.9")]
        case .sandboxLink: [("sandbox", "far")]
        }
    }

    private static func wrap(_ text: String, in object: DocumentObject, key: String) -> String {
        let links = """
            br: { type: bridge }, red/br: { type: bridge }, vx: { type: vxlan, vni: 99 }, \
            port: { type: veth, master: br, peer: { name: other } }, \
            red/port: { type: veth, master: br, peer: { name: red-other } }
            """
        let node = { (rest: String, more: String) in
            "weft: 1\nnode: { namespaces: [red], links: { \(links)\(more) }\(rest) }\n"
        }
        switch object {
        case .document: return "{ \(text.dropFirst(2).dropLast(2)) }\n"
        case .declaredNode: return "weft: 1\nnodes: { n1: \(text) }\n"
        case .hostNode where key == "links" || key == "namespaces": return "weft: 1\nnode: \(text)\n"
        case .hostNode:
            return
                "weft: 1\nnode: { namespaces: [red], links: { \(links) }, \(text.dropFirst(2).dropLast(2)) }\n"
        case .namespace: return "weft: 1\nnode: { namespaces: [\(text)] }\n"
        case .bridge, .veth, .vxlan, .macvlan:
            return node("", ", x: \(text)")
        case .peer: return node("", ", x: { type: veth, peer: \(text) }")
        case .bridgePort:
            return node("", ", x: { type: veth, master: br, peer: { name: y }, bridge_slave: \(text) }")
        case .address: return node("", ", x: { type: bridge, addresses: [\(text)] }")
        case .route: return node(", routes: [\(text)]", "")
        case .neighbour: return node(", neighbours: [\(text)]", "")
        case .forwardingEntry: return node(", fdb: [\(text)]", "")
        case .file: return node(", files: [\(text)]", "")
        case .firewall: return node(", firewall: \(text)", "")
        case .firewallBridge: return node(", firewall: { bridges: { br: \(text) } }", "")
        case .firewallPort: return node(", firewall: { ports: { port: \(text) } }", "")
        case .underlay, .network, .networkOptions, .builtInBridge, .sandbox, .endpoint, .sandboxRoute,
            .sandboxLink,
            .sandboxDNS:
            return wrapInCluster(text, object, key: key)
        }
    }

    /// A cluster in which a part of it may stand.
    private static func wrapInCluster(_ text: String, _ object: DocumentObject, key: String) -> String {
        let inner = text.dropFirst(2).dropLast(2)
        let nodes = "nodes: { n1: { address: 10.0.0.1 }, n2: { address: 10.0.0.2 } }"
        let net = "net: { driver: bridge, subnets: [10.1.0.0/16] }"
        let far = "far: { node: n1, endpoints: [{ network: net }] }"
        let head = "weft: 1\n\(nodes)\n"
        func sandbox(_ rest: String) -> String {
            let other = "two: { driver: bridge, subnets: [10.2.0.0/16] }"
            let x = "x: { node: n1, endpoints: [{ network: net }, { network: two }], \(rest) }"
            return "\(head)networks: { \(net), \(other) }\nsandboxes: { \(far), \(x) }\n"
        }
        switch object {
        case .underlay: return "\(head)underlay: \(text)\n"
        case .builtInBridge: return "\(head)networks: { bridge: \(text) }\n"
        case .network where ["nodePrefix", "nodeSubnets", "via"].contains(key):
            return
                "\(head)networks: { net: { driver: routed, subnets: [10.1.0.0/16], \(entry(key, of: inner)) } }\n"
        case .network where key == "vni" || key == "options":
            return
                "\(head)networks: { net: { driver: overlay, subnets: [10.1.0.0/16], \(entry(key, of: inner)) } }\n"
        case .network where key == "parent":
            return
                "\(head)networks: { net: { driver: macvlan, subnets: [10.1.0.0/16], \(entry(key, of: inner)) } }\n"
        case .network: return "\(head)networks: { net: \(text) }\n"
        case .networkOptions:
            let driver = key == "mode" ? "macvlan" : "overlay"
            return
                "\(head)networks: { net: { driver: \(driver), subnets: [10.1.0.0/16], options: \(text) } }\n"
        case .sandbox where ["node", "netns", "host", "endpoints"].contains(key):
            let node = key == "node" ? "" : "node: n1, "
            return "\(head)networks: { \(net) }\nsandboxes: { x: { \(node)\(inner) } }\n"
        case .sandbox: return sandbox(String(inner))
        case .endpoint:
            return "\(head)networks: { \(net) }\nsandboxes: { x: { node: n1, endpoints: [\(text)] } }\n"
        case .sandboxRoute: return sandbox("routes: [\(text)]")
        case .sandboxLink: return sandbox("links: [\(text)]")
        default: return sandbox("dns: \(text)")
        }
    }

    /// The entry of a key, as the last of several.
    private static func entry(_ key: String, of entries: Substring) -> String {
        guard let range = entries.firstRange(of: "\(key): ") else { return String(entries) }
        return String(entries[range.lowerBound...])
    }

    /// Two or more values that an attribute of a cluster's parts takes, where its form alone does not tell.
    private static func clusterValues(_ attribute: SchemaAttribute) -> [String]? {
        switch (attribute.object, attribute.attribute.name) {
        case (.network, "driver"): ["bridge", "overlay", "routed", "macvlan"]
        case (.network, "gateway"): ["none", "10.1.0.1", "[10.1.0.7]"]
        case (.network, "range"): ["10.1.1.0/24", "[10.1.2.0/24]"]
        case (.network, "nodePrefix"): ["24", "[25]"]
        case (.network, "nodeSubnets"): ["{ n1: [10.1.1.0/24] }", "{ n1: 10.1.2.0/24 }"]
        case (.network, "options"): ["{}", "{ port: 8472 }"]
        case (.network, "nodes"): ["[n1]", "[n2]"]
        case (.sandbox, "node"): ["n1", "n2"]
        case (.sandbox, "defaultRoute"): ["net", "two"]
        case (.sandbox, "routes"): ["[]", "[{ to: 10.70.0.0/16, via: 10.1.0.9 }]"]
        case (.sandbox, "links"): ["[]", "[{ sandbox: far }]"]
        case (.sandbox, "endpoints"): ["[]", "[{ network: net }]"]
        case (.endpoint, "network"): ["net", "bridge", "none"]
        case (.endpoint, "address"): ["10.1.0.3", "[10.1.0.4]"]
        case (.sandboxRoute, "to"): ["10.71.0.0/16", "10.72.0.1"]
        case (.sandboxRoute, "via"): ["10.1.0.3", "10.2.0.4"]
        case (.sandboxLink, "sandbox"): ["far"]
        case (.sandbox, "sysctls"): ["{}", "{ net.core.somaxconn: 1 }"]
        default: nil
        }
    }

    /// Two or more values that an attribute takes; the first may be its default.
    static func values(_ attribute: SchemaAttribute) -> [String] {
        if let values = clusterValues(attribute) { return values }
        switch attribute.attribute.form {
        case .boolean: return ["true", "false"]
        case .number(let range, _) where attribute.attribute.name == "group_fwd_mask":
            return ["8", "\(range.upperBound - 7)"]
        case .number(let range, _):
            return Set([range.lowerBound, range.upperBound]).sorted().map(String.init)
        case .table: return ["main", "87"]
        case .choice(let words) where attribute.attribute.name == "type" && attribute.object != .route:
            return words.filter { $0 == attribute.object.rawValue }
        case .choice(let words) where attribute.object == .route && attribute.attribute.name == "scope":
            return words
        case .choice(let words): return words
        case .text: return ["one", "two"]
        case .content: return ["one", "\"two\\nthree\""]
        case .interfaceName:
            switch (attribute.object, attribute.attribute.name) {
            case (.forwardingEntry, "dev"): return ["port", "port"]
            case (.neighbour, "dev"): return ["br", "port"]
            case (_, "master"): return ["br"]
            default: return ["one", "two"]
            }
        case .namespaceName: return attribute.object == .namespace ? ["one", "two"] : ["red"]
        case .mac: return ["\"02:00:00:00:00:01\"", "\"02:00:00:00:00:02\""]
        case .address, .eachFamily(.address): return ["10.0.0.3", "10.0.0.4"]
        case .prefix, .eachFamily: return ["10.3.0.0/16", "10.4.0.0/16"]
        case .gateway, .byNode: return []
        case .name: return ["one", "two"]
        case .path: return ["/proc/1/ns/net", "/run/netns/x"]
        case .word: return ["one", "two"]
        case .publishedPort: return ["8080:80"]
        case .port: return ["80", "81/udp"]
        case .values(.publishedPort): return ["[\"8080:80\"]", "[\"127.0.0.1:8080:80/udp\"]"]
        case .values(.port): return ["[80]", "[80/tcp, 80/udp]"]
        case .values(.prefix): return ["[]", "[10.5.0.0/16]"]
        case .values(.address): return ["[]", "[10.0.0.3]"]
        case .values(.number): return ["[]", "[1, 65535]"]
        case .values: return ["[]", "[one]"]
        case .interfaceAddress: return ["fd77::3/64", "fd77::4/64"]
        case .destination: return ["10.71.0.0/16", "10.72.0.1", "default"]
        case .object(.peer): return ["{ name: far }"]
        case .object(.sandboxDNS): return ["{}", "{ search: [a.example] }"]
        case .object(.firewall): return ["{}", "{ vxlanPorts: [] }"]
        case .object(.underlay): return ["{ subnets: [] }", "{ subnets: [10.9.0.0/16] }"]
        case .object: return ["{}"]
        case .list: return ["[]"]
        case .shortList(_, .interfaceAddress): return ["[]", "[10.78.0.1/24]"]
        case .shortList: return ["[]", "[green]"]
        case .named(_, .node): return ["{ n1: { address: 10.0.0.1 } }"]
        case .named(.network, _): return ["{}", "{ q: { driver: bridge, subnets: [10.9.0.0/16] } }"]
        case .named(.sandbox, _): return ["{}", "{ q: {} }"]
        case .named(.firewallBridge, _): return ["{}", "{ br: { subnets: [] } }"]
        case .named(.firewallPort, _):
            return ["{}", "{ port: { mac: \"02:00:00:00:00:07\", addresses: [] } }"]
        case .named: return ["{}", "{ q: { type: bridge } }"]
        case .sysctls: return ["{ net.ipv4.ip_forward: 0 }", "{ net.ipv4.ip_forward: 1 }"]
        case .unsupported: return []
        }
    }

    @Test(arguments: DocumentSchema.attributes.indices)
    func decodesEachAttributeOfTheSchema(index: Int) throws {
        let attribute = DocumentSchema.attributes[index]
        let values = Self.values(attribute)
        #expect(!values.isEmpty)
        var meanings: Set<String> = []
        for value in values {
            let text = Self.document(attribute, value: value)
            #expect(complaints(text) == "", "\(attribute.path): \(text)")
            let document = try Document.load([Source(name: "a.yaml", text: text)])
            let cluster = document.cluster
            let node = cluster.nodes.first?.name.text ?? "n1"
            let objects = cluster.nodes.first?.objects ?? cluster.host
            meanings.insert("\(cluster)" + NodeStatePrinter.yaml(objects.nodeState(for: node)))
        }
        #expect(meanings.count > 1 || Set(values).count == 1, "\(attribute.path) changes nothing")
    }

    @Test func refusesEachKeyThatTheSchemaDoesNotHave() {
        for object in DocumentObject.allCases {
            let attribute = DocumentSchema.attributes.first { $0.object == object }
            guard let attribute, let value = Self.values(attribute).first else { continue }
            let text = Self.document(attribute, value: value)
            let key = "\(attribute.attribute.name): \(value)"
            let said = complaints(text.replacing(key, with: "\(key), qqqqqq: 1"))
            #expect(said.contains("unknown key 'qqqqqq'; known keys are "), "\(object): \(said)")
            // Of options those of the driver are told.
            for name in object.attributes.map(\.name) where object != .networkOptions || name != "mode" {
                #expect(said.contains(name), "\(object): \(name) not in \(said)")
            }
        }
    }

    @Test func hasDescriptionsThatAreSentences() {
        for attribute in DocumentSchema.attributes {
            #expect(attribute.attribute.summary.hasSuffix("."), "\(attribute.path)")
            #expect(
                attribute.attribute.isRequired || attribute.object != .route
                    || attribute.attribute.fallback != nil
            )
        }
    }

    @Test func hasNoKeyTwice() {
        let paths = DocumentSchema.attributes.map { "\($0.object) \($0.attribute.name)" }
        #expect(Set(paths).count == paths.count)
        #expect(paths.count > 100)
    }

    @Test func hasTheKeysThatPlacesOfAClusterName() {
        let names = Set(DocumentSchema.attributes.map(\.attribute.name))
        for key in ClusterPlace.Key.allCases { #expect(names.contains(key.rawValue), "\(key)") }
    }

    @Test func isYAMLAndHasAllKeys() {
        let json = DocumentSchema.json()
        #expect(json.hasPrefix("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\""))
        for attribute in DocumentSchema.attributes {
            #expect(json.contains("\"\(attribute.attribute.name)\": {"))
        }
    }
}
