import NetworkModel

extension NodePlanner {
    /// Permanent neighbours on Weft's links.
    mutating func planNeighbours() {
        let present = KeyIndex(observed.everywhere(\.neighbours))
        var isWanted = [Bool](repeating: false, count: present.elements.count)
        let isKept = LastAnswer<LinkID, Bool>(links.keepsContents)
        let isDropped = LastAnswer<LinkID, Bool>(links.dropsNeighbours)
        for wanted in desired.neighbours {
            var position: Int?
            present.forEach(wanted.key) { position = $0 }
            let loss = losses.loss(of: wanted)
            if let loss, loss.moment == .whileRemoving {
                steps.restoring.append(Change(.create, .replaceNeighbour(wanted), reason: loss.reason))
                if let position { isWanted[position] = true }
                continue
            }
            guard let position, isKept(wanted.link) else {
                fill(wanted.link.place, Change(.create, .addNeighbour(wanted)))
                continue
            }
            isWanted[position] = true
            let differences = present.elements[position].differences(from: wanted)
            if !differences.isEmpty {
                fill(wanted.link.place, Change(.change, .replaceNeighbour(wanted), differences: differences))
            } else if isDropped(wanted.link) || loss != nil {
                let reason = loss?.reason ?? "the kernel drops it as the link's MAC changes"
                fill(wanted.link.place, Change(.create, .replaceNeighbour(wanted), reason: reason))
            }
        }
        for (position, existing) in present.elements.enumerated()
        where !isWanted[position] && existing.isManaged {
            let link = existing.value.link
            guard isKept(link), !isDropped(link), losses.loss(of: existing.value)?.moment != .whileBuilding else {
                continue
            }
            steps.removingEntries.append(Change(.delete, .deleteNeighbour(existing.value)))
        }
    }

    /// FDB entries on Weft's links.
    mutating func planForwarding() {
        let present = KeyIndex(observed.everywhere(\.forwarding))
        var isDone = [Bool](repeating: false, count: present.elements.count)
        let isKept = LastAnswer<EntryTable, Bool>(links.keepsEntries)
        for wanted in desired.forwarding { present.forEach(wanted.key) { isDone[$0] = true } }
        let leaving = leavingBridgeEntries(of: present.elements, except: isDone)
        for wanted in desired.forwarding {
            var first: Int?
            var count = 0
            present.forEach(wanted.key) { position in
                if first == nil { first = position }
                count += 1
            }
            guard let first, isKept(EntryTable(wanted)) else {
                if let address = links.bridgeAddress(of: wanted, links.desiredMaster), let old = leaving[address] {
                    isDone[old] = true
                    move(present.elements[old], to: wanted)
                } else {
                    fill(wanted.link.place, Change(.create, .addForwarding(wanted)))
                }
                continue
            }
            if count > 1 {
                remake(present.elements[first], as: wanted)
            } else if present.elements[first] != wanted {
                let differences = present.elements[first].differences(from: wanted)
                fill(wanted.link.place, Change(.change, .replaceForwarding(wanted), differences: differences))
            }
        }
        for (position, entry) in present.elements.enumerated() where !isDone[position] {
            // One deletion takes all entries of a key.
            present.forEach(entry.key) { isDone[$0] = true }
            guard isKept(EntryTable(entry)) else { continue }
            steps.removingEntries.append(Change(.delete, .deleteForwarding(entry)))
        }
    }

    /// The entries of bridges that are not wanted where they are, by what a bridge has but once.
    private func leavingBridgeEntries(of entries: [ForwardingEntry], except isDone: [Bool]) -> [BridgeAddress: Int] {
        var leaving: [BridgeAddress: Int] = [:]
        for (position, entry) in entries.enumerated() where !isDone[position] {
            guard let address = links.bridgeAddress(of: entry, links.observedMaster) else { continue }
            leaving[address] = position
        }
        return leaving
    }

    /// Moves an entry of a bridge's to another port, in place.
    private mutating func move(_ existing: ForwardingEntry, to wanted: ForwardingEntry) {
        let way = Difference("dev", from: existing.link.name.text, to: wanted.link.name.text)
        let differences = [way] + existing.differences(from: wanted)
        fill(wanted.link.place, Change(.change, .replaceForwarding(wanted), differences: differences))
    }

    private mutating func remake(_ existing: ForwardingEntry, as wanted: ForwardingEntry) {
        fill(wanted.link.place, Change(.delete, .deleteForwarding(existing), isCounted: false))
        let reason = "made anew: it has several destinations"
        fill(wanted.link.place, Change(.remake, .addForwarding(wanted), reason: reason))
    }
}

extension LinkSurvey {
    /// True if an entry on the link is still there when the contents of its place are filled.
    fileprivate func keepsContents(_ link: LinkID) -> Bool {
        fates[link]?.keepsContents ?? false
    }

    /// True if the kernel drops the neighbours of a kept link: `neigh_changeaddr()` does when the MAC changes.
    fileprivate func dropsNeighbours(_ id: LinkID) -> Bool {
        guard case .keep(let existing)? = fates[id], let link = desired[id] else { return false }
        return existing.mac != link.mac || (existing.isUp && !link.isUp)
    }

    /// True if the entries of a table are still there when the contents of its place are filled: the kernel drops those
    /// of a bridge's table when the port leaves the bridge.
    fileprivate func keepsEntries(_ table: EntryTable) -> Bool {
        guard case .keep(let existing)? = fates[table.link] else { return false }
        guard table.table == .bridge, let master = existing.master else { return true }
        return master == desired[table.link]?.master
            && fates[LinkID(master, in: table.link.place)]?.keepsContents != false
    }
}

/// An address in a bridge's table, which has one entry for it, whatever the port.
private struct BridgeAddress: Hashable {
    var bridge: LinkID
    var mac: MACAddress
    var vlan: UInt16
}

extension LinkSurvey {
    fileprivate func observedMaster(_ link: LinkID) -> InterfaceName? {
        guard case .bridge? = observed[link]?.kind else { return observed[link]?.master }
        return link.name
    }

    fileprivate func desiredMaster(_ link: LinkID) -> InterfaceName? {
        desired[link]?.kind.isBridge == true ? link.name : desired[link]?.master
    }

    /// What an entry is in its bridge's table; `nil` if it is in a table of another kind.
    fileprivate func bridgeAddress(
        of entry: ForwardingEntry,
        _ master: (LinkID) -> InterfaceName?
    ) -> BridgeAddress? {
        guard let bridge = master(entry.link), entry.table == .bridge || bridge == entry.link.name else { return nil }
        return BridgeAddress(bridge: LinkID(bridge, in: entry.link.place), mac: entry.mac, vlan: entry.vlan)
    }
}

/// Whose entries are kept or lost together.
private struct EntryTable: Equatable {
    var link: LinkID
    var table: ForwardingEntry.Table

    init(_ entry: ForwardingEntry) {
        link = entry.link
        table = entry.table
    }
}

/// Remembers the answer to the last question: entries come by the thousand, link by link.
private final class LastAnswer<Question: Equatable, Answer> {
    private let find: (Question) -> Answer
    private var last: (question: Question, answer: Answer)?

    init(_ find: @escaping (Question) -> Answer) {
        self.find = find
    }

    func callAsFunction(_ question: Question) -> Answer {
        if let last, last.question == question { return last.answer }
        let answer = find(question)
        last = (question, answer)
        return answer
    }
}

extension ObservedNeighbour {
    func differences(from wanted: Neighbour) -> [Difference] {
        var list: [Difference] = []
        Difference.note("mac", value.mac, wanted.mac, in: &list)
        Difference.note("protocol", protocolNumber, Mark.protocolNumber, in: &list)
        return list
    }
}

extension ForwardingEntry {
    func differences(from wanted: ForwardingEntry) -> [Difference] {
        var list: [Difference] = []
        Difference.note("dst", destination, wanted.destination, in: &list)
        Difference.note("state", state, wanted.state, in: &list)
        Difference.note("vni", vni, wanted.vni, in: &list)
        Difference.note("port", port, wanted.port, in: &list)
        return list
    }
}
