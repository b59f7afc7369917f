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
        let before = present?.entries ?? [:]
        let after = wanted.entries
        if present?.isIntact != true { planTables(present, after.elements) }
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        // Of all at once: there may be as many networks that change.
        let hasChangedNetworks = changed.contains { before[$0] != nil && $0.isNetwork }
        let endpoints = hasChangedNetworks ? before.elements.union(after.elements).addresses : []
        for entry in changed.sorted() {
            plan(entry, from: before[entry] ?? [], to: after[entry] ?? [], endpoints)
        }
    }

    /// The tables and their rules.
    ///
    /// Connections that began while there were none, or others, are forgotten: an answer is let through without another look, and
    /// what is not masqueraded from its first packet on is never. What was and is to be masqueraded stays: an answer without its
    /// connection would be taken for one to the node itself, which refuses it, and that ends a transfer.
    private mutating func planTables(_ present: ObservedFirewall?, _ wanted: Set<FirewallElement>) {
        let addresses = wanted.addresses
        // Of an endpoint that is yet to come there may be what somebody else left, and nobody misses that.
        let standing = Set(observed.node.links.map(\.name))
        let missed = wanted.filter { $0.entry.link.map(standing.contains) ?? false }.addresses
        guard let present else {
            let order = FirewallOrder.writeTables([], forgetting: addresses)
            steps.firewall.append(
                Change(.create, .firewall(order), reason: Self.words(forgotten: missed))
            )
            return
        }
        let kept = present.elements.masqueradedAddresses.intersection(wanted.masqueradedAddresses)
        let order = FirewallOrder.writeTables(
            present.elements.sorted(),
            forgetting: addresses.filter { !kept.contains($0) },
            exceptMasqueraded: kept.sorted()
        )
        let words = Self.words(forgotten: missed.filter { !kept.contains($0) })
        let reasons = ["its rules are not those that Weft wrote"] + (words.map { [$0] } ?? [])
        steps.firewall.append(Change(.remake, .firewall(order), reason: reasons.joined(separator: ", ")))
    }

    private mutating func plan(
        _ entry: FirewallEntry,
        from old: Set<FirewallElement>,
        to new: Set<FirewallElement>,
        _ endpoints: [IPAddress]
    ) {
        let (added, removed) = (new.subtracting(old), old.subtracting(new))
        let verb: Change.Verb = old.isEmpty ? .create : new.isEmpty ? .delete : .change
        let differences = verb == .change ? Self.differences(of: entry, old, new) : []
        let forgotten = addressesToForget(entry, from: old, to: new, endpoints)
        var reasons = entry == .connections ? ["an apply ended before it was done"] : []
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
    /// out change those of all its endpoints, old and new.
    ///
    /// A connection is let through, and translated, as its first packet was. An endpoint may begin some until the change is
    /// through, so they are forgotten behind it, and behind the last step of a change of two: in between the old rules hold too.
    /// An address that leaves one endpoint for another is forgotten for the first; what the second began with it by then begins
    /// anew. An address that nobody had needs nothing: when it went, its connections did.
    private func addressesToForget(
        _ entry: FirewallEntry,
        from old: Set<FirewallElement>,
        to new: Set<FirewallElement>,
        _ endpoints: [IPAddress]
    ) -> [IPAddress] {
        switch entry {
        case .vxlanPorts, .ranges, .tunnels: return []
        case .port, .connections:
            let kept = Set(new.addresses)
            return old.addresses.filter { !kept.contains($0) }
        case .bridge(let name):
            guard old.contains(.network(name)), old.symmetricDifference(new).contains(where: \.isWayOut)
            else { return [] }
            let subnets = old.union(new).compactMap(\.subnet)
            return endpoints.filter { address in subnets.contains { $0.contains(address) } }
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
        case .outside, .masqueraded, .reachable, .subnet: true
        case .network, .within, .part, .range, .tunnel, .node, .port, .mac, .sender, .target, .vxlanPort,
            .unforgotten:
            false
        }
    }

    /// The range that it gives a network.
    fileprivate var subnet: Prefix? {
        guard case .subnet(_, let prefix) = self else { return nil }
        return prefix
    }
}

extension FirewallEntry {
    fileprivate var isNetwork: Bool {
        switch self {
        case .bridge: true
        case .port, .vxlanPorts, .ranges, .tunnels, .connections: false
        }
    }
}

extension [FirewallEntry: Set<FirewallElement>] {
    /// All that the rules look up.
    fileprivate var elements: Set<FirewallElement> {
        values.reduce(into: []) { $0.formUnion($1) }
    }
}

extension Set<FirewallElement> {
    /// The senders' addresses, and those of which something is still to be forgotten; but for link-local ones of IPv6, of which
    /// nothing is translated, and no rule asks for connections.
    fileprivate var addresses: [IPAddress] {
        let all = compactMap { element -> IPAddress? in
            switch element {
            case .sender(_, _, let address):
                address.family == .ipv6 && address.isLinkLocal ? nil : address
            case .unforgotten(let address): address
            case .network, .within, .outside, .masqueraded, .reachable, .subnet, .part, .range, .tunnel,
                .node, .port, .mac, .target, .vxlanPort:
                nil
            }
        }
        return Set<IPAddress>(all).sorted()
    }

    /// The senders' addresses that are masqueraded outside.
    fileprivate var masqueradedAddresses: Set<IPAddress> {
        let subnets = compactMap { element -> Prefix? in
            guard case .subnet(let name, let prefix) = element, contains(.masqueraded(name)) else {
                return nil
            }
            return prefix
        }
        return Set<IPAddress>(addresses.filter { address in subnets.contains { $0.contains(address) } })
    }
}

extension ObservedFirewall {
    fileprivate var addresses: [IPAddress] { elements.addresses }
}
