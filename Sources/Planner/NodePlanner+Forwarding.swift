import NetworkModel

extension NodePlanner {
    /// FDB entries on Weft's links.
    mutating func planForwarding() {
        var present = PresentForwarding()
        forEachObserved { namespace in
            for entry in namespace.forwarding where isThereWhenFilling(entry) { present.insert(entry, in: table(of: entry)) }
        }
        for wanted in desired.forwarding { plan(wanted, &present) }
        for entry in present.remaining where isOnKeptLink(entry.link) {
            steps.removingEntries.append(Change(.delete, .deleteForwarding(entry)))
        }
    }

    private mutating func plan(_ wanted: ForwardingEntry, _ present: inout PresentForwarding) {
        let existing = present.take(wanted, from: tableWhenFilled(of: wanted))
        if existing == [wanted] { return }
        guard let first = existing.first else {
            // A bridge, or a VXLAN link, that is there may have learnt the address, which no dump of fixed ones shows.
            let isLearnable = wanted.table == .bridge || (isOnKeptLink(wanted.link) && !wanted.takesDestinations)
            let operation = isLearnable ? Operation.replaceForwarding(wanted) : .addForwarding(wanted)
            return fill(wanted.link.place, Change(.create, operation))
        }
        if existing.count == 1, wanted.canReplace(first) {
            let differences = first.differences(from: wanted)
            return fill(wanted.link.place, Change(.change, .replaceForwarding(wanted), differences: differences))
        }
        remake(existing, as: wanted)
    }

    /// Takes away what is there in place of an entry, and adds the entry unless it is among that.
    private mutating func remake(_ existing: [ForwardingEntry], as wanted: ForwardingEntry) {
        let isSeparable = wanted.mac == .zero
        let superfluous = isSeparable ? existing.filter { $0 != wanted } : Array(existing.prefix(1))
        let isThere = isSeparable && existing.contains(wanted)
        for entry in superfluous {
            let deletion = Change(
                .delete,
                .deleteForwarding(entry),
                reason: isThere ? nil : "to be made anew",
                isCounted: isThere
            )
            fill(wanted.link.place, deletion)
        }
        guard !isThere else { return }
        let reason =
            existing.count > 1
            ? "made anew: it has several destinations" : "made anew: its destination can't be changed in place"
        let differences = existing.count > 1 ? [] : existing[0].differences(from: wanted)
        fill(
            wanted.link.place,
            Change(.remake, .addForwarding(wanted), differences: differences, reason: reason)
        )
    }

    // MARK: Whose table

    /// The link whose table an entry that is there is in: its own link, or the bridge of that.
    private func table(of entry: ForwardingEntry) -> LinkID {
        guard entry.table == .bridge, let master = links.observed[entry.link]?.master else { return entry.link }
        return LinkID(master, in: entry.link.place)
    }

    /// The link whose table an entry shall be in.
    private func tableWhenFilled(of entry: ForwardingEntry) -> LinkID {
        guard entry.table == .bridge, let master = links.desired[entry.link]?.master else { return entry.link }
        return LinkID(master, in: entry.link.place)
    }

    /// True if an entry is still there when the contents of its place are filled.
    private func isThereWhenFilling(_ entry: ForwardingEntry) -> Bool {
        switch links.fates[entry.link] {
        case .keep(let existing)?:
            guard entry.table == .bridge, let master = existing.master else { return true }
            // A bridge forgets the addresses of a port that leaves.
            guard master == links.desired[entry.link]?.master else { return false }
            return links.fates[LinkID(master, in: entry.link.place)]?.keepsContents ?? true
        case .delete?:
            // The port goes in the end; until then its bridge has the address.
            guard entry.table == .bridge, !isCleared(entry.link) else { return false }
            return isOnKeptLink(table(of: entry))
        case .create?, .remake?, .blocked?, nil:
            return false
        }
    }
}

/// The FDB entries that are there, found by the address and the link whose table they are in.
private struct PresentForwarding {
    private struct Key: Hashable {
        var mac: MACAddress
        var vlan: UInt16
        var table: ForwardingEntry.Table
        var link: LinkID
        /// Of the zero address each destination is an entry of its own.
        var destination: IPAddress?

        init(_ entry: ForwardingEntry, _ link: LinkID) {
            mac = entry.mac
            vlan = entry.vlan
            table = entry.table
            self.link = link
            destination = entry.mac == .zero ? entry.destination : nil
        }
    }

    private var entries: [Key: [ForwardingEntry]] = [:]

    mutating func insert(_ entry: ForwardingEntry, in link: LinkID) {
        entries[Key(entry, link), default: []].append(entry)
    }

    /// Takes out what is there in place of an entry, in a fixed order.
    mutating func take(_ wanted: ForwardingEntry, from link: LinkID) -> [ForwardingEntry] {
        (entries.removeValue(forKey: Key(wanted, link)) ?? []).sorted(by: ForwardingEntry.isOrdered)
    }

    /// What was not taken out, each as often as it must be deleted.
    var remaining: [ForwardingEntry] {
        entries.values.flatMap { entries in
            let sorted = entries.sorted(by: ForwardingEntry.isOrdered)
            return sorted[0].mac == .zero ? sorted : Array(sorted.prefix(1))
        }.sorted(by: ForwardingEntry.isOrdered)
    }
}

extension ForwardingEntry {
    /// True for the entries of a VXLAN link that can have several destinations. Kernel: `vxlan_fdb_update_existing()`.
    fileprivate var takesDestinations: Bool { table == .own && (mac == .zero || mac.isMulticast) }

    /// True if the kernel can turn `existing` into this entry.
    fileprivate func canReplace(_ existing: ForwardingEntry) -> Bool {
        guard takesDestinations else { return true }
        return mac == .zero && existing.vni == vni && existing.port == port
    }

    /// An order of all entries that differ.
    static func isOrdered(_ left: ForwardingEntry, _ right: ForwardingEntry) -> Bool {
        if left.key != right.key { return left.key < right.key }
        let unspecified = IPAddress.unspecified(.ipv4)
        let destinations = (left.destination ?? unspecified, right.destination ?? unspecified)
        if destinations.0 != destinations.1 { return destinations.0 < destinations.1 }
        return (left.vni?.number ?? 0, left.port ?? 0, left.state.number)
            < (right.vni?.number ?? 0, right.port ?? 0, right.state.number)
    }

    fileprivate func differences(from wanted: ForwardingEntry) -> [Difference] {
        var list: [Difference] = []
        Difference.note("dev", link.name, wanted.link.name, in: &list)
        Difference.note("dst", destination, wanted.destination, in: &list)
        Difference.note("state", state, wanted.state, in: &list)
        Difference.note("vni", vni, wanted.vni, in: &list)
        Difference.note("port", port, wanted.port, in: &list)
        return list
    }
}
