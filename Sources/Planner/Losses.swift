import NetworkModel

/// What the kernel drops by itself while a plan is carried out, so that the plan can bring it back.
struct Losses {
    /// When it goes.
    enum Moment: Int {
        /// Before anything is built, with a link.
        case whileClearing
        /// Before the contents of its place are filled.
        case whileBuilding
        /// While what is no longer wanted is removed.
        case whileRemoving
    }

    /// An address at a place.
    private struct Located: Hashable {
        var address: IPAddress
        var place: Place
    }

    /// Links whose last IPv4 address goes, and with it every IPv4 route by them.
    private var routesByLink: [LinkID: Moment] = [:]
    /// Links that go down, and with that every route by them.
    private var lowered: Set<LinkID> = []
    /// Addresses that go, and with them every route that prefers them as source.
    private var gone: [Located: Moment] = [:]
    /// Addresses that some link has all the time.
    private var lasting: Set<Located> = []
    /// Addresses that some link shall have.
    private var wanted: Set<Located> = []

    /// Notes what goes with the addresses that a kept link loses, and with the link's going down.
    mutating func note(_ comparison: AddressComparison, on link: Link) {
        if comparison.losesEveryIPv4First {
            routesByLink[link.id] = .whileBuilding
        } else if comparison.losesEveryIPv4Last {
            routesByLink[link.id] = .whileRemoving
        }
        let place = link.id.place
        note(comparison.lasting, lastingAt: place)
        note(comparison.deletedLast.map(\.value.address), goneFrom: place, .whileRemoving)
        note(comparison.deletedFirst.map(\.value.address), goneFrom: place, .whileBuilding)
        note(comparison.dropped.map(\.address), goneFrom: place, .whileBuilding)
    }

    /// Notes that a link goes down.
    mutating func note(lowering link: LinkID) { lowered.insert(link) }

    /// Notes addresses that a link of a place loses; of several links that have one the last counts.
    mutating func note(_ addresses: [IPAddress], goneFrom place: Place, _ moment: Moment) {
        for address in addresses {
            let located = Located(address: address, place: place)
            if let known = gone[located], known.rawValue >= moment.rawValue { continue }
            gone[located] = moment
        }
    }

    mutating func note(_ addresses: [IPAddress], lastingAt place: Place) {
        for address in addresses { lasting.insert(Located(address: address, place: place)) }
    }

    mutating func note(_ addresses: [IPAddress], wantedAt place: Place) {
        for address in addresses { wanted.insert(Located(address: address, place: place)) }
    }

    /// True if a route is gone since its link goes down.
    func lowers(_ route: Route) -> Bool {
        route.device.map { lowered.contains(LinkID($0, in: route.place)) } ?? false
    }

    /// When the kernel drops a route, or of an IPv6 one its source, for the addresses that go; `nil` if it stays.
    func moment(of route: Route) -> Moment? {
        let moments = [momentOfLink(route), momentOfSource(route)].compactMap { $0 }
        return moments.min { $0.rawValue < $1.rawValue }
    }

    /// True if the kernel drops a route while things are removed, though it be added before.
    func isDroppedInTheEnd(_ route: Route) -> Bool {
        [momentOfLink(route), momentOfSource(route)].contains(.whileRemoving)
    }

    private func momentOfLink(_ route: Route) -> Moment? {
        guard route.destination.family == .ipv4, let device = route.device else { return nil }
        return routesByLink[LinkID(device, in: route.place)]
    }

    private func momentOfSource(_ route: Route) -> Moment? {
        guard let source = route.source else { return nil }
        let located = Located(address: source, place: route.place)
        guard let moment = gone[located], !lasting.contains(located) else { return nil }
        // What goes in the end is missed only if no other link has got it by then.
        if case .whileRemoving = moment, wanted.contains(located) { return nil }
        return moment
    }
}
