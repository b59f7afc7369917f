import NetworkModel

extension ModelKernel {
    /// Adds a route exclusively.
    mutating func add(_ route: Route) throws(Refusal) {
        let new = try resolve(route)
        guard !self[route.place].routes.contains(where: { $0.value.key == route.key }) else {
            throw Refusal("EEXIST", "there is a route of this destination, table and metric")
        }
        self[route.place].routes.append(new)
    }

    /// Replaces the first route of the key, whosesoever it is; adds the route where there is none.
    ///
    /// Kernel: `fib_table_insert()`, `fib6_add_rt2node()`.
    mutating func replace(_ route: Route) throws(Refusal) {
        let new = try resolve(route)
        let same = self[route.place].routes.indices.filter {
            self[route.place].routes[$0].value.key == route.key
        }
        guard same.allSatisfy({ self[route.place].routes[$0].isManaged }) else {
            throw Refusal("FOREIGN", "the replacement could hit a route that is not Weft's")
        }
        guard let first = same.first else { return self[route.place].routes.append(new) }
        if same.dropFirst().contains(where: { self[route.place].routes[$0] == new }) {
            throw Refusal("EEXIST", "the route is there, but is not the first of its key")
        }
        if route.destination.family == .ipv6, self[route.place].routes[first].value.type != new.value.type {
            throw Refusal("ENOENT", "IPv6 replaces a route only by one of the like")
        }
        self[route.place].routes[first] = new
    }

    mutating func delete(_ route: Route) throws(Refusal) {
        try checkPlace(route.place)
        let position = self[route.place].routes.firstIndex { $0.value.isDeleted(as: route) && $0.isManaged }
        guard let position else {
            let isForeign = self[route.place].routes.contains { $0.value.isDeleted(as: route) }
            // What is gone already is as it was wanted: the applier takes ESRCH so.
            guard isForeign else { return }
            throw Refusal("FOREIGN", "there is no such route of Weft's")
        }
        self[route.place].routes.remove(at: position)
    }

    /// The route as the kernel would show it, if it takes it.
    private func resolve(_ route: Route) throws(Refusal) -> ObservedRoute {
        try checkPlace(route.place)
        var value = route
        if let source = route.source, !hasAddress(source, in: route.place) {
            throw Refusal("EINVAL", "invalid preferred source address")
        }
        if !route.type.needsDevice {
            value.device = route.destination.family == .ipv6 ? InterfaceName(fromKernel: "lo") : nil
        } else if let gateway = route.gateway {
            try check(gateway, of: route)
            if !route.isOnLink { value.device = try device(to: gateway, of: route) }
        }
        if let device = value.device, route.type.needsDevice {
            guard let link = link(LinkID(device, in: route.place)) else {
                throw Refusal("ENODEV", "there is no link '\(device)'")
            }
            guard link.isUp else { throw Refusal("ENETDOWN", "the link '\(device)' is down") }
        } else if route.type.needsDevice {
            throw Refusal("ENODEV", "a route needs a link or a gateway")
        }
        if value.destination.family == .ipv6 { value.scope = nil }
        let effective = value.effectiveScope
        value.scope = nil
        if value.effectiveScope != effective { value.scope = effective }
        return ObservedRoute(value, protocolNumber: Mark.node.protocolNumber)
    }

    /// Refuses a gateway that is an address of the place's own, or of all hosts of a prefix.
    ///
    /// Kernel: `fib_check_nh_v4_gw()`, where without `onlink` an address of its own passes; `ip6_validate_gw()`, where a
    /// link-local one is only the link's own.
    private func check(_ gateway: IPAddress, of route: Route) throws(Refusal) {
        for link in self[route.place].links where link.isUp {
            for address in link.addresses.map(\.value) {
                if address.prefix.broadcast == gateway {
                    throw Refusal(
                        "EINVAL",
                        "nexthop has invalid gateway: it is a broadcast address of '\(link.name)'"
                    )
                }
                guard address.address == gateway else { continue }
                switch gateway.family {
                case .ipv4: guard route.isOnLink else { continue }
                case .ipv6: guard !gateway.isLinkLocal || route.device == link.name else { continue }
                }
                throw Refusal("EINVAL", "gateway can not be a local address, as it is of '\(link.name)'")
            }
        }
    }

    /// The link that a gateway is reached by: that of the longest route to it which has no gateway itself.
    ///
    /// Kernel: `fib_check_nh_nongw()`, `ip6_route_check_nh()`.
    private func device(to gateway: IPAddress, of route: Route) throws(Refusal) -> InterfaceName {
        var best: Route?
        for observed in self[route.place].routes {
            let way = observed.value
            guard way.gateway == nil, way.type == .unicast, way.destination.contains(gateway) else {
                continue
            }
            guard way.table == Route.mainTable || way.table == route.table else { continue }
            guard route.device == nil || way.device == route.device else { continue }
            if best == nil || best.map({ $0.destination.length < way.destination.length }) == true {
                best = way
            }
        }
        guard let device = best?.device else { throw Refusal("ENETUNREACH", "nexthop has invalid gateway") }
        return device
    }
}

extension Route {
    /// True if a deletion of `other` hits this route: source and MTU are not asked for.
    fileprivate func isDeleted(as other: Route) -> Bool {
        var (left, right) = (self, other)
        (left.source, left.mtu, right.source, right.mtu) = (nil, nil, nil, nil)
        return left == right
    }
}
