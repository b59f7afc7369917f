package import NetworkModel

/// Something of a node that is not as it was.
package struct StateDifference: Hashable, Sendable {
    /// The object's name, as in plans.
    package var object: String
    /// The object in the operator's words: `link 'br9'`.
    package var words: String
    /// What is otherwise: `it is gone`.
    package var detail: String
}

extension ObservedState {
    /// What concerns Weft and is not as it was in an earlier reading, in the order of places and names.
    ///
    /// Looked at is all that is Weft's, and what others have on it: on its links, in its namespaces, at its bridges. What others
    /// have added meanwhile is their own affair. Left out is what the kernel makes at its own time: link-local addresses and
    /// the routes to them, and the numbers that namespaces call each other by.
    package func differences(from before: ObservedState) -> [StateDifference] {
        var comparison = StateComparison(before: before, after: self)
        comparison.compareNamespaces()
        for place in [.node] + before.namespaces.keys.sorted().map(Place.namespace) {
            guard let old = before[place], let new = self[place] else { continue }
            comparison.compareLinks(old, new, at: place)
            comparison.compareRoutes(old, new, at: place)
            comparison.compareNeighbours(old, new)
            comparison.compareForwarding(old, new)
        }
        comparison.compareSettings()
        comparison.compareFirewall()
        return comparison.differences
    }
}

/// Two readings side by side.
private struct StateComparison {
    let before: ObservedState
    let after: ObservedState
    private let peersBefore: [LinkID: LinkID]
    private let peersAfter: [LinkID: LinkID]
    /// The links that were Weft's.
    private var own: Set<LinkID> = []
    var differences: [StateDifference] = []

    init(before: ObservedState, after: ObservedState) {
        self.before = before
        self.after = after
        let nothing = NodeState(node: "")
        peersBefore = LinkSurvey(observed: before, desired: nothing).peers
        peersAfter = LinkSurvey(observed: after, desired: nothing).peers
        for place in [.node] + before.namespaces.keys.map(Place.namespace) {
            for link in before[place]?.links ?? [] where link.isManaged {
                own.insert(LinkID(link.name, in: place))
            }
        }
    }

    private mutating func note(_ object: String, _ words: String, _ detail: String) {
        differences.append(StateDifference(object: object, words: words, detail: detail))
    }

    private mutating func note(_ id: LinkID, _ detail: String) {
        note("\(id)", "link '\(id.name)'\(NodePlanner.words(for: id.place))", detail)
    }

    /// Notes what was and is not, and what is Weft's and was not.
    private mutating func note<Thing: Hashable>(
        lost: [Thing],
        added: [Thing],
        _ describe: (Thing) -> (object: String, words: String)
    ) {
        for thing in lost {
            let (object, words) = describe(thing)
            note(object, words, "it is gone, or is not as it was")
        }
        for thing in added {
            let (object, words) = describe(thing)
            note(object, words, "it was not there before")
        }
    }

    // MARK: Namespaces

    mutating func compareNamespaces() {
        for name in Set(before.namespaces.keys).union(after.namespaces.keys).sorted() {
            let words = "namespace '\(name)'"
            switch (before.namespaces[name], after.namespaces[name]) {
            case (.some, nil): note(name.text, words, "it is gone")
            case (nil, .some): note(name.text, words, "it was not there before")
            case (let old?, let new?):
                if old.isMarked, !new.isMarked { note(name.text, words, "its mark is gone") }
                if old.hasLoopbackUp, !new.hasLoopbackUp { note(name.text, words, "its 'lo' is down") }
            case (nil, nil): break
            }
        }
    }

    // MARK: Links

    mutating func compareLinks(_ old: ObservedNamespace, _ new: ObservedNamespace, at place: Place) {
        let present = Dictionary(new.links.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let known = Set(old.links.map(\.name))
        for link in old.links {
            let id = LinkID(link.name, in: place)
            guard link.isManaged || concernsWeft(link, at: place) else { continue }
            guard let now = present[link.name] else {
                note(id, link.isManaged ? "it is gone" : "it was not Weft's, and is gone")
                continue
            }
            if link.isManaged { compare(link, now, id) } else { compareStranger(link, now, id) }
        }
        for link in new.links where link.isManaged && !known.contains(link.name) {
            note(LinkID(link.name, in: place), "it was not there before")
        }
    }

    /// True for a stranger's link in a namespace of Weft's, at a bridge of Weft's, or standing on a link of Weft's.
    private func concernsWeft(_ link: ObservedLink, at place: Place) -> Bool {
        if let lower = link.lower, own.contains(lower) { return true }
        if let master = link.master, own.contains(LinkID(master, in: place)) { return true }
        return place != .node && link.index != 1
    }

    private mutating func compareStranger(_ old: ObservedLink, _ new: ObservedLink, _ id: LinkID) {
        var list: [Difference] = []
        Difference.note("up", old.isUp, new.isUp, in: &list)
        Difference.note("mtu", old.mtu, new.mtu, in: &list)
        Difference.note("master", old.master, new.master, in: &list)
        note(list, of: id)
    }

    private mutating func compare(_ old: ObservedLink, _ new: ObservedLink, _ id: LinkID) {
        var list: [Difference] = []
        Difference.note("type", old.kind.name, new.kind.name, in: &list)
        Difference.note("index", old.index, new.index, in: &list)
        Difference.note("up", old.isUp, new.isUp, in: &list)
        Difference.note("mtu", old.mtu, new.mtu, in: &list)
        Difference.note("mac", old.mac, new.mac, in: &list)
        Difference.note("master", old.master, new.master, in: &list)
        Difference.note("group", old.group, new.group, in: &list)
        Difference.note("alias", old.alias, new.alias, in: &list)
        Difference.note("addrgenmode", old.addressGeneration, new.addressGeneration, in: &list)
        Difference.note("promote_secondaries", old.promotesSecondaries, new.promotesSecondaries, in: &list)
        if let port = old.port, let now = new.port { port.note(differencesFrom: now, in: &list) }
        switch (old.kind, new.kind) {
        case (.bridge(let old), .bridge(let new)): old.note(differencesFrom: new, in: &list)
        case (.vxlan(let old), .vxlan(let new)): old.note(differencesFrom: new, in: &list)
        case (.macvlan(let old), .macvlan(let new)):
            Difference.note("parent", old.parent, new.parent, in: &list)
            Difference.note("mode", old.mode, new.mode, in: &list)
        case (.veth, .veth): Difference.note("peer", peersBefore[id], peersAfter[id], in: &list)
        case (.bridge, _), (.veth, _), (.vxlan, _), (.macvlan, _), (.other, _): break
        }
        note(list, of: id)
        compareAddresses(old, new, id)
    }

    private mutating func note(_ list: [Difference], of id: LinkID) {
        guard !list.isEmpty else { return }
        note(id, list.map(\.description).joined(separator: ", "))
    }

    // MARK: Addresses

    private mutating func compareAddresses(_ old: ObservedLink, _ new: ObservedLink, _ id: LinkID) {
        func describe(_ address: ObservedAddress) -> (object: String, words: String) {
            let place = NodePlanner.words(for: id.place)
            return ("\(address.value) dev \(id)", "address \(address.value) on link '\(id.name)'\(place)")
        }
        let present = Set(new.addresses)
        // What has a lifetime of another's giving may be at its end.
        let lost = old.addresses.filter { address in
            !address.isMadeFromMAC && !present.contains(address) && (address.isManaged || address.isPermanent)
        }
        let known = Set(old.addresses.map(\.value))
        let added = new.addresses.filter { $0.isManaged && !known.contains($0.value) }
        // A stranger's with a lifetime that was taken over and not given back.
        let kept = Set(new.addresses.filter { $0.isManaged || $0.isPermanent }.map(\.value))
        let taken = old.addresses.filter { !$0.isManaged && !$0.isPermanent && kept.contains($0.value) }
        note(lost: lost + taken, added: added, describe)
        let primaries = Self.primaries(of: new)
        let values = Set(new.addresses.map(\.value))
        for (prefix, value) in Self.primaries(of: old).sorted(by: { $0.key < $1.key }) {
            guard let now = primaries[prefix], now != value, values.contains(value) else { continue }
            let (object, words) = describe(ObservedAddress(value, protocolNumber: 0))
            note(object, words, "it was the primary one of its prefix, and \(now) is now")
        }
    }

    private static func primaries(of link: ObservedLink) -> [Prefix: InterfaceAddress] {
        let values = link.addresses.map(\.value).filter { $0.address.family == .ipv4 }
        return Dictionary(values.map { ($0.prefix, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Routes and entries

    /// `RTPROT_RA`.
    private static let advertised: UInt8 = 9

    mutating func compareRoutes(_ old: ObservedNamespace, _ new: ObservedNamespace, at place: Place) {
        let present = Set(new.routes)
        let known = Set(old.routes)
        let lost = old.routes.filter { route in
            guard !route.isManaged else { return !present.contains(route) }
            let isOnOwn = route.value.device.map { own.contains(LinkID($0, in: place)) } ?? false
            guard isOnOwn || place != .node, route.protocolNumber != Self.advertised else { return false }
            return !route.value.destination.address.isLinkLocal && !present.contains(route)
        }
        note(lost: lost, added: new.routes.filter { $0.isManaged && !known.contains($0) }) { route in
            let words = route.value.summary
            return (words, "route \(words)\(NodePlanner.words(for: place))")
        }
    }

    mutating func compareNeighbours(_ old: ObservedNamespace, _ new: ObservedNamespace) {
        let present = Set(new.neighbours)
        let known = Set(old.neighbours)
        let lost = old.neighbours.filter { own.contains($0.value.link) && !present.contains($0) }
        note(lost: lost, added: new.neighbours.filter { $0.isManaged && !known.contains($0) }) { neighbour in
            let link = neighbour.value.link
            let words =
                "neighbour \(neighbour.value.address) on link '\(link.name)'\(NodePlanner.words(for: link.place))"
            return ("\(neighbour.value.address) dev \(link)", words)
        }
    }

    mutating func compareForwarding(_ old: ObservedNamespace, _ new: ObservedNamespace) {
        let present = Set(new.forwarding)
        let known = Set(old.forwarding)
        let lost = old.forwarding.filter { !present.contains($0) }
        let added = new.forwarding.filter { own.contains($0.link) && !known.contains($0) }
        note(lost: lost, added: added) { entry in
            let place = NodePlanner.words(for: entry.link.place)
            return (
                "\(entry.mac) dev \(entry.link)",
                "fdb entry \(entry.summary) on link '\(entry.link.name)'\(place)"
            )
        }
    }

    // MARK: Firewall

    mutating func compareFirewall() {
        let words = "the firewall"
        switch (before.firewall, after.firewall) {
        case (nil, nil): break
        case (.some, nil): note("tables", words, "it is gone")
        case (nil, .some): note("tables", words, "it was not there before")
        case (let old?, let new?):
            if !new.isIntact { note("tables", words, "its rules are not those that Weft wrote") }
            // What was still to be forgotten needs not be so again.
            let known = old.entries.filter { $0.key != .connections }
            for entry in Set(known.keys).union(new.entries.keys).sorted()
            where known[entry] != new.entries[entry] {
                note(entry.name, "firewall entry of \(entry)", "it is otherwise")
            }
        }
    }

    // MARK: Settings

    mutating func compareSettings() {
        for (key, value) in before.sysctls.sorted(by: { $0.key < $1.key }) where after.sysctls[key] != value {
            let words = "setting '\(key)'\(NodePlanner.words(for: key.place))"
            note("\(key)", words, "it was \(value), and is \(after.sysctls[key] ?? "gone")")
        }
    }
}
