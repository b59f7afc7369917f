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
        let isNew = old.isEmpty
        let forgotten = addressesToForget(entry, added, removed)
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
            let change = Change(
                verb,
                .firewall(order),
                differences: added.isEmpty ? differences : [],
                reason: added.isEmpty ? nil : "what it was goes when all else is done",
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
    /// out change those of all its endpoints.
    ///
    /// A connection is let through, and translated, as its first packet was.
    private func addressesToForget(
        _ entry: FirewallEntry,
        _ added: Set<FirewallElement>,
        _ removed: Set<FirewallElement>
    ) -> [IPAddress] {
        switch entry {
        case .vxlanPorts: return []
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
    /// True for what says how packets leave a network, or come to it.
    fileprivate var isWayOut: Bool {
        switch self {
        case .outside, .masqueraded, .reachable: true
        case .network, .within, .subnet, .port, .mac, .sender, .vxlanPort: false
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
