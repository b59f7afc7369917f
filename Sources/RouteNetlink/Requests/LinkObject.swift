internal import CMnl
internal import CNetlinkRoute
internal import NetworkModel

/// libnl's picture of a link that is to be made, with exactly one owner.
struct LinkObject: ~Copyable {
    /// `struct rtnl_link *`.
    let pointer: OpaquePointer

    /// A link with what every kind has.
    init(_ link: Link, index: Int32, namespaceDescriptor: CInt?, mark: Mark) {
        guard let pointer = Self.allocate(link.kind) else { preconditionFailure("out of memory") }
        self.pointer = pointer
        Self.describe(link, as: pointer, index: index, namespaceDescriptor: namespaceDescriptor)
        rtnl_link_set_group(pointer, mark.linkGroup)
    }

    deinit {
        rtnl_link_put(pointer)
    }

    private static func allocate(_ kind: LinkKind) -> OpaquePointer? {
        switch kind {
        case .veth:
            return rtnl_link_veth_alloc()
        case .bridge, .vxlan, .macvlan:
            guard let pointer = rtnl_link_alloc() else { return nil }
            RequestMessage.check(rtnl_link_set_type(pointer, kind.name))
            return pointer
        }
    }

    private static func describe(
        _ link: Link,
        as pointer: OpaquePointer,
        index: Int32,
        namespaceDescriptor: CInt?
    ) {
        rtnl_link_set_ifindex(pointer, index)
        rtnl_link_set_name(pointer, link.id.name.text)
        withAbstractAddress(link.mac) { rtnl_link_set_addr(pointer, $0) }
        if let namespaceDescriptor { rtnl_link_set_ns_fd(pointer, namespaceDescriptor) }
        switch link.kind {
        case .bridge:
            break  // A bridge forgets an MTU that it was made with as soon as it gets a port.
        case .veth, .vxlan, .macvlan:
            if let mtu = link.mtu { rtnl_link_set_mtu(pointer, mtu.bytes) }
        }
    }

    /// Describes the other end of a veth.
    borrowing func setPeer(_ link: Link, index: Int32, namespaceDescriptor: CInt?) {
        guard let peer = rtnl_link_veth_get_peer(pointer) else { preconditionFailure("the link is a veth") }
        defer { rtnl_link_put(peer) }
        Self.describe(link, as: peer, index: index, namespaceDescriptor: namespaceDescriptor)
    }

    /// The request that makes the link and takes no existing one for it.
    borrowing func creationRequest() -> RequestMessage {
        var message: OpaquePointer?
        let flags = CInt(NLM_F_CREATE | NLM_F_EXCL)
        RequestMessage.check(rtnl_link_build_add_request(pointer, flags, &message))
        guard let message else { preconditionFailure("libnl built no message") }
        return RequestMessage(owning: message)
    }
}

extension RequestMessage {
    /// Puts the options of a link's kind into the message that creates it.
    ///
    /// libnl closes `IFLA_LINKINFO` last; what it can't say is put at its end:
    ///
    /// - the group of a veth's far end, which libnl takes and does not send, although a link that is not marked from
    ///   its first instant is nobody's;
    /// - the options of the other kinds, most of which libnl 3.7 does not know. They are stated in one table for each
    ///   kind, which serves for changing too.
    borrowing func putCreationOptions(of kind: LinkKind, parentIndex: Int32?, mark: Mark) {
        let headerSize = MemoryLayout<ifinfomsg>.size
        let options: [LinkOption]
        switch kind {
        case .veth:
            let peerAttributes = [Int(IFLA_LINKINFO), Int(IFLA_INFO_DATA), Int(VETH_INFO_PEER)]
            extend(peerAttributes, after: headerSize) { put(Int(IFLA_GROUP), mark.linkGroup) }
            return
        case .bridge(let bridge): options = bridge.options(differingFrom: Bridge())
        case .vxlan(let vxlan): options = vxlan.creationOptions(underlayIndex: parentIndex)
        case .macvlan(let macvlan): options = macvlan.options
        }
        if options.isEmpty { return }
        extend([Int(IFLA_LINKINFO)], after: headerSize) {
            nest(Int(IFLA_INFO_DATA)) { put(options) }
        }
    }
}
