import NetworkModel

/// The addresses of one link as they are and as they shall be.
///
/// The kernel tells IPv4 addresses of a link apart by address and length, IPv6 ones by address. The first IPv4 address
/// of a prefix is primary to the others: when it goes they go too (unless `promote_secondaries` is set).
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
    /// Addresses that the kernel drops with those that go first, or as the link goes down.
    private(set) var dropped: Set<InterfaceAddress> = []
    /// True if at some moment the link has no IPv4 address: the kernel then drops every IPv4 route by it.
    private(set) var losesEveryIPv4First = false
    private(set) var losesEveryIPv4Last = false

    private let existing: ObservedLink
    private let link: Link
    private var wanted: [Key: InterfaceAddress] = [:]
    private var wantedPrefixes: Set<Prefix> = []
    private var wantedAddresses: Set<IPAddress> = []
    /// The IPv4 prefixes of which the primary address goes first.
    private var clearedPrefixes: Set<Prefix> = []

    /// What an address of a link is found by.
    private struct Key: Hashable {
        var address: IPAddress
        var length: UInt8

        init(_ value: InterfaceAddress) {
            address = value.address
            length = value.prefixLength
        }
    }

    init(of existing: ObservedLink, with link: Link) {
        self.existing = existing
        self.link = link
        for address in link.addresses {
            wanted[Key(address)] = address
            wantedPrefixes.insert(address.prefix)
            wantedAddresses.insert(address.address)
        }
        findClearedPrefixes()
        departures()
        arrivals()
        losses()
    }

    /// True if the link goes down or gets an MTU without IPv6, and all its IPv6 addresses go with that.
    private var losesIPv6: Bool { (existing.isUp && !link.isUp) || existing.losesIPv6(as: link) }

    // MARK: What goes

    /// Finds the IPv4 prefixes that other addresses stay or come in although the primary one goes.
    private mutating func findClearedPrefixes() {
        var seen: Set<Prefix> = []
        for address in existing.addresses where address.value.address.family == .ipv4 {
            let prefix = address.value.prefix
            guard seen.insert(prefix).inserted, wantedPrefixes.contains(prefix), address.isManaged else {
                continue
            }
            let stays = wanted[Key(address.value)].map { !address.value.needsRemake(as: $0) } ?? false
            if !stays { clearedPrefixes.insert(prefix) }
        }
    }

    /// Sorts what goes into what goes first and what goes last, of each the secondary addresses before their primary.
    private mutating func departures() {
        for address in existing.addresses.reversed() {
            let value = address.value
            if losesIPv6, value.address.family == .ipv6 {
                dropped.insert(value)
            } else if let wanted = wanted[Key(value)] {
                guard value.needsRemake(as: wanted) else {
                    if clearedPrefixes.contains(value.prefix) { dropped.insert(value) }
                    continue
                }
                deletedFirst.append(Departure(value: value, reason: "to be made anew"))
            } else if address.isManaged {
                depart(value)
            } else if address.isMadeFromMAC, link.addressGeneration == .none {
                deletedLast.append(Departure(value: value, reason: "addrgenmode is none"))
            } else if clearedPrefixes.contains(value.prefix) {
                dropped.insert(value)
            }
        }
    }

    private mutating func depart(_ value: InterfaceAddress) {
        let isInTheWay =
            value.address.family == .ipv4
            ? clearedPrefixes.contains(value.prefix) : wantedAddresses.contains(value.address)
        if isInTheWay {
            deletedFirst.append(Departure(value: value, reason: nil))
        } else {
            deletedLast.append(Departure(value: value, reason: nil))
        }
    }

    // MARK: What comes

    private mutating func arrivals() {
        var present: [Key: ObservedAddress] = [:]
        var foreign: Set<IPAddress> = []
        for address in existing.addresses {
            present[Key(address.value)] = address
            if !address.isManaged, !dropped.contains(address.value) { foreign.insert(address.value.address) }
        }
        for wanted in link.addresses {
            if let existing = present[Key(wanted)] {
                arrive(wanted, over: existing)
                continue
            }
            // IPv6 has one prefix length for an address of a link; another hand's is not ours to change.
            if wanted.address.family == .ipv6, foreign.contains(wanted.address) { conflicts.append(wanted) }
            additions.append(Change(.create, .addAddress(wanted, on: link.id)))
        }
    }

    private mutating func arrive(_ wanted: InterfaceAddress, over present: ObservedAddress) {
        let differences = present.differences(from: wanted)
        if present.value.needsRemake(as: wanted) {
            let reason = "made anew: scope and noprefixroute can't be changed in place"
            additions.append(
                Change(.remake, .addAddress(wanted, on: link.id), differences: differences, reason: reason)
            )
        } else if !differences.isEmpty {
            additions.append(Change(.change, .replaceAddress(wanted, on: link.id), differences: differences))
        } else if dropped.contains(present.value) {
            let reason =
                wanted.address.family == .ipv6
                ? "the kernel drops it as the link goes down"
                : "the kernel drops it with the first address of its prefix"
            additions.append(Change(.create, .replaceAddress(wanted, on: link.id), reason: reason))
        }
    }

    // MARK: What that brings about

    private mutating func losses() {
        let isIPv4: (InterfaceAddress) -> Bool = { $0.address.family == .ipv4 }
        let before = existing.addresses.filter { isIPv4($0.value) }
        let first = deletedFirst.filter { isIPv4($0.value) }.count
        let last = deletedLast.filter { isIPv4($0.value) }.count
        let unasked = dropped.filter(isIPv4).count
        losesEveryIPv4First = first > 0 && first + unasked == before.count
        let strangers = before.filter {
            !$0.isManaged && wanted[Key($0.value)] == nil && !dropped.contains($0.value)
        }
        losesEveryIPv4Last = last > 0 && strangers.isEmpty && !link.addresses.contains(where: isIPv4)
    }

    /// The addresses that are there all the time.
    var lasting: [IPAddress] {
        let departing = Set((deletedFirst + deletedLast).map(\.value)).union(dropped)
        return existing.addresses.map(\.value).filter { !departing.contains($0) }.map(\.address)
    }
}

extension ObservedAddress {
    /// True for the link-local address that the kernel makes from the link's MAC.
    ///
    /// `IFAPROT_KERNEL_LL` is 3.
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
        Difference.note("protocol", protocolNumber, mark.protocolNumber, in: &list)
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
