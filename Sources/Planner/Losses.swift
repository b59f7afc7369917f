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

    /// Links whose last IPv4 address goes, and with it every IPv4 route by them.
    private var routesByLink: [LinkID: Moment] = [:]
    /// IPv4 addresses that go, and with them every route that prefers them as source.
    private var routesBySource: [Place: [IPAddress: Moment]] = [:]

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

    /// When the kernel drops a route that is there, for the addresses that go; `nil` if it stays.
    func moment(of route: Route) -> Moment? {
        guard route.destination.family == .ipv4 else { return nil }
        if let device = route.device, let moment = routesByLink[LinkID(device, in: route.place)] {
            return moment
        }
        guard let source = route.source else { return nil }
        return routesBySource[route.place]?[source]
    }
}
