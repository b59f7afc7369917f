internal import NetworkModel

/// The addresses that the kernel refuses as gateways, for it knows them for its own, or for those of all hosts of a prefix.
///
/// Kernel: `fib_check_nh_v4_gw()`, `ip6_validate_gw()`. An IPv4 address of its own is refused with `onlink` only; an IPv6 one
/// whatever link has it, but a link-local one on that link alone. A link that is down has neither.
struct RefusedGateways {
    private enum Kind {
        case own(LinkID)
        case broadcast(Prefix, LinkID)
    }

    private struct Located: Hashable {
        var address: IPAddress
        var place: Place
    }

    private var kinds: [Located: [Kind]] = [:]
    /// What was asked for last and is not refused: routes with one gateway come one after the other, by the thousand.
    private var lastFree: Located?

    init(of links: some Sequence<Link>) {
        for link in links where link.isUp {
            for value in link.addresses { note(value, on: link.id) }
        }
    }

    private mutating func note(_ value: InterfaceAddress, on link: LinkID) {
        kinds[Located(address: value.address, place: link.place), default: []].append(.own(link))
        guard let last = value.prefix.broadcast, last != value.address else { return }
        kinds[Located(address: last, place: link.place), default: []].append(.broadcast(value.prefix, link))
    }

    /// Why a route's gateway is refused; `nil` if it is not.
    mutating func reason(against route: Route) -> String? {
        guard let gateway = route.gateway, !kinds.isEmpty else { return nil }
        if let lastFree, lastFree.address == gateway, lastFree.place == route.place { return nil }
        let located = Located(address: gateway, place: route.place)
        guard let found = kinds[located] else {
            lastFree = located
            return nil
        }
        // In order of name, whatever order links come in.
        return found.compactMap { Self.words(for: $0, as: route) }.min()
    }

    private static func words(for kind: Kind, as route: Route) -> String? {
        switch kind {
        case .broadcast(let prefix, let link):
            return "it is the broadcast address of \(prefix) on link '\(link.name)'"
        case .own(let link):
            switch route.destination.family {
            case .ipv4: guard route.isOnLink else { return nil }
            case .ipv6:
                guard route.gateway?.isLinkLocal != true || route.device == link.name else { return nil }
            }
            return "link '\(link.name)' itself has it"
        }
    }
}
