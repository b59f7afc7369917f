import NetworkModel

/// The IPv4 addresses of one link as the kernel keeps them: in the order in which they came, the first of a prefix
/// primary to the others.
///
/// A link may have thousands, so every question and every change costs the same, however many there are.
struct AddressOrder {
    /// What the kernel tells the IPv4 addresses of a link apart by.
    struct Key: Hashable {
        var address: IPAddress
        var length: UInt8

        init(_ value: InterfaceAddress) {
            address = value.address
            length = value.prefixLength
        }
    }

    /// The addresses of a prefix, with gaps where some were removed.
    private struct Members {
        var values: [InterfaceAddress?] = []
        /// Where the first is: everything before is a gap.
        var head = 0
        var count = 0

        mutating func append(_ value: InterfaceAddress) {
            values.append(value)
            count += 1
        }

        /// Returns whether the removed one was primary to others.
        mutating func remove(at position: Int) -> Bool {
            let isPrimaryToOthers = position == head && count > 1
            values[position] = nil
            count -= 1
            while head < values.count, values[head] == nil { head += 1 }
            return isPrimaryToOthers
        }
    }

    private var members: [Prefix: Members] = [:]
    private var positions: [Key: Int] = [:]

    /// True if there is none.
    var isEmpty: Bool { positions.isEmpty }

    init(_ values: some Sequence<InterfaceAddress>) {
        for value in values { append(value) }
    }

    /// Adds an address behind all others.
    mutating func append(_ value: InterfaceAddress) {
        positions[Key(value)] = members[value.prefix, default: Members()].values.count
        members[value.prefix, default: Members()].append(value)
    }

    /// Takes an address away.
    ///
    /// - Returns: Whether it was primary to others; `nil` if it is not there.
    mutating func remove(_ value: InterfaceAddress) -> Bool? {
        guard let position = positions.removeValue(forKey: Key(value)) else { return nil }
        return members[value.prefix]?.remove(at: position)
    }

    func contains(_ value: InterfaceAddress) -> Bool { positions[Key(value)] != nil }

    /// The primary address of a prefix.
    func primary(of prefix: Prefix) -> InterfaceAddress? {
        members[prefix].flatMap { $0.head < $0.values.count ? $0.values[$0.head] : nil }
    }

    /// The addresses of the same prefix that stand before one that is there, in order.
    func ahead(of value: InterfaceAddress) -> [InterfaceAddress] {
        guard let position = positions[Key(value)], let members = members[value.prefix] else { return [] }
        return members.values[members.head..<max(members.head, position)].compactMap { $0 }
    }
}
