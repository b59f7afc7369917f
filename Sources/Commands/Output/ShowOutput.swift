internal import NetworkModel
internal import Planner

extension Console {
    /// Prints what is Weft's: networks and sandboxes, then what belongs to none, place by place.
    ///
    /// - Parameters:
    ///   - state: What was read.
    ///   - inventory: What of it is a network's or a sandbox's.
    ///   - node: The node's name.
    mutating func print(holdingsOf state: ObservedState, _ inventory: Inventory, node: String) {
        let filter = options.verbose ? nil : inventory
        let lines = Holdings(state.node, in: .node, without: filter).lines(indent: "  ")
        let hasModel = !inventory.networks.isEmpty || !inventory.sandboxes.isEmpty
        if lines.isEmpty, !hasModel, state.namespaces.isEmpty {
            return print("Weft holds nothing on this node")
        }
        print("node \(node)", .bold)
        for network in inventory.networks { print(network) }
        for sandbox in inventory.sandboxes { print(sandbox) }
        if hasModel, !lines.isEmpty { print(options.verbose ? "objects" : "other objects", .bold) }
        for line in lines { print(line) }
        for name in state.namespaces.keys.sorted() {
            guard let namespace = state.namespaces[name] else { continue }
            let lines = Holdings(namespace, in: .namespace(name), without: filter).lines(indent: "  ")
            if filter?.isSandbox(name) ?? false, lines.isEmpty { continue }
            print("namespace \(name)", .bold)
            for line in lines { print(line) }
        }
        print(settingsOf: state, without: filter)
        if options.verbose { print(filesOf: state) }
    }

    private mutating func print(_ network: HeldNetwork) {
        print("network \(network.name)", .bold)
        let maker = network.bridge ?? network.parent
        print(
            "  driver   \(network.driver)\(maker.map { network.bridge == nil ? " on \($0)" : " \($0)" } ?? "")"
        )
        if !network.subnets.isEmpty { print("  subnets  \(network.subnets.words)") }
        if !network.gateways.isEmpty { print("  gateway  \(network.gateways.words)") }
        if let vni = network.vni { print("  vni      \(vni)") }
        if let mtu = network.mtu { print("  mtu      \(mtu)") }
        if !network.ranges.isEmpty { print("  range    \(network.ranges.words)") }
        for route in network.routes { print("  route    \(route.summary)") }
    }

    private mutating func print(_ sandbox: HeldSandbox) {
        print("sandbox \(sandbox.name)", .bold)
        var rows: [(String, String)] = []
        if sandbox.namespace.text != sandbox.name { rows.append(("namespace", sandbox.namespace.text)) }
        let endpoints = Table(
            sandbox.endpoints.map { endpoint in
                [
                    "on \(endpoint.network)", endpoint.mac?.description ?? "",
                    (endpoint.addresses.map(\.description) + (endpoint.isUp ? [] : ["down"])).joined(
                        separator: " "
                    ),
                    endpoint.aliases.isEmpty ? "" : "alias \(endpoint.aliases.joined(separator: " "))",
                ]
            }
        )
        rows += zip(sandbox.endpoints.map(\.interface.text), endpoints.lines)
        rows += sandbox.defaultRoutes.map { ("default", $0.way) }
        rows += sandbox.routes.map { ("route", $0.summary) }
        if sandbox.processCount > 0 { rows.append(("processes", "\(sandbox.processCount)")) }
        for line in Table(rows.map { [$0.0, $0.1] }).lines { print("  \(line)") }
    }

    private mutating func print(settingsOf state: ObservedState, without inventory: Inventory?) {
        for (key, record) in state.recordedSysctls.sorted(by: { $0.key < $1.key }) {
            if let inventory, inventory.belongings.isOwned(key) { continue }
            // Forwarding is what networks are made of, as their links are.
            if let inventory, !inventory.networks.isEmpty, record.outlivesWeft(key) { continue }
            let place = key.place.name.map { " in namespace \($0)" } ?? ""
            print("setting \(key) = \(record.written)\(place) (\(record.before) before)")
        }
    }

    private mutating func print(filesOf state: ObservedState) {
        for (key, file) in state.files.sorted(by: { $0.key < $1.key }) {
            let namespaces = file.namespaces.sorted().map(\.text).joined(separator: ", ")
            print("file \(key)\(namespaces.isEmpty ? "" : " for namespace \(namespaces)")")
        }
    }
}

extension Route {
    /// Where it leads by: `via 172.18.0.1 dev eth0`.
    fileprivate var way: String {
        [gateway.map { "via \($0)" }, device.map { "dev \($0)" }].compactMap(\.self).joined(separator: " ")
    }
}

extension Array where Element: CustomStringConvertible {
    fileprivate var words: String { map(\.description).joined(separator: " ") }
}

/// What of one namespace is Weft's.
private struct Holdings {
    let links: [ObservedLink]
    let routes: [ObservedRoute]
    let neighbours: [ObservedNeighbour]
    let forwarding: [ForwardingEntry]

    /// - Parameters:
    ///   - namespace: What was read.
    ///   - place: Where it is.
    ///   - inventory: Whose objects are left out; `nil` for nobody's.
    init(_ namespace: ObservedNamespace, in place: Place, without inventory: Inventory? = nil) {
        let isSandbox = place.name.map { inventory?.isSandbox($0) ?? false } ?? false
        let hidden = Set(inventory == nil ? [] : namespace.links.filter { $0.purpose != nil }.map(\.name))
        links = namespace.links.filter { $0.isManaged && !hidden.contains($0.name) }
        routes = namespace.routes.filter { route in
            route.isManaged && !isSandbox && !(route.value.device.map(hidden.contains) ?? false)
                && !(inventory?.isOfNetwork(route.value) ?? false)
        }
        neighbours = namespace.neighbours.filter { $0.isManaged && !hidden.contains($0.value.link.name) }
        forwarding = namespace.forwarding.filter { !hidden.contains($0.link.name) }
    }

    /// A line for each object, links aligned.
    func lines(indent: String) -> [String] {
        let nameWidth = links.map { $0.name.text.utf8.count }.max() ?? 0
        let kindWidth = links.map { $0.kind.name.utf8.count }.max() ?? 0
        var lines = links.map { link in
            let addresses = link.addresses.filter(\.isManaged).map { $0.value.description }
            let words = [
                pad(link.name.text, nameWidth), pad(link.kind.name, kindWidth), link.isUp ? "up  " : "down",
                "mtu \(link.mtu)", link.mac?.description ?? "", link.master.map { "port of \($0)" } ?? "",
                addresses.joined(separator: " "),
            ]
            return indent + words.filter { !$0.isEmpty }.joined(separator: "  ")
        }
        lines += routes.map { "\(indent)route \($0.value.summary)" }
        lines += neighbours.map {
            "\(indent)neighbour \($0.value.address) at \($0.value.mac) on \($0.value.link.name)"
        }
        lines += forwarding.map { "\(indent)fdb \($0.summary) on \($0.link.name)" }
        return lines
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }
}

extension JSONWriter {
    /// The members of `show`.
    mutating func holdings(of state: ObservedState, _ inventory: Inventory, node: String) {
        member("schema", 1)
        member("node", node)
        array("networks", inventory.networks) { $0.network($1) }
        array("sandboxes", inventory.sandboxes) { $0.sandbox($1) }
        array("namespaces", state.namespaces.keys.sorted()) { $0.value($1.text) }
        let places: [(Place, ObservedNamespace)] =
            [(.node, state.node)]
            + state.namespaces.sorted { $0.key < $1.key }.map { (.namespace($0.key), $0.value) }
        let holdings = places.map { ($0.0, Holdings($0.1, in: $0.0)) }
        array("links", holdings.flatMap { place, held in held.links.map { (place, $0) } }) {
            $0.link($1.1, in: $1.0)
        }
        array("routes", holdings.flatMap { place, held in held.routes.map { (place, $0) } }) { writer, item in
            writer.object { object in
                object.member("namespace", item.0.name?.text)
                object.member("route", item.1.value.summary)
            }
        }
        array("neighbours", holdings.flatMap(\.1.neighbours)) { writer, neighbour in
            writer.object { object in
                object.member("namespace", neighbour.value.link.place.name?.text)
                object.member("dev", neighbour.value.link.name.text)
                object.member("address", neighbour.value.address.description)
                object.member("mac", neighbour.value.mac.description)
            }
        }
        array("fdb", holdings.flatMap(\.1.forwarding)) { writer, entry in
            writer.object { object in
                object.member("namespace", entry.link.place.name?.text)
                object.member("dev", entry.link.name.text)
                object.member("mac", entry.mac.description)
                object.member("dst", entry.destination?.description)
                object.member("table", entry.table.rawValue)
                object.member("state", entry.state.rawValue)
                object.member("vlan", Int(entry.vlan))
                object.member("vni", entry.vni.map { Int($0.number) })
                object.member("port", entry.port.map(Int.init))
            }
        }
        array("sysctls", state.recordedSysctls.sorted { $0.key < $1.key }) { writer, item in
            writer.object { object in
                object.member("namespace", item.key.place.name?.text)
                object.member("name", item.key.description)
                object.member("value", item.value.written)
                object.member("before", item.value.before)
            }
        }
    }

    private mutating func network(_ network: HeldNetwork) {
        object { object in
            object.member("name", network.name)
            object.member("driver", network.driver)
            object.array("subnets", network.subnets) { $0.value($1.description) }
            object.array("gateway", network.gateways) { $0.value($1.description) }
            object.member("bridge", network.bridge?.text)
            object.member("parent", network.parent?.text)
            object.member("vni", network.vni.map { Int($0.number) })
            object.member("mtu", network.mtu.map { Int($0.bytes) })
            object.array("ranges", network.ranges) { $0.value($1.description) }
            object.array("routes", network.routes) { writer, route in
                writer.object { object in
                    object.member("to", route.destination.description)
                    object.member("via", route.gateway?.description)
                }
            }
        }
    }

    private mutating func sandbox(_ sandbox: HeldSandbox) {
        object { object in
            object.member("name", sandbox.name)
            object.member("namespace", sandbox.namespace.text)
            object.array("endpoints", sandbox.endpoints) { $0.endpoint($1) }
            object.array("defaultRoute", sandbox.defaultRoutes) { writer, route in
                writer.object { object in
                    let endpoint = sandbox.endpoints.first { $0.interface == route.device }
                    object.member("network", endpoint?.network)
                    object.member("interface", route.device?.text)
                    object.member("via", route.gateway?.description)
                }
            }
            object.array("published", [String]()) { $0.value($1) }
            object.member("processes", sandbox.processCount)
        }
    }

    private mutating func endpoint(_ endpoint: HeldEndpoint) {
        object { object in
            object.member("network", endpoint.network)
            object.member("interface", endpoint.interface.text)
            object.member("mac", endpoint.mac?.description)
            object.array("addresses", endpoint.addresses) { $0.value($1.description) }
            object.array("gateway", endpoint.gateways) { $0.value($1.description) }
            object.array("aliases", endpoint.aliases) { $0.value($1) }
        }
    }

    private mutating func link(_ link: ObservedLink, in place: Place) {
        object { object in
            object.member("name", link.name.text)
            object.member("namespace", place.name?.text)
            object.member("index", Int(link.index))
            object.member("type", link.kind.name)
            object.member("up", link.isUp)
            object.member("mtu", Int(link.mtu.bytes))
            object.member("mac", link.mac?.description)
            object.member("master", link.master?.text)
            object.member("alias", link.alias)
            object.array("addresses", link.addresses.filter(\.isManaged)) { $0.value($1.value.description) }
        }
    }
}
