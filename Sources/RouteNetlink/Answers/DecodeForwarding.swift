internal import CMnl
internal import Glibc
package import Netlink
package import NetworkModel

/// What must be known of a namespace's links to tell the entries of their forwarding databases apart.
package struct ForwardingLinks {
    /// What must be known of one.
    fileprivate struct Entry {
        var id: LinkID
        var mac: MACAddress?
        var vxlan: VXLAN?
        var isBridge: Bool
        var masterMAC: MACAddress?
    }

    private var links: [Int32: Entry] = [:]
    private var lastIndex: Int32 = 0
    private var lastEntry: Entry?

    package init(_ observed: [ObservedLink], in place: Place) {
        var macs: [InterfaceName: MACAddress] = [:]
        for link in observed { macs[link.name] = link.mac }
        for link in observed {
            var entry = Entry(id: LinkID(link.name, in: place), mac: link.mac, isBridge: false)
            entry.masterMAC = link.master.flatMap { macs[$0] }
            switch link.kind {
            case .vxlan(let vxlan): entry.vxlan = vxlan
            case .bridge: entry.isBridge = true
            case .veth, .macvlan, .other: break
            }
            links[link.index] = entry
        }
    }

    fileprivate mutating func entry(_ index: Int32) -> Entry? {
        if index != lastIndex {
            lastIndex = index
            lastEntry = links[index]
        }
        return lastEntry
    }
}

/// Reads the payload of an `RTM_NEWNEIGH` message about an FDB entry.
///
/// Hot: no memory is allocated.
///
/// Kernel: `drivers/net/vxlan/vxlan_core.c`, `vxlan_fdb_info()`; `net/bridge/br_fdb.c`, `fdb_fill_info()`.
///
/// - Returns: `nil` for what was learnt and for what the kernel makes itself: entries for the MACs of ports and of
///   the bridge, the groups that a link listens to, and a VXLAN link's own default destination.
/// - Throws: ``NetlinkTransportError/malformed``.
package func decodeForwarding(
    _ payload: UnsafeRawBufferPointer,
    links: inout ForwardingLinks
) throws(NetlinkTransportError) -> ForwardingEntry? {
    guard payload.count >= MemoryLayout<ndmsg>.size else { throw .malformed }
    let header = payload.loadUnaligned(as: ndmsg.self)
    guard header.ndm_family == UInt8(AF_BRIDGE),
        header.ndm_state & UInt16(NUD_PERMANENT | NUD_NOARP) != 0,
        header.ndm_flags & UInt8(NTF_EXT_LEARNED) == 0,
        let link = links.entry(header.ndm_ifindex)
    else { return nil }
    let isOwn = header.ndm_flags & UInt8(NTF_SELF) != 0
    // Own tables of other links than VXLAN ones hold the groups that the link listens to.
    if isOwn, link.vxlan == nil { return nil }
    var entry = ForwardingEntry(
        .zero,
        on: link.id,
        table: isOwn || link.isBridge ? .own : .bridge,
        state: header.ndm_state & UInt16(NUD_PERMANENT) != 0 ? .permanent : .static
    )
    var mac: MACAddress?
    var attributes = NetlinkAttributes(payload, after: MemoryLayout<ndmsg>.size)
    while let attribute = attributes.next() {
        switch Int(attribute.type) {
        case Int(NDA_LLADDR): mac = MACAddress(networkBytes: attribute.payload)
        case Int(NDA_DST): entry.destination = IPAddress(networkBytes: attribute.payload)
        case Int(NDA_VLAN): entry.vlan = attribute.uint16 ?? 0
        case Int(NDA_VNI): entry.vni = attribute.uint32.map { VNI(number: $0) }
        case Int(NDA_PORT): entry.port = attribute.uint16.map { UInt16(bigEndian: $0) }
        default: break
        }
    }
    guard !attributes.isMalformed, let mac else { throw .malformed }
    entry.mac = mac
    return isMadeByKernel(entry, link) ? nil : entry
}

private func isMadeByKernel(_ entry: ForwardingEntry, _ link: ForwardingLinks.Entry) -> Bool {
    if let vxlan = link.vxlan, entry.table == .own {
        return entry.mac == .zero && vxlan.remote != nil && entry.destination == vxlan.remote
            && entry.vni == nil
            && entry.port == nil
    }
    return entry.state == .permanent && (entry.mac == link.mac || entry.mac == link.masterMAC)
}
