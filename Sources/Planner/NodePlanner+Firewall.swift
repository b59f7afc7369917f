import NetworkModel

extension NodePlanner {
    /// The firewall: what it is to let through comes before anything else is made, what it is to let through no longer goes when
    /// the links are gone; in between both hold.
    mutating func planFirewall() {
        let present = observed.firewall
        guard let wanted = desired.firewall else {
            if let present {
                let forgotten = present.addresses
                let order = FirewallOrder.deleteTables(forgetting: forgotten)
                steps.removingFirewall.append(
                    Change(.delete, .firewall(order), reason: Self.words(forgotten: forgotten))
                )
            }
            return
        }
        var known: Set<FirewallElement> = []
        if let present, present.isIntact {
            known = present.elements
        } else if let present {
            let reason = "its rules are not those that Weft wrote"
            steps.firewall.append(
                Change(.remake, .firewall(.writeTables(present.elements.sorted())), reason: reason)
            )
            known = present.elements
        } else {
            steps.firewall.append(Change(.create, .firewall(.writeTables([]))))
        }
        let before = present?.entries ?? [:]
        let after = wanted.entries
        for entry in Set(before.keys).union(after.keys).sorted() {
            plan(entry, from: (before[entry] ?? []).intersection(known), to: after[entry] ?? [])
        }
    }

    private mutating func plan(
        _ entry: FirewallEntry,
        from old: Set<FirewallElement>,
        to new: Set<FirewallElement>
    ) {
        guard old != new else { return }
        let (added, removed) = (new.subtracting(old), old.subtracting(new))
        let verb: Change.Verb = old.isEmpty ? .create : new.isEmpty ? .delete : .change
        let differences = verb == .change ? Self.differences(of: entry, old, new) : []
        let forgotten = addressesToForget(entry, added, removed)
        var reasons: [String] = []
        if verb == .change, differences.isEmpty {
            reasons.append(removed.isEmpty ? "part of it is gone" : "it lets through what it is not to")
        }
        if let words = Self.words(forgotten: forgotten) { reasons.append(words) }
        let reason = reasons.isEmpty ? nil : reasons.joined(separator: ", ")

        let inTheWay = removed.filter { old in added.contains { $0.clashes(with: old) } }
        let late = removed.subtracting(inTheWay)
        if !inTheWay.isEmpty {
            let order = FirewallOrder.remove(entry, inTheWay.sorted(), forgetting: [])
            steps.firewall.append(Change(.change, .firewall(order), isCounted: false))
        }
        // Of a change of several steps this is the one that is told of.
        if !added.isEmpty {
            let order = FirewallOrder.add(entry, added.sorted(), forgetting: late.isEmpty ? forgotten : [])
            steps.firewall.append(
                Change(verb, .firewall(order), differences: differences, reason: reason)
            )
        }
        guard !late.isEmpty else { return }
        let order = FirewallOrder.remove(entry, late.sorted(), forgetting: forgotten)
        let isCounted = added.isEmpty
        steps.removingFirewall.append(
            Change(
                verb,
                .firewall(order),
                differences: isCounted ? differences : [],
                reason: isCounted ? reason : nil,
                isCounted: isCounted
            )
        )
    }

    private static func differences(
        of entry: FirewallEntry,
        _ old: Set<FirewallElement>,
        _ new: Set<FirewallElement>
    ) -> [Difference] {
        zip(entry.attributes(of: old), entry.attributes(of: new)).compactMap { from, to in
            guard from.value != to.value else { return nil }
            func text(_ value: String) -> String? { value.isEmpty ? nil : value }
            return Difference(from.name, from: text(from.value), to: text(to.value))
        }
    }

    /// Whose connections are cut, for a person: there may be thousands.
    private static func words(forgotten addresses: [IPAddress]) -> String? {
        guard let first = addresses.first else { return nil }
        switch addresses.count {
        case 1...3: return "cuts the connections of \(addresses.map(\.description).joined(separator: " "))"
        default: return "cuts the connections of \(first) and \(addresses.count - 1) others"
        }
    }

    /// The addresses whose connections are to be forgotten: of an endpoint those that it has no longer, of a network whose ways
    /// out change those of all its endpoints.
    ///
    /// A connection is let through, and translated, as its first packet was.
    private func addressesToForget(
        _ entry: FirewallEntry,
        _ added: Set<FirewallElement>,
        _ removed: Set<FirewallElement>
    ) -> [IPAddress] {
        switch entry {
        case .vxlanPorts, .ranges, .tunnels: return []
        case .port: return removed.addresses.filter { !added.addresses.contains($0) }
        case .bridge(let name):
            let present = observed.firewall?.elements ?? []
            guard present.contains(.network(name)), added.union(removed).contains(where: \.isWayOut) else {
                return []
            }
            let subnets = present.compactMap { element -> Prefix? in
                guard case .subnet(name, let prefix) = element else { return nil }
                return prefix
            }
            return present.addresses.filter { address in subnets.contains { $0.contains(address) } }
        }
    }
}

extension FirewallElement {
    /// True for ranges of one bridge that share addresses: the kernel takes only one of them at a time.
    ///
    /// Kernel: `net/netfilter/nft_set_pipapo.c`, `nft_pipapo_insert()`.
    fileprivate func clashes(with other: FirewallElement) -> Bool {
        switch (self, other) {
        case (.subnet(let name, let prefix), .subnet(let otherName, let second)),
            (.part(let name, let prefix), .part(let otherName, let second)):
            name == otherName && prefix.overlaps(second)
        case (.range(let prefix), .range(let second)): prefix.overlaps(second)
        default: false
        }
    }

    /// True for what says how packets leave a network, or come to it.
    fileprivate var isWayOut: Bool {
        switch self {
        case .outside, .masqueraded, .reachable: true
        case .network, .within, .subnet, .part, .range, .tunnel, .node, .port, .mac, .sender, .vxlanPort:
            false
        }
    }
}

extension Set<FirewallElement> {
    /// The senders' addresses, but for link-local ones, which the kernel tracks no connections of.
    fileprivate var addresses: [IPAddress] {
        let all = compactMap { element -> IPAddress? in
            guard case .sender(_, _, let address) = element, !address.isLinkLocal else { return nil }
            return address
        }
        return Set<IPAddress>(all).sorted()
    }
}

extension ObservedFirewall {
    fileprivate var addresses: [IPAddress] { elements.addresses }
}
