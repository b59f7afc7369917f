import NetworkModel

extension ModelKernel {
    /// Adds an address exclusively.
    ///
    /// Kernel: `inet_rtm_newaddr()`, `inet6_addr_add()`.
    mutating func add(_ address: InterfaceAddress, on id: LinkID) throws(Refusal) {
        _ = try managed(id)
        guard find(address, on: id) == nil else { throw Refusal("EEXIST", "the link has the address") }
        try checkScope(address, on: id)
        guard address.address.family == .ipv4 || link(id)?.mtu.carriesIPv6 == true else {
            throw Refusal("EACCES", "the link has no IPv6")
        }
        insertAddress(address.plain, protocolNumber: address.owner ?? Mark.node.protocolNumber, on: id)
    }

    /// Changes an address, or adds it where it is not.
    mutating func replace(_ address: InterfaceAddress, on id: LinkID) throws(Refusal) {
        _ = try managed(id)
        guard let position = find(address, on: id) else { return try add(address, on: id) }
        withLink(id) { link in
            link.addresses[position].protocolNumber = address.owner ?? Mark.node.protocolNumber
            link.addresses[position].isPermanent = true
            guard address.address.family == .ipv6 else { return }
            link.addresses[position].value.skipsDuplicateDetection = address.skipsDuplicateDetection
            link.addresses[position].value.hasNoPrefixRoute = address.hasNoPrefixRoute
        }
        guard address.address.family == .ipv6 else { return }
        removePrefixRoute(of: address, on: id)
        addPrefixRoute(of: address, on: id)
    }

    /// IPv4 tells addresses of a link apart by address and length, IPv6 by address.
    private func find(_ address: InterfaceAddress, on id: LinkID) -> Int? {
        link(id)?.addresses.firstIndex { other in
            other.value.address == address.address
                && (address.address.family == .ipv6 || other.value.prefixLength == address.prefixLength)
        }
    }

    /// Kernel: `__inet_insert_ifa()`: "Invalid scope value".
    private func checkScope(_ address: InterfaceAddress, on id: LinkID) throws(Refusal) {
        guard address.address.family == .ipv4 else { return }
        for other in link(id)?.addresses ?? [] where other.value.prefix == address.prefix {
            if other.value.scope != address.scope { throw Refusal("EINVAL", "invalid scope value") }
        }
    }

    /// Takes an address in: a primary behind the primaries, a secondary at the end.
    mutating func insertAddress(_ address: InterfaceAddress, protocolNumber: UInt8, on id: LinkID) {
        withLink(id) { link in
            let isSecondary = link.addresses.contains { $0.value.prefix == address.prefix }
            let observed = ObservedAddress(address, protocolNumber: protocolNumber)
            let primaries = link.addresses.indices.filter { link.isPrimary($0) }
            if isSecondary || address.address.family == .ipv6 {
                link.addresses.append(observed)
            } else {
                link.addresses.insert(observed, at: (primaries.last ?? -1) + 1)
            }
        }
        addPrefixRoute(of: address, on: id)
    }

    // MARK: Deleting

    mutating func delete(
        _ address: InterfaceAddress,
        on id: LinkID,
        keepsSecondaries: Bool
    ) throws(Refusal) {
        let link = try managed(id)
        let position = link.addresses.firstIndex { other in
            other.value.address == address.address && other.value.prefixLength == address.prefixLength
        }
        // What is gone already is as it was wanted: the applier takes EADDRNOTAVAIL so.
        guard let position else {
            guard address.address.isLinkLocal else {
                throw Refusal("EADDRNOTAVAIL", "the link has no such address")
            }
            return
        }
        let origin = link.addresses[position].protocolNumber
        guard origin == Mark.node.protocolNumber || origin == 3 else {
            throw Refusal("FOREIGN", "the address is not Weft's")
        }
        removeAddress(at: position, on: id, keepsSecondaries: keepsSecondaries)
    }

    /// Takes an address away; a primary takes its secondaries with it, unless they are promoted.
    ///
    /// Kernel: `__inet_del_ifa()`.
    mutating func removeAddress(at position: Int, on id: LinkID, keepsSecondaries: Bool = false) {
        guard let link = link(id) else { return }
        let address = link.addresses[position].value
        var gone = [address]
        let wasPrimary = link.isPrimary(position)
        let promotes = keepsSecondaries || link.promotesSecondaries || promotesSecondaries
        if address.address.family == .ipv4, link.isPrimary(position), !promotes {
            gone += link.addresses.map(\.value).filter { $0.prefix == address.prefix && $0 != address }
        }
        withLink(id) { $0.addresses.removeAll { gone.contains($0.value) } }
        for address in gone {
            removePrefixRoute(of: address, on: id, wasPrimary: wasPrimary && address == gone[0])
            dropSource(address.address, in: id.place)
        }
        let remaining = self.link(id)?.addresses.filter { $0.value.address.family == .ipv4 } ?? []
        guard remaining.isEmpty, address.address.family == .ipv4 else { return }
        self[id.place].routes.removeAll { $0.value.device == id.name && $0.value.destination.family == .ipv4 }
        // Kernel: `fib_disable_ip()` calls `arp_ifdown()`, which spares no permanent neighbour.
        self[id.place].neighbours.removeAll { $0.value.link == id && $0.value.address.family == .ipv4 }
        learntNeighbours = learntNeighbours.filter { $0.link != id || $0.address.family == .ipv6 }
    }

    /// Routes that prefer an address which no link has any more go; of IPv6 they only cease to prefer it.
    mutating func dropSource(_ address: IPAddress, in place: Place) {
        guard !hasAddress(address, in: place) else { return }
        switch address.family {
        case .ipv4:
            self[place].routes.removeAll { $0.value.source == address }
        case .ipv6:
            for position in self[place].routes.indices
            where self[place].routes[position].value.source == address {
                self[place].routes[position].value.source = nil
            }
        }
    }

    // MARK: Prefix routes

    /// The route to its prefix that an address brings.
    ///
    /// Kernel: `fib_add_ifaddr()`, `addrconf_prefix_route()`.
    mutating func addPrefixRoute(of address: InterfaceAddress, on id: LinkID) {
        guard let link = link(id), link.isUp, !address.hasNoPrefixRoute else { return }
        let isIPv4 = address.address.family == .ipv4
        guard !isIPv4 || !address.prefix.isHost else { return }
        // A secondary address brings none.
        let first = link.addresses.first { $0.value.prefix == address.prefix }?.value
        guard !isIPv4 || first?.address == address.address else { return }
        var route = Route(to: address.prefix, in: id.place)
        route.device = id.name
        route.metric = isIPv4 ? 0 : 256
        guard
            !self[id.place].routes.contains(where: { $0.value.key == route.key && $0.value.device == id.name }
            )
        else { return }
        if isIPv4 { route.source = address.address }
        self[id.place].routes.append(ObservedRoute(route, protocolNumber: 2))
    }

    private mutating func removePrefixRoute(
        of address: InterfaceAddress,
        on id: LinkID,
        wasPrimary: Bool = false
    ) {
        let others = link(id)?.addresses ?? []
        if address.address.family == .ipv6 {
            let isShared = others.contains { $0.value.prefix == address.prefix && !$0.value.hasNoPrefixRoute }
            if !isShared { removePrefixRoutes(to: address.prefix, by: id) }
            return
        }
        // That of a secondary address is its primary's, and stays; that of a primary goes, and its heir brings another.
        guard wasPrimary else { return }
        removePrefixRoutes(to: address.prefix, by: id)
        if let heir = others.first(where: { $0.value.prefix == address.prefix }) {
            addPrefixRoute(of: heir.value, on: id)
        }
    }

    private mutating func removePrefixRoutes(to prefix: Prefix, by id: LinkID) {
        self[id.place].routes.removeAll { $0.isPrefixRoute(to: prefix, by: id.name) }
    }
}

extension InterfaceAddress {
    /// The address as a dump shows it: whose it is stands beside it.
    fileprivate var plain: InterfaceAddress {
        var value = self
        value.owner = nil
        return value
    }
}

extension ObservedRoute {
    func isPrefixRoute(to prefix: Prefix, by device: InterfaceName) -> Bool {
        protocolNumber == 2 && value.device == device && value.destination == prefix
    }
}

extension ObservedLink {
    /// True if the IPv4 address at `position` is the first of its prefix.
    func isPrimary(_ position: Int) -> Bool {
        let address = addresses[position].value
        guard address.address.family == .ipv4 else { return false }
        return !addresses[..<position].contains { $0.value.prefix == address.prefix }
    }
}
