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
        var header = ndmsg()
        header.ndm_family = UInt8(neighbour.address.family.number)
        header.ndm_ifindex = linkIndex
        header.ndm_state = UInt16(NUD_PERMANENT)
        let type = operation == .delete ? RTM_DELNEIGH : RTM_NEWNEIGH
        appendSmall(Int(type), flags: operation.flags, header: header, tag: tag) { request in
            request.put(Int(NDA_DST), neighbour.address)
            guard operation != .delete else { return }
            request.put(Int(NDA_LLADDR), neighbour.mac)
            request.put(Int(NDA_PROTOCOL), neighbour.owner ?? mark.protocolNumber)
        }
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

    /// Changes or adds an entry of a link's own table, and in that of its bridge the one for the same MAC at that port.
    ///
    /// Equivalent to `bridge fdb replace MAC dev DEVICE dst ADDRESS self master`. The kernel does the bridge's first, and goes on
    /// if it could (`rtnl_fdb_add`, net/core/rtnetlink.c).
    package mutating func appendReplaceForwardingInBoth(
        _ entry: ForwardingEntry,
        linkIndex: Int32,
        tag: Int
    ) {
        let operation = RequestOperation.add(flags: CInt(NLM_F_CREATE | NLM_F_REPLACE))
        append(entry, linkIndex, operation, tag, tables: NTF_SELF | NTF_MASTER)
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
        _ tag: Int,
        tables: CInt? = nil
    ) {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        header.ndm_ifindex = linkIndex
        header.ndm_state = entry.state.number
        header.ndm_flags = UInt8(tables ?? (entry.table == .own ? NTF_SELF : NTF_MASTER))
        let namesDestination = operation != .delete || entry.isFlooding
        let type = operation == .delete ? RTM_DELNEIGH : RTM_NEWNEIGH
        appendSmall(Int(type), flags: operation.flags, header: header, tag: tag) { request in
            if let destination = entry.destination, namesDestination {
                request.put(Int(NDA_DST), destination)
            }
            request.put(Int(NDA_LLADDR), entry.mac)
            if entry.vlan != 0 { request.put(Int(NDA_VLAN), entry.vlan) }
            guard namesDestination else { return }
            if let vni = entry.vni { request.put(Int(NDA_VNI), vni.number) }
            if let port = entry.port { request.put(Int(NDA_PORT), port.bigEndian) }
        }
    }
}

extension MessageBatch {
    /// Asks for an entry of a VXLAN link's own table, or of a bridge's, on whichever port it is.
    ///
    /// Equivalent to `bridge fdb get MAC dev DEVICE self [vlan VLAN]` or `bridge fdb get MAC br BRIDGE [vlan VLAN]`. Refused with
    /// `ENOENT` if it is not there. Of several destinations of the zero MAC the kernel tells one.
    ///
    /// Kernel: `net/core/rtnetlink.c`, `rtnl_fdb_get()`.
    mutating func appendGetForwarding(_ key: ForwardingEntry.Key, tableIndex: Int32) {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        if key.table == .own {
            header.ndm_ifindex = tableIndex
            header.ndm_flags = UInt8(NTF_SELF)
        }
        appendSmall(Int(RTM_GETNEIGH), flags: 0, header: header, tag: 0) { request in
            request.put(Int(NDA_LLADDR), key.mac)
            if key.vlan != 0 { request.put(Int(NDA_VLAN), key.vlan) }
            if key.table == .bridge { request.put(Int(NDA_MASTER), tableIndex) }
        }
    }
}

extension ForwardingEntry {
    /// True if one message can put it and the bridge's entry `other` there.
    package func isReplacedWith(_ other: ForwardingEntry) -> Bool {
        var same = other
        (same.table, same.destination, same.vni, same.port) = (.own, destination, vni, port)
        return table == .own && other.table == .bridge && !isFlooding && self == same
    }

    /// True if it is one of a VXLAN link's destinations for frames to unknown addresses.
    fileprivate var isFlooding: Bool { mac == .zero && table == .own }
}
