internal import NetworkModel

/// Understands a rule of somebody else's, as far as it matters to which links packets may go.
///
/// What it does not know becomes a condition that nobody can tell of.
struct RuleReader {
    /// The elements of the table's sets and maps.
    let sets: [String: [JSONValue]]
    /// The rule as text, where that tells more.
    let text: Substring?

    /// What one rule amounts to: several where it looks its verdict up, none where it has no verdict.
    func rules(_ statements: [JSONValue]) -> [ForeignTable.Rule] {
        var conditions: [ForeignTable.Condition] = []
        for statement in statements {
            guard case .object(let members) = statement, let (kind, value) = members.first else { continue }
            if let verdict = Self.verdict(kind, value) { return [ForeignTable.Rule(conditions, verdict)] }
            switch kind {
            case "match": conditions += match(value)
            case "vmap": return lookUp(value).map { ForeignTable.Rule(conditions + $0, $1) }
            case "xt": if let condition = extensionMatch(value) { conditions.append(condition) }
            case "counter", "log", "mangle", "notrack", "flow", "continue": continue
            default: conditions.append(.unknown)
            }
        }
        return []
    }

    /// The verdict that a statement is; `nil` if it is none.
    private static func verdict(_ kind: String, _ value: JSONValue) -> ForeignTable.Verdict? {
        switch kind {
        case "accept": .accept
        case "drop", "reject": .drop
        case "return": .return
        case "jump": value["target"]?.text.map { .jump($0) }
        case "goto": value["target"]?.text.map { .goto($0) }
        case "xt" where value["type"]?.text == "target": extensionVerdict(value["name"]?.text)
        default: nil
        }
    }

    // MARK: Extensions of iptables

    private static func extensionVerdict(_ name: String?) -> ForeignTable.Verdict? {
        switch name {
        case "REJECT", "DROP": .drop
        default: nil
        }
    }

    /// What an extension asks; `nil` if it asks nothing.
    private func extensionMatch(_ value: JSONValue) -> ForeignTable.Condition? {
        if value["type"]?.text == "target" {
            // Others than these may decide, or send the packet elsewhere.
            let harmless = ["LOG", "NFLOG", "MARK", "CONNMARK", "CT", "TCPMSS", "CLASSIFY", "DSCP"]
            return harmless.contains(value["name"]?.text ?? "") ? nil : .unknown
        }
        if value["name"]?.text == "comment" { return nil }
        guard value.isConnectionMatch, let words = text?.split(whereSeparator: \.isWhitespace),
            let position = words.firstIndex(of: "ct"), words.indices.contains(position + 2),
            words[position + 1] == "state", !words[(position + 3)...].contains("ct")
        else { return .unknown }
        let states = words[position + 2].split(separator: ",").map {
            ForeignTable.ConnectionStates(named: $0)
        }
        guard !states.contains(nil) else { return .unknown }
        return .connection(ForeignTable.ConnectionStates(states.compactMap(\.self)))
    }

    // MARK: Matches

    private func match(_ value: JSONValue) -> [ForeignTable.Condition] {
        guard let left = value["left"], let right = value["right"], let operation = value["op"]?.text,
            ["==", "!=", "in"].contains(operation)
        else { return [.unknown] }
        var conditions = asked(of: left, values(right))
        if operation == "!=", let last = conditions.popLast() {
            conditions.append(last == .unknown ? .unknown : .not(last))
        }
        return conditions
    }

    /// What is asked of one side of a comparison: the last condition is the comparison itself.
    private func asked(of left: JSONValue, _ values: [JSONValue]) -> [ForeignTable.Condition] {
        if let key = left["meta"]?["key"]?.text { return [asked(ofPacket: key, values)] }
        if left["ct"]?["key"]?.text == "state" {
            let numbers = values.compactMap(\.integer)
            guard numbers.count == values.count else { return [.unknown] }
            return [.connection(.init(numbers.map(ForeignTable.ConnectionStates.init)))]
        }
        guard let payload = left["payload"],
            let family = AddressFamily(protocolName: payload["protocol"]?.text),
            let side = ForeignTable.Side(field: payload["field"]?.text)
        else { return [.unknown] }
        let prefixes = values.compactMap(Prefix.init)
        guard prefixes.count == values.count else { return [.family(family), .unknown] }
        return [.family(family), .address(side, prefixes)]
    }

    private func asked(ofPacket key: String, _ values: [JSONValue]) -> ForeignTable.Condition {
        switch key {
        case "iifname", "iif", "oifname", "oif":
            let names = values.compactMap(\.text)
            guard names.count == values.count else { return .unknown }
            let side: ForeignTable.Side = key.hasPrefix("i") ? .source : .destination
            return .link(side, names.map(ForeignTable.LinkPattern.init))
        case "nfproto": return Self.family(values, ipv4: [2], ipv6: [10])
        // nftables 1.0.6 lists the number as it is on the wire, read as one of this machine's.
        case "protocol": return Self.family(values, ipv4: [0x0800, 0x0008], ipv6: [0x86dd, 0xdd86])
        default: return .unknown
        }
    }

    /// What is asked by a family's number.
    private static func family(
        _ values: [JSONValue],
        ipv4: [Int64],
        ipv6: [Int64]
    ) -> ForeignTable.Condition {
        guard values.count == 1, let number = values[0].integer else { return .unknown }
        if ipv4.contains(number) { return .family(.ipv4) }
        return ipv6.contains(number) ? .family(.ipv6) : .unknown
    }

    // MARK: Sets and maps

    /// The values that one side of a comparison stands for.
    private func values(_ right: JSONValue) -> [JSONValue] {
        let items: [JSONValue]
        if let name = right.text, name.hasPrefix("@") {
            // One whose elements are not listed holds nothing that anybody can tell of.
            items = sets[String(name.dropFirst())] ?? [.null]
        } else if let set = right["set"] {
            items = set.items
        } else if case .list(let list) = right {
            items = list
        } else {
            items = [right]
        }
        return items.map { $0["elem"]?["val"] ?? $0 }
    }

    /// The entries of a map of verdicts, each with what it asks.
    private func lookUp(_ value: JSONValue) -> [([ForeignTable.Condition], ForeignTable.Verdict)] {
        guard let key = value["key"], let data = value["data"] else { return [] }
        return values(data).compactMap { entry in
            guard entry.items.count == 2, case .object(let members) = entry.items[1],
                let (kind, target) = members.first, let verdict = Self.verdict(kind, target)
            else { return nil }
            let wanted = entry.items[0]["elem"]?["val"] ?? entry.items[0]
            return (asked(of: key, [wanted]), verdict)
        }
    }
}

extension AddressFamily {
    /// The family of a protocol in nftables' words.
    fileprivate init?(protocolName: String?) {
        switch protocolName {
        case "ip": self = .ipv4
        case "ip6": self = .ipv6
        default: return nil
        }
    }
}

extension ForeignTable.Side {
    /// The side of a field of an IP header.
    fileprivate init?(field: String?) {
        switch field {
        case "saddr": self = .source
        case "daddr": self = .destination
        default: return nil
        }
    }
}
