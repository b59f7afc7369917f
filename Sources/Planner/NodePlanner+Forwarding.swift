import NetworkModel

extension NodePlanner {
    /// FDB entries on Weft's links.
    mutating func planForwarding() {
        let numbers = TableNumbers()
        let wantedIn = LastAnswers<EntryTable, Filling> { [links] entries in
            let link = links.tableWhenFilled(of: entries)
            return Filling(
                table: link,
                number: numbers[link, entries.table],
                isBlocked: links.fates[entries.link]?.isBlocked == true,
                reason: links.reasonToComeAgain(on: entries.link)
            )
        }
        let entries = observed.everywhere(\.forwarding)
        var present = KeyIndex(keysWhenFilling(entries, numbers))
        var isTaken = [Bool](repeating: false, count: present.elements.count)
        let strangers = entriesOfStrangers()
        let leaving = leavingMACs
        for wanted in desired.forwarding {
            let filling = wantedIn(EntryTable(wanted))
            guard !filling.isBlocked else { continue }
            if !strangers.isEmpty, wanted.table == .bridge,
                let holder = strangers[wanted.key(in: filling.table)]
            {
                refuse(wanted, holder: holder)
                continue
            }
            var first: Int?
            var others: [Int] = []
            present.forEach(EntryKey(wanted, in: filling.number)) { position in
                isTaken[position] = true
                if first == nil { first = position } else { others.append(position) }
            }
            guard let first else {
                create(wanted, filling.reason, isLeaving: leaving.contains(wanted.mac))
                continue
            }
            let found = ([first] + others).map { entries[present.elements[$0].position] }
            if found.count == 1, found[0] == wanted { continue }
            change(found.sorted(by: ForwardingEntry.isOrdered), to: wanted)
        }
        let unwanted = isTaken.indices.filter { !isTaken[$0] }.map { entries[present.elements[$0].position] }
        removeForwarding(leavingOutCopies(unwanted, among: entries))
    }

    /// The keys of the entries that are still there when others are added.
    private func keysWhenFilling(_ entries: [ForwardingEntry], _ numbers: TableNumbers) -> [PlacedKey] {
        // Whoever held the whole planner would make its lists be copied when they are appended to.
        let number = LastAnswers<EntryTable, Int32?> { [links, losses] entries in
            links.isThereWhenFilling(entries, losses) ? numbers[links.table(of: entries), entries.table] : nil
        }
        var keys: [PlacedKey] = []
        keys.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() {
            guard let table = number(EntryTable(entry)) else { continue }
            keys.append(PlacedKey(key: EntryKey(entry, in: table), position: position))
        }
        return keys
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
            holders[entry.key(in: bridge)] = entry.link
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

    /// Leaves out what the kernel makes, changes and takes away by itself.
    ///
    /// That is, of an entry without a VLAN at a bridge's port, a copy for the VLAN that new ports get. Kernels that have no VLANs at
    /// bridges make none.
    ///
    /// Kernel: `net/bridge/br_fdb.c`, `br_fdb_add()`: "To be nice, add/update entry for every vlan on this port."
    private func leavingOutCopies(
        _ unwanted: [ForwardingEntry],
        among entries: [ForwardingEntry]
    ) -> [ForwardingEntry] {
        let copiedVLAN = LastAnswers<LinkID, UInt16?> { [links] in links.vlanOfNewPorts(atBridgeOf: $0) }
        func original(of entry: ForwardingEntry) -> ForwardingEntry? {
            guard entry.table == .bridge, entry.vlan != 0, entry.vlan == copiedVLAN(entry.link) else {
                return nil
            }
            var original = entry
            original.vlan = 0
            return original
        }
        var originals = Set(unwanted.compactMap(original))
        guard !originals.isEmpty else { return unwanted }
        originals.formIntersection(entries)
        return unwanted.filter { entry in original(of: entry).map { !originals.contains($0) } ?? true }
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

    /// Adds an entry where there is none.
    ///
    /// - Parameters:
    ///   - wanted: The entry.
    ///   - reason: Why its link comes again.
    ///   - isLeaving: Whether the MAC is that of a link of this node that is to have it no longer.
    private mutating func create(_ wanted: ForwardingEntry, _ reason: String?, isLeaving: Bool) {
        guard wanted.table == .own || !isLeaving else {
            let reason = "behind the link of this node that has the MAC so far"
            steps.restoring.append(Change(.create, .replaceForwarding(wanted), reason: reason))
            return
        }
        // A bridge, or a VXLAN link, were it made a moment ago, may have learnt the address, which no dump of fixed
        // ones shows.
        let operation =
            wanted.takesDestinations ? Operation.addForwarding(wanted) : .replaceForwarding(wanted)
        fill(wanted.link.place, Change(.create, operation, reason: reason))
    }

    /// Makes one entry of those that are there, which differ from it.
    private mutating func change(_ existing: [ForwardingEntry], to wanted: ForwardingEntry) {
        guard existing.count == 1, wanted.canReplace(existing[0]) else {
            return remake(existing, as: wanted)
        }
        let differences = existing[0].differences(from: wanted)
        fill(wanted.link.place, Change(.change, .replaceForwarding(wanted), differences: differences))
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
}

/// Entries that are kept or lost together: those of a link in its own table, or in that of its bridge.
private struct EntryTable: Hashable {
    var link: LinkID
    var table: ForwardingEntry.Table
}

extension EntryTable {
    fileprivate init(_ entry: ForwardingEntry) {
        self.init(link: entry.link, table: entry.table)
    }
}

extension LinkSurvey {
    /// The VLAN of untagged frames at the ports of the bridge that a link is on.
    fileprivate func vlanOfNewPorts(atBridgeOf link: LinkID) -> UInt16? {
        guard let master = observed[link]?.master,
            case .bridge(let bridge)? = observed[LinkID(master, in: link.place)]?.kind
        else { return nil }
        return bridge.vlanDefaultPVID
    }

    /// The link whose table entries that are there are in: their own link, or the bridge of that.
    fileprivate func table(of entries: EntryTable) -> LinkID {
        guard entries.table == .bridge, let master = observed[entries.link]?.master else {
            return entries.link
        }
        return LinkID(master, in: entries.link.place)
    }

    /// True if the entries of a table are still there when the contents of its place are filled.
    fileprivate func isThereWhenFilling(_ entries: EntryTable, _ losses: Losses) -> Bool {
        switch fates[entries.link] {
        case .keep(let existing)?:
            guard entries.table == .bridge, let master = existing.master else { return true }
            // A bridge forgets the addresses of a port that leaves.
            guard master == desired[entries.link]?.master else { return false }
            return fates[LinkID(master, in: entries.link.place)]?.keepsContents ?? true
        case .delete?:
            // The port goes in the end; until then its bridge has the address.
            guard entries.table == .bridge, !losses.isCleared(entries.link) else { return false }
            return keepsContents(table(of: entries))
        case .create?, .remake?, .blocked?, nil:
            return false
        }
    }

    /// The link whose table entries shall be in.
    fileprivate func tableWhenFilled(of entries: EntryTable) -> LinkID {
        guard entries.table == .bridge, let master = desired[entries.link]?.master else {
            return entries.link
        }
        return LinkID(master, in: entries.link.place)
    }
}

/// Where the entries of a link in one table are to be.
private struct Filling {
    /// The link whose table they will be in.
    var table: LinkID
    var number: Int32
    /// A stranger has the link's name.
    var isBlocked: Bool
    /// Why the link comes again.
    var reason: String?
}

/// Numbers for tables: compared, where links are compared by place and name, a hundred thousand times.
private final class TableNumbers {
    private var numbers: [EntryTable: Int32] = [:]

    /// The number of a table of `link`: its own, or that of its ports.
    subscript(link: LinkID, table: ForwardingEntry.Table) -> Int32 {
        let key = EntryTable(link: link, table: table)
        if let number = numbers[key] { return number }
        let number = Int32(numbers.count)
        numbers[key] = number
        return number
    }
}

/// What the kernel knows an FDB entry by: a bridge has an address once, on whichever port.
private struct EntryKey: Equatable {
    /// MAC and VLAN.
    var address: UInt64
    var destination: IPAddress?
    /// The number of the table.
    var table: Int32

    init(_ entry: ForwardingEntry, in table: Int32) {
        address = entry.mac.bits << 16 | UInt64(entry.vlan)
        destination = entry.mac == .zero ? entry.destination : nil
        self.table = table
    }
}

/// The key of an entry, and where the entry is.
private struct PlacedKey: Keyed {
    var key: EntryKey
    var position: Int

    static func isOrdered(_ left: EntryKey, _ right: EntryKey) -> Bool {
        if left.table != right.table { return left.table < right.table }
        if left.address != right.address { return left.address < right.address }
        switch (left.destination, right.destination) {
        case (let first?, let second?): return first < second
        case (nil, .some): return true
        case (_, nil): return false
        }
    }

    static func feed(_ key: EntryKey, into digest: inout KeyDigest) {
        digest.feed(key.address)
        if let destination = key.destination { digest.feed(destination.high ^ destination.low) }
        digest.feed(UInt64(UInt32(bitPattern: key.table)))
    }
}

extension ForwardingEntry {
    /// Its key, were it on the link whose table it is in.
    fileprivate func key(in table: LinkID) -> Key {
        var key = key
        key.link = table
        return key
    }

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
