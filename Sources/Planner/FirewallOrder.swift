package import NetworkModel

/// What the applier is to do to the firewall.
package enum FirewallOrder: Hashable, Sendable {
    /// Makes the tables with all rules, and with these elements of those that were there; then forgets the connections of some
    /// addresses, and of others all but what they began and is masqueraded.
    case writeTables([FirewallElement], forgetting: [IPAddress], exceptMasqueraded: [IPAddress] = [])
    /// Adds what the rules look up, then forgets the connections of some addresses.
    case add(FirewallEntry, [FirewallElement], forgetting: [IPAddress])
    /// Removes what the rules look up, then forgets the connections of some addresses.
    case remove(FirewallEntry, [FirewallElement], forgetting: [IPAddress])
    /// Takes the tables away, then forgets the connections of some addresses.
    case deleteTables(forgetting: [IPAddress])

    /// The order in the operator's words.
    var objectWords: String {
        switch self {
        case .writeTables, .deleteTables: "firewall (tables 'inet weft' and 'bridge weft')"
        case .add(let entry, let elements, _): "firewall entry of \(entry)\(entry.details(of: elements))"
        case .remove(let entry, _, _): "firewall entry of \(entry)"
        }
    }

    /// What it is about, as the JSON output has it.
    var objectName: String {
        switch self {
        case .writeTables, .deleteTables: "tables"
        case .add(let entry, _, _), .remove(let entry, _, _): entry.name
        }
    }

    /// The addresses whose connections are to be forgotten, all of them.
    package var forgetting: [IPAddress] {
        switch self {
        case .writeTables(_, let addresses, _), .add(_, _, let addresses), .remove(_, _, let addresses),
            .deleteTables(let addresses):
            addresses
        }
    }

    /// The addresses whose connections are to be forgotten, but for what they began and is masqueraded.
    package var forgettingExceptMasqueraded: [IPAddress] {
        switch self {
        case .writeTables(_, _, let addresses): addresses
        case .add, .remove, .deleteTables: []
        }
    }

    /// The attributes of an entry that comes or goes as a whole, by their names in documents.
    package var attributes: [(name: String, value: String)] {
        switch self {
        case .writeTables, .deleteTables: []
        case .add(let entry, let elements, _), .remove(let entry, let elements, _):
            entry.attributes(of: elements)
        }
    }
}

extension FirewallEntry {
    /// What it is about, as the JSON output has it.
    var name: String {
        switch self {
        case .bridge(let name), .port(let name): name.text
        case .vxlanPorts: "vxlanPorts"
        case .ranges: "ranges"
        case .tunnels: "tunnels"
        case .connections: "connections"
        }
    }

    /// What elements say of it, by the names that documents have for that; lists in order, with spaces.
    func attributes(of elements: some Sequence<FirewallElement>) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for (name, value) in elements.sorted().map(\.attribute) where values[name]?.contains(value) != true {
            values[name, default: []].append(value)
        }
        return attributeNames.map { ($0.name, values[$0.name]?.joined(separator: " ") ?? $0.fallback) }
    }

    /// The attributes in the order of documents, each with its value where no element says otherwise.
    private var attributeNames: [(name: String, fallback: String)] {
        switch self {
        case .bridge:
            [
                ("subnets", ""), ("outside", "false"), ("masquerade", "false"), ("reachable", "false"),
                ("spansNodes", "false"),
            ]
        case .port: [("mac", ""), ("addresses", "")]
        case .vxlanPorts: [("vxlanPorts", "")]
        case .ranges: [("ranges", "")]
        case .tunnels: [("tunnels", ""), ("nodes", "")]
        case .connections: [("connections", "")]
        }
    }

    /// ` (subnets 10.9.0.0/24, outside)`, for an entry that is made; of one that is changed the differences tell.
    fileprivate func details(of elements: [FirewallElement]) -> String {
        if self == .vxlanPorts { return " (\(elements.map(\.attribute.value).joined(separator: " ")))" }
        guard elements.contains(where: \.isWholeEntry) else { return "" }
        let words = attributes(of: elements).compactMap { name, value -> String? in
            switch value {
            case "", "false": nil
            case "true": name
            default: "\(name) \(value)"
            }
        }
        return words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
    }
}

extension FirewallElement {
    /// True for the element that an entry begins with.
    fileprivate var isWholeEntry: Bool {
        switch self {
        case .network, .port: true
        case .within, .outside, .masqueraded, .reachable, .subnet, .part, .mac, .sender, .target, .vxlanPort,
            .unforgotten:
            false
        case .range, .tunnel, .node: true
        }
    }
}
