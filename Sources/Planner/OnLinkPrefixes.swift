import NetworkModel

/// Which link leads to a gateway once all is as it shall be, so that a route that names none is bound to the right one.
///
/// Left to the kernel, the choice would be made while links and addresses are still there that are about to go.
struct OnLinkPrefixes {
    /// The ways to the addresses of a prefix: the first link by name, or `nil` if one is not Weft's.
    private var ways: [Located: InterfaceName?] = [:]
    /// The lengths that occur, longest first.
    private var lengths: [AddressFamily: [UInt8]] = [:]

    /// A prefix at a place.
    private struct Located: Hashable {
        var prefix: Prefix
        var place: Place
    }

    init(of links: LinkSurvey, and desired: NodeState, observed: ObservedState) {
        for link in links.desired.values where link.isUp {
            let prefixes = Set(link.addresses.filter { !$0.hasNoPrefixRoute }.map(\.prefix))
            for prefix in prefixes { note(prefix, link.id.place, by: link.id.name) }
        }
        for route in desired.routes where route.leadsToLink && route.device != nil {
            note(route.destination, route.place, by: route.device)
        }
        noteForeign(observed.node, links)
        for (name, namespace) in observed.namespaces where desired.namespaces.contains(name) {
            noteForeign(namespace, links)
        }
        lengths = Dictionary(grouping: Set(ways.keys.map(\.prefix)), by: \.family)
            .mapValues { Set($0.map(\.length)).sorted(by: >) }
    }

    private mutating func noteForeign(_ namespace: ObservedNamespace, _ links: LinkSurvey) {
        for route in namespace.routes where !route.isManaged && route.value.leadsToLink {
            guard let device = route.value.device else { continue }
            // What is on Weft's links was noted as it shall be.
            guard links.fates[LinkID(device, in: route.value.place)] == nil else { continue }
            ways[Located(prefix: route.value.destination, place: route.value.place)] = .some(nil)
        }
    }

    private mutating func note(_ prefix: Prefix, _ place: Place, by device: InterfaceName?) {
        let located = Located(prefix: prefix, place: place)
        guard let known = ways[located] else { return ways[located] = .some(device) }
        guard let known, let device else { return }
        ways[located] = .some(min(known, device))
    }

    /// The link of Weft's that leads to a gateway; `nil` if the kernel is to find it.
    func device(to gateway: IPAddress, in place: Place) -> InterfaceName? {
        for length in lengths[gateway.family] ?? [] {
            let located = Located(prefix: Prefix(containing: gateway, length: length), place: place)
            if let way = ways[located] { return way }
        }
        return nil
    }
}

extension Route {
    /// True if it leads to its destination by a link alone, as the kernel wants it of the way to a gateway.
    fileprivate var leadsToLink: Bool { type == .unicast && gateway == nil && table == Self.mainTable }
}
