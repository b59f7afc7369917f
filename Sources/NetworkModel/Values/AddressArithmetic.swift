extension IPAddress {
    /// The address as a number.
    package var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// The address of a number; bits that the family does not have are cut off.
    package init(number: UInt128, family: AddressFamily) {
        switch family {
        case .ipv4: self.init(ipv4: UInt32(truncatingIfNeeded: number))
        case .ipv6:
            self.init(
                ipv6High: UInt64(truncatingIfNeeded: number >> 64),
                low: UInt64(truncatingIfNeeded: number)
            )
        }
    }
}

extension Prefix {
    /// How many bits its addresses differ by.
    package var hostBits: UInt8 { family.width - length }

    /// The address that is `offset` behind the first one.
    package func address(at offset: UInt128) -> IPAddress {
        IPAddress(number: address.number + offset, family: family)
    }

    /// The last of its addresses.
    package var last: IPAddress {
        hostBits == 128
            ? IPAddress(number: .max, family: family) : address(at: UInt128(1) << UInt128(hostBits) - 1)
    }

    /// The address that nobody may have for the network needs it: the first, unless there are no more than two.
    ///
    /// Of IPv6 that is the anycast address of the subnet's routers.
    package var reservedFirst: IPAddress? { hostBits > 1 ? address : nil }

    /// The broadcast address: the last, of IPv4, unless there are no more than two.
    package var broadcast: IPAddress? { hostBits > 1 && family == .ipv4 ? last : nil }

    /// The first address that somebody may have.
    package var firstUsable: IPAddress { hostBits > 1 ? address(at: 1) : address }

    /// The addresses that both ranges have.
    package func intersection(_ other: Prefix) -> Prefix? {
        guard overlaps(other) else { return nil }
        return length >= other.length ? self : other
    }
}
