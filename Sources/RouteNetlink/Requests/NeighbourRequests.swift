internal import CMnl
internal import CNetlinkRoute
internal import Glibc
package import Netlink
package import NetworkModel

extension MessageBatch {
    /// Adds a permanent neighbour, marked as Weft's.
    ///
    /// Equivalent to `ip neigh add ADDRESS lladdr MAC dev DEVICE nud permanent protocol weft`.
    ///
    /// Refused with `EEXIST` (the link has an entry for the address, perhaps one that was learnt), `ENOBUFS` (the
    /// neighbour table is full), `ENODEV`.
    ///
    /// Kernel: `net/core/neighbour.c`, `neigh_add()`.
    package mutating func appendAddNeighbour(
        _ neighbour: Neighbour,
        linkIndex: Int32,
        mark: Mark = .node,
        tag: Int
    ) {
        append(neighbour, linkIndex, .add(flags: CInt(NLM_F_CREATE | NLM_F_EXCL)), mark, tag)
    }

    /// Changes a neighbour, or adds it in the place of a learnt one.
    ///
    /// Equivalent to `ip neigh replace …`.
    package mutating func appendReplaceNeighbour(
        _ neighbour: Neighbour,
        linkIndex: Int32,
        mark: Mark = .node,
        tag: Int
    ) {
        append(neighbour, linkIndex, .add(flags: CInt(NLM_F_CREATE | NLM_F_REPLACE)), mark, tag)
    }

    /// Removes a neighbour.
    ///
    /// Equivalent to `ip neigh del ADDRESS dev DEVICE`. Refused with `ENOENT` if it is gone.
    package mutating func appendDeleteNeighbour(_ neighbour: Neighbour, linkIndex: Int32, tag: Int) {
        append(neighbour, linkIndex, .delete, .node, tag)
    }

    private mutating func append(
        _ neighbour: Neighbour,
        _ linkIndex: Int32,
        _ operation: RequestOperation,
        _ mark: Mark,
        _ tag: Int
    ) {
        guard let object = rtnl_neigh_alloc() else { preconditionFailure("out of memory") }
        defer { rtnl_neigh_put(object) }
        rtnl_neigh_set_ifindex(object, linkIndex)
        withAbstractAddress(neighbour.address) { RequestMessage.check(rtnl_neigh_set_dst(object, $0)) }
        if operation != .delete {
            rtnl_neigh_set_state(object, NUD_PERMANENT)
            withAbstractAddress(neighbour.mac) { rtnl_neigh_set_lladdr(object, $0) }
        }
        let message = RequestMessage(neighbour: object, operation)
        // libnl 3.7 has no setter for the protocol.
        if operation != .delete { message.put(Int(NDA_PROTOCOL), neighbour.owner ?? mark.protocolNumber) }
        message.append(to: &self, tag: tag)
    }
}

extension MessageBatch {
    /// Adds an entry to a forwarding database.
    ///
    /// Equivalent to `bridge fdb add MAC dev DEVICE [dst ADDRESS] self|master static [vlan VLAN]`; for the zero MAC of
    /// a VXLAN link, which has an entry for each destination, `bridge fdb append`.
    ///
    /// Refused with `EEXIST` (the address has an entry), `EOPNOTSUPP` (the link has no such table), `EINVAL`.
    ///
    /// Kernel: `net/core/rtnetlink.c`, `rtnl_fdb_add()`; `drivers/net/vxlan/vxlan_core.c`, `vxlan_fdb_add()`.
    package mutating func appendAddForwarding(_ entry: ForwardingEntry, linkIndex: Int32, tag: Int) {
        let flags = entry.isFlooding ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE | NLM_F_EXCL
        append(entry, linkIndex, .add(flags: CInt(flags)), tag)
    }

    /// Changes an entry, or adds it in the place of a learnt one.
    ///
    /// Equivalent to `bridge fdb replace …`. Not for the zero MAC, of which it would replace all destinations.
    package mutating func appendReplaceForwarding(_ entry: ForwardingEntry, linkIndex: Int32, tag: Int) {
        let flags = entry.isFlooding ? NLM_F_CREATE | NLM_F_APPEND : NLM_F_CREATE | NLM_F_REPLACE
        append(entry, linkIndex, .add(flags: CInt(flags)), tag)
    }

    /// Removes an entry; of the zero MAC, the one with its destination.
    ///
    /// Equivalent to `bridge fdb del MAC dev DEVICE [dst ADDRESS] self|master [vlan VLAN]`.
    ///
    /// Refused with `ENOENT` if it is gone. A destination is named for the zero MAC only: for any other the kernel
    /// would answer 0 to a wrong one and do nothing.
    package mutating func appendDeleteForwarding(_ entry: ForwardingEntry, linkIndex: Int32, tag: Int) {
        append(entry, linkIndex, .delete, tag)
    }

    private mutating func append(
        _ entry: ForwardingEntry,
        _ linkIndex: Int32,
        _ operation: RequestOperation,
        _ tag: Int
    ) {
        guard let object = rtnl_neigh_alloc() else { preconditionFailure("out of memory") }
        defer { rtnl_neigh_put(object) }
        // 1. The destination: libnl takes none that is not of the family, once the family is AF_BRIDGE.
        let namesDestination = operation != .delete || entry.isFlooding
        if let destination = entry.destination, namesDestination {
            withAbstractAddress(destination) { RequestMessage.check(rtnl_neigh_set_dst(object, $0)) }
        }
        // 2. The family, and all else.
        rtnl_neigh_set_family(object, AF_BRIDGE)
        rtnl_neigh_set_ifindex(object, linkIndex)
        rtnl_neigh_set_state(object, CInt(entry.state.number))
        rtnl_neigh_set_flags(object, UInt32(entry.table == .own ? NTF_SELF : NTF_MASTER))
        withAbstractAddress(entry.mac) { rtnl_neigh_set_lladdr(object, $0) }
        if entry.vlan != 0 { rtnl_neigh_set_vlan(object, CInt(entry.vlan)) }
        let message = RequestMessage(neighbour: object, operation)
        // 3. What libnl 3.7 has no setters for.
        if namesDestination {
            if let vni = entry.vni { message.put(Int(NDA_VNI), vni.number) }
            if let port = entry.port { message.put(Int(NDA_PORT), port.bigEndian) }
        }
        message.append(to: &self, tag: tag)
    }
}

extension ForwardingEntry {
    /// True if it is one of a VXLAN link's destinations for frames to unknown addresses.
    fileprivate var isFlooding: Bool { mac == .zero && table == .own }
}

extension RequestMessage {
    /// The request about a `struct rtnl_neigh *`.
    fileprivate init(neighbour object: OpaquePointer, _ operation: RequestOperation) {
        var message: OpaquePointer?
        switch operation {
        case .add(let flags): Self.check(rtnl_neigh_build_add_request(object, flags, &message))
        case .delete: Self.check(rtnl_neigh_build_delete_request(object, 0, &message))
        }
        guard let message else { preconditionFailure("libnl built no message") }
        self.init(owning: message)
    }
}
