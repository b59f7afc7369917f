import NetworkModel

extension NodePlanner {
    /// Routes: added exclusively, replaced where the only one is Weft's, deleted by their full key.
    mutating func planRoutes() {
        let present = KeyIndex(observed.everywhere(\.routes))
        var isWanted = [Bool](repeating: false, count: present.elements.count)
        usableDevices.formUnion(links.desired.keys)
        for route in desired.routes {
            guard checkDevice(of: route) else { continue }
            var mine: Int?
            var foreign: Int?
            present.forEach(route.key) { index in
                if present.elements[index].isManaged {
                    if mine == nil { mine = index }
                } else if survives(present.elements[index]) {
                    foreign = index
                }
            }
            if let mine { isWanted[mine] = true }
            plan(
                route,
                mine: mine.map { present.elements[$0] },
                foreign: foreign.map { present.elements[$0] }
            )
        }
        for (index, route) in present.elements.enumerated() where route.isManaged && !isWanted[index] {
            guard survives(route), losses.loss(of: route.value)?.isCertain != true else { continue }
            steps.removingRoutes.append(Change(.delete, .deleteRoute(route.value)))
        }
    }

    private mutating func plan(_ route: Route, mine: ObservedRoute?, foreign: ObservedRoute?) {
        guard let mine, survives(mine) else {
            if let foreign { return refuse(route, holder: foreign) }
            return create(route, reason: nil)
        }
        let loss = losses.loss(of: mine.value)
        let differences = mine.differences(from: route)
        if let loss, loss.moment == .whileBuilding, loss.isCertain {
            if let foreign { return refuse(route, holder: foreign) }
            create(route, reason: loss.reason)
        } else if let loss, loss.moment == .whileBuilding, differences.isEmpty {
            if let foreign { return refuse(route, holder: foreign) }
            fill(route.place, Change(.create, .replaceRoute(from: nil, to: route), reason: loss.reason))
        } else if !differences.isEmpty {
            if let foreign { return refuse(route, holder: foreign) }
            fillChange(of: mine, to: route, differences)
            guard let loss = losses.loss(of: route), loss.moment == .whileRemoving else { return }
            steps.restoring.append(Change(.create, .replaceRoute(from: nil, to: route), reason: loss.reason))
        } else if let loss {
            steps.restoring.append(Change(.create, .replaceRoute(from: nil, to: route), reason: loss.reason))
        }
    }

    /// Adds a route; one that would go again with what is removed comes only after that.
    private mutating func create(_ route: Route, reason: String?) {
        let change = Change(.create, .addRoute(route), reason: reason)
        if let loss = losses.loss(of: route), loss.moment == .whileRemoving {
            steps.restoring.append(change)
        } else {
            fill(route.place, change)
        }
    }

    private mutating func fillChange(of mine: ObservedRoute, to route: Route, _ differences: [Difference]) {
        guard mine.needsRemake(as: route) else {
            let replacement = Operation.replaceRoute(from: mine.value, to: route)
            return fill(route.place, Change(.change, replacement, differences: differences))
        }
        fill(route.place, Change(.delete, .deleteRoute(mine.value), isCounted: false))
        fill(
            route.place,
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
        if usableDevices.contains(id) { return true }
        let place = Self.words(for: route.place)
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
        guard existing.isManaged else { return remember(usable: id) }
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
