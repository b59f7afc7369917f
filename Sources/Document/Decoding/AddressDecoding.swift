internal import NetworkModel

/// The addresses of links.
extension Decoder {
    /// Reads the addresses of a link, in order.
    mutating func addresses(_ node: Int, of link: inout Link, into draft: inout NodeDraft) {
        guard let list = list(node) else { return }
        var seen: [IPAddress: Int] = [:]
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let (value, at) = linkAddress(item) else { continue }
            if let first = seen[value.address] {
                complain(
                    at: at,
                    "\(value.address) is on this link already, at \(tree.position(of: first))",
                    hint: "keep one of them"
                )
                continue
            }
            seen[value.address] = at
            claim(value, of: link, at: at, in: &draft)
            link.addresses.append(value)
        }
    }

    /// Complains if another link of the place has the same IPv4 address and length.
    private mutating func claim(
        _ value: InterfaceAddress,
        of link: Link,
        at node: Int,
        in draft: inout NodeDraft
    ) {
        guard value.address.family == .ipv4 else { return }
        let key = NodeDraft.AddressKey(
            place: link.id.place,
            address: value.address,
            length: value.prefixLength
        )
        if let owner = draft.ipv4Owners[key] {
            complain(
                at: node,
                "\(value) is on link '\(owner.link.name)' already, at \(tree.position(of: owner.node))",
                hint: "give each link an address of its own"
            )
        } else {
            draft.ipv4Owners[key] = (link.id, node)
        }
    }

    /// One address: a text, or a mapping with options.
    private mutating func linkAddress(_ item: Int) -> (InterfaceAddress, at: Int)? {
        let value = tree.resolve(item)
        guard tree.nodes[value].shape == .mapping else {
            return interfaceAddress(item).map { ($0, item) }
        }
        let fields = fields(value, AddressKey.self)
        require(.address, in: fields)
        let scope = choice(.scope, fields, AddressScope.self)
        let skipsDetection = boolean(.nodad, fields)
        let hasNoRoute = boolean(.noprefixroute, fields)
        guard let node = fields[.address], var address = interfaceAddress(node) else { return nil }
        if let scope, let node = fields[.scope] {
            if address.address.family == .ipv6 {
                complain(
                    at: node,
                    "an IPv6 address has no scope to choose: it is in the address",
                    hint: "leave it out"
                )
            } else {
                address.scope = scope
            }
        }
        if skipsDetection == true, address.address.family == .ipv4, let node = fields[.nodad] {
            complain(at: node, "IPv4 has no duplicate address detection", hint: "leave it out")
        } else if let skipsDetection {
            address.skipsDuplicateDetection = skipsDetection
        }
        if let hasNoRoute { address.hasNoPrefixRoute = hasNoRoute }
        return (address, node)
    }

    private mutating func interfaceAddress(_ node: Int) -> InterfaceAddress? {
        guard let value = scalar(node, "an address with the length of its prefix") else { return nil }
        guard let (address, length) = tree.withText(of: value, { AddressText.addressAndLength($0) }) else {
            let hint = AddressText.hint(forPrefix: tree.string(of: value))
            complain(
                at: node,
                "'\(shown(value))' is no address with a length",
                hint: hint ?? "write it as 10.9.0.1/24 or \"fd00:9::1/64\""
            )
            return nil
        }
        guard let length else {
            let usual = address.family == .ipv4 ? 24 : 64
            complain(
                at: node,
                "\(address) has no prefix length",
                hint: "write it as \(address)/\(usual); /\(address.family.width) for it alone"
            )
            return nil
        }
        let result = InterfaceAddress(address, prefixLength: length)
        guard let reason = Self.reason(against: result) else { return result }
        complain(at: node, reason, hint: "give the link an address of its own")
        return nil
    }

    /// Why a link can't have an address.
    private static func reason(against value: InterfaceAddress) -> String? {
        let address = value.address
        if let reason = address.reasonAgainstHost { return "\(address) \(reason)" }
        if address.family == .ipv6, address.isLoopback { return "::1 is on 'lo' only" }
        let hostBits = address.family.width - value.prefixLength
        guard hostBits > 1 else { return nil }
        if address == value.prefix.address {
            return address.family == .ipv4
                ? "\(value) is the network itself, not an address in it"
                : "\(value) is the anycast address of the subnet's routers"
        }
        guard address.family == .ipv4, hostBits < 64 else { return nil }
        let mask = UInt64(1) << UInt64(hostBits) - 1
        return address.low & mask == mask ? "\(value) is the broadcast address of its network" : nil
    }
}
