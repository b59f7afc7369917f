internal import LinuxSystem
package import NetworkModel

/// Weft's firewall of a network namespace: two tables of nftables, `inet weft` and `bridge weft`.
///
/// The tables are Weft's by their name. What else is in the ruleset is never touched, and only read to be warned of:
/// ``foreignTables()``.
///
/// Belongs to the namespace of the thread that made it. Not to be used from two threads at once.
package final class NodeFirewall {
    let session: NftablesSession
    private var generation: RulesetGeneration
    /// What the rules look like when they are listed, once anybody asked.
    private var reference: [JSONValue]?
    /// The state of the ruleset in which the rules are those that were written here, and nobody else has changed a thing since.
    private var ownGeneration: UInt32?

    /// - Throws: ``NftablesError``, or ``SystemCallError`` if there can be no socket.
    package init() throws {
        session = try NftablesSession()
        generation = try RulesetGeneration()
    }

    /// Reads what there is; `nil` if there is neither table.
    ///
    /// - Parameter known: What ``intactListing`` was once: what is listed so is intact, and need not be compared.
    /// - Returns: What the sets hold, and whether the rules are those that Weft writes.
    /// - Throws: ``NftablesError``, or ``SystemCallError`` if there can be no namespace to compare with.
    package func observe(listedAs known: String? = nil) throws -> ObservedFirewall? {
        intactListing = nil
        guard let listing = try TableListing(of: session) else { return nil }
        // What stands there as it was written here is how these rules are listed.
        if let own = ownGeneration, generation.read() == own { reference = listing.definitions }
        // Of these rules, and listed in these words.
        let digest = JSONValue.list(listing.definitions).digest(Ruleset.creation)
        let isIntact = try !listing.hasStrays && (digest == known || listing.definitions == definitions())
        if isIntact { intactListing = digest }
        return ObservedFirewall(isIntact: isIntact, elements: listing.elements)
    }

    /// The list of the rules in short, if the last reading found them intact.
    package private(set) var intactListing: String?

    /// How the rules are listed by this nftables, on this kernel.
    ///
    /// How a rule is listed differs from one version to the next. So the rules are loaded once more, in a namespace made for
    /// that, and listed there; but where they have just been written.
    private func definitions() throws -> [JSONValue] {
        if let reference { return reference }
        let listed = try DedicatedThread.run(named: "weft-nft") {
            try NamespaceHandle.unshareNew()
            let session = try NftablesSession()
            try session.run(Ruleset.creation)
            return try TableListing(of: session)?.definitions ?? []
        }
        reference = listed
        return listed
    }

    /// Carries orders out, all or none of them.
    ///
    /// - Throws: ``NftablesError``; then nothing was done.
    package func carryOut(_ orders: [Order]) throws {
        guard !orders.isEmpty else { return }
        let before = generation.read()
        let known = ownGeneration
        ownGeneration = nil
        try session.run(orders.commands)
        guard let before, let after = generation.read(), after == before &+ 1 else { return }
        // One transaction, and nobody else's in between.
        if orders.contains(where: \.writesRules) || known == before { ownGeneration = after }
    }

    /// One thing to be done.
    package enum Order: Hashable, Sendable {
        /// Makes the tables with all rules, and with these elements; what was there of Weft's goes.
        case write([FirewallElement])
        case add([FirewallElement])
        case remove([FirewallElement])
        /// Takes the tables away.
        case removeAll

        fileprivate var writesRules: Bool {
            switch self {
            case .write: true
            case .add, .remove, .removeAll: false
            }
        }
    }
}

extension [NodeFirewall.Order] {
    /// What `nft -f` would be given.
    fileprivate var commands: String {
        map { order in
            switch order {
            case .write(let elements): Ruleset.removal + Ruleset.creation + Self.commands("add", elements)
            case .add(let elements): Self.commands("add", elements)
            case .remove(let elements): Self.commands("delete", elements)
            case .removeAll: Ruleset.removal
            }
        }.joined()
    }

    private static func commands(_ verb: String, _ elements: [FirewallElement]) -> String {
        let bySet = Dictionary(grouping: elements, by: \.set)
        return SetName.allCases.compactMap { set in
            guard let elements = bySet[set] else { return nil }
            let list = elements.map(\.expression).sorted().joined(separator: ", ")
            return "\(verb) element \(set.family.rawValue) \(Ruleset.table) \(set.rawValue) { \(list) }\n"
        }.joined()
    }
}
