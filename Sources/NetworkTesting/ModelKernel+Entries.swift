import NetworkModel

extension ModelKernel {
    // MARK: Neighbours

    /// Adds a neighbour, in the place of one that the kernel found out by itself too; a protocol is not taken away.
    ///
    /// Kernel: `neigh_add()`.
    mutating func replace(_ neighbour: Neighbour) throws(Refusal) {
        let link = try managed(neighbour.link)
        guard neighbour.address.family == .ipv4 || link.mtu.carriesIPv6 else {
            throw Refusal("EINVAL", "the link has no IPv6")
        }
        let place = neighbour.link.place
        learntNeighbours.remove(neighbour.key)
        var value = neighbour
        var number = neighbour.owner ?? Mark.node.protocolNumber
        value.owner = nil
        if let old = self[place].neighbours.first(where: { $0.value.key == neighbour.key }), number == 0 {
            number = old.protocolNumber
        }
        self[place].neighbours.removeAll { $0.value.key == neighbour.key }
        self[place].neighbours.append(ObservedNeighbour(value, protocolNumber: number))
    }

    mutating func delete(_ neighbour: Neighbour) throws(Refusal) {
        let place = neighbour.link.place
        // What is gone already is as it was wanted: the applier takes ENOENT so.
        guard let position = self[place].neighbours.firstIndex(where: { $0.value.key == neighbour.key })
        else { return }
        guard self[place].neighbours[position].isManaged else {
            throw Refusal("FOREIGN", "the neighbour is not Weft's")
        }
        self[place].neighbours.remove(at: position)
    }

    // MARK: FDB entries

    /// Adds an entry exclusively; to the flood and group entries of a VXLAN link a destination.
    ///
    /// Kernel: `vxlan_fdb_update()`, `fdb_add_entry()` of the bridge.
    mutating func add(_ entry: ForwardingEntry) throws(Refusal) {
        try check(entry)
        switch entry.table {
        case .bridge:
            let bridge = bridge(of: entry)
            try checkHolder(of: entry)
            let isLearnt = bridge.map { learntAddresses[$0]?.contains(entry.mac) == true } ?? false
            guard !isLearnt, positions(ofBridgeEntry: entry).isEmpty else {
                throw Refusal("EEXIST", "the bridge has the address")
            }
            self[entry.link.place].forwarding.append(entry)
        case .own where entry.mac == .zero:
            append(destinationOf: entry)
        case .own:
            let isLearnt = learntAddresses[entry.link]?.contains(entry.mac) == true
            guard !isLearnt, positions(ofOwnEntry: entry).isEmpty else {
                throw Refusal("EEXIST", "the link has the address")
            }
            self[entry.link.place].forwarding.append(entry)
        }
    }

    /// Replaces an entry: on a bridge an address so moves to another port; the flood entry takes one destination more.
    mutating func replace(_ entry: ForwardingEntry) throws(Refusal) {
        try check(entry)
        switch entry.table {
        case .bridge:
            try checkHolder(of: entry)
            if let bridge = bridge(of: entry) { learntAddresses[bridge]?.remove(entry.mac) }
            for position in positions(ofBridgeEntry: entry).reversed() {
                self[entry.link.place].forwarding.remove(at: position)
            }
            self[entry.link.place].forwarding.append(entry)
        case .own where entry.mac == .zero:
            append(destinationOf: entry)
        case .own:
            let positions = positions(ofOwnEntry: entry)
            guard positions.isEmpty || !entry.mac.isMulticast else {
                throw Refusal("EOPNOTSUPP", "a group's destinations are not replaced")
            }
            learntAddresses[entry.link]?.remove(entry.mac)
            for position in positions.reversed() { self[entry.link.place].forwarding.remove(at: position) }
            self[entry.link.place].forwarding.append(entry)
        }
    }

    mutating func delete(_ entry: ForwardingEntry) throws(Refusal) {
        try check(entry)
        let place = entry.link.place
        let doomed: [Int]
        switch entry.table {
        case .bridge:
            doomed = positions(ofBridgeEntry: entry).filter { self[place].forwarding[$0].link == entry.link }
        case .own where entry.mac == .zero:
            doomed = positions(ofOwnEntry: entry).filter {
                self[place].forwarding[$0].hasDestination(of: entry)
            }
        case .own: doomed = positions(ofOwnEntry: entry)
        }
        guard !doomed.isEmpty else { throw Refusal("ENOENT", "there is no such entry") }
        for position in doomed.reversed() { self[place].forwarding.remove(at: position) }
    }

    private func check(_ entry: ForwardingEntry) throws(Refusal) {
        let link = try managed(entry.link)
        if entry.table == .bridge, link.master == nil {
            throw Refusal("EINVAL", "the link is no port of a bridge")
        }
    }

    /// An entry on a stranger's port is the stranger's.
    private func checkHolder(of entry: ForwardingEntry) throws(Refusal) {
        for position in positions(ofBridgeEntry: entry) {
            let holder = self[entry.link.place].forwarding[position].link
            if link(holder)?.isManaged == false {
                throw Refusal("FOREIGN", "port '\(holder)' has the address")
            }
        }
    }

    private func bridge(of entry: ForwardingEntry) -> LinkID? {
        link(entry.link)?.master.map { LinkID($0, in: entry.link.place) }
    }

    /// Where the bridge has the entry's address: on whichever port, a bridge has an address and VLAN once.
    private func positions(ofBridgeEntry entry: ForwardingEntry) -> [Int] {
        let all = self[entry.link.place].forwarding
        return all.indices.filter { position in
            all[position].table == .bridge && all[position].mac == entry.mac
                && all[position].vlan == entry.vlan
                && bridge(of: all[position]) == bridge(of: entry)
        }
    }

    /// Where the link has the entry's address, with each of its destinations.
    private func positions(ofOwnEntry entry: ForwardingEntry) -> [Int] {
        let all = self[entry.link.place].forwarding
        return all.indices.filter { position in
            all[position].table == .own && all[position].link == entry.link && all[position].mac == entry.mac
        }
    }

    /// Adds a destination; the state is that of the address, whatever its destinations.
    private mutating func append(destinationOf entry: ForwardingEntry) {
        let place = entry.link.place
        let positions = positions(ofOwnEntry: entry)
        for position in positions { self[place].forwarding[position].state = entry.state }
        guard !positions.contains(where: { self[place].forwarding[$0].hasDestination(of: entry) }) else {
            return
        }
        self[place].forwarding.append(entry)
    }
}

extension ForwardingEntry {
    fileprivate func hasDestination(of other: ForwardingEntry) -> Bool {
        destination == other.destination && vni == other.vni && port == other.port
    }
}
