import NetworkModel

/// A kind of packet that a network's bridge forwards.
struct ForwardedPacket: Hashable {
    let family: AddressFamily
    /// The link that it comes in by; `nil` if that is not known.
    let incoming: InterfaceName?
    /// The link that it leaves by; `nil` if that is not known.
    let outgoing: InterfaceName?
    /// Ranges that one of its sources is in; none if nothing is known.
    let sources: [Prefix]
    let destinations: [Prefix]
    let connection: ForeignTable.ConnectionStates
}

/// Finds out what the rules of a table make of one kind of packet.
///
/// A rule of which it can't be told whether it concerns the packet is passed over: what only perhaps is let through is taken
/// for stopped where all else is, and what only perhaps is stopped is let through.
struct ForeignWalk {
    private let table: ForeignTable
    private let packet: ForwardedPacket
    /// What became of it in the chains that it has been in; one that it is still in counts as passed, as the kernel has no loops.
    private var outcomes: [String: Outcome] = [:]

    enum Outcome {
        case accepted
        case dropped
        /// No rule decided.
        case passed
    }

    init(_ table: ForeignTable, _ packet: ForwardedPacket) {
        self.table = table
        self.packet = packet
    }

    /// True if a base chain drops the packet.
    mutating func isDropped(by chain: String) -> Bool {
        switch outcome(of: chain) {
        case .accepted: false
        case .dropped: true
        case .passed: table.chains[chain]?.forwardPolicy == .drop
        }
    }

    private mutating func outcome(of name: String) -> Outcome {
        if let known = outcomes[name] { return known }
        outcomes[name] = .passed
        let outcome = decide(table.chains[name]?.rules ?? [])
        outcomes[name] = outcome
        return outcome
    }

    private mutating func decide(_ rules: [ForeignTable.Rule]) -> Outcome {
        for rule in rules where packet.meets(rule.conditions) {
            switch rule.verdict {
            case .accept: return .accepted
            case .drop: return .dropped
            case .return: return .passed
            case .goto(let target): return outcome(of: target)
            case .jump(let target):
                let outcome = outcome(of: target)
                if outcome != .passed { return outcome }
            }
        }
        return .passed
    }
}

extension ForwardedPacket {
    /// True if the packet certainly meets every condition.
    fileprivate func meets(_ conditions: [ForeignTable.Condition]) -> Bool {
        conditions.allSatisfy { meets($0) == true }
    }

    /// Whether the packet meets a condition; `nil` if that can't be told.
    private func meets(_ condition: ForeignTable.Condition) -> Bool? {
        switch condition {
        case .unknown: nil
        case .not(let other): meets(other).map { !$0 }
        case .family(let family): self.family == family
        case .connection(let states): !states.isDisjoint(with: connection)
        case .link(let side, let patterns): link(side).meets(patterns)
        case .address(let side, let prefixes): meets(addresses(side), prefixes)
        }
    }

    private func link(_ side: ForeignTable.Side) -> InterfaceName? {
        switch side {
        case .source: incoming
        case .destination: outgoing
        }
    }

    private func addresses(_ side: ForeignTable.Side) -> [Prefix] {
        switch side {
        case .source: sources
        case .destination: destinations
        }
    }

    private func meets(_ ranges: [Prefix], _ prefixes: [Prefix]) -> Bool? {
        let own = ranges.isEmpty ? [Prefix.all(family)] : ranges
        let isWithin = own.allSatisfy { range in
            prefixes.contains { $0.length <= range.length && $0.overlaps(range) }
        }
        if isWithin { return true }
        return own.contains { range in prefixes.contains { $0.overlaps(range) } } ? nil : false
    }
}

extension InterfaceName? {
    /// Whether the link is one of these; `nil` if that can't be told.
    fileprivate func meets(_ patterns: [ForeignTable.LinkPattern]) -> Bool? {
        if patterns.contains(where: \.matchesAll) { return true }
        return map { name in patterns.contains { $0.matches(name) } }
    }
}
