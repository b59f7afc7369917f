internal import CMnl
internal import Glibc
package import Netlink
package import NetworkModel

/// A link as one `RTM_NEWLINK` message shows it: other links are still indexes.
package struct DecodedLink {
    /// The link, with empty names for its master, parent and underlay.
    package var link: ObservedLink
    /// `IFLA_MASTER`.
    package var masterIndex: Int32?
    /// A macvlan link's parent or a VXLAN link's underlay.
    ///
    /// `IFLA_LINK`, `IFLA_VXLAN_LINK`.
    package var lowerIndex: Int32?
    /// The namespace that ``lowerIndex`` counts in, as this one numbers it; `nil` for this one.
    ///
    /// `IFLA_LINK_NETNSID`.
    package var lowerNamespace: Int32?

    /// The link with names for indexes.
    ///
    /// - Parameters:
    ///   - here: The names of the links of its own namespace.
    ///   - node: Those of the namespace that it was made from, if that is another.
    /// - Returns: The link; an index that no link has is named `%INDEX`.
    package func resolved(here: [Int32: InterfaceName], node: [Int32: InterfaceName]) -> ObservedLink {
        var link = link
        link.master = masterIndex.map { here[$0] ?? Self.placeholder($0) }
        let lower = lowerIndex.map { index in
            (lowerNamespace == nil ? here : node)[index] ?? Self.placeholder(index)
        }
        switch link.kind {
        case .macvlan(var macvlan):
            macvlan.parent = lower ?? Self.placeholder(0)
            link.kind = .macvlan(macvlan)
        case .vxlan(var vxlan):
            vxlan.underlay = lower
            link.kind = .vxlan(vxlan)
        case .bridge, .veth, .other:
            break
        }
        return link
    }

    /// What stands for the name of a link that can't be seen: no link can be called so in a document.
    private static func placeholder(_ index: Int32) -> InterfaceName {
        InterfaceName(fromKernel: "%\(index)")
    }
}

/// Reads the payload of an `RTM_NEWLINK` message.
///
/// Kernel: `net/core/rtnetlink.c`, `rtnl_fill_ifinfo()`.
///
/// - Parameters:
///   - payload: What follows the `nlmsghdr`.
///   - mark: By which Weft's own are told.
/// - Returns: `nil` if it is no link but, say, a bridge's word on one (`AF_BRIDGE`).
/// - Throws: ``NetlinkTransportError/malformed``.
package func decodeLink(
    _ payload: UnsafeRawBufferPointer,
    mark: Mark
) throws(NetlinkTransportError) -> DecodedLink? {
    guard payload.count >= MemoryLayout<ifinfomsg>.size else { throw .malformed }
    let header = payload.loadUnaligned(as: ifinfomsg.self)
    guard header.ifi_family == UInt8(AF_UNSPEC) else { return nil }
    let unnamed = ObservedLink(
        InterfaceName(fromKernel: ""),
        index: header.ifi_index,
        kind: .other(""),
        mark: mark
    )
    var decoded = DecodedLink(link: unnamed)
    decoded.link.isUp = header.ifi_flags & UInt32(IFF_UP) != 0
    var information: NetlinkAttributes?
    var attributes = NetlinkAttributes(payload, after: MemoryLayout<ifinfomsg>.size)
    while let attribute = attributes.next() {
        switch Int(attribute.type) {
        case Int(IFLA_IFNAME): decoded.link.name = InterfaceName(fromKernel: attribute.text)
        case Int(IFLA_MTU): decoded.link.mtu = MTU(bytes: attribute.uint32 ?? 0)
        case Int(IFLA_ADDRESS): decoded.link.mac = MACAddress(networkBytes: attribute.payload)
        case Int(IFLA_GROUP): decoded.link.group = attribute.uint32 ?? 0
        case Int(IFLA_IFALIAS): decoded.link.alias = attribute.text
        case Int(IFLA_MASTER): decoded.masterIndex = attribute.int32
        case Int(IFLA_LINK): decoded.lowerIndex = attribute.int32
        case Int(IFLA_LINK_NETNSID): decoded.lowerNamespace = attribute.int32
        case Int(IFLA_LINKINFO): information = attribute.nested
        case Int(IFLA_AF_SPEC): decoded.link.addressGeneration = addressGeneration(attribute.nested)
        default: break
        }
    }
    if attributes.isMalformed || decoded.link.name.text.isEmpty { throw .malformed }
    if let information { decoded.read(information) }
    return decoded
}

private func addressGeneration(_ families: NetlinkAttributes) -> AddressGeneration? {
    var families = families
    while let family = families.next() {
        guard CInt(family.type) == AF_INET6 else { continue }
        var attributes = family.nested
        while let attribute = attributes.next() {
            guard Int(attribute.type) == Int(IFLA_INET6_ADDR_GEN_MODE) else { continue }
            return AddressGeneration.allCases.first { $0.number == attribute.uint8 }
        }
    }
    return nil
}

extension DecodedLink {
    /// Reads `IFLA_LINKINFO`.
    fileprivate mutating func read(_ information: NetlinkAttributes) {
        var information = information
        var kind = ""
        var data = NetlinkAttributes(UnsafeRawBufferPointer(start: nil, count: 0))
        var isBridgePort = false
        while let attribute = information.next() {
            switch Int(attribute.type) {
            case Int(IFLA_INFO_KIND): kind = attribute.text
            case Int(IFLA_INFO_DATA): data = attribute.nested
            case Int(IFLA_INFO_SLAVE_KIND): isBridgePort = attribute.text == "bridge"
            case Int(IFLA_INFO_SLAVE_DATA) where isBridgePort: link.port = BridgePort(attribute.nested)
            default: break
            }
        }
        switch kind {
        case "bridge":
            link.kind = .bridge(Bridge(data))
        case "veth":
            link.kind = .veth(peerIndex: lowerIndex ?? 0, peerNamespace: lowerNamespace)
        case "vxlan":
            let (vxlan, underlayIndex) = decodeVXLAN(data)
            link.kind = .vxlan(vxlan)
            lowerIndex = underlayIndex
        case "macvlan":
            link.kind = .macvlan(decodeMacvlan(data))
        default:
            link.kind = .other(kind)
        }
    }
}
