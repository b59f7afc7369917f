import NetworkModel

extension NodePlanner {
    /// Routes: added exclusively, replaced where the only one is Weft's, deleted by their full key.
    mutating func planRoutes() {
        let present = RouteTable(of: observed)
        var isWanted = [Bool](repeating: false, count: present.routes.count)
        let ways = OnLinkPrefixes(of: links, and: desired, observed: observed)
        for route in desired.routesInOrder {
            guard checkDevice(of: route) else { continue }
            var route = route
            if route.device == nil, let gateway = route.gateway, route.type.needsDevice {
                route.device = ways.device(to: gateway, in: route.place)
            }
            var mine: Int?
            var foreign: Int?
            present.forEach(route.key) { index in
                if !present.routes[index].isManaged {
                    if survives(present.routes[index]) { foreign = index }
                } else if mine == nil || present.routes[index].differences(from: route).isEmpty {
                    mine = index
                }
            }
            if let mine { isWanted[mine] = true }
            plan(route, mine: mine.map { present.routes[$0] }, foreign: foreign.map { present.routes[$0] })
        }
        for (index, route) in present.routes.enumerated() where route.isManaged && !isWanted[index] {
            removeRoute(route)
        }
    }

    private mutating func removeRoute(_ route: ObservedRoute) {
        guard survives(route), !goesWithLink(route.value), !losses.lowers(route.value) else { return }
        let deletion = Change(.delete, .deleteRoute(route.value))
        switch losses.moment(of: route.value) {
        case .whileClearing? where route.value.destination.family == .ipv4:
            break
        case .whileBuilding?:
            // Later it might be gone, with an address.
            groups[order.contentsGroup(of: route.value.place)].routesThatGo.append(deletion)
        case .whileClearing?, .whileRemoving?, nil:
            steps.removingRoutes.append(deletion)
        }
    }

    private mutating func plan(_ route: Route, mine: ObservedRoute?, foreign: ObservedRoute?) {
        guard let mine, survives(mine) else {
            if let foreign { return refuse(route, holder: foreign) }
            return fillLasting(route, Change(.create, .addRoute(route)))
        }
        let differences = mine.differences(from: route)
        if let reason = goesAtOnce(mine.value) {
            if let foreign { return refuse(route, holder: foreign) }
            fillLasting(route, Change(.create, .addRoute(route), reason: reason))
        } else if !differences.isEmpty {
            if let foreign { return refuse(route, holder: foreign) }
            fillChange(of: mine, to: route, differences)
        } else if let moment = goesWithAddress(mine.value) {
            let reason = route.lossWords
            let change = Change(.create, .replaceRoute(from: nil, to: route), reason: reason)
            switch moment {
            case .whileClearing, .whileBuilding: fill(route.place, change)
            case .whileRemoving: steps.restoring.append(change)
            }
        }
    }

    /// Adds a change that makes a route; in the end, if the kernel would drop the route with what is removed.
    private mutating func fillLasting(_ route: Route, _ change: Change) {
        guard losses.isDroppedInTheEnd(route) else { return fill(route.place, change) }
        steps.restoring.append(change)
    }

    private mutating func fillChange(of mine: ObservedRoute, to route: Route, _ differences: [Difference]) {
        guard mine.needsRemake(as: route) else {
            let replacement = Operation.replaceRoute(from: mine.value, to: route)
            return fillLasting(route, Change(.change, replacement, differences: differences))
        }
        fill(route.place, Change(.delete, .deleteRoute(mine.value), isCounted: false))
        fillLasting(
            route,
            Change(
                .remake,
                .addRoute(route),
                differences: differences,
                reason: "made anew: it can't be changed in place"
            )
        )
    }

    private mutating func refuse(_ route: Route, holder: ObservedRoute) {
        let place = Self.words(for: route.place)
        problems.append(
            Problem(
                "cannot add route \(route.summary)\(place): table \(route.table) has a route to \(route.destination) with "
                    + "metric \(route.metric) that is not Weft's (\(holder.holderWords))",
                hint: "give another metric or table, or remove that route"
            )
        )
    }

    /// A route's device is a link of the place that is there or shall be, and stays.
    private mutating func checkDevice(of route: Route) -> Bool {
        guard let device = route.device else { return true }
        let id = LinkID(device, in: route.place)
        let place = Self.words(for: route.place)
        if let link = links.desired[id] {
            guard route.type.needsDevice, !link.isUp else { return true }
            problems.append(
                Problem(
                    "cannot add route \(route.summary)\(place): the link '\(device)' is down in the document",
                    hint: "say 'up: true' for the link, or leave out the route"
                )
            )
            return false
        }
        guard let existing = links.observed[id] else {
            if device.text == "lo" { return true }
            problems.append(
                Problem(
                    "cannot add route \(route.summary)\(place): there is no link '\(device)'",
                    hint: "'ip link' shows the links"
                )
            )
            return false
        }
        guard existing.isManaged else { return true }
        problems.append(
            Problem(
                "cannot add route \(route.summary)\(place): the link '\(device)' is no longer in the document",
                hint: "state the link in the document, or another device"
            )
        )
        return false
    }

    // MARK: What the kernel drops

    /// True if the route's namespace stays.
    private func survives(_ route: ObservedRoute) -> Bool {
        route.value.place.name.map { desired.namespaces.contains($0) } ?? true
    }

    /// True if the route needs no deletion since its link goes.
    private func goesWithLink(_ route: Route) -> Bool {
        guard let device = route.device else { return false }
        return links.fates[LinkID(device, in: route.place)].map { !$0.keepsContents } ?? false
    }

    /// Why a route that is there is surely gone before the contents of its place are filled; `nil` if it is not.
    private func goesAtOnce(_ route: Route) -> String? {
        guard let device = route.device else { return nil }
        if losses.lowers(route) { return "the kernel drops it as link '\(device)' goes down" }
        let id = LinkID(device, in: route.place)
        switch links.fates[id] {
        case .remake?: return "it goes with link '\(device)', which is made anew"
        case .delete? where isCleared(id): return "it goes with link '\(device)'"
        case .create?, .keep?, .delete?, .blocked?, nil: return nil
        }
    }

    /// When the kernel may drop a route that is there and wanted, or its source; `nil` if it stays.
    private func goesWithAddress(_ route: Route) -> Losses.Moment? {
        goesWithLink(route) || losses.isDroppedInTheEnd(route) ? .whileRemoving : losses.moment(of: route)
    }

    /// True if a link is deleted before anything is built.
    func isCleared(_ id: LinkID) -> Bool { cleared.contains(id) }
}

extension Route {
    /// Why a route must come again.
    fileprivate var lossWords: String {
        destination.family == .ipv4
            ? "the kernel drops it with what is deleted" : "the kernel takes its source from it with the address"
    }
}

extension NodeState {
    /// The routes, those to gateways behind those that lead to the gateways: the kernel takes them in no other order.
    ///
    /// Two stages do, for what leads to a gateway can't have one itself.
    fileprivate var routesInOrder: [Route] {
        routes.filter { $0.gateway == nil } + routes.filter { $0.gateway != nil }
    }
}

/// The routes of all places, found by key.
struct RouteTable {
    let routes: [ObservedRoute]
    private var first: [Route.Key: Int32] = [:]
    private var next: [Int32]

    init(of state: ObservedState) {
        routes = state.namespaces.keys.sorted().reduce(into: state.node.routes) { all, name in
            all += state.namespaces[name]?.routes ?? []
        }
        next = [Int32](repeating: -1, count: routes.count)
        first.reserveCapacity(routes.count)
        for index in routes.indices.reversed() {
            let position = Int32(index)
            if let other = first.updateValue(position, forKey: routes[index].value.key) {
                next[index] = other
            }
        }
    }

    /// Calls `body` with the index of each route of the key, in the kernel's order.
    func forEach(_ key: Route.Key, _ body: (Int) -> Void) {
        var index = first[key] ?? -1
        while index >= 0 {
            body(Int(index))
            index = next[Int(index)]
        }
    }
}

extension ObservedRoute {
    /// What differs between the route as it is and as it shall be; what the document leaves open does not.
    func differences(from wanted: Route) -> [Difference] {
        var list: [Difference] = []
        if isUnlikeAnyOfWefts { list.append(Difference("kind", from: "of another hand", to: "plain")) }
        Difference.note("type", value.type, wanted.type, in: &list)
        Difference.note("via", value.gateway, wanted.gateway, in: &list)
        if wanted.device != nil, wanted.type.needsDevice {
            Difference.note("dev", value.device, wanted.device, in: &list)
        }
        Difference.note("src", value.source, wanted.source, in: &list)
        Difference.note("mtu", value.mtu, wanted.mtu, in: &list)
        Difference.note("onlink", value.isOnLink, wanted.isOnLink, in: &list)
        if wanted.destination.family == .ipv4 {
            Difference.note("scope", value.effectiveScope, wanted.effectiveScope, in: &list)
        }
        return list
    }

    /// True if a replacement would not do: IPv6 replaces a route only by one of the like.
    func needsRemake(as wanted: Route) -> Bool {
        isUnlikeAnyOfWefts || (wanted.destination.family == .ipv6 && value.type != wanted.type)
    }

    /// Whose route it is, and where it leads, for an operator.
    var holderWords: String {
        "protocol \(protocolNumber)\(value.gateway.map { " via \($0)" } ?? "")\(value.device.map { " dev \($0)" } ?? "")"
    }
}
