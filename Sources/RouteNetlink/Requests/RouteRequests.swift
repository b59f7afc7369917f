internal import CMnl
internal import CNetlinkRoute
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
        guard let object = rtnl_route_alloc() else { preconditionFailure("out of memory") }
        defer { rtnl_route_put(object) }
        object.describe(route, deviceIndex: deviceIndex)
        rtnl_route_set_protocol(object, protocolNumber)
        var built: OpaquePointer?
        switch operation {
        case .add(let flags):
            object.describeDetails(of: route)
            RequestMessage.check(rtnl_route_build_add_request(object, flags, &built))
        case .delete:
            RequestMessage.check(rtnl_route_build_del_request(object, 0, &built))
        }
        guard let built else { preconditionFailure("libnl built no message") }
        RequestMessage(owning: built).append(to: &self, tag: tag)
    }
}

extension OpaquePointer {
    /// Sets, on a `struct rtnl_route *`, what a route is told by.
    fileprivate func describe(_ route: Route, deviceIndex: Int32?) {
        RequestMessage.check(rtnl_route_set_family(self, UInt8(route.destination.family.number)))
        withAbstractAddress(route.destination.address, prefixLength: route.destination.length) {
            RequestMessage.check(rtnl_route_set_dst(self, $0))
        }
        rtnl_route_set_table(self, route.table)
        rtnl_route_set_scope(self, route.effectiveScope.number)
        RequestMessage.check(rtnl_route_set_type(self, route.type.number))
        if route.metric != 0 { rtnl_route_set_priority(self, route.metric) }
        guard deviceIndex != nil || route.gateway != nil else { return }
        guard let hop = rtnl_route_nh_alloc() else { preconditionFailure("out of memory") }
        if let deviceIndex { rtnl_route_nh_set_ifindex(hop, deviceIndex) }
        if let gateway = route.gateway { withAbstractAddress(gateway) { rtnl_route_nh_set_gateway(hop, $0) } }
        if route.isOnLink { rtnl_route_nh_set_flags(hop, UInt32(RTNH_F_ONLINK)) }
        rtnl_route_add_nexthop(self, hop)  // which takes the next hop over
    }

    /// Sets, on a `struct rtnl_route *`, what a route has besides.
    fileprivate func describeDetails(of route: Route) {
        if let source = route.source {
            withAbstractAddress(source) { RequestMessage.check(rtnl_route_set_pref_src(self, $0)) }
        }
        if let mtu = route.mtu {
            RequestMessage.check(rtnl_route_set_metric(self, CInt(RTAX_MTU), mtu.bytes))
        }
    }
}
