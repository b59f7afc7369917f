/// A range of addresses that share their first bits: `10.8.0.0/16`.
///
/// The bits behind the length are zero, always.
package struct Prefix: Hashable, Sendable {
    /// The first address of the range.
    package let address: IPAddress
    /// How many bits the addresses of the range share: 0 through 32, or 0 through 128.
    package let length: UInt8

    /// The range of `length` bits that `address` lies in; host bits are cleared.
    ///
    /// - Precondition: `length` is at most the family's width.
    package init(containing address: IPAddress, length: UInt8) {
        precondition(length <= address.family.width, "a prefix is no longer than its address")
        self.length = length
        switch address.family {
        case .ipv4:
            let mask: UInt32 = length == 0 ? 0 : ~0 << (32 - UInt32(length))
            self.address = IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low) & mask)
        case .ipv6:
            let highMask: UInt64 = length == 0 ? 0 : length >= 64 ? ~0 : ~0 << (64 - UInt64(length))
            let lowMask: UInt64 = length <= 64 ? 0 : ~0 << (128 - UInt64(length))
            self.address = IPAddress(ipv6High: address.high & highMask, low: address.low & lowMask)
        }
    }

    /// All addresses of a family: `0.0.0.0/0` or `::/0`.
    package static func all(_ family: AddressFamily) -> Prefix {
        Prefix(containing: .unspecified(family), length: 0)
    }

    /// Which family the addresses belong to.
    package var family: AddressFamily { address.family }

    /// True if the prefix holds one address only.
    package var isHost: Bool { length == family.width }

    /// True if `other` lies in the range.
    ///
    /// Addresses of the other family never do.
    package func contains(_ other: IPAddress) -> Bool {
        other.family == family && Prefix(containing: other, length: length) == self
    }

    /// True if all of `other` lies in the range.
    package func covers(_ other: Prefix) -> Bool {
        length <= other.length && contains(other.address)
    }

    /// True if the ranges share an address.
    package func overlaps(_ other: Prefix) -> Bool {
        length <= other.length ? contains(other.address) : other.contains(address)
    }
}

extension Prefix: Comparable {
    package static func < (left: Prefix, right: Prefix) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }
}

extension Prefix: CustomStringConvertible {
    package var description: String { "\(address)/\(length)" }
}
