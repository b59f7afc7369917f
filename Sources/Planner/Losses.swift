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
    }

    /// Links that go, and with them all that is on them and every route by them.
    private var links: [LinkID: Moment] = [:]
    /// Links whose last IPv4 address goes, and with it every IPv4 route by them.
    private var routesByLink: [LinkID: Moment] = [:]
    /// IPv4 addresses that go, and with them every route that prefers them as source.
    private var routesBySource: [Place: [IPAddress: Moment]] = [:]

    /// Notes that a link goes.
    mutating func note(_ link: LinkID, _ moment: Moment) {
        links[link] = moment
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
        for departure in comparison.deletedLast {
            routesBySource[link.place, default: [:]][departure.value.address] = .whileRemoving
        }
    }

    /// Whether and when the kernel drops a route that is there.
    func loss(of route: Route) -> Loss? {
        if links.isEmpty, routesByLink.isEmpty, routesBySource.isEmpty { return nil }
        if let device = route.device {
            let id = LinkID(device, in: route.place)
            if let moment = links[id] {
                return Loss(moment: moment, reason: "the kernel drops it with link '\(device)'")
            }
            if route.destination.family == .ipv4, let moment = routesByLink[id] {
                return Loss(
                    moment: moment,
                    reason: "the kernel drops it with the last IPv4 address of link '\(device)'"
                )
            }
        }
        guard let source = route.source, let moment = routesBySource[route.place]?[source] else { return nil }
        return Loss(moment: moment, reason: "the kernel drops it with its source address \(source)")
    }
}
