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
        case .writeTables, .deleteTables: "firewall (tables 'inet weft', 'bridge weft')"
        case .add(let entry, let elements, let addresses), .remove(let entry, let elements, let addresses):
            "firewall entry of \(entry)\(Self.words(elements, addresses))"
        }
    }

    /// What it is about, as the JSON output has it.
    var objectName: String {
        switch self {
        case .writeTables, .deleteTables: "tables"
        case .add(let entry, _, _), .remove(let entry, _, _): entry.objectName
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

    private static func words(_ elements: [FirewallElement], _ forgotten: [IPAddress]) -> String {
        var details: [String] = []
        var lists: [String: [String]] = [:]
        var names: [String] = []
        for (name, value) in elements.map(\.attribute)
        where !["network", "port", "connections"].contains(name) {
            if lists[name] == nil { names.append(name) }
            if lists[name]?.contains(value) != true { lists[name, default: []].append(value) }
        }
        for name in names.sorted() {
            let values = lists[name] ?? []
            details.append(values == ["true"] ? name : "\(name) \(values.joined(separator: " "))")
        }
        if !forgotten.isEmpty {
            details.append("forgets connections of \(forgotten.map(\.description).joined(separator: " "))")
        }
        return details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
    }
}

extension FirewallEntry {
    /// What it is called in the JSON output.
    var objectName: String {
        switch self {
        case .bridge(let name), .port(let name): name.text
        case .vxlanPorts: "vxlanPorts"
        case .connections: "connections"
        }
    }
}
