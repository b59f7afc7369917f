internal import ClusterModel
internal import NetworkModel

/// The values of keys, by what the keys' attributes say that they look like. `nil`: not there, or complained of.
extension Decoder {
    /// True or false.
    mutating func boolean<Key: KeySet>(_ key: Key, _ fields: Fields<Key>) -> Bool? {
        guard let node = fields[key], let value = scalar(node, "true or false") else { return nil }
        switch tree.string(of: value) {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
        default:
            complain(at: node, "'\(shown(value))' is neither true nor false")
            return nil
        }
    }

    /// A whole number in the key's range.
    mutating func number<Key: KeySet>(_ key: Key, _ fields: Fields<Key>) -> UInt64? {
        guard let node = fields[key] else { return nil }
        guard case .number(let range, let unit) = Key.index.attributes[key.rawValue].form else {
            preconditionFailure("'\(key.name)' is no number")
        }
        return number(node, in: range, unit: unit)
    }

    /// A whole number of no more than 32 bits.
    mutating func number32<Key: KeySet>(_ key: Key, _ fields: Fields<Key>) -> UInt32? {
        number(key, fields).map { UInt32(truncatingIfNeeded: $0) }
    }

    /// A whole number in a range.
    mutating func number(_ node: Int, in range: ClosedRange<UInt64>, unit: String) -> UInt64? {
        guard let value = scalar(node, "a number") else { return nil }
        let span = "\(range.lowerBound) through \(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)")
        switch tree.withText(of: value, { NumberText.read($0) }) {
        case .number(let number) where range.contains(number):
            return number
        case .number, .outside:
            complain(at: node, "\(shown(value)) is out of range", hint: "it is \(span)")
        case .leadingZero:
            complain(
                at: node,
                "'\(shown(value))' begins with 0, which may mean octal",
                hint: "write it in decimal, or as 0x…"
            )
        case .none:
            complain(at: node, "'\(shown(value))' is not a whole number", hint: "it is \(span)")
        }
        return nil
    }

    /// One of the words that an enumeration has.
    mutating func choice<Key: KeySet, Value>(_ key: Key, _ fields: Fields<Key>, _: Value.Type) -> Value?
    where Value: RawRepresentable<String> & CaseIterable {
        guard let node = fields[key] else { return nil }
        let words = Value.allCases.map(\.rawValue)
        guard let value = scalar(node, "one of " + words.joined(separator: ", ")) else { return nil }
        let text = tree.string(of: value)
        if let choice = Value(rawValue: text) { return choice }
        let hint = Nearest.question(text, among: words) ?? "it is one of " + words.joined(separator: ", ")
        complain(at: node, "'\(shown(value))' is no \(key.name)", hint: hint)
        return nil
    }

    /// A text.
    mutating func text(_ node: Int, _ expected: @autoclosure () -> String, maximumBytes: Int) -> String? {
        guard let value = scalar(node, expected()) else { return nil }
        let text = tree.string(of: value)
        guard !text.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
            complain(at: node, "the text has a line break or control character")
            return nil
        }
        guard text.utf8.count <= maximumBytes else {
            complain(
                at: node,
                "the text has \(text.utf8.count) bytes",
                hint: "the kernel keeps \(maximumBytes)"
            )
            return nil
        }
        return text
    }

    /// The name of a link.
    mutating func interfaceName<Key: KeySet>(_ key: Key, _ fields: Fields<Key>) -> InterfaceName? {
        guard let node = fields[key], let value = scalar(node, "the name of a link") else { return nil }
        if case .success(let name) = tree.withText(of: value, { InterfaceName.checked($0) }) { return name }
        return interfaceName(tree.string(of: value), at: node)
    }

    /// A text as the name of a link.
    mutating func interfaceName(_ text: String, at node: Int) -> InterfaceName? {
        do throws(InvalidName) {
            return try InterfaceName(text)
        } catch {
            complain(at: node, "'\(text)' can't be a link's name: \(error.reason)")
            return nil
        }
    }

    /// A link-layer address.
    mutating func mac<Key: KeySet>(_ key: Key, _ fields: Fields<Key>) -> MACAddress? {
        guard let node = fields[key], let value = scalar(node, "a MAC") else { return nil }
        if let mac = tree.withText(of: value, { MACAddress(ascii: UnsafeRawBufferPointer($0)) }) {
            return mac
        }
        complain(at: node, "'\(shown(value))' is no MAC", hint: "write it as \"02:00:00:00:00:07\"")
        return nil
    }

    /// An address.
    mutating func address<Key: KeySet>(_ key: Key, _ fields: Fields<Key>) -> IPAddress? {
        fields[key].flatMap { address($0) }
    }

    /// An address.
    mutating func address(_ node: Int) -> IPAddress? {
        guard let value = scalar(node, "an IP address") else { return nil }
        if let address = tree.withText(of: value, { AddressText.address($0) }) { return address }
        let text = tree.string(of: value)
        let isPrefix = text.contains("/")
        complain(
            at: node,
            "'\(shown(value))' is no IP address",
            hint: isPrefix ? "leave out the '/' and what is behind it" : AddressText.hint(for: text)
        )
        return nil
    }

    /// An address that one host can have, for `what`.
    mutating func hostAddress(_ node: Int, _ what: String) -> IPAddress? {
        guard let address = address(node) else { return nil }
        guard let reason = address.reasonAgainstHost else { return address }
        complain(at: node, "\(address) \(reason): it can't be \(what)")
        return nil
    }
}

extension IPAddress {
    /// Why no host can have the address.
    var reasonAgainstHost: String? {
        if isUnspecified { return "is the unspecified address" }
        if isMulticast { return "is a multicast address" }
        if family == .ipv4, low == 0xffff_ffff { return "is the broadcast address" }
        return nil
    }
}
