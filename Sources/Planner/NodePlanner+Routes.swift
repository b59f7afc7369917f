import NetworkModel

extension NodePlanner {
    /// Routes: added exclusively, replaced where the only one is Weft's, deleted by their full key.
    mutating func planRoutes() {
        var present = KeyIndex(observed.everywhere(\.routes))
        let elements = present.elements
        var isWanted = [Bool](repeating: false, count: elements.count)
        usableDevices.formUnion(
            links.desired.values.filter(\.isUp).map(\.id).filter { links.fates[$0]?.isBlocked != true }
        )
        let ways = OnLinkPrefixes(of: links, and: desired, observed: observed)
        obstacles = GatewayObstacles(among: elements, and: desired)
        var lastDevice: LinkID?
        desired.forEachRouteInOrder { route in
            // Routes come by the thousand, link by link.
            let isByLast = lastDevice.map { route.device == $0.name && route.place == $0.place } ?? false
            if !isByLast, let device = route.device {
                guard checkDevice(of: route) else { return }
                lastDevice = LinkID(device, in: route.place)
            }
            var route = route
            if route.device == nil, let gateway = route.gateway, route.type.needsDevice {
                route.device = ways.device(to: gateway, in: route.place)
            }
            var mine: Int?
            var foreign: Int?
            var isInTheWay = false
            present.forEach(route.key) { index in
                if !elements[index].isManaged {
                    guard survives(elements[index]) else { return }
                    if goesWithAddress(elements[index]) { isInTheWay = true } else { foreign = index }
                } else if mine == nil || elements[index].differences(from: route).isEmpty {
                    mine = index
                }
            }
            if let mine { isWanted[mine] = true }
            if isInTheWay, mine == nil, foreign == nil {
                let reason = "a link of Weft's has that prefix until then"
                steps.restoring.append(Change(.create, .addRoute(route), reason: reason))
                return
            }
            plan(route, mine: mine.map { elements[$0] }, foreign: foreign.map { elements[$0] })
        }
        for (index, route) in elements.enumerated() where route.isManaged && !isWanted[index] {
            remove(route)
        }
    }

    /// True for the kernel's route to the prefix of an IPv4 address of Weft's that goes, and takes it along.
    private func goesWithAddress(_ route: ObservedRoute) -> Bool {
        guard route.protocolNumber == Self.kernelProtocol, route.value.gateway == nil,
            let device = route.value.device
        else { return false }
        let id = LinkID(device, in: route.value.place)
        guard let existing = links.observed[id], existing.isManaged else { return false }
        let prefix = route.value.destination
        let holders = existing.addresses.filter {
            $0.value.address.family == .ipv4 && $0.value.prefix == prefix
        }
        let staying = links.desired[id]?.addresses.contains { $0.prefix == prefix } ?? false
        return !holders.isEmpty && holders.allSatisfy(\.isManaged) && !staying
    }

    /// `RTPROT_KERNEL`.
    private static let kernelProtocol: UInt8 = 2

    private mutating func remove(_ route: ObservedRoute) {
        // What no state can express is not put back either; so a rollback leaves what there is of it.
        guard survives(route), !(options.isRollback && route.isUnlikeAnyOfWefts) else { return }
        let deletion = Change(.delete, .deleteRoute(route.value))
        guard let loss = losses.loss(of: route.value) else { return steps.removingRoutes.append(deletion) }
        if losses.isSure(of: route.value) { return }
        switch loss.moment {
        case .whileBuilding:
            // Later it might be gone, with an address.
            groups[order.contentsGroup(of: route.value.place)].routesThatGo.append(deletion)
        case .whileClearing, .whileRemoving:
            steps.removingRoutes.append(deletion)
        }
    }

    private mutating func plan(_ route: Route, mine: ObservedRoute?, foreign: ObservedRoute?) {
        guard let mine, survives(mine) else {
            if let foreign { return refuse(route, holder: foreign) }
            return fillLasting(route, Change(.create, .addRoute(route)))
        }
        let loss = losses.loss(of: mine.value)
        let differences = mine.differences(from: route)
        if let loss, loss.isSure, loss.moment != .whileRemoving {
            if let foreign { return refuse(route, holder: foreign) }
            fillLasting(route, Change(.create, .addRoute(route), reason: loss.reason))
        } else if !differences.isEmpty {
            if let foreign { return refuse(route, holder: foreign) }
            fillChange(of: mine, to: route, differences, loss)
        } else if let loss {
            if let foreign { return refuse(route, holder: foreign) }
            let change = Change(.create, .replaceRoute(from: nil, to: route), reason: loss.reason)
            if losses.isDroppedInTheEnd(mine.value) {
                steps.restoring.append(change)
            } else {
                fill(route.place, change)
            }
        }
    }

    /// Adds a change that makes a route; in the end, if the kernel would drop the route with what is removed, or refuse it for
    /// that.
    private mutating func fillLasting(_ route: Route, _ change: Change) {
        let mustWait = route.gateway.map { gateway in
            losses.isGoneInTheEnd(gateway, in: route.place) || obstacles.cover(gateway, in: route.place)
        }
        guard mustWait == true || losses.isDroppedInTheEnd(route) else { return fill(route.place, change) }
        steps.restoring.append(change)
    }

    private mutating func fillChange(
        of mine: ObservedRoute,
        to route: Route,
        _ differences: [Difference],
        _ loss: Losses.Loss?
    ) {
        guard mine.needsRemake(as: route) else {
            let replacement = Operation.replaceRoute(from: mine.value, to: route)
            return fillLasting(route, Change(.change, replacement, differences: differences))
        }
        let deletion = Change(.delete, .deleteRoute(mine.value), reason: "to be made anew", isCounted: false)
        if loss?.moment == .whileBuilding {
            groups[order.contentsGroup(of: route.place)].routesThatGo.append(deletion)
        } else {
            fill(route.place, deletion)
        }
        let reason = "made anew: it can't be changed in place"
        fillLasting(route, Change(.remake, .addRoute(route), differences: differences, reason: reason))
    }

    private mutating func refuse(_ route: Route, holder: ObservedRoute) {
        let place = Self.words(for: route.place)
        problems.append(
            Problem(
                "cannot add route \(route.summary)\(place): \(route.tableWords) has a route to \(route.destination) with "
                    + "metric \(route.metric) that is not Weft's (\(holder.holderWords))",
                hint: "give another metric or table, or remove that route"
            )
        )
    }

    /// A route's device is a link of the place that is there or shall be, and stays.
    private mutating func checkDevice(of route: Route) -> Bool {
        guard let device = route.device else { return true }
        let id = LinkID(device, in: route.place)
        if usableDevices.contains(id) { return true }
        let place = Self.words(for: route.place)
        if links.desired[id] != nil {
            guard links.fates[id]?.isBlocked != true else { return false }
            guard route.type.needsDevice else { return true }
            problems.append(
                Problem(
                    "cannot add route \(route.summary)\(place): the link '\(device)' is down in the document",
                    hint: "say 'up: true' for the link, or leave out the route"
                )
            )
            return false
        }
        guard let existing = links.observed[id] else {
            if device.text == "lo" { return remember(usable: id) }
            problems.append(
                Problem(
                    "cannot add route \(route.summary)\(place): there is no link '\(device)'",
                    hint: "'ip link' shows the links"
                )
            )
            return false
        }
        guard existing.isManaged, !desired.untouched.contains(id) else { return remember(usable: id) }
        problems.append(
            Problem(
                "cannot add route \(route.summary)\(place): the link '\(device)' is no longer in the document",
                hint: "state the link in the document, or another device"
            )
        )
        return false
    }

    private mutating func remember(usable id: LinkID) -> Bool {
        usableDevices.insert(id)
        return true
    }

    /// True if the route's namespace stays.
    private func survives(_ route: ObservedRoute) -> Bool {
        route.value.place.name.map { desired.namespaces.contains($0) } ?? true
    }
}

extension NodeState {
    /// Goes through the routes, those to gateways behind those that lead to the gateways: the kernel takes them in no other
    /// order.
    ///
    /// Two stages do, for what leads to a gateway can't have one itself.
    fileprivate func forEachRouteInOrder(_ body: (Route) -> Void) {
        for route in routes where route.gateway == nil { body(route) }
        for route in routes where route.gateway != nil { body(route) }
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
        let way = (value.gateway.map { " via \($0)" } ?? "") + (value.device.map { " dev \($0)" } ?? "")
        return "protocol \(Self.names[protocolNumber] ?? "\(protocolNumber)")\(way)"
    }

    /// The protocols that `ip route` has names for.
    ///
    /// `/etc/iproute2/rt_protos`.
    private static let names: [UInt8: String] = [
        1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 11: "zebra", 12: "bird", 16: "dhcp",
        18: "keepalived", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
    ]
}

extension Route {
    /// The routing table as a person knows it.
    fileprivate var tableWords: String { table == Self.mainTable ? "table main" : "table \(table)" }
}
