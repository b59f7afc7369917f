package import NetworkModel

/// What others do to a node: its administrator, other programs, a crash of Weft in the middle of its work.
///
/// Nothing here is refused for the sake of whom an object belongs to.
extension ModelKernel {
    /// Makes a link that is not Weft's, up, with the next free index.
    package mutating func addForeignLink(_ id: LinkID, kind: ObservedLinkKind, master: InterfaceName? = nil) {
        guard link(id) == nil, state[id.place] != nil else { return }
        // The kernel counts on from its own last, whatever indexes were asked for.
        let own = self[id.place].links.map(\.index).filter { $0 < 100_000_000 }
        let index = (own.max() ?? 1) + 1
        var link = ObservedLink(id.name, index: index, kind: kind)
        link.isUp = true
        link.mac = MACAddress(bits: 0x0200_0000_ee00 + UInt64(index))
        link.addressGeneration = AddressGeneration.none
        link.master = master
        if master != nil { link.setPort(BridgePort()) }
        insert(link, at: id.place)
    }

    /// Makes a namespace that is not Weft's.
    package mutating func addForeignNamespace(_ name: NamespaceName) {
        guard state.namespaces[name] == nil else { return }
        state.foreignNamespaces.insert(name)
    }

    /// Adds an address of another hand.
    package mutating func addForeignAddress(_ address: InterfaceAddress, on id: LinkID) {
        guard let link = link(id), address.address.family == .ipv4 || link.mtu.carriesIPv6 else { return }
        guard !link.addresses.contains(where: { $0.value.address == address.address }) else { return }
        var address = address
        // All of a prefix have one scope.
        if let other = link.addresses.first(where: { $0.value.prefix == address.prefix }) {
            address.scope = other.value.scope
        }
        insertAddress(address, protocolNumber: 0, on: id)
    }

    /// Makes a link of another hand that stands on a link, in a place of its own.
    package mutating func addForeignUpper(_ id: LinkID, kind: ObservedLinkKind, on lower: LinkID) {
        guard let parent = link(lower), link(id) == nil else { return }
        // The parent of a macvlan link is no port, and has none in mode passthru.
        if case .macvlan = kind, parent.master != nil || hasPassthru(on: lower) { return }
        addForeignLink(id, kind: kind)
        withLink(id) { $0.lower = lower }
    }

    private func hasPassthru(on lower: LinkID) -> Bool {
        places.contains { place in
            self[place].links.contains { link in
                guard case .macvlan(let macvlan) = link.kind, link.lower == lower else { return false }
                return macvlan.mode == .passthru
            }
        }
    }

    /// Makes a pair of another hand.
    package mutating func addForeignPair(_ first: LinkID, _ second: LinkID) {
        guard link(first) == nil, link(second) == nil, state[first.place] != nil, state[second.place] != nil
        else { return }
        for id in [first, second] { addForeignLink(id, kind: .veth(peerIndex: 0, peerNamespace: nil)) }
        join(first, second)
    }

    /// Takes the kernel's own routes to the prefixes of a link away.
    package mutating func removePrefixRoutes(of id: LinkID) {
        let prefixes = Set(link(id)?.addresses.map(\.value.prefix) ?? [])
        self[id.place].routes.removeAll { route in
            prefixes.contains { route.isPrefixRoute(to: $0, by: id.name) }
        }
    }

    /// Adds a route of another hand, whatever is there.
    package mutating func addForeignRoute(_ route: Route, protocolNumber: UInt8) {
        guard state[route.place] != nil else { return }
        self[route.place].routes.append(ObservedRoute(route, protocolNumber: protocolNumber))
    }

    /// Adds a permanent neighbour of another hand.
    package mutating func addForeignNeighbour(_ neighbour: Neighbour) {
        guard let link = link(neighbour.link) else { return }
        guard neighbour.address.family == .ipv4 || link.mtu.carriesIPv6 else { return }
        self[neighbour.link.place].neighbours.removeAll { $0.value.key == neighbour.key }
        self[neighbour.link.place].neighbours.append(ObservedNeighbour(neighbour, protocolNumber: 0))
    }

    /// Adds an FDB entry behind Weft's back, whatever is there.
    package mutating func addForwardingBehindWeft(_ entry: ForwardingEntry) {
        guard link(entry.link) != nil, !self[entry.link.place].forwarding.contains(entry) else { return }
        self[entry.link.place].forwarding.append(entry)
    }

    /// Lets the kernel find out a neighbour, and a bridge learn an address, by itself.
    package mutating func learn(_ neighbour: Neighbour) {
        guard let link = link(neighbour.link) else { return }
        let isPermanent = self[neighbour.link.place].neighbours.contains { $0.value.key == neighbour.key }
        let hasFamily = neighbour.address.family == .ipv4 || link.mtu.carriesIPv6
        if !isPermanent, hasFamily { learntNeighbours.insert(neighbour.key) }
        if case .vxlan = link.kind {
            let isKnown = self[neighbour.link.place].forwarding.contains {
                $0.link == neighbour.link && $0.mac == neighbour.mac && $0.table == .own
            }
            if !isKnown { learntAddresses[neighbour.link, default: []].insert(neighbour.mac) }
        }
        if let master = link.master {
            let bridge = LinkID(master, in: neighbour.link.place)
            let isKnown = self[bridge.place].forwarding.contains {
                $0.mac == neighbour.mac && $0.table == .bridge
            }
            if !isKnown { learntAddresses[bridge, default: []].insert(neighbour.mac) }
        }
    }

    /// Changes attributes of a link that bring nothing else about.
    package mutating func alter(_ id: LinkID, _ body: (inout ObservedLink) -> Void) {
        withLink(id, body)
    }

    /// Changes Weft's route at `position` of a place.
    package mutating func alterRoute(at position: Int, in place: Place, _ body: (inout ObservedRoute) -> Void)
    {
        body(&self[place].routes[position])
    }

    /// Takes away a route, a neighbour or an FDB entry: the one at `position` of its list.
    package mutating func remove(_ list: EntryList, at position: Int, in place: Place) {
        switch list {
        case .routes: self[place].routes.remove(at: position)
        case .neighbours: self[place].neighbours.remove(at: position)
        case .forwarding: self[place].forwarding.remove(at: position)
        }
    }

    /// The lists of a namespace that have no order.
    package enum EntryList: CaseIterable, Sendable {
        case routes
        case neighbours
        case forwarding
    }

    /// Takes a link up or down as another hand does.
    package mutating func setUp(_ isUp: Bool, _ id: LinkID) {
        guard let link = link(id), link.isUp != isUp else { return }
        if isUp { raise(id) } else { lower(id) }
    }

    /// Gives a link another MTU.
    package mutating func alterMTU(of id: LinkID, to mtu: MTU) {
        var mtu = mtu
        if case .macvlan(let macvlan)? = link(id)?.kind, let parent = link(LinkID(macvlan.parent, in: .node))
        {
            mtu = min(mtu, parent.mtu)
        }
        setMTU(mtu, ofLink: id)
    }

    /// Lets the kernel have a setting more.
    package mutating func addSetting(_ sysctl: Sysctl) { settings[sysctl.key] = sysctl.value }

    /// Takes a port out of its bridge.
    package mutating func free(_ id: LinkID) {
        try? setMaster(nil, of: id)
    }

    /// Deletes a link, whosesoever it is.
    package mutating func deleteBehindWeft(_ id: LinkID) {
        kill(id)
    }

    /// Deletes the address at `position` of a link, whosesoever it is.
    package mutating func deleteAddress(at position: Int, on id: LinkID) {
        removeAddress(at: position, on: id)
    }

    /// Marks addresses of a link as of another hand, or as not for ever.
    package mutating func alterAddress(
        at position: Int,
        on id: LinkID,
        _ body: (inout ObservedAddress) -> Void
    ) {
        withLink(id) { body(&$0.addresses[position]) }
    }

    /// What a crash between two messages of a creation leaves: marked, but without alias, port or address, and down.
    package mutating func leaveHalfMade(_ id: LinkID) {
        guard let link = link(id), link.group == Mark.node.linkGroup else { return }
        setUp(false, id)
        free(id)
        while let addresses = self.link(id)?.addresses, !addresses.isEmpty { removeAddress(at: 0, on: id) }
        withLink(id) { link in
            link.alias = ""
            link.addressGeneration = .eui64
        }
    }

    /// A link that was moved into a group to be deleted, when Weft was killed.
    package mutating func leaveInDeletionGroup(_ id: LinkID) {
        guard let link = link(id), Mark.node.purpose(fromAlias: link.alias) != nil else { return }
        withLink(id) { $0.group = Mark.node.deletionGroups.lowerBound }
    }

    /// A namespace that was made, but not marked, when Weft was killed.
    package mutating func leaveUnmarked(_ name: NamespaceName) {
        state.namespaces[name]?.isMarked = false
        state.namespaces[name]?.links[0].isUp = false
    }

    /// Lets processes live in a namespace of Weft's.
    package mutating func setProcessCount(_ count: Int, in name: NamespaceName) {
        state.namespaces[name]?.processCount = count
    }

    /// Makes the links of a place again in another order, which no dump promises.
    package mutating func shuffleEntries(using random: inout SeededGenerator) {
        for place in places {
            self[place].neighbours.shuffle(using: &random)
            self[place].forwarding.shuffle(using: &random)
        }
    }
}
