/// A route that shall exist; its protocol is always ``Mark/protocolNumber``.
///
/// Equivalent to `ip route add [TYPE] TO [via GATEWAY] [dev DEVICE] [table TABLE] [metric METRIC] … proto weft`.
///
/// Kernel: `net/ipv4/fib_frontend.c` (`rtm_ipv4_policy`), `net/ipv6/route.c` (`rtm_ipv6_policy`).
package struct Route: Hashable, Sendable {
    /// The addresses it is for.
    ///
    /// `RTA_DST`.
    package var destination: Prefix
    /// The next hop; of the destination's family.
    ///
    /// `RTA_GATEWAY`.
    package var gateway: IPAddress?
    /// The preferred source address.
    ///
    /// `RTA_PREFSRC`.
    package var source: IPAddress?
    /// Where it is.
    package var place: Place
    /// The link that packets leave by; `nil` lets the kernel find it by the gateway.
    ///
    /// `RTA_OIF`.
    package var device: InterfaceName?
    /// The routing table; 254 is `main`.
    ///
    /// `RTA_TABLE`.
    package var table: UInt32 = 254
    /// Of two routes to one destination the one with the lesser metric is used.
    ///
    /// `RTA_PRIORITY`.
    ///
    /// IPv6 has no metric 0: the kernel makes it 1,024, and so does a document.
    package var metric: UInt32 = 0
    /// The MTU of the path, in bytes, where it is less than the link's.
    ///
    /// `RTAX_MTU`.
    package var mtu: MTU?
    /// What becomes of packets.
    ///
    /// `rtm_type`.
    package var type = RouteType.unicast
    /// The gateway is reached on the link although no route leads there.
    ///
    /// `RTNH_F_ONLINK`.
    package var isOnLink = false
    /// How far the destination is; for IPv4 only.
    ///
    /// `rtm_scope`. `nil`: global with a gateway, else link; host for `local`.
    package var scope: AddressScope?

    package init(to destination: Prefix, in place: Place) {
        self.destination = destination
        self.place = place
        metric = destination.family == .ipv6 ? Self.defaultIPv6Metric : 0
    }

    /// What the kernel makes of metric 0 for IPv6.
    ///
    /// Kernel: `include/net/ip6_route.h`, `IP6_RT_PRIO_USER`.
    package static let defaultIPv6Metric: UInt32 = 1024

    /// The routing table `main`.
    package static let mainTable: UInt32 = 254

    /// The scope as the kernel has it: ``scope``, or what `ip` would derive.
    package var effectiveScope: AddressScope {
        if destination.family == .ipv6 { return .global }
        if let scope { return scope }
        switch type {
        case .local: return .host
        case .unicast: return gateway == nil ? .link : .global
        case .blackhole, .unreachable, .prohibit, .throw: return .global
        }
    }

    /// What the kernel tells routes apart by.
    package var key: Key {
        Key(destination: destination, place: place, table: table, metric: metric)
    }

    /// The identity of a route: one place holds at most one of Weft's for each.
    package struct Key: Hashable, Sendable, Comparable {
        package var destination: Prefix
        package var place: Place
        package var table: UInt32
        package var metric: UInt32

        package init(destination: Prefix, place: Place, table: UInt32, metric: UInt32) {
            self.destination = destination
            self.place = place
            self.table = table
            self.metric = metric
        }

        /// Numbers first, for they nearly always tell.
        package static func == (left: Key, right: Key) -> Bool {
            left.destination == right.destination && left.table == right.table && left.metric == right.metric
                && left.place == right.place
        }

        /// Few and cheap words: a node has hundreds of thousands of routes.
        package func hash(into hasher: inout Hasher) {
            let low = destination.address.low
            hasher.combine(destination.address.high ^ UInt64(destination.length) << 32)
            hasher.combine(low ^ UInt64(table) << 32 ^ UInt64(metric) << 16)
            if let name = place.name { hasher.combine(name) }
        }

        package static func < (left: Key, right: Key) -> Bool {
            if left.place != right.place { return left.place < right.place }
            return (left.table, left.destination, left.metric) < (
                right.table, right.destination, right.metric
            )
        }
    }
}

/// What becomes of the packets that a route is for.
///
/// Kernel: `include/uapi/linux/rtnetlink.h`, `RTN_*`.
package enum RouteType: String, Hashable, Sendable, CaseIterable {
    /// They go to the gateway or the link. `RTN_UNICAST`.
    case unicast
    /// They are for this host. `RTN_LOCAL`.
    case local
    /// They vanish. `RTN_BLACKHOLE`.
    case blackhole
    /// They are answered with "host unreachable". `RTN_UNREACHABLE`.
    case unreachable
    /// They are answered with "administratively prohibited". `RTN_PROHIBIT`.
    case prohibit
    /// The search goes on in the next table. `RTN_THROW`.
    case `throw`

    /// The kernel's number.
    package var number: UInt8 {
        switch self {
        case .unicast: 1
        case .local: 2
        case .blackhole: 6
        case .unreachable: 7
        case .prohibit: 8
        case .throw: 9
        }
    }

    /// True if packets need a link to leave by.
    package var needsDevice: Bool { self == .unicast || self == .local }
}
