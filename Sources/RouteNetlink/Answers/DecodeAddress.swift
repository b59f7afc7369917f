internal import CMnl
package import Netlink
package import NetworkModel

/// Reads the payload of an `RTM_NEWADDR` message.
///
/// Kernel: `net/ipv4/devinet.c`, `inet_fill_ifaddr()`; `net/ipv6/addrconf.c`, `inet6_fill_ifaddr()`.
///
/// - Parameters:
///   - payload: What follows the `nlmsghdr`.
///   - mark: By which Weft's own are told.
/// - Returns: The address and its link's index; `nil` for other families.
/// - Throws: ``NetlinkTransportError/malformed``.
package func decodeAddress(
    _ payload: UnsafeRawBufferPointer,
    mark: Mark
) throws(NetlinkTransportError) -> (linkIndex: Int32, address: ObservedAddress)? {
    guard payload.count >= MemoryLayout<ifaddrmsg>.size else { throw .malformed }
    let header = payload.loadUnaligned(as: ifaddrmsg.self)
    guard let family = AddressFamily(number: header.ifa_family) else { return nil }
    var local: IPAddress?
    var far: IPAddress?
    var flags = UInt32(header.ifa_flags)
    var protocolNumber: UInt8 = 0
    var attributes = NetlinkAttributes(payload, after: MemoryLayout<ifaddrmsg>.size)
    while let attribute = attributes.next() {
        switch Int(attribute.type) {
        case Int(IFA_LOCAL): local = IPAddress(networkBytes: attribute.payload)
        case Int(IFA_ADDRESS): far = IPAddress(networkBytes: attribute.payload)
        case Int(IFA_FLAGS): flags = attribute.uint32 ?? flags
        case Int(IFA_PROTO): protocolNumber = attribute.uint8 ?? 0
        default: break
        }
    }
    // Without a peer, IPv6 says only IFA_ADDRESS.
    guard !attributes.isMalformed, let address = local ?? far, address.family == family,
        header.ifa_prefixlen <= family.width
    else { throw .malformed }
    var value = InterfaceAddress(address, prefixLength: header.ifa_prefixlen)
    if family == .ipv4 { value.scope = AddressScope(number: header.ifa_scope) ?? .global }
    value.skipsDuplicateDetection = flags & UInt32(IFA_F_NODAD) != 0
    value.hasNoPrefixRoute = flags & UInt32(IFA_F_NOPREFIXROUTE) != 0
    let isPermanent = flags & UInt32(IFA_F_PERMANENT) != 0
    let observed = ObservedAddress(
        value,
        protocolNumber: protocolNumber,
        isPermanent: isPermanent,
        mark: mark
    )
    return (Int32(bitPattern: header.ifa_index), observed)
}

extension AddressScope {
    /// The scope of the kernel's number; `nil` for `nowhere` and the administrator's own.
    init?(number: UInt8) {
        switch number {
        case Self.global.number: self = .global
        case Self.site.number: self = .site
        case Self.link.number: self = .link
        case Self.host.number: self = .host
        default: return nil
        }
    }
}
