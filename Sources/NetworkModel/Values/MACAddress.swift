/// A 48-bit link-layer address.
package struct MACAddress: Hashable, Sendable, Comparable {
    /// The 48 bits, the first octet highest.
    package let bits: UInt64

    /// An address of the low 48 bits of `bits`.
    package init(bits: UInt64) {
        self.bits = bits & 0xffff_ffff_ffff
    }

    /// Reads an address from the 6 bytes that the kernel writes.
    package init?(networkBytes bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 6 else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads six octets of two hexadecimal digits, joined by `:`.
    package init?(_ text: String) {
        var text = text
        let address = text.withUTF8 { MACAddress(ascii: UnsafeRawBufferPointer($0)) }
        guard let address else { return nil }
        self = address
    }

    /// Reads the text form from its bytes.
    package init?(ascii bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 17 else { return nil }
        var bits: UInt64 = 0
        for position in 0..<17 {
            let character = bytes[position]
            if position % 3 == 2 {
                guard character == UInt8(ascii: ":") else { return nil }
            } else {
                guard let digit = Self.value(ofHexDigit: character) else { return nil }
                bits = bits << 4 | UInt64(digit)
            }
        }
        self.bits = bits
    }

    private static func value(ofHexDigit character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Calls `body` with the 6 bytes in the order of the wire.
    package func withNetworkBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try withUnsafeBytes(of: (bits << 16).bigEndian) {
            try body(UnsafeRawBufferPointer(rebasing: $0[..<6]))
        }
    }

    /// `00:00:00:00:00:00`: the flood entry of a VXLAN link's FDB; no link may have it.
    package static let zero = MACAddress(bits: 0)

    /// True if the group bit is set: multicast or broadcast.
    ///
    /// No link may have such an address.
    package var isMulticast: Bool { bits >> 40 & 1 == 1 }

    package static func < (left: MACAddress, right: MACAddress) -> Bool { left.bits < right.bits }
}

extension MACAddress: CustomStringConvertible {
    /// Six octets of two lower-case hexadecimal digits, joined by `:`.
    package var description: String {
        (0..<6).map { index in
            let octet = bits >> UInt64(40 - 8 * index) & 0xff
            let digits = String(octet, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
