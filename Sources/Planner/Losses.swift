import NetworkModel

/// What the kernel drops by itself while a plan is carried out, so that the plan can bring it back.
struct Losses {
    /// When it goes.
    enum Moment {
        /// Before the contents of its place are filled.
        case whileBuilding
        /// While what is no longer wanted is removed.
        case whileRemoving
    }

    /// When something goes, and with what.
    struct Loss {
        var moment: Moment
        var reason: String
        /// False if it may be there still, perhaps in part: whoever deletes or adds it must be ready for either.
        var isCertain = true
    }

    /// Links that go, and with them all that is on them and every route by them.
    private var links: [LinkID: Moment] = [:]
    /// Links whose last IPv4 address goes, and with it every IPv4 route by them.
    private var routesByLink: [LinkID: Moment] = [:]
    /// Links that stay and go down, and with that lose every route by them.
    private var fallen: Set<LinkID> = []
    /// Links that stay and get an MTU that is too small for IPv6, and lose all that they have of it.
    private var withoutIPv6: Set<LinkID> = []
    /// IPv4 addresses that go, and with them every route that prefers them as source.
    private var routesBySource: [Place: [IPAddress: Moment]] = [:]

    /// Notes that a link goes, with its addresses.
    mutating func note(_ link: LinkID, _ existing: ObservedLink, _ moment: Moment) {
        links[link] = moment
        for address in existing.addresses where address.value.address.family == .ipv4 {
            routesBySource[link.place, default: [:]][address.value.address] = moment
        }
    }

    /// Notes what goes as a link that stays is changed.
    mutating func note(_ existing: ObservedLink, becoming link: Link) {
        if existing.isUp, !link.isUp { fallen.insert(link.id) }
        if existing.losesIPv6(as: link) { withoutIPv6.insert(link.id) }
    }

    /// Notes what goes with the addresses that a link loses.
    mutating func note(_ comparison: AddressComparison, on link: LinkID) {
        if comparison.losesEveryIPv4First {
            routesByLink[link] = .whileBuilding
        } else if comparison.losesEveryIPv4Last {
            routesByLink[link] = .whileRemoving
        }
        for departure in comparison.deletedFirst {
            routesBySource[link.place, default: [:]][departure.value.address] = .whileBuilding
        }
        for departure in comparison.deletedLast where !comparison.has(departure.value.address) {
            routesBySource[link.place, default: [:]][departure.value.address] = .whileRemoving
        }
    }

    /// Whether and when the kernel drops a neighbour: those of IPv4 go with the last IPv4 address of their link.
    func loss(of neighbour: Neighbour) -> Loss? {
        if neighbour.address.family == .ipv6, withoutIPv6.contains(neighbour.link) {
            return Loss(moment: .whileBuilding, reason: Self.reasonWithoutIPv6)
        }
        guard neighbour.address.family == .ipv4, let moment = routesByLink[neighbour.link] else { return nil }
        return Loss(
            moment: moment,
            reason: "the kernel drops it with the last IPv4 address of link '\(neighbour.link.name)'"
        )
    }

    /// Whether and when the kernel drops a route that is there.
    func loss(of route: Route) -> Loss? {
        if links.isEmpty, routesByLink.isEmpty, routesBySource.isEmpty, fallen.isEmpty, withoutIPv6.isEmpty {
            return nil
        }
        if let device = route.device {
            let id = LinkID(device, in: route.place)
            if let moment = links[id] {
                return Loss(moment: moment, reason: "the kernel drops it with link '\(device)'")
            }
            if fallen.contains(id) {
                return Loss(moment: .whileBuilding, reason: "the kernel drops it as link '\(device)' goes down")
            }
            if route.destination.family == .ipv6, withoutIPv6.contains(id) {
                return Loss(moment: .whileBuilding, reason: Self.reasonWithoutIPv6)
            }
            if route.destination.family == .ipv4, let moment = routesByLink[id] {
                return Loss(
                    moment: moment,
                    reason: "the kernel drops it with the last IPv4 address of link '\(device)'"
                )
            }
        }
        // The kernel takes an IPv4 route with its source only from the main table, and not if the address was secondary
        // and went with its link (`fib_del_ifaddr()`); of an IPv6 route it takes the source (`fib6_remove_prefsrc()`).
        guard route.table == Route.mainTable, let source = route.source,
            let moment = routesBySource[route.place]?[source]
        else { return nil }
        let reason = "the kernel drops it with its source address \(source)"
        return Loss(moment: moment, reason: reason, isCertain: false)
    }

    private static let reasonWithoutIPv6 = "the kernel drops it as the link's MTU becomes too small for IPv6"
}

extension ObservedLink {
    /// True if the kernel takes IPv6 away from the link as it changes: it does below an MTU of 1,280 (RFC 8200).
    func losesIPv6(as link: Link) -> Bool {
        guard let mtu = link.mtu else { return false }
        return self.mtu.bytes >= 1280 && mtu.bytes < 1280
    }
}
