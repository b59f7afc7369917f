internal import NetworkModel

/// What nftables lists of Weft's tables.
struct TableListing {
    /// Tables, sets, chains and rules as they are listed, without elements and without the numbers that the kernel gives.
    private(set) var definitions: [JSONValue] = []
    /// What the sets hold.
    private(set) var elements: Set<FirewallElement> = []
    /// True if there is something that Weft would not write: an element of a set, a flag of a table.
    private(set) var hasStrays = false

    /// Lists the tables of the session's namespace; `nil` if neither is there.
    ///
    /// Equivalent to: `nft -j list table bridge weft; nft -j list table inet weft`.
    ///
    /// - Throws: ``NftablesError``.
    init?(of session: borrowing NftablesSession) throws(NftablesError) {
        let tables = try session.tables()
        let names = Ruleset.Family.allCases.map { "\($0.rawValue) \(Ruleset.table)" }
        let present = names.filter(tables.contains)
        guard !present.isEmpty else { return nil }
        for table in present {
            // Weft's have no flags: that one is not as it shall be, whatever it holds.
            guard try !session.hasTableOfOneFlag("list table \(table)") else {
                hasStrays = true
                continue
            }
            for object in try Self.objects(in: session.run("list table \(table)")) { take(object) }
        }
    }

    /// The objects of an answer, each under the name of its kind.
    static func objects(in answer: String) throws(NftablesError) -> [JSONValue] {
        // Where there is nothing to list, nothing is printed.
        guard !answer.isEmpty else { return [] }
        guard let items = JSONValue(answer)?["nftables"]?.items else {
            throw NftablesError(message: "the answer is not the JSON that 'nft -j' prints", errno: nil)
        }
        return items
    }

    private mutating func take(_ object: JSONValue) {
        guard case .object(let members) = object, let (kind, value) = members.first else { return }
        switch kind {
        case "metainfo": return
        case "set":
            definitions.append(.object([kind: value.without("handle", "elem")]))
            guard let name = value["name"]?.text.flatMap(SetName.init) else { return }
            for item in value["elem"]?.items ?? [] {
                if let element = FirewallElement(item, in: name) {
                    elements.insert(element)
                } else {
                    hasStrays = true
                }
            }
        default: definitions.append(.object([kind: value.without("handle")]))
        }
    }
}
