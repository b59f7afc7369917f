internal import ClusterModel
internal import NetworkModel

/// Values of which there is one, or a list of one for each family; and names.
extension Decoder {
    /// The items of a list, or the one value that stands for it; there is at least one.
    mutating func items(_ node: Int) -> [Int] {
        let items = tree.items(node)
        if items.isEmpty {
            complain(at: node, "the list is empty", hint: "write at least one")
        }
        return items
    }

    /// Reads the items of a list; those of which nothing comes are taken note of, for others to be found by their number.
    mutating func elements<Value>(of list: Int, _ read: (inout Decoder, Int) -> Value?) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(Int(tree.nodes[list].first))
        var ordinal = 0
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            if let value = read(&self, item) {
                values.append(value)
            } else {
                droppedItems[list, default: []].append(ordinal)
            }
            ordinal += 1
        }
        return values
    }

    /// A prefix, or a list of one for each family.
    mutating func prefixes(_ node: Int, _ what: String) -> PerFamily<Prefix> {
        var prefixes = PerFamily<Prefix>()
        for item in items(node) {
            guard let prefix = prefix(item) else { continue }
            if let other = prefixes[prefix.family] {
                complain(item, alreadyHas: "\(other)", of: prefix.family, what)
            } else {
                prefixes[prefix.family] = prefix
            }
        }
        return prefixes
    }

    /// An address, or a list of one for each family.
    mutating func addresses(_ node: Int, _ what: String) -> PerFamily<IPAddress> {
        var addresses = PerFamily<IPAddress>()
        for item in items(node) {
            guard let address = hostAddress(item, what) else { continue }
            if let other = addresses[address.family] {
                complain(item, alreadyHas: "\(other)", of: address.family, what)
            } else {
                addresses[address.family] = address
            }
        }
        return addresses
    }

    private mutating func complain(
        _ item: Int,
        alreadyHas other: String,
        of family: AddressFamily,
        _ what: String
    ) {
        let words = family == .ipv4 ? "IPv4" : "IPv6"
        let noun = what.drop { $0 != " " }
        complain(at: item, "there is an \(words)\(noun) already: \(other)", hint: "keep one of them")
    }

    /// A range of addresses.
    mutating func prefix(_ node: Int) -> Prefix? {
        guard let value = scalar(node, "a prefix") else { return nil }
        guard let (address, length) = tree.withText(of: value, { AddressText.addressAndLength($0) }) else {
            let hint = AddressText.hint(forPrefix: tree.string(of: value))
            complain(
                at: node,
                "'\(shown(value))' is no prefix",
                hint: hint ?? "write it as 10.8.0.0/16 or \"fd00:8::/64\""
            )
            return nil
        }
        guard let length else {
            let usual = address.family == .ipv4 ? 24 : 64
            complain(at: node, "\(address) has no prefix length", hint: "write it as \(address)/\(usual)")
            return nil
        }
        let prefix = Prefix(containing: address, length: length)
        guard prefix.address == address else {
            complain(at: node, "\(address)/\(length) has host bits", hint: "did you mean \(prefix)?")
            return nil
        }
        return prefix
    }

    /// The name that something is defined by; where it is none it is taken nevertheless, for what else is wrong.
    mutating func definedName<Bearer>(_ entry: NamedEntry, _ what: String) -> Name<Bearer> {
        do throws(InvalidName) {
            return try Name<Bearer>(entry.name)
        } catch {
            complain(at: entry.key, "'\(shown(entry.key))' can't be \(what)'s name", hint: error.reason)
            return Name(unchecked: entry.name)
        }
    }

    /// The name of something that is defined elsewhere.
    mutating func reference<Bearer>(_ node: Int, _ what: String) -> Name<Bearer>? {
        scalar(node, what).map { Name(unchecked: tree.string(of: $0)) }
    }

    /// A name that is given here.
    mutating func alias(_ node: Int) -> AliasName? {
        guard let value = scalar(node, "an alias") else { return nil }
        do throws(InvalidName) {
            return try AliasName(tree.string(of: value))
        } catch {
            complain(at: node, "'\(shown(value))' can't be an alias", hint: error.reason)
            return nil
        }
    }
}

extension ValueTree {
    /// The items of a list, or the one value that stands for it.
    func items(_ node: Int) -> [Int] {
        let value = resolve(node)
        guard nodes[value].shape == .list else { return [node] }
        var items: [Int] = []
        var cursor = ItemCursor(value, in: self)
        while let item = cursor.next(in: self) { items.append(item) }
        return items
    }
}
