/// An entry of a forwarding database (FDB) on a link of Weft's: behind which port or tunnel end an address is.
///
/// Equivalent to `bridge fdb add MAC dev DEVICE [dst ADDRESS] self|master [permanent|static] [vlan VLAN]`.
///
/// Kernel: `net/core/rtnetlink.c` (`rtnl_fdb_add`), `drivers/net/vxlan/vxlan_core.c` (`vxlan_fdb_add`),
/// `net/bridge/br_fdb.c` (`br_fdb_add`).
package struct ForwardingEntry: Hashable, Sendable {
    /// The address that frames are for; zero, on a VXLAN link: all that have no entry.
    ///
    /// `NDA_LLADDR`.
    package var mac: MACAddress
    /// The tunnel end that has the address; on VXLAN links only.
    ///
    /// `NDA_DST`.
    package var destination: IPAddress?
    /// The link it is on.
    package var link: LinkID
    /// Whose table it is in.
    package var table: Table
    /// Whether it can move.
    package var state: State
    /// The VLAN, for bridges that filter them; 0 for none.
    ///
    /// `NDA_VLAN`.
    package var vlan: UInt16 = 0
    /// The VNI that the tunnel end expects where it is not the link's own.
    ///
    /// `NDA_VNI`.
    package var vni: VNI?
    /// The UDP port of the tunnel end where it is not the link's own.
    ///
    /// `NDA_PORT`.
    package var port: UInt16?

    package init(_ mac: MACAddress, on link: LinkID, table: Table, state: State = .permanent) {
        self.mac = mac
        self.link = link
        self.table = table
        self.state = state
    }

    /// Whose table an entry is in.
    package enum Table: String, Hashable, Sendable, Comparable {
        /// The link's own, as a VXLAN link has one. `NTF_SELF`.
        case own = "self"
        /// That of the bridge which the link is a port of. `NTF_MASTER`.
        case bridge = "master"

        package static func < (left: Table, right: Table) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whether an entry can move to another port when its address is seen there.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// It does not move or age; on a bridge the address is the port's own: frames for it go to the host. `NUD_PERMANENT`.
        case permanent
        /// It does not age; frames for it leave by the port. `NUD_NOARP | NUD_REACHABLE`.
        case `static`

        /// The kernel's number.
        package var number: UInt16 {
            switch self {
            case .permanent: 0x80
            case .static: 0x42
            }
        }
    }

    /// What Weft tells entries apart by: of the zero address there is one for each destination.
    package var key: Key {
        Key(mac: mac, link: link, table: table, vlan: vlan, destination: mac == .zero ? destination : nil)
    }

    /// The identity of an FDB entry.
    package struct Key: Hashable, Sendable, Comparable {
        package var mac: MACAddress
        package var link: LinkID
        package var table: Table
        package var vlan: UInt16
        package var destination: IPAddress?

        package init(mac: MACAddress, link: LinkID, table: Table, vlan: UInt16, destination: IPAddress?) {
            self.mac = mac
            self.link = link
            self.table = table
            self.vlan = vlan
            self.destination = destination
        }

        /// Few and cheap words: a node has hundreds of thousands of entries, on few links.
        package func hash(into hasher: inout Hasher) {
            hasher.combine(mac.bits << 16 | UInt64(vlan))
            hasher.combine(destination?.low ?? 0)
            hasher.combine(link.name)
        }

        package static func < (left: Key, right: Key) -> Bool {
            if left.link != right.link { return left.link < right.link }
            if (left.mac, left.table) != (right.mac, right.table) {
                return (left.mac, left.table) < (right.mac, right.table)
            }
            if left.vlan != right.vlan { return left.vlan < right.vlan }
            switch (left.destination, right.destination) {
            case (let first?, let second?): return first < second
            case (nil, .some): return true
            case (_, nil): return false
            }
        }
    }
}
