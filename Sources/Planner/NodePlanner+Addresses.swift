import NetworkModel

extension NodePlanner {
    /// Addresses: added, changed, deleted; and what of the kept ones the kernel drops meanwhile.
    mutating func planAddresses() {
        let moves = AddressMoves(of: links, in: order, isCleared: losses.isCleared)
        for id in links.desired.keys.sorted() {
            guard var link = links.desired[id], let fate = links.fates[id] else { continue }
            refuseIPv6(on: &link)
            switch fate {
            case .create, .remake:
                let reason = links.reasonToComeAgain(on: id)
                // Others' were lost with the link; not all of them is known.
                for address in link.addresses where address.isOwn {
                    let isKernels = link.isUp && address.address == IPAddress(linkLocalFor: link.mac)
                    let operation =
                        isKernels ? Operation.replaceAddress(address, on: id) : .addAddress(address, on: id)
                    fill(id.place, Change(.create, operation, reason: reason))
                }
                announce(link, having: link.addresses)
            case .keep(let existing):
                planAddresses(of: link, on: existing, moves)
            case .delete, .blocked:
                break
            }
        }
        noteAddressesOfOtherLinks(moves)
        takeFromLinksThatGo(moves)
    }

    private mutating func planAddresses(of link: Link, on existing: ObservedLink, _ moves: AddressMoves) {
        let receivers = moves.receivers(of: link.id).filter { address, receiver in
            // What the kernel drops as the link changes is gone by then.
            let isDropped = address.family == .ipv6 && existing.dropsIPv6(as: link)
            return !isDropped || order.contentsGroup(of: receiver.place) < order.group(of: link.id)
        }
        let comparison = AddressComparison(
            of: existing,
            with: link,
            willPromote: promoting.contains(link.id),
            receivers: receivers
        )
        for conflict in comparison.conflicts {
            let place = Self.words(for: link.id.place)
            problems.append(
                Problem(
                    "cannot add address \(conflict.wanted) to link '\(link.id.name)'\(place): \(conflict.reason)",
                    hint: "remove it with 'ip address delete', or state it as it is"
                )
            )
        }
        // What is on the link itself may rely on it too.
        groups[groupOfYielding(to: [link.id] + receivers.values)].yielding += comparison.yielding
        for var change in comparison.building {
            if change.reason == nil {
                change.reason = reasonToMove(change, from: comparison.yielding + comparison.removing)
            }
            fill(link.id.place, change)
        }
        announce(link, having: comparison.building.compactMap(\.operation.newAddress))
        steps.removingAddresses += comparison.removing
        losses.note(comparison, on: link.id)
        if existing.isUp, link.isUp { restorePrefixRoutes(comparison.bringingRoutes, of: link) }
    }

    /// Has the kernel announce a link that got addresses, where its settings say so.
    ///
    /// Switches may still know its MAC, and others its addresses, from where both were before: on another node, it may be.
    private mutating func announce(_ link: Link, having new: [InterfaceAddress]) {
        guard link.isUp, new.contains(where: { announcing.announce($0.address.family, on: link.id) }) else {
            return
        }
        losses.note(announcing: link.id)
        let reason = "so that its network learns where it is"
        fill(link.id.place, Change(.change, .announce(link.id, link.mac), reason: reason, isCounted: false))
    }

    /// Before the contents of which group a link loses what others get: all of it at once, before the first of them.
    private func groupOfYielding(to receivers: some Sequence<LinkID>) -> Int {
        receivers.lazy.map { order.contentsGroup(of: $0.place) }.min() ?? 0
    }

    /// Takes the addresses that others get from links that go only in the end.
    private mutating func takeFromLinksThatGo(_ moves: AddressMoves) {
        for (id, fate) in links.fates.sorted(by: { $0.key < $1.key }) {
            guard case .delete(let existing) = fate else { continue }
            var receivers = moves.receivers(of: id)
            guard !receivers.isEmpty else { continue }
            if losesIPv6WithLower(existing) { receivers = receivers.filter { $0.key.family == .ipv4 } }
            var present = AddressOrder(
                existing.addresses.lazy.map(\.value).filter { $0.address.family == .ipv4 }
            )
            let hadIPv4 = !present.isEmpty
            for value in existing.addresses.reversed().filter(\.isManaged).map(\.value) {
                guard let receiver = receivers[value.address] else { continue }
                let isPrimaryToOthers = present.remove(value) ?? false
                let operation = Operation.deleteAddress(
                    value,
                    on: id,
                    keepsSecondaries: isPrimaryToOthers && !existing.promotesSecondaries
                )
                let reason = "link '\(receiver.name)'\(Self.words(for: receiver.place)) gets it"
                groups[groupOfYielding(to: [id] + receivers.values)].yielding.append(
                    Change(.delete, operation, reason: reason, isCounted: false)
                )
            }
            losses.note(Array(receivers.keys), goneFrom: id.place, .whileBuilding)
            if hadIPv4, present.isEmpty { losses.note(withoutIPv4: id) }
        }
    }

    /// True if a link under a macvlan gets an MTU without IPv6: the macvlan gets it too, at once.
    private func losesIPv6WithLower(_ link: ObservedLink) -> Bool {
        var upper = link
        for _ in 0..<links.observed.count {
            guard case .macvlan = upper.kind, let id = upper.lower, let lower = links.observed[id] else {
                return false
            }
            if let wanted = links.desired[id], lower.losesIPv6(as: wanted) { return true }
            upper = lower
        }
        return false
    }

    /// Who has the address now that a new one comes in the place of.
    private mutating func reasonToMove(_ change: Change, from removing: [Change]) -> String? {
        guard !options.claims.holders.isEmpty, case .addAddress(let new, _) = change.operation else {
            return nil
        }
        for removal in removing {
            guard case .deleteAddress(let old, _, _) = removal.operation, old.prefix == new.prefix,
                let holder = holders[old.address]
            else { continue }
            return "moved: \(old.address) is now that of sandbox '\(holder)'"
        }
        return nil
    }

    /// Brings back the routes to the prefixes of addresses that are as they shall be, where somebody took them away.
    ///
    /// Not where another route of the link to that prefix is there instead: somebody has meant it so.
    private mutating func restorePrefixRoutes(_ addresses: [InterfaceAddress], of link: Link) {
        var seen: Set<Prefix> = []
        for address in addresses where !prefixRoutes.contains(PrefixRoute(address.prefix, link.id)) {
            guard seen.insert(address.prefix).inserted else { continue }
            let operation: Operation
            switch address.address.family {
            case .ipv4: operation = .addPrefixRoute(address, on: link.id)
            // Told of an address that it has, the kernel looks after its route.
            case .ipv6: operation = .replaceAddress(address, on: link.id)
            }
            fill(link.id.place, Change(.create, operation, reason: "its route to \(address.prefix) is gone"))
        }
    }

    /// Refuses IPv6 addresses on a link whose MTU, which may come from what is under it, leaves no room for IPv6.
    private mutating func refuseIPv6(on link: inout Link) {
        guard let mtu = link.mtu, !mtu.carriesIPv6 else { return }
        for address in link.addresses where address.address.family == .ipv6 {
            problems.append(
                Problem(
                    "cannot add address \(address) to link '\(link.id.name)'\(Self.words(for: link.id.place)): IPv6 needs "
                        + "an MTU of 1280 bytes, and the link's is \(mtu)",
                    hint: "give the link, or what it stands on, a larger 'mtu'"
                )
            )
        }
        link.addresses.removeAll { $0.address.family == .ipv6 }
    }

    /// Notes which addresses go with links that go, and which stay with links that are not Weft's.
    private mutating func noteAddressesOfOtherLinks(_ moves: AddressMoves) {
        for (id, existing) in links.observed {
            let taken = moves.receivers(of: id)
            let addresses = existing.addresses.map(\.value.address).filter { taken[$0] == nil }
            // IPv6 routes keep their source when the link that has it goes: `addrconf_ifdown()` is not `ipv6_del_addr()`.
            let sources = addresses.filter { $0.family == .ipv4 }
            switch links.fates[id] {
            case .remake: losses.note(sources, goneFrom: id.place, .whileClearing)
            case .delete:
                let isCleared = losses.isCleared(id)
                losses.note(sources, goneFrom: id.place, isCleared ? .whileClearing : .whileRemoving)
                if !isCleared {
                    losses.note(addresses.filter { $0.family == .ipv6 }, goneWithLinkFrom: id.place)
                }
            case .create, .blocked, nil: losses.note(addresses, lastingAt: id.place)
            case .keep: break
            }
        }
        for link in links.desired.values {
            losses.note(link.addresses.map(\.address), wantedAt: link.id.place)
        }
    }
}

/// A route to a prefix by a link, in the main table.
struct PrefixRoute: Hashable {
    var prefix: Prefix
    var link: LinkID

    init(_ prefix: Prefix, _ link: LinkID) {
        self.prefix = prefix
        self.link = link
    }
}

extension PrefixRoute {
    /// Those that are there to the prefixes of addresses which links shall have: the kernel's, and such as somebody has put
    /// in their place.
    static func all(in observed: ObservedState, and desired: NodeState) -> Set<PrefixRoute> {
        var found: Set<PrefixRoute> = []
        let prefixes = Set(desired.links.values.lazy.flatMap(\.addresses).map(\.prefix))
        // A node may have a hundred thousand routes, and nothing on its links.
        guard !prefixes.isEmpty else { return found }
        func note(_ route: Route) {
            guard route.table == Route.mainTable, let device = route.device else { return }
            guard prefixes.contains(route.destination) else { return }
            found.insert(PrefixRoute(route.destination, LinkID(device, in: route.place)))
        }
        for route in observed.everywhere(\.routes) where !route.isManaged { note(route.value) }
        // What the document states there itself is in the place of the kernel's.
        for route in desired.routes { note(route) }
        return found
    }
}

extension NodeState {
    /// The links whose secondary addresses are to outlive their primary one, by the state's own settings.
    var promotingLinks: Set<LinkID> {
        var ids: Set<LinkID> = []
        for sysctl in sysctls where sysctl.key.path.hasSuffix("/promote_secondaries") && sysctl.value != "0" {
            if let id = sysctl.key.link { ids.insert(id) }
        }
        return ids
    }
}
