import Glibc

/// The two families of internet addresses.
package enum AddressFamily: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    case ipv4 = 4
    case ipv6 = 6

    /// The number of bits of an address: 32 or 128.
    package var width: UInt8 {
        self == .ipv4 ? 32 : 128
    }

    package static func < (left: AddressFamily, right: AddressFamily) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// An IPv4 or IPv6 address, as a number.
///
/// The bits stand at the low end of a 128-bit number in host order, so that comparing and masking are
/// arithmetic; ``withNetworkBytes(_:)`` gives the wire form.
package struct IPAddress: Hashable, Sendable {
    /// Bits 127 to 64 of an IPv6 address; 0 for IPv4.
    package let high: UInt64
    /// Bits 63 to 0; an IPv4 address is the low 32 of them.
    package let low: UInt64
    /// Which family the number belongs to.
    package let family: AddressFamily

    /// An IPv4 address of its 32 bits in host order.
    package init(ipv4 bits: UInt32) {
        high = 0
        low = UInt64(bits)
        family = .ipv4
    }

    /// An IPv6 address of its two halves in host order.
    package init(ipv6High high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
        family = .ipv6
    }

    /// Reads an address from the 4 or 16 bytes that the kernel writes, in network order.
    ///
    /// - Returns: `nil` if there are neither 4 nor 16 bytes.
    package init?(networkBytes bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4:
            self.init(ipv4: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case 16:
            self.init(
                ipv6High: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        default:
            return nil
        }
    }

    /// Reads the text form: dotted quad, or RFC 4291 for IPv6, without a zone.
    ///
    /// Equivalent to `inet_pton(3)`, which refuses leading zeros, missing parts and trailing bytes.
    package init?(_ text: some StringProtocol) {
        var storage: (UInt64, UInt64) = (0, 0)
        let family: AddressFamily = text.utf8.contains(UInt8(ascii: ":")) ? .ipv6 : .ipv4
        let isRead = text.withCString { characters in
            inet_pton(family == .ipv4 ? AF_INET : AF_INET6, characters, &storage) == 1
        }
        guard isRead, !text.utf8.contains(0) else { return nil }
        switch family {
        case .ipv4: self.init(ipv4: UInt32(bigEndian: UInt32(truncatingIfNeeded: storage.0)))
        case .ipv6: self.init(ipv6High: UInt64(bigEndian: storage.0), low: UInt64(bigEndian: storage.1))
        }
    }

    /// Calls `body` with the 4 or 16 bytes of the address in network order.
    package func withNetworkBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        switch family {
        case .ipv4:
            try withUnsafeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, body)
        case .ipv6:
            try withUnsafeBytes(of: (high.bigEndian, low.bigEndian), body)
        }
    }

    /// The address with all bits zero: `0.0.0.0` or `::`.
    package static func unspecified(_ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(ipv4: 0) : IPAddress(ipv6High: 0, low: 0)
    }

    /// True for `0.0.0.0` and `::`.
    package var isUnspecified: Bool {
        high == 0 && low == 0
    }

    /// True for 224.0.0.0/4 and ff00::/8.
    package var isMulticast: Bool {
        family == .ipv4 ? low >> 28 == 0xe : high >> 56 == 0xff
    }

    /// True for 127.0.0.0/8 and ::1.
    package var isLoopback: Bool {
        family == .ipv4 ? low >> 24 == 127 : (high == 0 && low == 1)
    }

    /// True for 169.254.0.0/16 and fe80::/10.
    package var isLinkLocal: Bool {
        family == .ipv4 ? low >> 16 == 0xa9fe : high >> 54 == 0xfe80 >> 6
    }
}

extension IPAddress {
    /// The link-local address that the kernel makes from a MAC (RFC 4291, appendix A).
    package init(linkLocalFor mac: MACAddress) {
        let upper = (mac.bits >> 24 ^ 0x02_0000) << 40
        self.init(ipv6High: 0xfe80 << 48, low: upper | 0xfffe << 24 | mac.bits & 0xff_ffff)
    }

    package static func == (left: IPAddress, right: IPAddress) -> Bool {
        left.low == right.low && left.high == right.high && left.family == right.family
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.family.rawValue, left.high, left.low) < (right.family.rawValue, right.high, right.low)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The text form that `ip` prints, after RFC 5952.
    package var description: String {
        withNetworkBytes { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
                let family = family == .ipv4 ? AF_INET : AF_INET6
                let text = inet_ntop(family, bytes.baseAddress, buffer.baseAddress, socklen_t(buffer.count))
                precondition(text != nil, "INET6_ADDRSTRLEN holds every address")
                return buffer.baseAddress.map { String(cString: $0) } ?? ""
            }
        }
    }
}
