package import NetworkModel

/// Writes a node state as a document that asks for exactly it, with every default made explicit.
///
/// The order is that of keys, whatever the state's: equal states are printed alike. What is not the document's to
/// say is left out: the node's name, on which nothing depends once MACs are written, and interface indexes.
package enum NodeStatePrinter {
    /// The state as YAML.
    package static func yaml(_ state: NodeState) -> String {
        var writer = YAMLWriter()
        writer.write(document(state))
        return writer.text
    }

    /// The state as JSON, which is YAML too.
    package static func json(_ state: NodeState) -> String {
        var writer = JSONWriter()
        writer.write(.block(document(state)))
        return writer.text + "\n"
    }

    private typealias Entry = PrintedEntry

    private static func document(_ state: NodeState) -> [Entry] {
        var node: [Entry] = []
        if !state.namespaces.isEmpty || !state.adopted.isEmpty {
            node.append((NodeKey.namespaces.name, namespaces(of: state)))
        }
        if !state.links.isEmpty { node.append((NodeKey.links.name, .block(PrintedLinks.entries(of: state)))) }
        if !state.routes.isEmpty {
            node.append(
                (
                    NodeKey.routes.name,
                    .lines(state.routes.sorted { $0.key < $1.key }.map { .mapping(entries(of: $0)) })
                )
            )
        }
        if !state.neighbours.isEmpty {
            let neighbours = state.neighbours.sorted { $0.key < $1.key }
            node.append((NodeKey.neighbours.name, .lines(neighbours.map { .mapping(entries(of: $0)) })))
        }
        if !state.forwarding.isEmpty {
            node.append(
                (
                    NodeKey.fdb.name,
                    .lines(state.forwarding.sorted { $0.key < $1.key }.map { .mapping(entries(of: $0)) })
                )
            )
        }
        let settings = sysctls(of: state, in: .node)
        if !settings.isEmpty { node.append((NodeKey.sysctls.name, .block(settings))) }
        if !state.files.isEmpty {
            let files = state.files.sorted { $0.key < $1.key }
            node.append((NodeKey.files.name, .lines(files.map { .mapping(entries(of: $0)) })))
        }
        if let firewall = state.firewall {
            node.append((NodeKey.firewall.name, .block(PrintedFirewall.entries(of: firewall))))
        }
        return [(DocumentKey.weft.name, .number(1)), (DocumentKey.node.name, .block(node))]
    }

    private static func namespaces(of state: NodeState) -> PrintedValue {
        let names = state.namespaces.union(state.adopted.keys).sorted()
        let items = names.map { name -> PrintedValue in
            let settings = sysctls(of: state, in: .namespace(name))
            let path = state.adopted[name]
            guard !settings.isEmpty || path != nil else { return .text(name.text) }
            var entries: [Entry] = [(NamespaceKey.name.name, .text(name.text))]
            if let path { entries.append((NamespaceKey.netns.name, .text(path))) }
            if !settings.isEmpty { entries.append((NamespaceKey.sysctls.name, .mapping(settings))) }
            return .mapping(entries)
        }
        return .lines(items)
    }

    private static func sysctls(of state: NodeState, in place: Place) -> [Entry] {
        state.sysctls.filter { $0.key.place == place }.sorted { $0.key < $1.key }.map { setting in
            // Most values are numbers; those that every reader writes back as they are need no quotes.
            let number = UInt32(setting.value)
            let isCanonical = number.map { String($0) == setting.value } ?? false
            return (setting.key.description, isCanonical ? .natural(number ?? 0) : .text(setting.value))
        }
    }

    static func entries(of route: Route) -> [PrintedEntry] {
        var entries: [Entry] = [(RouteKey.to.name, .text(route.destination.description))]
        if let gateway = route.gateway { entries.append((RouteKey.via.name, .text(gateway.description))) }
        if let device = route.device { entries.append((RouteKey.dev.name, .text(device.text))) }
        if let name = route.place.name { entries.append((RouteKey.namespace.name, .text(name.text))) }
        entries.append((RouteKey.table.name, tableName(route.table)))
        entries.append((RouteKey.metric.name, .natural(route.metric)))
        entries.append((RouteKey.type.name, .text(route.type.rawValue)))
        if route.type == .unicast { entries.append((RouteKey.onlink.name, .boolean(route.isOnLink))) }
        if let source = route.source { entries.append((RouteKey.src.name, .text(source.description))) }
        if route.destination.family == .ipv4 {
            entries.append((RouteKey.scope.name, .text(route.effectiveScope.rawValue)))
        }
        if let mtu = route.mtu { entries.append((RouteKey.mtu.name, .natural(mtu.bytes))) }
        return entries
    }

    private static func tableName(_ table: UInt32) -> PrintedValue {
        switch table {
        case 253: .text("default")
        case 254: .text("main")
        case 255: .text("local")
        default: .natural(table)
        }
    }

    static func entries(of neighbour: Neighbour) -> [PrintedEntry] {
        var entries: [Entry] = [(NeighbourKey.dev.name, .text(neighbour.link.name.text))]
        if let name = neighbour.link.place.name {
            entries.append((NeighbourKey.namespace.name, .text(name.text)))
        }
        entries.append((NeighbourKey.address.name, .text(neighbour.address.description)))
        entries.append((NeighbourKey.mac.name, .text(neighbour.mac.description)))
        return entries
    }

    static func entries(of file: SandboxFile) -> [PrintedEntry] {
        var entries: [Entry] = [
            (FileKey.sandbox.name, .text(file.key.sandbox)),
            (FileKey.name.name, .text(file.key.name.rawValue)),
        ]
        if let name = file.namespace { entries.append((FileKey.namespace.name, .text(name.text))) }
        entries.append((FileKey.content.name, .text(String(decoding: file.content.bytes, as: UTF8.self))))
        return entries
    }

    static func entries(of entry: ForwardingEntry) -> [PrintedEntry] {
        var entries: [Entry] = [(ForwardingKey.dev.name, .text(entry.link.name.text))]
        if let name = entry.link.place.name {
            entries.append((ForwardingKey.namespace.name, .text(name.text)))
        }
        entries.append((ForwardingKey.mac.name, .text(entry.mac.description)))
        if let destination = entry.destination {
            entries.append((ForwardingKey.dst.name, .text(destination.description)))
        }
        switch entry.table {
        case .own: entries.append((ForwardingKey.own.name, .boolean(true)))
        case .bridge: entries.append((ForwardingKey.master.name, .boolean(true)))
        }
        entries.append((ForwardingKey.state.name, .text(entry.state.rawValue)))
        entries.append((ForwardingKey.vlan.name, .natural(entry.vlan)))
        if let vni = entry.vni { entries.append((ForwardingKey.vni.name, .natural(vni.number))) }
        if let port = entry.port { entries.append((ForwardingKey.port.name, .natural(port))) }
        return entries
    }
}
