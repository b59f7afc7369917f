internal import NetworkModel
internal import Planner

extension Console {
    /// Prints what is Weft's, place by place.
    mutating func print(holdingsOf state: ObservedState, node: String) {
        let lines = Holdings(state.node).lines(indent: "  ")
        if lines.isEmpty, state.namespaces.isEmpty {
            return print("Weft holds nothing on this node")
        }
        print("node \(node)", .bold)
        for line in lines { print(line) }
        for name in state.namespaces.keys.sorted() {
            guard let namespace = state.namespaces[name] else { continue }
            print("namespace \(name)", .bold)
            for line in Holdings(namespace).lines(indent: "  ") { print(line) }
        }
        for (key, record) in state.recordedSysctls.sorted(by: { $0.key < $1.key }) {
            let place = key.place.name.map { " in namespace \($0)" } ?? ""
            print("setting \(key) = \(record.written)\(place) (\(record.before) before)")
        }
    }
}

/// What of one namespace is Weft's.
private struct Holdings {
    let links: [ObservedLink]
    let routes: [ObservedRoute]
    let neighbours: [ObservedNeighbour]
    let forwarding: [ForwardingEntry]

    init(_ namespace: ObservedNamespace) {
        links = namespace.links.filter(\.isManaged)
        routes = namespace.routes.filter(\.isManaged)
        neighbours = namespace.neighbours.filter(\.isManaged)
        forwarding = namespace.forwarding
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
    mutating func holdings(of state: ObservedState, node: String) {
        member("schema", 1)
        member("node", node)
        array("networks", [String]()) { $0.value($1) }
        array("sandboxes", [String]()) { $0.value($1) }
        array("namespaces", state.namespaces.keys.sorted()) { $0.value($1.text) }
        let places: [(Place, ObservedNamespace)] =
            [(.node, state.node)]
            + state.namespaces.sorted { $0.key < $1.key }.map { (.namespace($0.key), $0.value) }
        let holdings = places.map { ($0.0, Holdings($0.1)) }
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
