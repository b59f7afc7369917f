/// What a node's kernel holds, as far as it matters to Weft: its own objects, and foreign ones that may be in the way.
package struct ObservedState: Hashable, Sendable {
    /// The node's own namespace.
    package var node = ObservedNamespace()
    /// The namespaces that Weft made, by name.
    package var namespaces: [NamespaceName: ObservedNamespace] = [:]
    /// Names in `/run/netns` that are not Weft's.
    package var foreignNamespaces: Set<NamespaceName> = []
    /// Namespaces that were to be adopted and are not there, by what they are called here, and why not.
    package var waiting: [NamespaceName: String] = [:]
    /// Namespaces that were to be adopted and can't be, and why not.
    package var unfit: [NamespaceName: UnfitNamespace] = [:]
    /// Names on record that an interrupted creation left: empty files that no namespace is mounted on.
    package var leftOverNamespaces: Set<NamespaceName> = []
    /// Whether the kernel has IPv6.
    package var hasIPv6 = true
    /// Settings that Weft changed and that are on record.
    package var recordedSysctls: [Sysctl.Key: RecordedSysctl] = [:]
    /// The values of those settings that were asked for, and of those on record; none for a setting that is not there.
    package var sysctls: [Sysctl.Key: String] = [:]
    /// The files of sandboxes, and where they are laid over the node's.
    package var files: [SandboxFile.Key: ObservedFile] = [:]
    /// What others have in `/etc/netns`.
    package var foreignOverlays: Set<FileOverlay> = []
    /// Weft's firewall; `nil` if there is none.
    package var firewall: ObservedFirewall?
    /// What others' firewalls make of forwarded packets, where it was asked for; nothing of Weft's own is decided by it.
    package var foreignForwarding = ForeignForwarding()
    /// The namespaces whose names in `/etc/netns` are no directories: symbolic links, mostly.
    package var foreignOverlayDirectories: Set<NamespaceName> = []

    package init() {}

    /// What is at a place; `nil` if Weft has no such namespace.
    package subscript(place: Place) -> ObservedNamespace? {
        switch place {
        case .node: node
        case .namespace(let name): namespaces[name]
        }
    }
}

/// Why a namespace of somebody else's can't be adopted.
package struct UnfitNamespace: Hashable, Sendable {
    package var reason: String
    /// What can be done about it.
    package var hint: String

    package init(_ reason: String, hint: String = "name the namespace of a process of your own") {
        self.reason = reason
        self.hint = hint
    }
}

/// What Weft did to a setting.
package struct RecordedSysctl: Hashable, Sendable {
    /// The value before Weft's first writing.
    package var before: String
    /// The value that Weft wrote last.
    package var written: String

    package init(before: String, written: String) {
        self.before = before
        self.written = written
    }
}

/// What one network namespace holds.
package struct ObservedNamespace: Hashable, Sendable {
    /// Every link, Weft's and foreign ones.
    package var links: [ObservedLink] = []
    /// Weft's routes, and foreign ones except those of the kernel's local table.
    package var routes: [ObservedRoute] = []
    /// Permanent neighbours.
    package var neighbours: [ObservedNeighbour] = []
    /// Static and permanent FDB entries.
    package var forwarding: [ForwardingEntry] = []
    /// How many processes live in it; not counted for the node's own.
    package var processCount = 0
    /// Whether `lo` bears the mark; of no meaning for the node's own.
    package var isMarked = false
    /// The path of a namespace that somebody else made; `nil` for those that Weft made.
    package var adoptedPath: String?
    /// Which namespace it is: a number that the kernel never gives to another one while it runs; 0 if nobody asked.
    ///
    /// `SO_NETNS_COOKIE`. An inode is no such number: the next namespace gets that of one that died.
    package var cookie: UInt64 = 0

    package init() {}
}

/// A link as the kernel shows it.
package struct ObservedLink: Hashable, Sendable {
    package var index: Int32
    package var name: InterfaceName
    package var kind: ObservedLinkKind
    /// `IFF_UP`.
    package var isUp = false
    package var mtu = MTU.ethernet
    /// `nil` for links without a 48-bit address.
    package var mac: MACAddress?
    /// The bridge, or other master, it is a port of, and where that is known its name.
    package var master: InterfaceName?
    /// How it behaves as a port of a bridge; `nil` if it is none.
    package var port: BridgePort?
    /// `nil` where the kernel has no IPv6, or the link has a mode that Weft does not know.
    package var addressGeneration: AddressGeneration?
    package var group: UInt32 = 0
    package var alias = ""
    /// In the kernel's order: of an IPv4 prefix the first is primary.
    package var addresses: [ObservedAddress] = []
    /// The link that this one stands on, and goes with; `nil` if there is none, or it is not to be seen.
    ///
    /// `IFLA_LINK`, `IFLA_VXLAN_LINK`.
    package var lower: LinkID?
    /// The namespace of the link that this one stands on, or of the other end of its pair, as this one's numbers it; `nil` if
    /// it is here.
    ///
    /// `IFLA_LINK_NETNSID`.
    package var lowerNamespace: Int32?
    /// Secondary IPv4 addresses outlive their primary one, by the link's own setting.
    ///
    /// `IPV4_DEVCONF_PROMOTE_SECONDARIES`.
    package var promotesSecondaries = false
    /// IPv6 is turned off here by a setting, whatever ``addressGeneration`` says.
    ///
    /// `DEVCONF_DISABLE_IPV6`.
    package var isIPv6Disabled = false
    /// By which mark Weft's own are told, where it was read.
    package var mark: Mark

    package init(_ name: InterfaceName, index: Int32, kind: ObservedLinkKind, mark: Mark = .node) {
        self.name = name
        self.index = index
        self.kind = kind
        self.mark = mark
    }

    /// True if it is Weft's: it bears the mark, and is of a kind that Weft makes.
    package var isManaged: Bool {
        if case .other = kind { return false }
        return mark.isManaged(linkGroup: group, alias: alias)
    }
}

/// What a link is, as the kernel shows it.
package enum ObservedLinkKind: Hashable, Sendable {
    case bridge(Bridge)
    /// One end of a pair.
    ///
    /// - Parameters:
    ///   - peerIndex: The index of the other end, where it is. `IFLA_LINK`.
    ///   - peerNamespace: The other end's namespace as this one numbers it; `nil` if it is here. `IFLA_LINK_NETNSID`.
    case veth(peerIndex: Int32, peerNamespace: Int32?)
    case vxlan(VXLAN)
    case macvlan(Macvlan)
    /// Any other kind, by the kernel's name; empty for hardware and `lo`.
    case other(String)

    /// The kernel's name of the kind; empty for hardware and `lo`.
    ///
    /// `IFLA_INFO_KIND`.
    package var name: String {
        switch self {
        case .bridge: "bridge"
        case .veth: "veth"
        case .vxlan: "vxlan"
        case .macvlan: "macvlan"
        case .other(let name): name
        }
    }
}

/// An address as the kernel shows it.
package struct ObservedAddress: Hashable, Sendable {
    package var value: InterfaceAddress
    /// Who added it.
    ///
    /// `IFA_PROTO`; 0 where nobody said.
    package var protocolNumber: UInt8
    /// It has no lifetime.
    ///
    /// `IFA_F_PERMANENT`.
    package var isPermanent: Bool
    /// By which mark Weft's own are told, where it was read.
    package var mark: Mark

    package init(
        _ value: InterfaceAddress,
        protocolNumber: UInt8,
        isPermanent: Bool = true,
        mark: Mark = .node
    ) {
        self.value = value
        self.protocolNumber = protocolNumber
        self.isPermanent = isPermanent
        self.mark = mark
    }

    /// True if it is Weft's, given that the link is.
    package var isManaged: Bool { protocolNumber == mark.protocolNumber }

    /// The protocol of the link-local addresses that the kernel makes.
    ///
    /// `IFAPROT_KERNEL_LL`.
    package static let linkLocalProtocol: UInt8 = 3

    /// True for the link-local address that the kernel makes from the link's MAC.
    package var isMadeFromMAC: Bool {
        protocolNumber == Self.linkLocalProtocol && value.address.family == .ipv6 && value.address.isLinkLocal
    }
}

/// A route as the kernel shows it.
package struct ObservedRoute: Hashable, Sendable {
    /// Its attributes; ``Route/device`` is always there for a route that has one.
    package var value: Route
    /// Who added it.
    ///
    /// `rtm_protocol`.
    package var protocolNumber: UInt8
    /// It has something that Weft never asks for: several next hops, an encapsulation, a next-hop object, a TOS.
    package var isUnlikeAnyOfWefts: Bool
    /// It leads through another host that ``Route/gateway`` can't name: one of the other family, or an encapsulation.
    ///
    /// `RTA_VIA`, `RTA_ENCAP`.
    package var hasUnreadGateway = false
    /// By which mark Weft's own are told, where it was read.
    package var mark: Mark

    package init(
        _ value: Route,
        protocolNumber: UInt8,
        isUnlikeAnyOfWefts: Bool = false,
        mark: Mark = .node
    ) {
        self.value = value
        self.protocolNumber = protocolNumber
        self.isUnlikeAnyOfWefts = isUnlikeAnyOfWefts
        self.mark = mark
    }

    /// True if it is Weft's.
    package var isManaged: Bool { protocolNumber == mark.protocolNumber }
}

/// A permanent neighbour as the kernel shows it.
package struct ObservedNeighbour: Hashable, Sendable {
    package var value: Neighbour
    /// Who added it.
    ///
    /// `NDA_PROTOCOL`; 0 where nobody said.
    package var protocolNumber: UInt8
    /// By which mark Weft's own are told, where it was read.
    package var mark: Mark

    package init(_ value: Neighbour, protocolNumber: UInt8, mark: Mark = .node) {
        self.value = value
        self.protocolNumber = protocolNumber
        self.mark = mark
    }

    /// True if it is Weft's, given that the link is.
    package var isManaged: Bool { protocolNumber == mark.protocolNumber }
}
