import NetworkModel

extension NodePlanner {
    /// The firewall: what it is to let through comes before anything else is made, what it is to let through no longer goes when
    /// all else is gone; in between both hold.
    mutating func planFirewall() {
        let present = observed.firewall
        guard let wanted = desired.firewall else {
            if let present {
                let deletion = Change(.delete, .firewall(.deleteTables(forgetting: present.addresses)))
                steps.removingFirewall.append(deletion)
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
    /// to what is not masqueraded from the first packet on nothing does it later. What was and is to be masqueraded stays: an
    /// answer without its connection would be taken for one to the node itself, which refuses it, and that ends a transfer.
    private mutating func planTables(_ present: ObservedFirewall?, _ wanted: Set<FirewallElement>) {
        let addresses = wanted.addresses
        guard let present else {
            return steps.firewall.append(
                Change(.create, .firewall(.writeTables([], forgetting: addresses)))
            )
        }
        let kept = present.elements.masqueradedAddresses.intersection(wanted.masqueradedAddresses)
        let order = FirewallOrder.writeTables(
            present.elements.sorted(),
            forgetting: addresses.filter { !kept.contains($0) },
            exceptMasqueraded: kept.sorted()
        )
        let reason = "its rules are not those that Weft wrote"
        steps.firewall.append(Change(.remake, .firewall(order), reason: reason))
    }

    private mutating func plan(
        _ entry: FirewallEntry,
        from old: Set<FirewallElement>,
        to new: Set<FirewallElement>,
        _ endpoints: [IPAddress]
    ) {
        let (added, removed) = (new.subtracting(old), old.subtracting(new))
        let isNew = old.isEmpty
        let forgotten = addressesToForget(entry, from: old, to: new, endpoints)
        let differences = isNew || new.isEmpty ? [] : Self.differences(removed: removed, added: added)
        if !added.isEmpty {
            // Of an entry of two steps the first is the one that is told of.
            let early = removed.isEmpty ? forgotten : []
            let order = FirewallOrder.add(entry, added.sorted(), forgetting: early)
            steps.firewall.append(
                Change(isNew ? .create : .change, .firewall(order), differences: differences)
            )
        }
        if !removed.isEmpty {
            let verb: Change.Verb = new.isEmpty ? .delete : .change
            let order = FirewallOrder.remove(entry, removed.sorted(), forgetting: forgotten)
            let reason =
                entry == .connections
                ? "an apply ended before it did"
                : added.isEmpty ? nil : "what it was goes when all else is done"
            let change = Change(
                verb,
                .firewall(order),
                differences: added.isEmpty ? differences : [],
                reason: reason,
                isCounted: added.isEmpty
            )
            steps.removingFirewall.append(change)
        }
    }

    /// The attributes that differ, each once: a list's items are told together.
    private static func differences(
        removed: Set<FirewallElement>,
        added: Set<FirewallElement>
    ) -> [Difference] {
        func byName(_ elements: Set<FirewallElement>) -> [String: [String]] {
            elements.sorted().reduce(into: [:]) {
                $0[$1.attribute.name, default: []].append($1.attribute.value)
            }
        }
        let (old, new) = (byName(removed), byName(added))
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (from, to) = (Set(old[name] ?? []), Set(new[name] ?? []))
            // An address that another MAC has from now on is not told of twice.
            guard from != to else { return nil }
            func text(_ list: [String]?) -> String? { list?.sorted().joined(separator: " ") }
            return Difference(name, from: text(old[name]), to: text(new[name]))
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
        case .vxlanPorts: return []
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
    /// True for what says how packets leave a network, or come to it.
    fileprivate var isWayOut: Bool {
        switch self {
        case .outside, .masqueraded, .reachable, .subnet: true
        case .network, .within, .port, .mac, .sender, .vxlanPort, .unforgotten: false
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
        case .port, .vxlanPorts, .connections: false
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
            case .network, .within, .outside, .masqueraded, .reachable, .subnet, .port, .mac, .vxlanPort: nil
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
