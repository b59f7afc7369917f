internal import CMnl
internal import CNetlinkRoute
internal import Glibc
package import Netlink
package import NetworkModel

extension MessageBatch {
    /// Adds a route, marked as Weft's; never beside or instead of another of the same key.
    ///
    /// Equivalent to `ip route add TYPE TO via GATEWAY dev DEVICE table TABLE metric METRIC … proto weft`.
    ///
    /// Refused with `EEXIST` (there is such a route), `ENETUNREACH` or `EHOSTUNREACH` (the gateway is not on-link),
    /// `ENODEV` (no such link), `EINVAL` (the source address is not the namespace's; a gateway that is one's own).
    ///
    /// Kernel: `net/ipv4/fib_frontend.c`, `inet_rtm_newroute()`; `net/ipv6/route.c`, `inet6_rtm_newroute()`.
    package mutating func appendAddRoute(_ route: Route, deviceIndex: Int32?, mark: Mark = .node, tag: Int) {
        append(route, deviceIndex, .add(flags: CInt(NLM_F_CREATE | NLM_F_EXCL)), mark.protocolNumber, tag)
    }

    /// Puts a route in the place of the one with its destination, table and metric.
    ///
    /// Equivalent to `ip route replace …`. To be used only where a dump showed one such route, and it is Weft's.
    package mutating func appendReplaceRoute(
        _ route: Route,
        deviceIndex: Int32?,
        mark: Mark = .node,
        tag: Int
    ) {
        append(route, deviceIndex, .add(flags: CInt(NLM_F_CREATE | NLM_F_REPLACE)), mark.protocolNumber, tag)
    }

    /// Removes exactly this route: table, metric, protocol, type, scope, gateway and device are all compared.
    ///
    /// Equivalent to `ip route del … proto weft`. Refused with `ESRCH` if it is gone.
    package mutating func appendDeleteRoute(_ route: Route, deviceIndex: Int32?, mark: Mark = .node, tag: Int)
    {
        append(route, deviceIndex, .delete, mark.protocolNumber, tag)
    }

    /// Adds a route of another protocol than Weft's.
    mutating func append(
        _ route: Route,
        _ deviceIndex: Int32,
        protocolNumber: UInt8,
        flags: CInt,
        _ tag: Int
    ) {
        append(route, deviceIndex, .add(flags: flags), protocolNumber, tag)
    }

    private mutating func append(
        _ route: Route,
        _ deviceIndex: Int32?,
        _ operation: RequestOperation,
        _ protocolNumber: UInt8,
        _ tag: Int
    ) {
        var header = rtmsg()
        header.rtm_family = UInt8(route.destination.family.number)
        header.rtm_dst_len = route.destination.length
        header.rtm_table = UInt8(truncatingIfNeeded: route.table)
        header.rtm_protocol = protocolNumber
        header.rtm_scope = route.effectiveScope.number
        header.rtm_type = route.type.number
        if route.isOnLink, deviceIndex != nil || route.gateway != nil {
            header.rtm_flags = UInt32(RTNH_F_ONLINK)
        }
        let type = operation == .delete ? RTM_DELROUTE : RTM_NEWROUTE
        appendSmall(Int(type), flags: operation.flags, header: header, tag: tag) { request in
            request.put(Int(RTA_TABLE.rawValue), route.table)
            request.put(Int(RTA_DST.rawValue), route.destination.address)
            if route.metric != 0 { request.put(Int(RTA_PRIORITY.rawValue), route.metric) }
            if operation != .delete {
                if let source = route.source { request.put(Int(RTA_PREFSRC.rawValue), source) }
                if let mtu = route.mtu {
                    request.nest(Int(RTA_METRICS.rawValue)) { $0.put(Int(RTAX_MTU), mtu.bytes) }
                }
            }
            if let gateway = route.gateway { request.put(Int(RTA_GATEWAY.rawValue), gateway) }
            if let deviceIndex { request.put(Int(RTA_OIF.rawValue), deviceIndex) }
        }
    }
}
