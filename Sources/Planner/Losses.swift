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

    /// When something goes, and with what.
    struct Loss {
        var moment: Moment
        /// False if it depends on the node's settings, or if only a part of it goes.
        var isSure: Bool
        var reason: String
    }

    /// An address at a place.
    private struct Located: Hashable {
        var address: IPAddress
        var place: Place
    }

    /// Links that go, and with them all that is on them and every route by them.
    private var links: [LinkID: Moment] = [:]
    /// Links that go down, and with that every route by them.
    private var lowered: Set<LinkID> = []
    /// Links that get an MTU that is too small for IPv6, and lose what they have of it.
    private var withoutIPv6: Set<LinkID> = []
    /// Links that are told their MAC once more, and forget their neighbours.
    private var announced: Set<LinkID> = []
    /// Links whose last IPv4 address goes, and with it every IPv4 route by them.
    private var routesByLink: [LinkID: Moment] = [:]
    /// Addresses that go, and with them every route that prefers them as source.
    private var gone: [Located: Moment] = [:]
    /// IPv6 addresses that go in the end with links, which no route minds that has one for its source.
    private var goneWithLinks: Set<Located> = []
    /// Addresses that some link has all the time.
    private var lasting: Set<Located> = []
    /// Addresses that some link shall have.
    private var wanted: Set<Located> = []

    // MARK: Notes

    /// Notes that a link goes.
    mutating func note(_ link: LinkID, _ moment: Moment) { links[link] = moment }

    /// True if a link goes before anything is built.
    func isCleared(_ link: LinkID) -> Bool { links[link] == .whileClearing }

    /// Notes that a link goes down.
    mutating func note(lowering link: LinkID) { lowered.insert(link) }

    /// Notes that a link loses IPv6.
    mutating func note(withoutIPv6 link: LinkID) { withoutIPv6.insert(link) }

    /// Notes that a link is announced.
    mutating func note(announcing link: LinkID) { announced.insert(link) }

    /// Notes what goes with the addresses that a kept link loses.
    mutating func note(_ comparison: AddressComparison, on link: LinkID) {
        if comparison.losesEveryIPv4First {
            routesByLink[link] = .whileBuilding
        } else if comparison.losesEveryIPv4Last {
            routesByLink[link] = .whileRemoving
        }
        note(comparison.lasting, lastingAt: link.place)
        note(comparison.deletedLast.map(\.address), goneFrom: link.place, .whileRemoving)
        note(comparison.deletedFirst.map(\.address), goneFrom: link.place, .whileBuilding)
    }

    /// Notes that a link which goes in the end loses its last IPv4 address before.
    mutating func note(withoutIPv4 link: LinkID) { routesByLink[link] = .whileBuilding }

    /// Notes addresses that a link of a place loses; of several links that have one the last counts.
    mutating func note(_ addresses: [IPAddress], goneFrom place: Place, _ moment: Moment) {
        for address in addresses {
            let located = Located(address: address, place: place)
            if let known = gone[located], known.rawValue >= moment.rawValue { continue }
            gone[located] = moment
        }
    }

    /// Notes IPv6 addresses that a link of a place takes with it in the end.
    mutating func note(_ addresses: [IPAddress], goneWithLinkFrom place: Place) {
        for address in addresses { goneWithLinks.insert(Located(address: address, place: place)) }
    }

    mutating func note(_ addresses: [IPAddress], lastingAt place: Place) {
        for address in addresses { lasting.insert(Located(address: address, place: place)) }
    }

    mutating func note(_ addresses: [IPAddress], wantedAt place: Place) {
        for address in addresses { wanted.insert(Located(address: address, place: place)) }
    }

    // MARK: Questions

    /// True if a link loses its last IPv4 address at some moment.
    func losesIPv4(_ link: LinkID) -> Bool { routesByLink[link] != nil }

    /// Whether and when the kernel first drops a route that is there, or of an IPv6 one its source.
    func loss(of route: Route) -> Loss? {
        if links.isEmpty, lowered.isEmpty, withoutIPv6.isEmpty, routesByLink.isEmpty, gone.isEmpty {
            return nil
        }
        let found = [lossWithLink(route), lossWithAddresses(route), lossWithSource(route)].compactMap { $0 }
        return found.min { $0.moment.rawValue < $1.moment.rawValue }
    }

    /// True if a route that is there is dropped by the kernel at some time, whatever else happens.
    func isSure(of route: Route) -> Bool {
        [lossWithLink(route), lossWithAddresses(route), lossWithSource(route)].contains { $0?.isSure == true }
    }

    /// True if the kernel drops a route while things are removed, though it be added before.
    func isDroppedInTheEnd(_ route: Route) -> Bool {
        if links.isEmpty, routesByLink.isEmpty, gone.isEmpty { return false }
        return [lossWithLink(route), lossWithAddresses(route), lossWithSource(route)]
            .contains { $0?.moment == .whileRemoving }
    }

    /// True if an address is there until things are removed, and then no more.
    func isGoneInTheEnd(_ address: IPAddress, in place: Place) -> Bool {
        let located = Located(address: address, place: place)
        let isGone = gone[located] == .whileRemoving || goneWithLinks.contains(located)
        return isGone && !lasting.contains(located) && !wanted.contains(located)
    }

    /// Whether and when the kernel drops a neighbour of a kept link: those of IPv4 go with the last IPv4 address, all as the link
    /// is announced.
    func loss(of neighbour: Neighbour) -> Loss? {
        let withAnnouncement =
            announced.contains(neighbour.link)
            ? Loss(
                moment: .whileBuilding,
                isSure: true,
                reason: "the kernel drops it as the link is announced"
            )
            : nil
        switch neighbour.address.family {
        case .ipv4:
            guard let moment = routesByLink[neighbour.link] else { return withAnnouncement }
            let reason = "the kernel drops it with the last IPv4 address of link '\(neighbour.link.name)'"
            return Loss(moment: moment, isSure: false, reason: reason)
        case .ipv6:
            guard withoutIPv6.contains(neighbour.link) else { return withAnnouncement }
            return Loss(moment: .whileBuilding, isSure: true, reason: Self.reasonWithoutIPv6)
        }
    }

    private static let reasonWithoutIPv6 = "the kernel drops it as the link's MTU becomes too small for IPv6"

    private func lossWithLink(_ route: Route) -> Loss? {
        guard let device = route.device else { return nil }
        let id = LinkID(device, in: route.place)
        if let moment = links[id] {
            return Loss(moment: moment, isSure: true, reason: "the kernel drops it with link '\(device)'")
        }
        if route.destination.family == .ipv6, withoutIPv6.contains(id) {
            return Loss(moment: .whileBuilding, isSure: true, reason: Self.reasonWithoutIPv6)
        }
        guard lowered.contains(id) else { return nil }
        let reason = "the kernel drops it as link '\(device)' goes down"
        return Loss(moment: .whileBuilding, isSure: true, reason: reason)
    }

    private func lossWithAddresses(_ route: Route) -> Loss? {
        guard route.destination.family == .ipv4, let device = route.device,
            let moment = routesByLink[LinkID(device, in: route.place)]
        else { return nil }
        let reason = "the kernel drops it with the last IPv4 address of link '\(device)'"
        // Another hand may give it another address meanwhile.
        return Loss(moment: moment, isSure: false, reason: reason)
    }

    private func lossWithSource(_ route: Route) -> Loss? {
        guard let source = route.source else { return nil }
        let located = Located(address: source, place: route.place)
        guard let moment = gone[located], !lasting.contains(located) else { return nil }
        // What goes in the end is missed only if no other link has got it by then.
        if moment == .whileRemoving, wanted.contains(located) { return nil }
        guard route.destination.family == .ipv4 else {
            let reason = "the kernel takes its source \(source) from it with the address"
            return Loss(moment: moment, isSure: false, reason: reason)
        }
        let reason = "the kernel drops it with its source address \(source)"
        // Not from other tables than `main`, and not with a secondary address that goes with its link: `fib_del_ifaddr()`
        // returns before it comes to that.
        return Loss(moment: moment, isSure: false, reason: reason)
    }
}

extension ObservedLink {
    /// True if the kernel takes IPv6 away from the link as it changes: it does below an MTU of 1,280 (RFC 8200).
    func losesIPv6(as link: Link) -> Bool {
        guard let mtu = link.mtu else { return false }
        return self.mtu.carriesIPv6 && !mtu.carriesIPv6
    }

    /// True if the link goes down or gets an MTU without IPv6, and all its IPv6 addresses go with that.
    func dropsIPv6(as link: Link) -> Bool { (isUp && !link.isUp) || losesIPv6(as: link) }
}
