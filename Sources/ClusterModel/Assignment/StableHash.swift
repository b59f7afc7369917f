/// A hash that is the same at every run, on every platform, in every version: addresses are derived from it.
///
/// FNV-1a of 64 bits over the UTF-8 of each text, a zero byte behind each; then mixed by the last step of MurmurHash3, for
/// FNV leaves the hashes of short texts alike.
struct StableHash {
    private var bits: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Takes a text.
    mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(0)
    }

    private mutating func combine(_ byte: UInt8) {
        bits = (bits ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    /// Takes a number, its low byte first.
    mutating func combine(number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            combine(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// The hash of what was taken.
    var value: UInt64 {
        var hash = bits
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ hash >> 33
    }

    /// The hash of some texts.
    static func of(_ texts: String...) -> UInt64 {
        var hash = StableHash()
        for text in texts { hash.combine(text) }
        return hash.value
    }
}
