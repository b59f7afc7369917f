package import NetworkModel

extension NodeFirewall {
    /// Reads the tables of others that see what the node forwards.
    ///
    /// Where there is none, only the names of chains are read. Tables are listed by family and never by their own name, which
    /// may be anything.
    ///
    /// Equivalent to: `nft -j list chains`, then `nft -j list ruleset FAMILY`.
    ///
    /// - Throws: ``NftablesError``.
    package func foreignTables() throws -> [ForeignTable] {
        let bases = try TableListing.objects(in: session.run("list chains")).compactMap { object in
            object["chain"].flatMap(BaseChain.init)
        }
        return try ForeignTable.Family.allCases.flatMap { family -> [ForeignTable] in
            guard bases.contains(where: { $0.family == family }) else { return [] }
            var listing = ForeignListing(family)
            guard try !session.hasTableOfOneFlag("list ruleset \(family.rawValue)") else {
                let reason = "a table of family '\(family.rawValue)' has a flag that it fails to list"
                throw NftablesError(message: reason, errno: nil)
            }
            let objects = try TableListing.objects(in: session.run("list ruleset \(family.rawValue)"))
            if ForeignListing.needsText(objects) {
                listing.texts = RuleTexts(try session.text("list ruleset \(family.rawValue)"))
            }
            return listing.tables(objects)
        }
    }
}

/// A chain of somebody else's that sees forwarded packets by itself.
private struct BaseChain {
    let family: ForeignTable.Family
    let policy: ForeignTable.Policy

    /// Reads what `nft -j` lists of a chain; `nil` for chains of other hooks, and for Weft's.
    init?(_ json: JSONValue) {
        guard let family = json["family"]?.text.flatMap(ForeignTable.Family.init),
            json["hook"]?.text == "forward", json["table"]?.text != Ruleset.table || family != .inet
        else { return nil }
        self.family = family
        policy = json["policy"]?.text.flatMap(ForeignTable.Policy.init) ?? .accept
    }
}

/// Tables of one family, as they are read from a listing.
struct ForeignListing {
    private let family: ForeignTable.Family
    private var tables: [String: ForeignTable] = [:]
    /// The elements of sets and maps with names, by table and name.
    private var elements: [String: [String: [JSONValue]]] = [:]
    /// What rules mean that the listing does not tell.
    fileprivate(set) var texts = RuleTexts("")

    fileprivate init(_ family: ForeignTable.Family) {
        self.family = family
    }

    /// True if there are rules of which only a listing as text tells what they ask of a connection's state.
    ///
    /// An extension of iptables is listed in JSON by its name alone.
    fileprivate static func needsText(_ objects: [JSONValue]) -> Bool {
        objects.contains { object in
            object["rule"]?["expr"]?.items.contains { $0["xt"]?.isConnectionMatch ?? false } ?? false
        }
    }

    /// The tables that see forwarded packets, in order of name.
    fileprivate mutating func tables(_ objects: [JSONValue]) -> [ForeignTable] {
        // Rules name sets that are listed after them, too.
        for object in objects { take(definition: object) }
        for object in objects { take(rule: object) }
        return tables.values.sorted { $0.name < $1.name }.filter { table in
            table.chains.values.contains { $0.forwardPolicy != nil }
        }
    }

    private mutating func take(definition object: JSONValue) {
        if let chain = object["chain"], let table = chain["table"]?.text, let name = chain["name"]?.text {
            guard family != .inet || table != Ruleset.table else { return }
            tables[table, default: ForeignTable(family, table)].chains[name] =
                ForeignTable.Chain(forwardPolicy: BaseChain(chain)?.policy)
        } else if let set = object["set"] ?? object["map"], let table = set["table"]?.text,
            let name = set["name"]?.text
        {
            elements[table, default: [:]][name] = set["elem"]?.items ?? []
        }
    }

    private mutating func take(rule object: JSONValue) {
        guard let rule = object["rule"], let table = rule["table"]?.text, let chain = rule["chain"]?.text
        else { return }
        let reader = RuleReader(sets: elements[table] ?? [:], text: texts[table, rule["handle"]?.integer])
        tables[table]?.chains[chain]?.rules += reader.rules(rule["expr"]?.items ?? [])
    }
}

extension JSONValue {
    /// True of an extension of iptables that asks for the state of a connection.
    var isConnectionMatch: Bool {
        self["type"]?.text == "match" && ["conntrack", "state"].contains(self["name"]?.text)
    }
}

/// Rules as text, by their table and number: `nft -a list ruleset FAMILY`.
struct RuleTexts {
    private var lines: [String: [Int64: Substring]] = [:]

    init(_ listing: String) {
        var table = ""
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("table ") {
                table = line.split(separator: " ").dropFirst(2).first.map(String.init) ?? ""
                continue
            }
            guard let mark = line.ranges(of: "# handle ").last,
                let handle = Int64(line[mark.upperBound...])
            else { continue }
            lines[table, default: [:]][handle] = line[..<mark.lowerBound]
        }
    }

    subscript(table: String, handle: Int64?) -> Substring? {
        handle.flatMap { lines[table]?[$0] }
    }
}
