import NetworkModel

/// What a plan means for the objects of others that stand on Weft's links: what can't be kept is told.
extension NodePlanner {
    /// How many objects are named before the rest is counted.
    private static let namedAtMost = 5

    /// The first few of a list, and how many more there are.
    static func listing(_ texts: [String]) -> String {
        guard texts.count > namedAtMost else { return texts.joined(separator: ", ") }
        return texts.prefix(namedAtMost).joined(separator: ", ") + " and \(texts.count - namedAtMost) more"
    }

    /// Warns of what others lose by the plan, and of addresses that a link of theirs has too.
    mutating func warnOfStrangers() {
        let suffering = links.fates.keys.sorted().filter { damage(to: $0) != nil }
        if !suffering.isEmpty {
            let losses = collectLosses(of: Set(suffering))
            for id in suffering {
                guard let cause = damage(to: id), let lost = losses[id]?.sorted(), !lost.isEmpty else {
                    continue
                }
                warnings.append(
                    "link '\(id.name)'\(Self.words(for: id.place)) \(cause): what is not Weft's on it goes: "
                        + Self.listing(lost)
                )
            }
        }
        warnOfFreedPorts()
        warnOfSharedAddresses()
    }

    /// What befalls a link that the kernel drops things with; `nil` if nothing, or if it goes for good.
    private func damage(to id: LinkID) -> String? {
        switch links.fates[id] {
        case .remake: return "is made anew"
        case .keep(let existing):
            guard let link = links.desired[id] else { return nil }
            if existing.isUp, !link.isUp { return "goes down" }
            if existing.losesIPv6(as: link) { return "gets an MTU too small for IPv6" }
            if existing.mac != link.mac { return "gets another MAC" }
            return losses.losesIPv4(id) ? "loses its last IPv4 address" : nil
        case .create, .delete, .blocked, nil: return nil
        }
    }

    /// What others lose on each of some links, as words: addresses, routes, neighbours.
    private func collectLosses(of ids: Set<LinkID>) -> [LinkID: [String]] {
        var lost: [LinkID: [String]] = [:]
        for id in ids.sorted() {
            let stated = Set(links.desired[id]?.addresses.map(\.address) ?? [])
            for address in links.observed[id]?.addresses ?? []
            where !address.isManaged && !address.isMadeFromMAC {
                guard !stated.contains(address.value.address), isLost(address.value, on: id) else { continue }
                lost[id, default: []].append("address \(address.value)")
            }
        }
        for route in observed.everywhere(\.routes)
        where !route.isManaged && route.protocolNumber != Self.kernel {
            guard let device = route.value.device else { continue }
            let id = LinkID(device, in: route.value.place)
            guard ids.contains(id), losses.loss(of: route.value) != nil else { continue }
            lost[id, default: []].append("route \(route.value.summary)")
        }
        for neighbour in observed.everywhere(\.neighbours) where !neighbour.isManaged {
            let id = neighbour.value.link
            guard ids.contains(id), isLost(neighbour.value) else { continue }
            lost[id, default: []].append("neighbour \(neighbour.value.address)")
        }
        return lost
    }

    /// `RTPROT_KERNEL`.
    private static let kernel: UInt8 = 2

    private func isLost(_ address: InterfaceAddress, on id: LinkID) -> Bool {
        guard case .keep(let existing)? = links.fates[id], let link = links.desired[id] else { return true }
        let losesIPv6 = (existing.isUp && !link.isUp) || existing.losesIPv6(as: link)
        return losesIPv6 && address.address.family == .ipv6
    }

    private func isLost(_ neighbour: Neighbour) -> Bool {
        guard case .keep? = links.fates[neighbour.link] else { return true }
        return links.reasonForLosingNeighbours(neighbour.link) != nil || losses.loss(of: neighbour) != nil
    }

    /// Tells which ports of others are without a bridge afterwards.
    private mutating func warnOfFreedPorts() {
        var ports: [LinkID: [String]] = [:]
        for (id, link) in links.observed where !link.isManaged {
            guard let master = link.master else { continue }
            let bridge = LinkID(master, in: id.place)
            guard let fate = links.fates[bridge], fate.verbOfGoing != nil, !isGone(id.place) else { continue }
            ports[bridge, default: []].append("'\(id.name)'")
        }
        for (bridge, names) in ports.sorted(by: { $0.key < $1.key }) {
            let words =
                names.count == 1
                ? "port \(names[0]), which is not Weft's, is"
                : "ports \(Self.listing(names.sorted())), which are not Weft's, are"
            let cause = links.fates[bridge]?.goesFirst == true ? "is made anew" : "goes"
            warnings.append(
                "bridge '\(bridge.name)'\(Self.words(for: bridge.place)) \(cause): its \(words) set free"
            )
        }
    }

    private func isGone(_ place: Place) -> Bool {
        place.name.map { !desired.namespaces.contains($0) } ?? false
    }

    /// Tells which addresses of the document a link of somebody else's has in the same namespace.
    private mutating func warnOfSharedAddresses() {
        var holders: [LinkAddress: LinkID] = [:]
        for (id, link) in links.observed where !link.isManaged {
            for address in link.addresses where !address.value.address.isLinkLocal {
                let key = LinkAddress(address: address.value.address, place: id.place)
                holders[key] = min(holders[key] ?? id, id)
            }
        }
        guard !holders.isEmpty else { return }
        for id in links.desired.keys.sorted() {
            for address in links.desired[id]?.addresses ?? [] {
                let key = LinkAddress(address: address.address, place: id.place)
                guard let holder = holders[key] else { continue }
                warnings.append(
                    "address \(address.address) of link '\(id.name)'\(Self.words(for: id.place)) is that of link "
                        + "'\(holder.name)' too, which is not Weft's: packets may take either way"
                )
            }
        }
    }

    /// An address at a place.
    private struct LinkAddress: Hashable {
        var address: IPAddress
        var place: Place
    }
}
