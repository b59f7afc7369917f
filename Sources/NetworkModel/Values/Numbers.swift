/// The largest layer-3 packet that a link carries, in bytes.
package struct MTU: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number of bytes.
    package let bytes: UInt32

    /// What a document may ask for: 68, the least that IPv4 allows (RFC 791), through 65,535.
    package static let range: ClosedRange<UInt32> = 68...65535

    /// What the kernel gives an Ethernet link that was not told otherwise: 1,500.
    package static let ethernet = MTU(bytes: 1500)

    package init(bytes: UInt32) {
        self.bytes = bytes
    }

    /// True if a link of this MTU has IPv6: the kernel takes it away below 1,280 (RFC 8200, section 5).
    package var carriesIPv6: Bool { bytes >= 1280 }

    /// What is left of it when something is put around each packet; never less than IPv4 allows.
    package func lessened(by overhead: UInt32) -> MTU {
        MTU(bytes: max(Self.range.lowerBound, bytes > overhead ? bytes - overhead : 0))
    }

    package static func < (left: MTU, right: MTU) -> Bool { left.bytes < right.bytes }

    package var description: String { "\(bytes)" }
}

/// A VXLAN network identifier: 24 bits.
package struct VNI: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number.
    package let number: UInt32

    /// What a document may ask for: 1 through 16,777,215.
    package static let range: ClosedRange<UInt32> = 1...16_777_215

    package init(number: UInt32) {
        self.number = number
    }

    package static func < (left: VNI, right: VNI) -> Bool { left.number < right.number }

    package var description: String { "\(number)" }
}
