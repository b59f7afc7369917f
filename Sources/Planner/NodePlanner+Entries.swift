import NetworkModel

extension NodePlanner {
    /// Permanent neighbours on Weft's links.
    mutating func planNeighbours() {
        var present: [Neighbour.Key: ObservedNeighbour] = [:]
        forEachObserved { namespace in
            present.reserveCapacity(present.count + namespace.neighbours.count)
            for neighbour in namespace.neighbours where isOnKeptLink(neighbour.value.link) {
                present[neighbour.value.key] = neighbour
            }
        }
        for wanted in desired.neighbours {
            guard let existing = present.removeValue(forKey: wanted.key) else {
                fill(wanted.link.place, Change(.create, .addNeighbour(wanted)))
                continue
            }
            let differences = existing.differences(from: wanted)
            if !differences.isEmpty {
                fill(wanted.link.place, Change(.change, .replaceNeighbour(wanted), differences: differences))
            } else if dropsNeighbours(wanted.link) {
                let reason = "the kernel drops it as the link's MAC changes"
                fill(wanted.link.place, Change(.create, .replaceNeighbour(wanted), reason: reason))
            }
        }
        let unwanted = present.values.filter { $0.isManaged && !dropsNeighbours($0.value.link) }
        for existing in unwanted.sorted(by: { $0.value.key < $1.value.key }) {
            steps.removingEntries.append(Change(.delete, .deleteNeighbour(existing.value)))
        }
    }

    /// FDB entries on Weft's links.
    mutating func planForwarding() {
        var present: [ForwardingEntry.Key: [ForwardingEntry]] = [:]
        forEachObserved { namespace in
            present.reserveCapacity(present.count + namespace.forwarding.count)
            for entry in namespace.forwarding where isOnKeptLink(entry.link) && !dropsForwarding(entry) {
                present[entry.key, default: []].append(entry)
            }
        }
        for wanted in desired.forwarding {
            guard let existing = present.removeValue(forKey: wanted.key) else {
                fill(wanted.link.place, Change(.create, .addForwarding(wanted)))
                continue
            }
            if existing.count > 1 {
                remake(existing[0], as: wanted)
            } else if existing[0] != wanted {
                let differences = existing[0].differences(from: wanted)
                fill(wanted.link.place, Change(.change, .replaceForwarding(wanted), differences: differences))
            }
        }
        for key in present.keys.sorted() {
            guard let entry = present[key]?.first else { continue }
            steps.removingEntries.append(Change(.delete, .deleteForwarding(entry)))
        }
    }

    private mutating func remake(_ existing: ForwardingEntry, as wanted: ForwardingEntry) {
        fill(wanted.link.place, Change(.delete, .deleteForwarding(existing), isCounted: false))
        let reason = "made anew: it has several destinations"
        fill(wanted.link.place, Change(.remake, .addForwarding(wanted), reason: reason))
    }

    private func forEachObserved(_ body: (ObservedNamespace) -> Void) {
        body(observed.node)
        for name in observed.namespaces.keys.sorted() {
            if let namespace = observed.namespaces[name] { body(namespace) }
        }
    }

    /// True if an entry on the link is still there when the contents of its place are filled.
    private func isOnKeptLink(_ link: LinkID) -> Bool {
        links.fates[link]?.keepsContents ?? false
    }

    /// True if the kernel drops the neighbours of a kept link: `neigh_changeaddr()` does when the MAC changes.
    private func dropsNeighbours(_ id: LinkID) -> Bool {
        guard case .keep(let existing)? = links.fates[id], let link = links.desired[id] else { return false }
        return existing.mac != link.mac || (existing.isUp && !link.isUp)
    }

    /// True if the kernel drops an entry of the bridge's table: it does when the port leaves the bridge.
    private func dropsForwarding(_ entry: ForwardingEntry) -> Bool {
        guard entry.table == .bridge, case .keep(let existing)? = links.fates[entry.link] else {
            return false
        }
        guard let link = links.desired[entry.link], let master = existing.master else { return false }
        return master != link.master
            || links.fates[LinkID(master, in: entry.link.place)]?.keepsContents == false
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
