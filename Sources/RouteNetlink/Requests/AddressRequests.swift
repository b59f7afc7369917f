internal import CMnl
internal import CNetlinkRoute
package import Netlink
package import NetworkModel

extension MessageBatch {
    /// Adds the kernel's own route to the prefix of an IPv4 address, which somebody took away.
    ///
    /// To the last attribute the one that the kernel made with the address, and goes with it again.
    ///
    /// Equivalent to `ip route append PREFIX dev DEVICE proto kernel scope link src ADDRESS`. Appended, as the kernel does:
    /// another link may have an address of that prefix too.
    ///
    /// Kernel: `net/ipv4/fib_frontend.c`, `fib_add_ifaddr()`, `fib_magic()`.
    package mutating func appendAddPrefixRoute(of address: InterfaceAddress, linkIndex: Int32, tag: Int) {
        var route = Route(to: address.prefix, in: .node)
        route.source = address.address
        append(
            route,
            linkIndex,
            protocolNumber: UInt8(RTPROT_KERNEL),
            flags: CInt(NLM_F_CREATE | NLM_F_APPEND),
            tag
        )
    }

    /// Adds an address to a link, marked as Weft's.
    ///
    /// Equivalent to `ip addr add ADDRESS dev DEVICE scope SCOPE [nodad] [noprefixroute] proto weft`.
    ///
    /// Refused with `EEXIST` (the link has it), `ENODEV` (no such link), `EACCES` (IPv6 is turned off there).
    ///
    /// Kernel: `net/ipv4/devinet.c`, `inet_rtm_newaddr()`; `net/ipv6/addrconf.c`, `inet6_rtm_newaddr()`.
    package mutating func appendAddAddress(
        _ address: InterfaceAddress,
        linkIndex: Int32,
        mark: Mark = .node,
        tag: Int
    ) {
        append(address, linkIndex, .add(flags: CInt(NLM_F_CREATE | NLM_F_EXCL)), mark, tag)
    }

    /// Changes flags and protocol of an address in place.
    ///
    /// Equivalent to `ip addr replace …`.
    package mutating func appendReplaceAddress(
        _ address: InterfaceAddress,
        linkIndex: Int32,
        mark: Mark = .node,
        tag: Int
    ) {
        append(address, linkIndex, .add(flags: CInt(NLM_F_CREATE | NLM_F_REPLACE)), mark, tag)
    }

    /// Removes an address from a link.
    ///
    /// Equivalent to `ip addr del ADDRESS dev DEVICE`. Refused with `EADDRNOTAVAIL` if it is gone.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - linkIndex: Its link.
    ///   - keepsSecondaries: True if the other IPv4 addresses of its prefix shall stay, of which the next becomes the
    ///     primary one. The link is told so for this one deletion; the three messages are of one send, which the
    ///     kernel goes through at a stretch.
    ///   - tag: What refusals are told by.
    package mutating func appendDeleteAddress(
        _ address: InterfaceAddress,
        linkIndex: Int32,
        keepsSecondaries: Bool = false,
        tag: Int
    ) {
        if keepsSecondaries { appendPromoteSecondaries(true, linkIndex: linkIndex, tag: tag) }
        append(address, linkIndex, .delete, .node, tag)
        if keepsSecondaries { appendPromoteSecondaries(false, linkIndex: linkIndex, tag: tag) }
    }

    private mutating func append(
        _ address: InterfaceAddress,
        _ linkIndex: Int32,
        _ operation: RequestOperation,
        _ mark: Mark,
        _ tag: Int
    ) {
        guard let object = rtnl_addr_alloc() else { preconditionFailure("out of memory") }
        defer { rtnl_addr_put(object) }
        rtnl_addr_set_ifindex(object, linkIndex)
        withAbstractAddress(address.address, prefixLength: address.prefixLength) {
            RequestMessage.check(rtnl_addr_set_local(object, $0))
        }
        rtnl_addr_set_scope(object, CInt(address.address.family == .ipv4 ? address.scope.number : 0))
        var flags: UInt32 = 0
        if address.skipsDuplicateDetection { flags |= UInt32(IFA_F_NODAD) }
        if address.hasNoPrefixRoute { flags |= UInt32(IFA_F_NOPREFIXROUTE) }
        if flags != 0 { rtnl_addr_set_flags(object, flags) }
        var built: OpaquePointer?
        switch operation {
        case .add(let flags): RequestMessage.check(rtnl_addr_build_add_request(object, flags, &built))
        case .delete: RequestMessage.check(rtnl_addr_build_delete_request(object, 0, &built))
        }
        guard let built else { preconditionFailure("libnl built no message") }
        let message = RequestMessage(owning: built)
        // libnl 3.7 has no setter for the protocol.
        if operation != .delete { message.put(Int(IFA_PROTO), address.owner ?? mark.protocolNumber) }
        message.append(to: &self, tag: tag)
    }
}

/// What a request does with an object.
enum RequestOperation: Equatable {
    /// `RTM_NEW…` with `NLM_F_…` flags.
    case add(flags: CInt)
    /// `RTM_DEL…`.
    case delete

    /// The `NLM_F_…` flags.
    var flags: Int {
        switch self {
        case .add(let flags): Int(flags)
        case .delete: 0
        }
    }
}
