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
                // A link that is there may have found the neighbour out by itself, which no dump of permanent ones shows.
                let isKept = isOnKeptLink(wanted.link)
                let operation = isKept ? Operation.replaceNeighbour(wanted) : .addNeighbour(wanted)
                fill(wanted.link.place, Change(.create, operation))
                continue
            }
            let differences = existing.differences(from: wanted)
            if !differences.isEmpty {
                fill(wanted.link.place, Change(.change, .replaceNeighbour(wanted), differences: differences))
            } else if let reason = reasonForLosingNeighbours(wanted.link) {
                fill(wanted.link.place, Change(.create, .replaceNeighbour(wanted), reason: reason))
            }
        }
        let unwanted = present.values.filter { $0.isManaged && reasonForLosingNeighbours($0.value.link) == nil }
        for existing in unwanted.sorted(by: { $0.value.key < $1.value.key }) {
            steps.removingEntries.append(Change(.delete, .deleteNeighbour(existing.value)))
        }
    }

    func forEachObserved(_ body: (ObservedNamespace) -> Void) {
        body(observed.node)
        for name in observed.namespaces.keys.sorted() {
            if let namespace = observed.namespaces[name] { body(namespace) }
        }
    }

    /// True if an entry on the link is still there when the contents of its place are filled.
    func isOnKeptLink(_ link: LinkID) -> Bool {
        links.fates[link]?.keepsContents ?? false
    }

    /// Why the kernel drops the neighbours of a kept link; `nil` if it does not. Kernel: `neigh_changeaddr()`,
    /// `neigh_ifdown()`.
    private func reasonForLosingNeighbours(_ id: LinkID) -> String? {
        guard case .keep(let existing)? = links.fates[id], let link = links.desired[id] else { return nil }
        if existing.isUp, !link.isUp { return "the kernel drops it as the link goes down" }
        return existing.mac == link.mac ? nil : "the kernel drops it as the link's MAC changes"
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
