/// A permanent neighbour on a link of Weft's: where the owner of an address is on the link.
///
/// Equivalent to `ip neigh add ADDRESS lladdr MAC dev DEVICE nud permanent protocol weft`.
///
/// Kernel: `net/core/neighbour.c` (`neigh_add`), `include/uapi/linux/neighbour.h` (`NDA_*`).
package struct Neighbour: Hashable, Sendable {
    /// The address that is asked for.
    ///
    /// `NDA_DST`.
    package var address: IPAddress
    /// The link-layer address that answers.
    ///
    /// `NDA_LLADDR`.
    package var mac: MACAddress
    /// The link it is on.
    package var link: LinkID
    /// The protocol of whose it is; `nil` for Weft's.
    ///
    /// Only a rollback names others: it gives back what a document had taken over. `NDA_PROTOCOL`.
    package var owner: UInt8?

    package init(_ address: IPAddress, mac: MACAddress, on link: LinkID) {
        self.address = address
        self.mac = mac
        self.link = link
    }

    /// What the kernel tells neighbours apart by.
    package var key: Key { Key(address: address, link: link) }

    /// The identity of a neighbour.
    package struct Key: Hashable, Sendable, Comparable {
        package var address: IPAddress
        package var link: LinkID

        package init(address: IPAddress, link: LinkID) {
            self.address = address
            self.link = link
        }

        /// Few and cheap words: a node has hundreds of thousands of neighbours, on few links.
        package func hash(into hasher: inout Hasher) {
            hasher.combine(address.high)
            hasher.combine(address.low)
            hasher.combine(link.name)
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.link, left.address) < (right.link, right.address)
        }
    }
}
