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
    ///   - place: What its own namespace is called.
    /// - Returns: The link; an index that no link has is named `%INDEX`.
    package func resolved(
        here: [Int32: InterfaceName],
        node: [Int32: InterfaceName],
        place: Place = .node
    ) -> ObservedLink {
        var link = link
        link.master = masterIndex.map { here[$0] ?? Self.placeholder($0) }
        let found = lowerIndex.flatMap { (lowerNamespace == nil ? here : node)[$0] }
        let lower = lowerIndex.map { found ?? Self.placeholder($0) }
        if goesWithLower, lowerIndex != link.index || lowerNamespace != nil {
            link.lower = found.map { LinkID($0, in: lowerNamespace == nil ? place : .node) }
        }
        link.lowerNamespace = lowerNamespace
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

    /// True if the kernel deletes this link with the one that it shows as its lower.
    ///
    /// Of the other end of a pair that is so too, but it stands beside. Tunnels only send by theirs.
    private var goesWithLower: Bool {
        switch link.kind {
        case .bridge, .veth: false
        case .vxlan, .macvlan: true
        case .other(let name): !Self.kindsThatStay.contains(name)
        }
    }

    private static let kindsThatStay: Set<String> = [
        "", "netkit", "gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan", "ipip", "ip6tnl", "sit",
        "vti",
        "vti6", "xfrm",
    ]

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
        case Int(IFLA_AF_SPEC): decoded.link.readFamilies(attribute.nested)
        default: break
        }
    }
    if attributes.isMalformed || decoded.link.name.text.isEmpty { throw .malformed }
    if let information { decoded.read(information) }
    return decoded
}

extension ObservedLink {
    /// Reads `IFLA_AF_SPEC`: what the link's IPv4 and IPv6 have by themselves.
    ///
    /// Kernel: `inet_fill_link_af()`, `inet6_fill_ifla6_attrs()`.
    fileprivate mutating func readFamilies(_ families: NetlinkAttributes) {
        var families = families
        while let family = families.next() {
            var attributes = family.nested
            while let attribute = attributes.next() {
                switch (CInt(family.type), Int(attribute.type)) {
                case (AF_INET, Int(IFLA_INET_CONF)):
                    // The settings have no 0, and are counted from 1 on.
                    let position = Int(IPV4_DEVCONF_PROMOTE_SECONDARIES) - 1
                    promotesSecondaries = attribute.setting(position) ?? 0 != 0
                case (AF_INET6, Int(IFLA_INET6_CONF)):
                    isIPv6Disabled = attribute.setting(disablingIPv6) ?? 0 != 0
                case (AF_INET6, Int(IFLA_INET6_ADDR_GEN_MODE)):
                    addressGeneration = AddressGeneration.allCases.first { $0.number == attribute.uint8 }
                default:
                    break
                }
            }
        }
    }
}

/// `DEVCONF_DISABLE_IPV6`, of a header that Glibc's are in the way of.
///
/// Kernel: `include/uapi/linux/ipv6.h`.
private let disablingIPv6 = 26

extension NetlinkAttribute {
    /// The setting at a position of an array of settings; `nil` if the kernel knows fewer.
    fileprivate func setting(_ position: Int) -> Int32? {
        let size = MemoryLayout<Int32>.size
        guard payload.count >= (position + 1) * size else { return nil }
        return payload.loadUnaligned(fromByteOffset: position * size, as: Int32.self)
    }
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
