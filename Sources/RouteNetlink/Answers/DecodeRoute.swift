internal import CMnl
package import Netlink
package import NetworkModel

/// Reads the payload of an `RTM_NEWROUTE` message.
///
/// Hot: no memory is allocated.
///
/// Kernel: `net/ipv4/fib_semantics.c`, `fib_dump_info()`; `net/ipv6/route.c`, `rt6_fill_node()`.
///
/// - Parameters:
///   - payload: What follows the `nlmsghdr`.
///   - place: Where the route is.
///   - names: The names of the links there.
///   - mark: By which Weft's own are told.
/// - Returns: `nil` for what the kernel makes itself and nobody may touch: cached routes, and those for addresses of
///   the node's own, broadcast, anycast and multicast.
/// - Throws: ``NetlinkTransportError/malformed``.
package func decodeRoute(
    _ payload: UnsafeRawBufferPointer,
    in place: Place,
    names: inout LinkNames,
    mark: Mark
) throws(NetlinkTransportError) -> ObservedRoute? {
    guard payload.count >= MemoryLayout<rtmsg>.size else { throw .malformed }
    let header = payload.loadUnaligned(as: rtmsg.self)
    guard let family = AddressFamily(number: header.rtm_family), !isMadeByKernel(header) else { return nil }
    guard header.rtm_dst_len <= family.width else { throw .malformed }

    var observed = ObservedRoute(
        Route(to: .all(family), in: place),
        protocolNumber: header.rtm_protocol,
        mark: mark
    )
    var destination = IPAddress.unspecified(family)
    observed.value.table = UInt32(header.rtm_table)
    observed.value.metric = 0
    observed.value.isOnLink = header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0
    observed.isUnlikeAnyOfWefts = header.rtm_tos != 0 || header.rtm_src_len != 0
    var attributes = NetlinkAttributes(payload, after: MemoryLayout<rtmsg>.size)
    while let attribute = attributes.next() {
        switch Int(attribute.type) {
        case Int(RTA_DST.rawValue):
            guard let address = IPAddress(networkBytes: attribute.payload) else { throw .malformed }
            destination = address
        case Int(RTA_GATEWAY.rawValue): observed.value.gateway = IPAddress(networkBytes: attribute.payload)
        case Int(RTA_OIF.rawValue): observed.value.device = names.name(of: attribute.int32 ?? 0)
        case Int(RTA_PRIORITY.rawValue): observed.value.metric = attribute.uint32 ?? 0
        case Int(RTA_TABLE.rawValue): observed.value.table = attribute.uint32 ?? 0
        case Int(RTA_PREFSRC.rawValue): observed.value.source = IPAddress(networkBytes: attribute.payload)
        default: observed.readRareAttribute(attribute)
        }
    }
    guard !attributes.isMalformed, destination.family == family else { throw .malformed }
    observed.value.destination = Prefix(containing: destination, length: header.rtm_dst_len)
    observed.readTypeAndScope(header)
    return observed
}

/// True for cached routes, and for those that the kernel makes of addresses.
private func isMadeByKernel(_ header: rtmsg) -> Bool {
    if header.rtm_flags & UInt32(RTM_F_CLONED) != 0 { return true }
    guard header.rtm_protocol == UInt8(RTPROT_KERNEL) else { return false }
    switch Int(header.rtm_type) {
    case Int(RTN_LOCAL), Int(RTN_BROADCAST), Int(RTN_ANYCAST), Int(RTN_MULTICAST): return true
    default: return false
    }
}

extension ObservedRoute {
    /// Reads what few routes have.
    fileprivate mutating func readRareAttribute(_ attribute: NetlinkAttribute) {
        switch Int(attribute.type) {
        case Int(RTA_METRICS.rawValue):
            var metrics = attribute.nested
            while let metric = metrics.next() {
                if Int(metric.type) == Int(RTAX_MTU) {
                    value.mtu = metric.uint32.map { MTU(bytes: $0) }
                } else {
                    isUnlikeAnyOfWefts = true
                }
            }
        case Int(RTA_ENCAP.rawValue), Int(RTA_VIA.rawValue):
            hasUnreadGateway = true
            isUnlikeAnyOfWefts = true
        case Int(RTA_MULTIPATH.rawValue), Int(RTA_NH_ID.rawValue), Int(RTA_FLOW.rawValue),
            Int(RTA_SRC.rawValue), Int(RTA_NEWDST.rawValue):
            isUnlikeAnyOfWefts = true
        case Int(RTA_PREF.rawValue) where attribute.uint8 != 0:
            isUnlikeAnyOfWefts = true
        case Int(RTA_CACHEINFO.rawValue) where attribute.payload.count >= MemoryLayout<rta_cacheinfo>.size:
            if attribute.payload.loadUnaligned(as: rta_cacheinfo.self).rta_expires != 0 {
                isUnlikeAnyOfWefts = true
            }
        default:
            break
        }
    }

    /// Reads type and scope; a scope that would be derived anyway is not stated.
    fileprivate mutating func readTypeAndScope(_ header: rtmsg) {
        if let type = RouteType(number: header.rtm_type) {
            value.type = type
        } else {
            isUnlikeAnyOfWefts = true
        }
        // IPv6 lists routes that drop packets as if they led to `lo`.
        if !value.type.needsDevice { value.device = nil }
        guard value.destination.family == .ipv4, header.rtm_scope != value.effectiveScope.number else {
            return
        }
        if let scope = AddressScope(number: header.rtm_scope) {
            value.scope = scope
        } else {
            isUnlikeAnyOfWefts = true
        }
    }
}

extension RouteType {
    /// The type of the kernel's number; `nil` for those that Weft does not know.
    init?(number: UInt8) {
        switch number {
        case Self.unicast.number: self = .unicast
        case Self.local.number: self = .local
        case Self.blackhole.number: self = .blackhole
        case Self.unreachable.number: self = .unreachable
        case Self.prohibit.number: self = .prohibit
        case Self.throw.number: self = .throw
        default: return nil
        }
    }
}
