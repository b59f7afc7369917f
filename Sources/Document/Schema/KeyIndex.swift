/// The keys of one kind of mapping; each case's raw value is its place among all.
protocol KeySet: RawRepresentable<Int>, CaseIterable, Hashable, Sendable {
    /// What the document says about the key.
    var attribute: Attribute { get }
    /// All keys, ready to be looked up.
    static var index: KeyIndex<Self> { get }
}

/// Finds keys by their bytes.
struct KeyIndex<Key: KeySet>: Sendable {
    /// The keys' attributes, by raw value.
    let attributes: [Attribute]
    private let entries: [Entry]

    private struct Entry: Sendable {
        /// The first eight bytes of the key.
        var head: UInt64
        var length: Int
        var bytes: [UInt8]
        var key: Key
    }

    init() {
        attributes = Key.allCases.map(\.attribute)
        entries = Key.allCases.map { key in
            let bytes = Array(key.attribute.name.utf8)
            let head = bytes.withUnsafeBufferPointer { Self.head(of: $0) }
            return Entry(head: head, length: bytes.count, bytes: bytes, key: key)
        }
    }

    /// The key with this text, if there is one.
    func key(_ text: UnsafeBufferPointer<UInt8>) -> Key? {
        let head = Self.head(of: text)
        for entry in entries where entry.head == head && entry.length == text.count {
            if text.count <= 8 || text.elementsEqual(entry.bytes) { return entry.key }
        }
        return nil
    }

    private static func head(of text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var head: UInt64 = 0
        for byte in text.prefix(8) { head = head << 8 | UInt64(byte) }
        return head
    }
}

extension KeySet {
    /// The key as it is written.
    var name: String { Self.index.attributes[rawValue].name }
}
