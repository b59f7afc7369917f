extension JSONValue {
    /// A number that is the same for equal values, and in all likelihood for no others: FNV-1a of 64 bits over a text in which
    /// members have their order.
    ///
    /// - Parameter seed: What else the number is of.
    /// - Returns: The number in hexadecimal digits.
    func digest(_ seed: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (seed + canonical).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    private var canonical: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let text): "\"\(text.utf8.count):\(text)\""
        case .list(let items): "[" + items.map(\.canonical).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.canonical)" }
                .joined(separator: ",") + "}"
        }
    }
}
