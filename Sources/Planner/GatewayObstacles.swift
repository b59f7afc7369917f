import NetworkModel

/// What makes the kernel refuse a gateway for as long as it is there, and goes in the end: addresses of the place's own,
/// and routes to other than a link.
///
/// Kernel: `fib_check_nh()`, `ip6_validate_gw()`: a gateway's address must not be local (`EINVAL`), nor for IPv6 one that is
/// dropped; Linux 6.18 takes a dropped one of IPv4, and to wait for it costs nothing.
struct GatewayObstacles {
    private var prefixes: Set<Located> = []
    private var lengths: [AddressFamily: Set<UInt8>] = [:]

    private struct Located: Hashable {
        var prefix: Prefix
        var place: Place
    }

    /// The tables by which the kernel tells what an address is: `local`, and `main`, which shares its tree.
    private static let tables: Set<UInt32> = [Route.mainTable, 255]

    /// None.
    init() {}

    /// - Parameters:
    ///   - routes: The routes that are there.
    ///   - desired: What shall be: what has the key of a route of it is not in the way, but replaced in its turn.
    init(among routes: some Sequence<ObservedRoute>, and desired: NodeState) {
        var found = routes.filter { route in
            route.isManaged && route.value.type != .unicast && Self.tables.contains(route.value.table)
        }
        guard !found.isEmpty else { return }
        let wanted = Set(desired.routes.lazy.map(\.key))
        found.removeAll { wanted.contains($0.value.key) }
        for route in found {
            let prefix = route.value.destination
            prefixes.insert(Located(prefix: prefix, place: route.value.place))
            lengths[prefix.family, default: []].insert(prefix.length)
        }
    }

    /// True if a route in the way of a gateway goes only after all else is there.
    func cover(_ gateway: IPAddress, in place: Place) -> Bool {
        (lengths[gateway.family] ?? []).contains { length in
            prefixes.contains(Located(prefix: Prefix(containing: gateway, length: length), place: place))
        }
    }
}
