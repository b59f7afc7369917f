import NetworkModel

extension NodePlanner {
    /// FDB entries on Weft's links.
    mutating func planForwarding() {
        let isThere = LastAnswer<EntryTable, Bool>(isThereWhenFilling)
        let tableNow = LastAnswer<EntryTable, LinkID>(links.table)
        let tableThen = LastAnswer<EntryTable, LinkID>(links.tableWhenFilled)
        let isBlocked = LastAnswer<LinkID, Bool> { [links] in links.fates[$0]?.isBlocked == true }
        let entries = observed.everywhere(\.forwarding)
        var placed: [PlacedEntry] = []
        placed.reserveCapacity(entries.count)
        for entry in entries where isThere(EntryTable(entry)) {
            placed.append(PlacedEntry(entry, in: tableNow(EntryTable(entry))))
        }
        var present = KeyIndex(placed)
        var isTaken = [Bool](repeating: false, count: placed.count)
        let strangers = entriesOfStrangers()
        let leaving = leavingMACs
        for wanted in desired.forwarding where !isBlocked(wanted.link) {
            let key = PlacedEntry(wanted, in: tableThen(EntryTable(wanted))).key
            if !strangers.isEmpty, wanted.table == .bridge, let holder = strangers[key] {
                refuse(wanted, holder: holder)
                continue
            }
            var first: Int?
            var isOnly = true
            present.forEach(key) { position in
                isTaken[position] = true
                isOnly = first == nil
                first = first ?? position
            }
            if let first, isOnly, placed[first].entry == wanted { continue }
            var found: [ForwardingEntry] = []
            if first != nil { present.forEach(key) { found.append(placed[$0].entry) } }
            if found.isEmpty, wanted.table == .bridge, leaving.contains(wanted.mac) {
                let reason = "behind the link of this node that has the MAC so far"
                steps.restoring.append(Change(.create, .replaceForwarding(wanted), reason: reason))
                continue
            }
            plan(wanted, over: found.sorted(by: ForwardingEntry.isOrdered))
        }
        removeForwarding(placed.indices.filter { !isTaken[$0] }.map { placed[$0].entry })
    }

    /// The fixed entries on ports that are not Weft's, of bridges that stay, and the ports: a bridge has an address once,
    /// and what others have said of it stays so.
    private func entriesOfStrangers() -> [ForwardingEntry.Key: LinkID] {
        var holders: [ForwardingEntry.Key: LinkID] = [:]
        for entry in observed.everywhere(\.forwarding)
        where entry.table == .bridge && links.fates[entry.link] == nil {
            let bridge = links.table(of: EntryTable(entry))
            guard links.observed[entry.link]?.isManaged == false, links.keepsContents(bridge) else {
                continue
            }
            holders[PlacedEntry(entry, in: bridge).key] = entry.link
        }
        return holders
    }

    private mutating func refuse(_ wanted: ForwardingEntry, holder: LinkID) {
        let link = "link '\(wanted.link.name)'\(Self.words(for: wanted.link.place))"
        problems.append(
            Problem(
                "cannot add fdb entry \(wanted.mac) to \(link): its bridge has the address at port '\(holder.name)', which "
                    + "is not Weft's",
                hint: "remove that entry with 'bridge fdb delete', or leave this one out"
            )
        )
    }

    private mutating func removeForwarding(_ unwanted: [ForwardingEntry]) {
        var last: ForwardingEntry?
        let arriving = arrivingMACs
        for entry in unwanted.sorted(by: ForwardingEntry.isOrdered) where links.keepsContents(entry.link) {
            // One deletion takes all destinations of an address, but for the zero address.
            let isGone = entry.mac != .zero && last?.key == entry.key
            last = entry
            guard !isGone else { continue }
            let deletion = Operation.deleteForwarding(entry)
            if entry.table == .bridge, arriving.contains(entry.mac) {
                let reason = "a link of this node gets the MAC"
                steps.clearing.append(Change(.delete, deletion, reason: reason))
            } else {
                steps.removingEntries.append(Change(.delete, deletion))
            }
        }
    }

    /// The MACs of links that are made: what a bridge knows of them by then is wrong.
    ///
    /// A bridge takes even a static entry along to the port by which its MAC comes in first, where it would stay.
    ///
    /// Kernel: `net/bridge/br_fdb.c`, `br_fdb_update()`.
    private var arrivingMACs: Set<MACAddress> {
        Set(
            links.desired.values.filter { link in
                switch links.fates[link.id] {
                case .create, .remake: true
                case .keep, .delete, .blocked, nil: false
                }
            }.map(\.mac)
        )
    }

    /// The MACs that links have, and shall have no longer: as long as their links are there, they send.
    ///
    /// What a bridge is told of such a MAC it would take along to the port by which that is still heard, and forget with it; see
    /// ``arrivingMACs``.
    private var leavingMACs: Set<MACAddress> {
        let present = observed.everywhere(\.links).lazy.filter(\.isManaged).compactMap(\.mac)
        return Set(present).subtracting(links.desired.values.lazy.map(\.mac))
    }

    private mutating func plan(_ wanted: ForwardingEntry, over existing: [ForwardingEntry]) {
        guard let first = existing.first else {
            // A bridge, or a VXLAN link, were it made a moment ago, may have learnt the address, which no dump of fixed
            // ones shows.
            let operation =
                wanted.takesDestinations ? Operation.addForwarding(wanted) : .replaceForwarding(wanted)
            let reason = links.reasonToComeAgain(on: wanted.link)
            return fill(wanted.link.place, Change(.create, operation, reason: reason))
        }
        if existing.count == 1, wanted.canReplace(first) {
            let differences = first.differences(from: wanted)
            return fill(
                wanted.link.place,
                Change(.change, .replaceForwarding(wanted), differences: differences)
            )
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
            ? "made anew: it has several destinations"
            : "made anew: its destination can't be changed in place"
        let differences = existing.count > 1 ? [] : existing[0].differences(from: wanted)
        fill(
            wanted.link.place,
            Change(.remake, .addForwarding(wanted), differences: differences, reason: reason)
        )
    }

    /// True if the entries of a table are still there when the contents of its place are filled.
    private func isThereWhenFilling(_ entries: EntryTable) -> Bool {
        switch links.fates[entries.link] {
        case .keep(let existing)?:
            guard entries.table == .bridge, let master = existing.master else { return true }
            // A bridge forgets the addresses of a port that leaves.
            guard master == links.desired[entries.link]?.master else { return false }
            return links.fates[LinkID(master, in: entries.link.place)]?.keepsContents ?? true
        case .delete?:
            // The port goes in the end; until then its bridge has the address.
            guard entries.table == .bridge, !losses.isCleared(entries.link) else { return false }
            return links.keepsContents(links.table(of: entries))
        case .create?, .remake?, .blocked?, nil:
            return false
        }
    }
}

/// Entries that are kept or lost together: those of a link in its own table, or in that of its bridge.
private struct EntryTable: Equatable {
    var link: LinkID
    var table: ForwardingEntry.Table

    init(_ entry: ForwardingEntry) {
        link = entry.link
        table = entry.table
    }
}

extension LinkSurvey {
    /// The link whose table entries that are there are in: their own link, or the bridge of that.
    fileprivate func table(of entries: EntryTable) -> LinkID {
        guard entries.table == .bridge, let master = observed[entries.link]?.master else {
            return entries.link
        }
        return LinkID(master, in: entries.link.place)
    }

    /// The link whose table entries shall be in.
    fileprivate func tableWhenFilled(of entries: EntryTable) -> LinkID {
        guard entries.table == .bridge, let master = desired[entries.link]?.master else {
            return entries.link
        }
        return LinkID(master, in: entries.link.place)
    }
}

/// An FDB entry and the link whose table it is in: a bridge has an address once, on whichever port.
private struct PlacedEntry: Keyed {
    var entry: ForwardingEntry
    var table: LinkID

    init(_ entry: ForwardingEntry, in table: LinkID) {
        self.entry = entry
        self.table = table
    }

    var key: ForwardingEntry.Key {
        var key = entry.key
        key.link = table
        return key
    }

    static func isOrdered(_ left: ForwardingEntry.Key, _ right: ForwardingEntry.Key) -> Bool { left < right }

    static func feed(_ key: ForwardingEntry.Key, into digest: inout KeyDigest) {
        digest.feed(key.mac.bits << 16 | UInt64(key.vlan))
        if let destination = key.destination { digest.feed(destination.high ^ destination.low) }
        digest.feed(key.link.name)
        digest.feed(key.link.place)
    }
}

extension ForwardingEntry {
    /// True for the entries of a VXLAN link that can have several destinations.
    ///
    /// Kernel: `vxlan_fdb_update_existing()`.
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
