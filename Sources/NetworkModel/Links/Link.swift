/// A network device that shall exist, with every attribute that Weft sets.
///
/// Both ends of a veth pair are links of their own; each names the other in its kind.
package struct Link: Hashable, Sendable {
    /// Where it is and what it is called.
    package var id: LinkID
    /// What it is, with the options of its kind.
    package var kind: LinkKind
    /// Whether it is administratively up.
    ///
    /// `IFF_UP`.
    package var isUp = true
    /// The largest layer-3 packet, in bytes; `nil` for what the kernel would choose.
    ///
    /// `IFLA_MTU`.
    package var mtu: MTU?
    /// Its link-layer address.
    ///
    /// `IFLA_ADDRESS`.
    package var mac: MACAddress
    /// The bridge, in the same place, that it is a port of.
    ///
    /// `IFLA_MASTER`.
    package var master: InterfaceName?
    /// How it behaves as a port of its bridge; of no meaning without ``master``.
    package var port = BridgePort()
    /// How its link-local IPv6 address is made.
    ///
    /// `IFLA_INET6_ADDR_GEN_MODE`.
    package var addressGeneration = AddressGeneration.eui64
    /// What it is for, in at most ``Mark/longestPurpose`` bytes.
    ///
    /// `IFLA_IFALIAS`, behind the mark.
    package var purpose: String
    /// Its addresses, in order.
    package var addresses: [InterfaceAddress] = []
    /// The interface index that it must have; `nil` lets the planner choose.
    ///
    /// Only a rollback asks for one.
    package var index: Int32?
    /// Whether secondary addresses outlive their primary one by the link's own setting; `nil` leaves it.
    ///
    /// Only a rollback asks for it: deleting an address may have been broken off before it was put back.
    /// `IPV4_DEVCONF_PROMOTE_SECONDARIES`.
    package var promotesSecondaries: Bool?

    package init(_ id: LinkID, kind: LinkKind, mac: MACAddress, purpose: String) {
        self.id = id
        self.kind = kind
        self.mac = mac
        self.purpose = purpose
    }
}

/// What a link is.
package enum LinkKind: Hashable, Sendable {
    /// An Ethernet bridge.
    case bridge(Bridge)
    /// One end of a pair; the other end is named.
    case veth(peer: LinkID)
    /// Ethernet in UDP.
    case vxlan(VXLAN)
    /// A second address on a parent link.
    case macvlan(Macvlan)

    /// The kernel's name of the kind.
    ///
    /// `IFLA_INFO_KIND`.
    package var name: String {
        switch self {
        case .bridge: "bridge"
        case .veth: "veth"
        case .vxlan: "vxlan"
        case .macvlan: "macvlan"
        }
    }

    /// The link of the node that this one stands on, if any: a macvlan's parent, a VXLAN's underlay.
    package var parent: InterfaceName? {
        switch self {
        case .macvlan(let macvlan): macvlan.parent
        case .vxlan(let vxlan): vxlan.underlay
        case .bridge, .veth: nil
        }
    }

    /// True for a bridge.
    package var isBridge: Bool {
        switch self {
        case .bridge: true
        case .veth, .vxlan, .macvlan: false
        }
    }
}

/// How a link's link-local IPv6 address is made.
///
/// Kernel: `include/uapi/linux/if_link.h`, `IN6_ADDR_GEN_MODE_*`.
package enum AddressGeneration: String, Hashable, Sendable, CaseIterable {
    /// From the link's MAC. `IN6_ADDR_GEN_MODE_EUI64`.
    case eui64
    /// No link-local address, hence no IPv6 on the link, no DAD, no MLD. `IN6_ADDR_GEN_MODE_NONE`.
    case none

    /// The kernel's number.
    package var number: UInt8 {
        switch self {
        case .eui64: 0
        case .none: 1
        }
    }
}

/// An address on a link, with the length of the prefix that is on-link through it.
package struct InterfaceAddress: Hashable, Sendable {
    /// The address, host bits and all.
    ///
    /// `IFA_LOCAL`.
    package var address: IPAddress
    /// The length of the on-link prefix, in bits.
    ///
    /// `ifa_prefixlen`.
    package var prefixLength: UInt8
    /// How far the address is valid; for IPv4 only, IPv6 derives it from the address.
    ///
    /// `ifa_scope`.
    package var scope = AddressScope.global
    /// Usable at once, with no duplicate address detection; for IPv6 only.
    ///
    /// `IFA_F_NODAD`.
    package var skipsDuplicateDetection = false
    /// Brings no route to its prefix.
    ///
    /// `IFA_F_NOPREFIXROUTE`.
    package var hasNoPrefixRoute = false
    /// The protocol of whose it is; `nil` for Weft's.
    ///
    /// Only a rollback names others: it gives back what a document had taken over. `IFA_PROTO`.
    package var owner: UInt8?

    package init(_ address: IPAddress, prefixLength: UInt8) {
        precondition(prefixLength <= address.family.width, "a prefix is no longer than its address")
        self.address = address
        self.prefixLength = prefixLength
    }

    /// True if it is Weft's.
    package var isOwn: Bool { owner == nil }

    /// The range that is on-link through this address.
    package var prefix: Prefix { Prefix(containing: address, length: prefixLength) }
}

extension InterfaceAddress: CustomStringConvertible {
    /// `10.9.0.1/24`.
    package var description: String { "\(address)/\(prefixLength)" }
}

/// How far an address or a route is valid.
///
/// Kernel: `include/uapi/linux/rtnetlink.h`, `RT_SCOPE_*`.
package enum AddressScope: String, Hashable, Sendable, CaseIterable {
    /// Everywhere. `RT_SCOPE_UNIVERSE`.
    case global
    /// Within the site. `RT_SCOPE_SITE`.
    case site
    /// On the link only. `RT_SCOPE_LINK`.
    case link
    /// On this host only. `RT_SCOPE_HOST`.
    case host

    /// The kernel's number.
    package var number: UInt8 {
        switch self {
        case .global: 0
        case .site: 200
        case .link: 253
        case .host: 254
        }
    }
}
