internal import ClusterModel
internal import NetworkModel

/// The routes of a node. There may be many: nothing here allocates memory for a route that is right.
extension Decoder {
    /// Reads the routes, and puts them in order.
    mutating func routes(_ node: Int, into draft: inout NodeDraft) {
        guard let list = list(node) else { return }
        let count = Int(tree.nodes[list].first)
        var routes: [Route] = []
        routes.reserveCapacity(count)
        var origins: [Int32] = []
        origins.reserveCapacity(count)
        var fields = Fields<RouteKey>()
        var refused = RefusedGateways(of: draft.state.links.values)
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let mapping = mapping(item) else { continue }
            collect(mapping, into: &fields)
            guard let route = route(fields, in: draft) else { continue }
            if let reason = refused.reason(against: route), let node = fields[.via] {
                complain(
                    at: node,
                    "\(shown(tree.resolve(node))) can't be a gateway here: \(reason)",
                    hint: "a gateway is another host"
                )
            }
            routes.append(route)
            origins.append(Int32(truncatingIfNeeded: item))
        }
        order(&routes, origins)
        draft.state.routes = routes
    }

    /// Sorts routes by key, and complains of two with one key.
    private mutating func order(_ routes: inout [Route], _ origins: [Int32]) {
        var order = RouteOrder.of(routes)
        guard zip(order, order.dropFirst()).contains(where: { !($0 < $1) || $0.isSameRoute($1) }) else {
            return
        }
        order.sort(by: <)
        var first = order.startIndex
        for place in order.indices.dropFirst() {
            guard order[first].isSameRoute(order[place]) else {
                first = place
                continue
            }
            let key = routes[Int(order[place].index)].key
            let position = tree.position(of: Int(origins[Int(order[first].index)]))
            complain(
                at: Int(origins[Int(order[place].index)]),
                "there is a route to \(key.destination) with metric \(key.metric) in table \(key.table) already, at \(position)",
                hint: "give it another metric"
            )
        }
        routes = order.map { routes[Int($0.index)] }
    }

    private mutating func route(_ fields: Fields<RouteKey>, in draft: NodeDraft) -> Route? {
        require(.to, in: fields)
        let place = place(.namespace, fields, in: draft)
        let gateway = fields[.via].flatMap { hostAddress($0, "a gateway") }
        let source = fields[.src].flatMap { hostAddress($0, "a source") }
        let family = gateway?.family ?? source?.family ?? .ipv4
        let destination = fields[.to].flatMap { self.destination($0, defaultFamily: family) }
        var route = Route(to: destination ?? .all(family), in: place ?? .node)
        route.gateway = gateway
        route.source = source
        if fields[.dev] != nil { route.device = interfaceName(.dev, fields) }
        if let type = choice(.type, fields, RouteType.self) { route.type = type }
        if let table = fields[.table].flatMap({ self.table($0) }) { route.table = table }
        if let metric = number32(.metric, fields), metric > 0 || route.destination.family == .ipv4 {
            route.metric = metric
        }
        if let isOnLink = boolean(.onlink, fields) { route.isOnLink = isOnLink }
        route.mtu = number32(.mtu, fields).map { MTU(bytes: $0) }
        route.scope = choice(.scope, fields, AddressScope.self)
        guard destination != nil, let place else { return nil }
        if fields[.dev] != nil { checkDevice(of: route, fields, place: place, in: draft) }
        check(route, fields)
        if route.destination.family == .ipv4 { route.scope = route.effectiveScope }
        return route
    }

    /// The addresses that a route is for.
    mutating func destination(_ node: Int, defaultFamily: AddressFamily) -> Prefix? {
        guard let value = scalar(node, "a prefix, an address or 'default'") else { return nil }
        guard let (address, length) = tree.withText(of: value, { AddressText.addressAndLength($0) }) else {
            if tree.string(of: value) == "default" { return .all(defaultFamily) }
            let hint = AddressText.hint(forPrefix: tree.string(of: value))
            complain(
                at: node,
                "'\(shown(value))' is no destination",
                hint: hint ?? "write a prefix as 10.8.0.0/16, an address, or 'default'"
            )
            return nil
        }
        let prefix = Prefix(containing: address, length: length ?? address.family.width)
        guard prefix.address == address else {
            complain(at: node, "\(address)/\(prefix.length) has host bits", hint: "did you mean \(prefix)?")
            return nil
        }
        return prefix
    }

    /// The number of a routing table, or its name.
    private mutating func table(_ node: Int) -> UInt32? {
        guard let value = scalar(node, "the number of a table, or main, local or default") else { return nil }
        switch tree.string(of: value) {
        case "main": return 254
        case "local": return 255
        case "default": return 253
        case let text:
            guard case .none = tree.withText(of: value, { NumberText.read($0) }) else {
                return number(node, in: 1...UInt64(UInt32.max), unit: "").map {
                    UInt32(truncatingIfNeeded: $0)
                }
            }
            let hint = Nearest.question(text, among: ["main", "local", "default"])
            complain(
                at: node,
                "'\(shown(value))' is no table",
                hint: hint ?? "it is main, local, default or a number, 1 through \(UInt32.max)"
            )
            return nil
        }
    }

    /// In a namespace of Weft's there are no links but the document's, and `lo`.
    private mutating func checkDevice(
        of route: Route,
        _ fields: Fields<RouteKey>,
        place: Place,
        in draft: NodeDraft
    ) {
        guard let node = fields[.dev], let device = route.device, place != .node, device.text != "lo" else {
            return
        }
        guard draft.state.links[LinkID(device, in: place)] == nil else { return }
        complainOfUnknownLink(
            device,
            in: place,
            at: node,
            draft,
            rule: "a namespace has the document's links only, and lo"
        )
    }

    /// What the kernel refuses of a route.
    ///
    /// Kernel: `net/ipv4/fib_semantics.c`, `fib_create_info`, `fib_check_nh`.
    private mutating func check(_ route: Route, _ fields: Fields<RouteKey>) {
        let family = route.destination.family
        if let gateway = route.gateway, gateway.family != family, let node = fields[.via] {
            complain(
                at: node,
                "\(gateway) is not of the family of \(route.destination)",
                hint: "a gateway is of its destination's family"
            )
        }
        if let source = route.source, source.family != family, let node = fields[.src] {
            complain(
                at: node,
                "\(source) is not of the family of \(route.destination)",
                hint: "a source is of its destination's family"
            )
        }
        switch route.type {
        case .unicast:
            if fields[.via] == nil, fields[.dev] == nil {
                complain(
                    at: fields.mapping,
                    "the route has neither 'via' nor 'dev'",
                    hint: "say where packets go, or give it a type"
                )
            }
        case .local:
            if fields[.dev] == nil {
                complain(at: fields.mapping, "'dev' is missing", hint: "a local route names a link")
            }
            forbid([.via, .onlink], fields, because: "packets are for this host")
        case .blackhole, .unreachable, .prohibit, .throw:
            forbid([.via, .dev, .onlink], fields, because: "no packet leaves by it")
            if family == .ipv6 { forbid([.src], fields, because: "no packet leaves by it") }
        }
        if route.isOnLink, route.type == .unicast, let node = fields[.onlink] {
            for key in [RouteKey.via, .dev] where fields[key] == nil {
                complain(at: node, "'onlink' needs '\(key.name)'")
            }
        }
        if fields[.scope] != nil { checkScope(of: route, fields) }
    }

    private mutating func forbid(_ keys: [RouteKey], _ fields: Fields<RouteKey>, because reason: String) {
        let type = fields[.type].map { tree.string(of: tree.resolve($0)) } ?? ""
        for key in keys where fields[key] != nil {
            complain(
                at: fields.key(key),
                "a route of type \(type) has no '\(key.name)': \(reason)",
                hint: "leave it out"
            )
        }
    }

    private mutating func checkScope(of route: Route, _ fields: Fields<RouteKey>) {
        guard let scope = route.scope, let node = fields[.scope] else { return }
        if route.destination.family == .ipv6 {
            complain(at: node, "an IPv6 route has no scope", hint: "leave it out")
        } else if route.type == .local, scope != .host {
            complain(
                at: node,
                "a route of type local has scope host, not \(scope.rawValue)",
                hint: "leave it out"
            )
        } else if route.type == .unicast, route.gateway != nil, scope != .global {
            complain(
                at: node,
                "a route with a gateway has scope global, not \(scope.rawValue)",
                hint: "leave it out"
            )
        }
    }
}

/// What routes are sorted by, as plain numbers: names of places are compared once, not for each pair of routes.
private struct RouteOrder {
    /// The rank of the place, and the table.
    var placeAndTable: UInt64
    var family: UInt8
    var length: UInt8
    var metric: UInt32
    var high: UInt64
    var low: UInt64
    /// Where the route is in the document.
    var index: UInt32

    /// The order of routes, each with its own place.
    static func of(_ routes: [Route]) -> [RouteOrder] {
        var ranks: [Place: UInt64] = [:]
        if routes.contains(where: { $0.place != .node }) {
            let places = Set(routes.lazy.map(\.place)).sorted()
            for (rank, place) in places.enumerated() { ranks[place] = UInt64(rank) }
        }
        return routes.indices.map { index in
            let route = routes[index]
            let rank = ranks.isEmpty ? 0 : ranks[route.place] ?? 0
            return RouteOrder(
                placeAndTable: rank << 32 | UInt64(route.table),
                family: route.destination.family.rawValue,
                length: route.destination.length,
                metric: route.metric,
                high: route.destination.address.high,
                low: route.destination.address.low,
                index: UInt32(truncatingIfNeeded: index)
            )
        }
    }

    static func < (left: RouteOrder, right: RouteOrder) -> Bool {
        if left.placeAndTable != right.placeAndTable { return left.placeAndTable < right.placeAndTable }
        if left.family != right.family { return left.family < right.family }
        if left.high != right.high { return left.high < right.high }
        if left.low != right.low { return left.low < right.low }
        if left.length != right.length { return left.length < right.length }
        return (left.metric, left.index) < (right.metric, right.index)
    }

    /// True if both have the same key.
    func isSameRoute(_ other: RouteOrder) -> Bool {
        placeAndTable == other.placeAndTable && family == other.family && high == other.high
            && low == other.low
            && length == other.length && metric == other.metric
    }
}
