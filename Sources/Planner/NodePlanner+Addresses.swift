import NetworkModel

extension NodePlanner {
    /// Addresses: added, changed, deleted; and what of the kept ones the kernel drops meanwhile.
    mutating func planAddresses() {
        for id in links.desired.keys.sorted() {
            guard let link = links.desired[id], let fate = links.fates[id] else { continue }
            switch fate {
            case .create, .remake:
                for address in link.addresses {
                    fill(id.place, Change(.create, .addAddress(address, on: id)))
                }
            case .keep(let existing):
                planAddresses(of: link, on: existing)
            case .delete, .blocked:
                break
            }
        }
    }

    private mutating func planAddresses(of link: Link, on existing: ObservedLink) {
        let comparison = AddressComparison(of: existing, with: link)
        for conflict in comparison.conflicts {
            problems.append(
                Problem(
                    "cannot add address \(conflict) to link '\(link.id)': the link has it with another prefix length, "
                        + "and that one is not Weft's",
                    hint: "remove it with 'ip address delete', or state it as it is"
                )
            )
        }
        for address in comparison.deletedFirst {
            fill(
                link.id.place,
                Change(.delete, .deleteAddress(address.value, on: link.id), reason: address.reason)
            )
        }
        for change in comparison.additions { fill(link.id.place, change) }
        for address in comparison.deletedLast {
            steps.removingAddresses.append(
                Change(.delete, .deleteAddress(address.value, on: link.id), reason: address.reason)
            )
        }
        losses.note(comparison, on: link.id)
    }
}

/// The addresses of one link as they are and as they shall be.
struct AddressComparison {
    /// An address that goes, and why if it is not simply unwanted.
    struct Departure {
        var value: InterfaceAddress
        var reason: String?
    }

    /// Addresses that go before others come: the kernel would take those with it, or refuse them.
    private(set) var deletedFirst: [Departure] = []
    /// Addresses that go in the end.
    private(set) var deletedLast: [Departure] = []
    /// What is added or changed, in order.
    private(set) var additions: [Change] = []
    /// Addresses that another hand has given with another prefix length.
    private(set) var conflicts: [InterfaceAddress] = []
    /// True if at some moment the link has no IPv4 address: the kernel then drops every IPv4 route by it.
    private(set) var losesEveryIPv4First = false
    private(set) var losesEveryIPv4Last = false

    private let existing: ObservedLink
    private let link: Link

    init(of existing: ObservedLink, with link: Link) {
        self.existing = existing
        self.link = link
        departures()
        arrivals()
        orderDepartures()
        losses()
    }

    /// True if the link shall have the address, with whatever prefix length.
    func has(_ address: IPAddress) -> Bool { link.addresses.contains { $0.address == address } }

    private func wants(_ address: InterfaceAddress) -> Bool {
        link.addresses.contains { $0.address == address.address && $0.prefixLength == address.prefixLength }
    }

    /// Sorts what goes into what goes first and what goes last.
    private mutating func departures() {
        let losesIPv6 = existing.losesIPv6(as: link) || (existing.isUp && !link.isUp)
        for address in existing.addresses where !wants(address.value) {
            // The kernel drops it before its deletion could come.
            if losesIPv6, address.value.address.family == .ipv6 { continue }
            if address.isManaged {
                let departure = Departure(value: address.value, reason: nil)
                if mustGoFirst(address.value) {
                    deletedFirst.append(departure)
                } else {
                    deletedLast.append(departure)
                }
            } else if address.isMadeFromMAC, link.addressGeneration == .none {
                deletedLast.append(Departure(value: address.value, reason: "addrgenmode is none"))
            }
        }
    }

    /// True if the address shares its prefix with one that stays or comes, which would be secondary to it and go with it;
    /// or, for IPv6, if it comes again with another length.
    private func mustGoFirst(_ address: InterfaceAddress) -> Bool {
        switch address.address.family {
        case .ipv4: link.addresses.contains { $0.prefix == address.prefix }
        case .ipv6: link.addresses.contains { $0.address == address.address }
        }
    }

    private mutating func arrivals() {
        let dropped = Set(deletedFirst.filter { $0.value.address.family == .ipv4 }.map(\.value.prefix))
        let goesDown = existing.isUp && !link.isUp
        for wanted in link.addresses {
            guard let present = existing.addresses.first(where: { isSame($0.value, wanted) }) else {
                noteConflict(wanted)
                additions.append(Change(.create, .addAddress(wanted, on: link.id)))
                continue
            }
            let differences = present.differences(from: wanted)
            if present.value.needsRemake(as: wanted) {
                deletedFirst.append(Departure(value: present.value, reason: "made anew"))
                additions.append(
                    Change(.remake, .addAddress(wanted, on: link.id), differences: differences)
                )
            } else if !differences.isEmpty {
                additions.append(
                    Change(.change, .replaceAddress(wanted, on: link.id), differences: differences)
                )
            } else if dropped.contains(wanted.prefix) || (goesDown && wanted.address.family == .ipv6) {
                let reason =
                    goesDown
                    ? "the kernel drops it as the link goes down"
                    : "the kernel drops it with another of its prefix"
                additions.append(Change(.create, .replaceAddress(wanted, on: link.id), reason: reason))
            }
        }
    }

    /// The last goes first: the kernel takes an IPv4 address's secondaries, which stand behind it, along with it.
    private mutating func orderDepartures() {
        func position(_ departure: Departure) -> Int {
            existing.addresses.firstIndex { $0.value == departure.value } ?? 0
        }
        deletedFirst.sort { position($0) > position($1) }
        deletedLast.sort { position($0) > position($1) }
    }

    private func isSame(_ left: InterfaceAddress, _ right: InterfaceAddress) -> Bool {
        left.address == right.address && left.prefixLength == right.prefixLength
    }

    /// IPv6 has one prefix length for an address of a link; another hand's is not ours to change.
    private mutating func noteConflict(_ wanted: InterfaceAddress) {
        guard wanted.address.family == .ipv6 else { return }
        guard existing.addresses.contains(where: { $0.value.address == wanted.address && !$0.isManaged })
        else { return }
        conflicts.append(wanted)
    }

    private mutating func losses() {
        let before = existing.addresses.filter { $0.value.address.family == .ipv4 }.count
        let first = deletedFirst.filter { $0.value.address.family == .ipv4 }.count
        let last = deletedLast.filter { $0.value.address.family == .ipv4 }.count
        let after = additions.filter(\.addsIPv4Address).count
        losesEveryIPv4First = first > 0 && first == before
        losesEveryIPv4Last = last > 0 && before - first + after - last <= 0
    }
}

extension Change {
    /// True if the change brings an IPv4 address that was not there.
    fileprivate var addsIPv4Address: Bool {
        guard case .addAddress(let address, _) = operation else { return false }
        return address.address.family == .ipv4
    }
}

extension ObservedAddress {
    /// True for the link-local address that the kernel makes from the link's MAC. `IFAPROT_KERNEL_LL` is 3.
    var isMadeFromMAC: Bool {
        protocolNumber == 3 && value.address.family == .ipv6 && value.address.isLinkLocal
    }

    func differences(from wanted: InterfaceAddress) -> [Difference] {
        var list: [Difference] = []
        if wanted.address.family == .ipv4 {
            Difference.note("scope", value.scope, wanted.scope, in: &list)
        } else {
            Difference.note("nodad", value.skipsDuplicateDetection, wanted.skipsDuplicateDetection, in: &list)
        }
        Difference.note("noprefixroute", value.hasNoPrefixRoute, wanted.hasNoPrefixRoute, in: &list)
        Difference.note("lifetime", isPermanent ? "forever" : "limited", "forever", in: &list)
        Difference.note("protocol", protocolNumber, Mark.protocolNumber, in: &list)
        return list
    }
}

extension InterfaceAddress {
    /// True if the kernel can't turn this address into `wanted`: `inet_rtm_newaddr()` replaces lifetimes and the
    /// protocol of an IPv4 address, nothing else.
    func needsRemake(as wanted: InterfaceAddress) -> Bool {
        address.family == .ipv4 && (scope != wanted.scope || hasNoPrefixRoute != wanted.hasNoPrefixRoute)
    }
}
