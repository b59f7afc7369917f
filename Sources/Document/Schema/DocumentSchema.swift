/// What a document may hold: the table that the decoder reads by, for programs and editors.
package enum DocumentSchema {
    /// Every key of every kind of mapping.
    package static let attributes: [SchemaAttribute] = DocumentObject.allCases.flatMap { object in
        object.attributes.map { SchemaAttribute(object: object, attribute: $0) }
    }

    /// A JSON Schema (draft 2020-12) of the document.
    package static func json() -> String {
        var writer = JSONWriter()
        var entries: [Entry] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("Weft document")),
            ("description", .text("What the network of a node, or of several, shall be.")),
        ]
        entries += keys(of: .document)
        entries.append(("not", .mapping([("required", .list([.text("node"), .text("nodes")]))])))
        var definitions: [Entry] = [("link", link)]
        for object in DocumentObject.allCases where object != .document {
            definitions.append((object.rawValue, .block(keys(of: object))))
        }
        entries.append(("$defs", .block(definitions)))
        writer.write(.block(entries))
        return writer.text + "\n"
    }

    typealias Entry = (key: String, value: PrintedValue)

    /// A link: the keys of its type.
    private static var link: PrintedValue {
        let types = DocumentObject.linkTypes
        let conditions = types.map { type -> PrintedValue in
            let isType = PrintedValue.mapping([
                ("properties", .mapping([("type", .mapping([("const", .text(type.rawValue))]))])),
                ("required", .list([.text("type")])),
            ])
            return .mapping([("if", isType), ("then", reference(type))])
        }
        return .block([
            ("type", .text("object")),
            ("required", .list([.text("type")])),
            (
                "properties",
                .mapping([("type", .mapping([("enum", .list(types.map { .text($0.rawValue) }))]))])
            ),
            ("allOf", .lines(conditions)),
        ])
    }

    private static func reference(_ object: DocumentObject) -> PrintedValue {
        .mapping([("$ref", .text("#/$defs/\(object.rawValue)"))])
    }

    private static func keys(of object: DocumentObject) -> [Entry] {
        let attributes = object.attributes
        var entries: [Entry] = [("type", .text("object"))]
        let required = attributes.filter(\.isRequired)
        if !required.isEmpty { entries.append(("required", .list(required.map { .text($0.name) }))) }
        entries.append(("properties", .block(attributes.map { ($0.name, property($0)) })))
        entries.append(("additionalProperties", .boolean(false)))
        return entries
    }

    private static func property(_ attribute: Attribute) -> PrintedValue {
        var summary = attribute.summary
        let literal = attribute.fallback.flatMap { self.literal($0, attribute.form) }
        if literal == nil, let fallback = attribute.fallback { summary += " Default: \(fallback)." }
        var entries: [Entry] = [("description", .text(summary))]
        if let literal { entries.append(("default", literal)) }
        return .mapping(entries + schema(attribute.form))
    }

    /// A default that is a value, not a description of one.
    private static func literal(_ fallback: String, _ form: Form) -> PrintedValue? {
        switch form {
        case .boolean: .boolean(fallback == "true")
        case .number: UInt64(fallback).map { .number($0) }
        case .choice(let words) where words.contains(fallback): .text(fallback)
        case .table: .text(fallback)
        default: nil
        }
    }

    /// What a value must look like.
    private static func schema(_ form: Form) -> [Entry] {
        switch form {
        case .boolean, .number, .table, .choice, .text, .content, .interfaceName, .namespaceName, .mac,
            .address,
            .interfaceAddress, .destination, .prefix, .name, .path, .word, .publishedPort, .port,
            .unsupported:
            return scalarSchema(form)
        case .eachFamily(let value):
            return oneOrTwo(schema(value))
        case .gateway:
            return [
                (
                    "anyOf",
                    .list([.mapping([("const", .text("none"))]), .mapping(oneOrTwo(schema(.address)))])
                )
            ]
        case .values(let value):
            return [("type", .text("array")), ("items", .mapping(schema(value)))]
        case .byNode(let value):
            return named(.mapping(schema(value)), pattern: namePattern)
        case .object(let object):
            return [("$ref", .text("#/$defs/\(object.rawValue)"))]
        case .list(let object):
            return [("type", .text("array")), ("items", reference(object))]
        case .shortList(let object, let short):
            let items = PrintedValue.mapping([("anyOf", .list([.mapping(schema(short)), reference(object)]))])
            return [("type", .text("array")), ("items", items)]
        case .named(let object, .network):
            let builtIn: Entry = ("properties", .mapping([("bridge", reference(.builtInBridge))]))
            return [builtIn] + named(reference(object), pattern: "^(?!(host|none)$)[a-z0-9][a-z0-9_-]{0,62}$")
        case .named(let object, .node), .named(let object, .sandbox), .named(let object, .alias):
            return named(reference(object), pattern: namePattern)
        case .named(_, .link):
            let link = PrintedValue.mapping([("$ref", .text("#/$defs/link"))])
            return named(link, pattern: "^([^\\s/]{1,255}/)?[^\\s/:%]{1,15}$")
        case .named(let object, .nodeLink):
            return named(reference(object), pattern: "^[^\\s/:%\"*\\\\]{1,15}$")
        case .sysctls:
            let scalar = PrintedValue.mapping([
                ("type", .list([.text("string"), .text("number"), .text("boolean")]))
            ])
            return named(scalar, pattern: "^net[./][^\\s]+$")
        }
    }

    private static let namePattern = "^[a-z0-9][a-z0-9_-]{0,62}$"

    /// A value, or a list of one for each family.
    private static func oneOrTwo(_ value: [Entry]) -> [Entry] {
        let list: [Entry] = [
            ("type", .text("array")), ("items", .mapping(value)), ("minItems", .number(1)),
            ("maxItems", .number(2)),
        ]
        return [("anyOf", .list([.mapping(value), .mapping(list)]))]
    }

    private static func named(_ value: PrintedValue, pattern: String) -> [Entry] {
        [
            ("type", .text("object")),
            ("propertyNames", .mapping([("pattern", .text(pattern))])),
            ("additionalProperties", value),
        ]
    }

    private static func scalarSchema(_ form: Form) -> [Entry] {
        switch form {
        case .boolean:
            let words =
                ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"]
                + ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"]
            return [("enum", .list([.boolean(true), .boolean(false)] + words.map { .text($0) }))]
        case .number(let range, _):
            return [
                ("anyOf", .list([integer(range), .mapping(text("^([0-9]|[1-9][0-9]+|0[xX][0-9a-fA-F]+)$"))]))
            ]
        case .table:
            let number = integer(1...UInt64(UInt32.max))
            return [
                (
                    "anyOf",
                    .list([number, .mapping(text("^(main|local|default|[1-9][0-9]*|0[xX][0-9a-fA-F]+)$"))])
                )
            ]
        case .choice(let words):
            return [("enum", .list(words.map { .text($0) }))]
        case .text(let maximumBytes):
            return [
                ("type", .text("string")), ("minLength", .number(1)),
                ("maxLength", .number(UInt64(maximumBytes))),
            ]
        case .content: return [("type", .text("string"))]
        case .interfaceName: return text("^[^\\s/:%]{1,15}$")
        case .namespaceName: return text("^[^\\s/-][^\\s/]{0,254}$")
        case .mac: return text("^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$")
        case .address: return text("^[0-9A-Fa-f:.]+$")
        case .interfaceAddress: return text("^[0-9A-Fa-f:.]+/[0-9]{1,3}$")
        case .destination: return text("^(default|[0-9A-Fa-f:.]+(/[0-9]{1,3})?)$")
        case .prefix: return text("^[0-9A-Fa-f:.]+/[0-9]{1,3}$")
        case .name: return text(namePattern)
        case .path: return text("^/")
        case .word: return text("^[^\\s]+$")
        case .publishedPort: return text("^(([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):)?[0-9]+:[0-9]+(/(tcp|udp))?$")
        case .port:
            return [("anyOf", .list([integer(1...65535), .mapping(text("^[0-9]+(/(tcp|udp))?$"))]))]
        case .eachFamily, .gateway, .values, .byNode, .object, .list, .shortList, .named, .sysctls,
            .unsupported:
            return []
        }
    }

    private static func text(_ pattern: String) -> [Entry] {
        [("type", .text("string")), ("pattern", .text(pattern))]
    }

    private static func integer(_ range: ClosedRange<UInt64>) -> PrintedValue {
        .mapping([
            ("type", .text("integer")), ("minimum", .number(range.lowerBound)),
            ("maximum", .number(range.upperBound)),
        ])
    }
}

/// A key of one kind of mapping.
package struct SchemaAttribute: Sendable {
    /// The mapping that it may stand in.
    package let object: DocumentObject
    /// The key, what its value looks like, what it does.
    package let attribute: Attribute

    /// Where it stands in a document for one host: `node.links.*.bridge_slave.cost`; `*` is any name, `[]` any item.
    package var path: String {
        object.path.isEmpty ? attribute.name : "\(object.path).\(attribute.name)"
    }
}

extension DocumentObject {
    /// Where such a mapping stands in a document.
    package var path: String {
        switch self {
        case .document: ""
        case .declaredNode: "nodes.*"
        case .hostNode: "node"
        case .namespace: "node.namespaces[]"
        case .bridge, .veth, .vxlan, .macvlan: "node.links.*"
        case .peer: "node.links.*.peer"
        case .bridgePort: "node.links.*.bridge_slave"
        case .address: "node.links.*.addresses[]"
        case .route: "node.routes[]"
        case .neighbour: "node.neighbours[]"
        case .forwardingEntry: "node.fdb[]"
        case .file: "node.files[]"
        case .firewall: "node.firewall"
        case .firewallBridge: "node.firewall.bridges.*"
        case .firewallPort: "node.firewall.ports.*"
        case .underlay: "underlay"
        case .network: "networks.*"
        case .networkOptions: "networks.*.options"
        case .builtInBridge: "networks.bridge"
        case .sandbox: "sandboxes.*"
        case .endpoint: "sandboxes.*.endpoints[]"
        case .sandboxRoute: "sandboxes.*.routes[]"
        case .sandboxLink: "sandboxes.*.links[]"
        case .sandboxDNS: "sandboxes.*.dns"
        }
    }
}
