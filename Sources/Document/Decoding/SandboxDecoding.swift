internal import ClusterModel
internal import NetworkModel

/// The keys of a sandbox and of its endpoints, room for which is made once: there may be many.
struct SandboxFields {
    var sandbox = Fields<SandboxKey>()
    var endpoint = Fields<EndpointKey>()
}

/// The sandboxes of a cluster.
extension Decoder {
    mutating func sandbox(_ entry: NamedEntry, _ room: inout SandboxFields, into draft: inout DocumentDraft) {
        let name: SandboxName = definedName(entry, "a sandbox")
        guard let node = entry.values.first, let mapping = mapping(node) else {
            draft.excuses.sandboxes.insert(name)
            return
        }
        collect(mapping, into: &room.sandbox)
        let fields = room.sandbox
        var sandbox = Sandbox(name, node: sandboxNode(fields, draft))
        sandbox.stack = stack(fields)
        if let node = fields[.endpoints], let list = list(node) {
            sandbox.endpoints = elements(of: list) { $0.endpoint($1, &room.endpoint) }
            takeFixedNetwork(of: &sandbox, list, room.endpoint)
        }
        if let node = fields[.defaultRoute] {
            sandbox.defaultRoute = reference(node, "the name of a network")
        }
        if let node = fields[.routes] { sandbox.routes = sandboxRoutes(node) }
        if let node = fields[.links] { sandbox.links = sandboxLinks(node) }
        if let node = fields[.publish], let list = list(node) {
            sandbox.published = elements(of: list) { $0.publishedPort($1) }
        }
        if let node = fields[.expose] { sandbox.exposed = distinct(node) { $0.exposedPort($1) } }
        if let node = fields[.dns] { sandbox.dns = sandboxDNS(node) }
        if let node = fields[.sysctls] { sandbox.settings = sandboxSettings(node) }
        draft.sandboxes.append(sandbox)
    }

    private mutating func sandboxNode(_ fields: Fields<SandboxKey>, _ draft: DocumentDraft) -> NodeName? {
        guard draft.hasNodes else {
            if fields[.node] != nil {
                complain(
                    at: fields.key(.node),
                    "the document names no nodes",
                    hint: "leave 'node' out, or list it under 'nodes'"
                )
            }
            return nil
        }
        guard let node = fields[.node] else {
            complain(
                at: fields.mapping,
                "'node' is missing",
                hint: "the document has nodes: say which one the sandbox is on"
            )
            return nil
        }
        return reference(node, "the name of a node")
    }

    private mutating func stack(_ fields: Fields<SandboxKey>) -> Sandbox.Stack {
        let isHost = boolean(.host, fields) ?? false
        guard let node = fields[.netns] else { return isHost ? .host : .made }
        guard let path = namespacePath(node) else { return isHost ? .host : .made }
        guard !isHost else {
            complain(
                at: fields.key(.netns),
                "a sandbox with 'host' has the node's own stack, hence no 'netns' of its own",
                hint: "leave out one of them"
            )
            return .host
        }
        return .adopted(path: path)
    }

    private mutating func endpoint(_ item: Int, _ fields: inout Fields<EndpointKey>) -> Endpoint? {
        guard let mapping = mapping(item) else { return nil }
        collect(mapping, into: &fields)
        require(.network, in: fields)
        let network: NetworkName? = fields[.network].flatMap { reference($0, "the name of a network") }
        // What has no network is read nevertheless, for what else is wrong.
        var endpoint = Endpoint(network ?? NetworkName(unchecked: ""))
        if let node = fields[.address] { endpoint.addresses = addresses(node, "an address of the endpoint") }
        if let node = fields[.mac] { endpoint.mac = ownMAC(node, fields) }
        if let node = fields[.interface] {
            endpoint.interface = interfaceName(.interface, fields)
            if let name = endpoint.interface { refuseKernelsOwn(name, at: node) }
        }
        if let node = fields[.aliases] { endpoint.aliases = distinct(node) { $0.alias($1) } }
        return network == nil ? nil : endpoint
    }

    /// A MAC that a link can have.
    private mutating func ownMAC(_ node: Int, _ fields: Fields<EndpointKey>) -> MACAddress? {
        guard let mac = mac(.mac, fields) else { return nil }
        guard mac == .zero || mac.isMulticast else { return mac }
        let reason = mac == .zero ? "is zero" : "is a group's, for its first octet is odd"
        complain(
            at: node,
            "\(mac) \(reason)",
            hint: "a link has a MAC of its own, such as \"02:00:00:00:00:07\""
        )
        return nil
    }

    /// Network `host` or `none` as the only one: what the stack is, and no endpoint.
    private mutating func takeFixedNetwork(
        of sandbox: inout Sandbox,
        _ list: Int,
        _ fields: Fields<EndpointKey>
    ) {
        guard let endpoint = sandbox.endpoints.first, tree.nodes[list].first == 1 else { return }
        let isHost = endpoint.network == Network.hostName
        guard isHost || endpoint.network == Network.noneName else { return }
        for key in fields.present where key != .network {
            complain(
                at: fields.key(key),
                "an endpoint on network '\(endpoint.network)' has no '\(key.name)'",
                hint: "leave it out"
            )
        }
        sandbox.endpoints = []
        guard isHost else { return }
        if case .adopted = sandbox.stack, let node = fields[.network] {
            complain(
                at: node,
                "a sandbox on network 'host' has the node's own stack, hence no 'netns' of its own",
                hint: "leave out one of them"
            )
        }
        sandbox.stack = .host
    }

    /// Reads the items of a list, and complains of one that is there already.
    private mutating func distinct<Value: Hashable>(
        _ node: Int,
        _ read: (inout Decoder, Int) -> Value?
    ) -> [Value] {
        guard let list = list(node) else { return [] }
        var places: [Value: Int] = [:]
        return elements(of: list) { decoder, item in
            guard let value = read(&decoder, item) else { return nil }
            guard let first = places[value] else {
                places[value] = item
                return value
            }
            decoder.complainOfSecond(decoder.tree.resolve(item), first: first)
            return nil
        }
    }

    private mutating func sandboxRoutes(_ node: Int) -> [SandboxRoute] {
        guard let list = list(node) else { return [] }
        return elements(of: list) { $0.sandboxRoute($1) }
    }

    private mutating func sandboxRoute(_ item: Int) -> SandboxRoute? {
        guard let mapping = mapping(item) else { return nil }
        let fields = fields(mapping, SandboxRouteKey.self)
        require(.to, .via, in: fields)
        let gateway = fields[.via].flatMap { hostAddress($0, "a gateway") }
        let family = gateway?.family ?? .ipv4
        let to = fields[.to].flatMap { destination($0, defaultFamily: family) }
        guard let to, let gateway else { return nil }
        return SandboxRoute(to: to, via: gateway)
    }

    private mutating func sandboxLinks(_ node: Int) -> [SandboxLink] {
        guard let list = list(node) else { return [] }
        return elements(of: list) { $0.sandboxLink($1) }
    }

    private mutating func sandboxLink(_ item: Int) -> SandboxLink? {
        guard let mapping = mapping(item) else { return nil }
        let fields = fields(mapping, SandboxLinkKey.self)
        require(.sandbox, in: fields)
        let target: SandboxName? = fields[.sandbox].flatMap { reference($0, "the name of a sandbox") }
        guard let node = fields[.alias] else {
            return target.map { SandboxLink(to: $0, alias: AliasName(unchecked: $0.text)) }
        }
        guard let alias = alias(node), let target else { return nil }
        return SandboxLink(to: target, alias: alias)
    }

    private mutating func sandboxDNS(_ node: Int) -> SandboxDNS {
        var dns = SandboxDNS()
        guard let mapping = mapping(node) else { return dns }
        let fields = fields(mapping, SandboxDNSKey.self)
        if let node = fields[.servers] {
            dns.servers = distinct(node) { $0.hostAddress($1, "a name server") }
        }
        if let node = fields[.search] { dns.search = distinct(node) { $0.word($1, "a domain") } }
        if let node = fields[.options] { dns.options = distinct(node) { $0.word($1, "an option") } }
        return dns
    }

    /// A text without white space, as a line of resolv.conf can hold it.
    private mutating func word(_ node: Int, _ what: String) -> String? {
        guard let text = text(node, what, maximumBytes: 253) else { return nil }
        guard !text.utf8.contains(UInt8(ascii: " ")) else {
            complain(at: node, "'\(text)' has a space, and is not \(what)", hint: "write a list of them")
            return nil
        }
        return text
    }

    private mutating func sandboxSettings(_ node: Int) -> [Sandbox.Setting] {
        guard let mapping = mapping(node) else { return [] }
        var settings: [Sandbox.Setting] = []
        var seen: [String: Int] = [:]
        var cursor = EntryCursor(mapping, in: tree)
        while let (name, valueNode) = cursor.next(in: tree) {
            let value = settingValue(valueNode)
            guard let path = settingPath(name) else { continue }
            if let first = seen[path] {
                complainOfSecond(name, first: first)
                continue
            }
            seen[path] = name
            if let value { settings.append(Sandbox.Setting(path: path, value: value)) }
        }
        return settings.sorted { $0.path < $1.path }
    }
}
