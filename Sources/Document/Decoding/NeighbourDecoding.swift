internal import NetworkModel

/// Neighbours and FDB entries, which stand on links of the document.
extension Decoder {
    /// Reads the neighbours, and puts them in order.
    mutating func neighbours(_ node: Int, into draft: inout NodeDraft) {
        guard let list = list(node) else { return }
        var found = KeyedItems<Neighbour, Neighbour.Key> { $0.key }
        var fields = Fields<NeighbourKey>()
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let mapping = mapping(item) else { continue }
            collect(mapping, into: &fields)
            require(.dev, .address, .mac, in: fields)
            let link = ownLink(.dev, .namespace, fields, draft)
            let address = fields[.address].flatMap { hostAddress($0, "a neighbour") }
            let mac = mac(.mac, fields)
            guard let link, let address, let mac else { continue }
            found.append(Neighbour(address, mac: mac, on: link.id), item)
        }
        draft.state.neighbours = found.sorted { first, again, item in
            complain(
                at: item,
                "there is a neighbour \(again.address) on '\(again.link.name)' already, at \(tree.position(of: first))",
                hint: "keep one of them"
            )
        }
    }

    /// Reads the FDB entries, and puts them in order.
    mutating func forwarding(_ node: Int, into draft: inout NodeDraft) {
        guard let list = list(node) else { return }
        var found = KeyedItems<ForwardingEntry, ForwardingEntry.Key> { $0.key }
        var fields = Fields<ForwardingKey>()
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            guard let mapping = mapping(item) else { continue }
            collect(mapping, into: &fields)
            for entry in forwardingEntries(fields, draft) { found.append(entry, item) }
        }
        draft.state.forwarding = found.sorted { first, again, item in
            complain(
                at: item,
                "there is an entry for \(again.mac) in this table already, at \(tree.position(of: first))",
                hint: "keep one of them"
            )
        }
    }

    /// The entries of one item: one, or with `self` and `master` two.
    private mutating func forwardingEntries(
        _ fields: Fields<ForwardingKey>,
        _ draft: NodeDraft
    ) -> [ForwardingEntry] {
        require(.dev, .mac, in: fields)
        let link = ownLink(.dev, .namespace, fields, draft)
        let mac = mac(.mac, fields)
        let destination = fields[.dst].flatMap { hostAddress($0, "a tunnel's end") }
        let own = boolean(.own, fields)
        let master = boolean(.master, fields)
        let state = choice(.state, fields, ForwardingEntry.State.self)
        let vlan = number32(.vlan, fields)
        let vni = number32(.vni, fields)
        let port = number32(.port, fields)
        guard let link, let mac else { return [] }
        let tables = tables(own: own, master: master, on: link, fields)
        return tables.map { table in
            let fallback: ForwardingEntry.State = tables.contains(.bridge) ? .static : .permanent
            var entry = ForwardingEntry(mac, on: link.id, table: table, state: state ?? fallback)
            entry.vlan = UInt16(truncatingIfNeeded: vlan ?? 0)
            if table == .own {
                entry.destination = destination
                entry.vni = vni.map { VNI(number: $0) }
                entry.port = port.map { UInt16(truncatingIfNeeded: $0) }
            }
            check(entry, on: link, fields)
            return entry
        }
    }

    /// Whose tables an item means.
    private mutating func tables(
        own: Bool?,
        master: Bool?,
        on link: Link,
        _ fields: Fields<ForwardingKey>
    ) -> [ForwardingEntry.Table] {
        var isOwn = own ?? false
        var isMaster = master ?? false
        if own == nil, master == nil {
            isOwn = fields[.dst] != nil
            switch link.kind {
            case .vxlan, .bridge: isOwn = true
            case .veth, .macvlan: break
            }
            isMaster = !isOwn
        } else if own == nil, master == false {
            isOwn = true
        } else if master == nil, own == false {
            isMaster = true
        }
        if !isOwn, !isMaster {
            complain(
                at: fields.mapping,
                "neither 'self' nor 'master' is true",
                hint: "say whose table it is in"
            )
        }
        return (isOwn ? [.own] : []) + (isMaster ? [.bridge] : [])
    }

    /// What the kernel refuses of an entry.
    ///
    /// Kernel: `vxlan_fdb_add`, `br_fdb_add`, `ndo_dflt_fdb_add`.
    private mutating func check(_ entry: ForwardingEntry, on link: Link, _ fields: Fields<ForwardingKey>) {
        let name = link.id.name
        switch (entry.table, link.kind) {
        case (.bridge, _):
            if link.master == nil {
                complain(
                    at: fields.mapping,
                    "'\(name)' is a port of no bridge",
                    hint: "an entry with 'master' needs one"
                )
            } else if entry.mac == .zero, let node = fields[.mac] {
                complain(
                    at: node,
                    "a bridge has no entry for the zero MAC",
                    hint: "only VXLAN links have: use 'self'"
                )
            }
        case (.own, .vxlan(let vxlan)):
            checkTunnelEntry(entry, vxlan, fields)
        case (.own, .bridge), (.own, .veth), (.own, .macvlan):
            if entry.state != .permanent, let node = fields[.state] ?? fields[.own] {
                complain(
                    at: node,
                    "an entry of its own on '\(name)' is permanent",
                    hint: "write 'state: permanent'"
                )
            }
            if entry.mac == .zero, let node = fields[.mac] {
                complain(at: node, "'\(name)' has no entry for the zero MAC", hint: "only VXLAN links have")
            }
            if case .macvlan(let macvlan) = link.kind, macvlan.mode != .passthru {
                complain(at: fields.mapping, "a macvlan has entries of its own in mode passthru only")
            }
        }
        guard entry.table == .bridge || !isTunnel(link) else { return }
        let isBoth = entry.table == .bridge && (fields[.own] != nil || fields[.dst] != nil) && isTunnel(link)
        for key in [ForwardingKey.dst, .vni, .port] where fields[key] != nil && !isBoth {
            complain(
                at: fields.key(key),
                "'\(key.name)' is for entries of a VXLAN link's own",
                hint: "leave it out"
            )
        }
    }

    private func isTunnel(_ link: Link) -> Bool {
        if case .vxlan = link.kind { true } else { false }
    }

    private mutating func checkTunnelEntry(
        _ entry: ForwardingEntry,
        _ vxlan: VXLAN,
        _ fields: Fields<ForwardingKey>
    ) {
        guard let destination = entry.destination, let node = fields[.dst] else {
            if fields[.dst] == nil {
                complain(
                    at: fields.mapping,
                    "'dst' is missing",
                    hint: "on a VXLAN link an entry names the tunnel's end"
                )
            }
            return
        }
        checkStateOfZeroAddress(entry, fields)
        guard destination.family != vxlan.family else { return }
        complain(
            at: node,
            "\(destination) is not of the family of the tunnel, which is \(vxlan.family == .ipv4 ? "IPv4" : "IPv6")",
            hint: "a tunnel has the family of its 'local' or 'remote', else IPv4"
        )
    }

    /// All destinations of the zero address of a VXLAN link are one entry to the kernel, with one state.
    ///
    /// Kernel: `drivers/net/vxlan/vxlan_core.c` (`vxlan_fdb_update_existing`).
    private mutating func checkStateOfZeroAddress(_ entry: ForwardingEntry, _ fields: Fields<ForwardingKey>) {
        guard entry.mac == .zero else { return }
        let first = zeroAddressStates[entry.link]
        if let first, first.state != entry.state {
            complain(
                at: fields[.state] ?? fields.mapping,
                "the zero MAC of '\(entry.link.name)' is \(first.state) already, at \(tree.position(of: first.item))",
                hint: "all of its destinations share one state"
            )
        } else if first == nil {
            zeroAddressStates[entry.link] = (entry.state, fields.mapping)
        }
    }

    /// The link of the document that a `dev` key names.
    private mutating func ownLink<Key: KeySet>(
        _ key: Key,
        _ namespace: Key,
        _ fields: Fields<Key>,
        _ draft: NodeDraft
    ) -> Link? {
        let place = place(namespace, fields, in: draft)
        guard let node = fields[key], let name = interfaceName(key, fields), let place else { return nil }
        if let lastLink, lastLink.id.name == name, lastLink.id.place == place { return lastLink }
        if let link = draft.state.links[LinkID(name, in: place)] {
            lastLink = link
            return link
        }
        complainOfUnknownLink(
            name,
            in: place,
            at: node,
            draft,
            rule: "neighbours and fdb stand on links of this document"
        )
        return nil
    }

    /// Complains that a place has no link of this name, and says which may be meant.
    mutating func complainOfUnknownLink(
        _ name: InterfaceName,
        in place: Place,
        at node: Int,
        _ draft: NodeDraft,
        rule: String
    ) {
        guard !draft.excused.contains(name.text) else { return }
        let question = guess(name.text) {
            draft.state.links.keys.filter { $0.place == place }.map(\.name.text).sorted()
        }
        let elsewhere = draft.places.values.sorted().first { draft.state.links[LinkID(name, in: $0)] != nil }
        let isInNode = draft.state.links[LinkID(name, in: .node)] != nil
        let hint = question ?? (isInNode ? .node : elsewhere).map { "there is one in \($0.words)" } ?? rule
        complain(at: node, "the document has no link '\(name)' in \(place.words)", hint: hint)
    }
}

extension VXLAN {
    /// The family of its outer packets, as the kernel takes it.
    var family: AddressFamily { (local ?? remote)?.family ?? .ipv4 }
}
