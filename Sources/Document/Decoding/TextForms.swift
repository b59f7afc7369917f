internal import Glibc
internal import NetworkModel

/// Reads whole numbers.
enum NumberText {
    case number(UInt64)
    /// It is negative, or has more than 64 bits.
    case outside
    case leadingZero
    /// It is no whole number.
    case none

    /// Reads decimal digits, or hexadecimal ones behind `0x`.
    static func read(_ text: UnsafeBufferPointer<UInt8>) -> NumberText {
        if text.count > 2, text[0] == UInt8(ascii: "0"), text[1] | 32 == UInt8(ascii: "x") {
            return read(UnsafeBufferPointer(rebasing: text[2...]), radix: 16)
        }
        if text.count > 1, text[0] == UInt8(ascii: "-"), case .number = read(.init(rebasing: text[1...])) {
            return .outside
        }
        guard text.count > 1, text[0] == UInt8(ascii: "0") else { return read(text, radix: 10) }
        if case .none = read(text, radix: 10) { return .none }
        return .leadingZero
    }

    private static func read(_ digits: UnsafeBufferPointer<UInt8>, radix: UInt64) -> NumberText {
        guard !digits.isEmpty else { return .none }
        var number: UInt64 = 0
        var isOutside = false
        for byte in digits {
            guard let digit = value(of: byte), digit < radix else { return .none }
            let (product, first) = number.multipliedReportingOverflow(by: radix)
            let (sum, second) = product.addingReportingOverflow(digit)
            isOutside = isOutside || first || second
            number = sum
        }
        return isOutside ? .outside : .number(number)
    }

    private static func value(of byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

/// Reads addresses and prefixes from bytes; the dotted quads of large lists without making texts of them.
enum AddressText {
    /// An address.
    static func address(_ text: UnsafeBufferPointer<UInt8>) -> IPAddress? {
        if let bits = quad(text) { return IPAddress(ipv4: bits) }
        // The longest form, with the last 32 bits as a dotted quad, has 45 characters.
        guard text.count < Int(INET6_ADDRSTRLEN), text.contains(UInt8(ascii: ":")), !text.contains(0) else {
            return nil
        }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(INET6_ADDRSTRLEN)) { characters in
            let end = characters.update(fromContentsOf: text)
            characters[end] = 0
            return withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
                let isRead = characters.withMemoryRebound(to: CChar.self) { characters in
                    characters.baseAddress.map { inet_pton(AF_INET6, $0, bytes.baseAddress) == 1 } ?? false
                }
                return isRead ? IPAddress(networkBytes: UnsafeRawBufferPointer(bytes)) : nil
            }
        }
    }

    /// An address and the length behind the `/`, where there is one.
    static func addressAndLength(_ text: UnsafeBufferPointer<UInt8>) -> (IPAddress, length: UInt8?)? {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else {
            return address(text).map { ($0, nil) }
        }
        guard let address = address(UnsafeBufferPointer(rebasing: text[..<slash])) else { return nil }
        let digits = text[(slash + 1)...]
        guard !digits.isEmpty, digits.count <= 3 else { return nil }
        var length = 0
        for byte in digits {
            guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
            length = length * 10 + Int(byte - UInt8(ascii: "0"))
        }
        guard length <= Int(address.family.width), digits.count == 1 || digits.first != UInt8(ascii: "0")
        else {
            return nil
        }
        return (address, UInt8(truncatingIfNeeded: length))
    }

    /// The 32 bits of a dotted quad without leading zeros.
    private static func quad(_ text: UnsafeBufferPointer<UInt8>) -> UInt32? {
        guard text.count <= 15 else { return nil }
        var bits: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in text {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                (bits, octet, digits, dots) = (bits << 8 | octet, 0, 0, dots + 1)
            } else {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits == 0 || octet > 0 else {
                    return nil
                }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard octet <= 255 else { return nil }
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        return bits << 8 | octet
    }

    /// What may be wrong with a text that is no address with a length.
    static func hint(forPrefix text: String) -> String? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard parts.count == 2, let address = IPAddress(parts[0]) else {
            return parts.first.flatMap { hint(for: $0) }
        }
        return "the length behind the '/' is 0 through \(address.family.width)"
    }

    /// What may be wrong with a text that is no address.
    static func hint(for text: String) -> String? {
        if text.contains("%") { return "leave out the '%' and what is behind it" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let areNumbers = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { 48...57 ~= $0 } }
        guard areNumbers, parts.count > 1, !text.contains(":") else { return nil }
        if parts.count != 4 { return "an IPv4 address has four parts, this has \(parts.count)" }
        if parts.contains(where: { $0.count > 1 && $0.first == "0" }) { return "no part begins with 0" }
        return "each part is 0 through 255"
    }
}
