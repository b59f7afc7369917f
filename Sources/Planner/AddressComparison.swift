import NetworkModel

/// The addresses of one link as they are and as they shall be.
///
/// The kernel tells IPv4 addresses of a link apart by address and length, IPv6 ones by address. The first IPv4 address
/// of a prefix is primary to the others, which go with it unless the link is told to promote the next one. It is told
/// so wherever others are to stay: they are there all the time, strangers' among them.
///
/// Of a document's addresses of one IPv4 prefix the first is the primary one, unless a stranger's stands before it.
struct AddressComparison {
    /// An address of another hand that leaves no room for a wanted one.
    struct Conflict {
        var wanted: InterfaceAddress
        var reason: String
    }

    /// What is done before routes and other entries come, in order.
    private(set) var building: [Change] = []
    /// Addresses that go before all that, for other links get them.
    private(set) var yielding: [Change] = []
    /// Addresses that go in the end.
    private(set) var removing: [Change] = []
    /// Wanted addresses that can't come.
    private(set) var conflicts: [Conflict] = []
    /// Addresses that go before routes come, though they may come again.
    private(set) var deletedFirst: Set<InterfaceAddress> = []
    private(set) var deletedLast: Set<InterfaceAddress> = []
    /// IPv6 addresses that the kernel drops as the link goes down, or gets an MTU without IPv6.
    private(set) var dropped: Set<InterfaceAddress> = []
    /// True if at some moment the link has no IPv4 address: the kernel then drops every IPv4 route by it.
    private(set) var losesEveryIPv4First = false
    private(set) var losesEveryIPv4Last = false
    private let existing: ObservedLink
    private let link: Link
    /// True if the link's own setting keeps secondary addresses once settings are written.
    private let willPromote: Bool
    /// The links that get addresses which this one loses.
    private let receivers: [IPAddress: LinkID]
    private var wanted: [Key: InterfaceAddress] = [:]
    private var wantedAddresses: Set<IPAddress> = []
    /// The IPv4 addresses that are there at the moment that was thought of last.
    private var present: AddressOrder
    /// What others have on the link.
    private var strangers: Strangers

    private typealias Key = AddressOrder.Key

    init(
        of existing: ObservedLink,
        with link: Link,
        willPromote: Bool,
        receivers: [IPAddress: LinkID] = [:]
    ) {
        self.existing = existing
        self.link = link
        self.willPromote = willPromote
        self.receivers = receivers
        present = AddressOrder(existing.addresses.lazy.map(\.value).filter { $0.address.family == .ipv4 })
        strangers = Strangers()
        for address in link.addresses {
            wanted[Key(address)] = address
            wantedAddresses.insert(address.address)
        }
        makeRoom()
        noteDropped()
        strangers = Strangers(
            among: existing.addresses.lazy.filter { [dropped] in !dropped.contains($0.value) }
        )
        clear()
        arrive()
        putInOrder()
        depart()
    }

    // MARK: What goes first

    private mutating func noteDropped() {
        guard existing.dropsIPv6(as: link) else { return }
        dropped = Set(existing.addresses.map(\.value).filter { $0.address.family == .ipv6 })
            .subtracting(deletedFirst)
    }

    /// Deletes what another link gets, before it gets it.
    private mutating func makeRoom() {
        guard !receivers.isEmpty else { return }
        for address in existing.addresses.reversed() where address.isManaged {
            guard let receiver = receivers[address.value.address] else { continue }
            let place = NodePlanner.words(for: receiver.place)
            let change = deletion(
                of: address.value,
                first: true,
                reason: "link '\(receiver.name)'\(place) gets it"
            )
            yielding.append(change)
        }
    }

    /// Deletes what is in the way: what can't be changed in place, what has another scope than the wanted of its prefix,
    /// which the kernel would refuse, or has no route to it where they have; and IPv6 addresses that come with another
    /// length.
    private mutating func clear() {
        let firsts = Dictionary(
            link.addresses.map { ($0.prefix, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for address in existing.addresses.reversed()
        where !dropped.contains(address.value) && !deletedFirst.contains(address.value) {
            let value = address.value
            if let wanted = wanted[Key(value)] {
                guard value.needsRemake(as: wanted), address.isManaged else { continue }
                delete(value, first: true, reason: "to be made anew", isCounted: false)
            } else if address.isManaged {
                let isInTheWay =
                    value.address.family == .ipv4
                    ? firsts[value.prefix].map { value.needsRemake(as: $0) } ?? false
                    : wantedAddresses.contains(value.address)
                if isInTheWay { delete(value, first: true) }
            }
        }
    }

    // MARK: What comes

    private mutating func arrive() {
        var observed: [Key: ObservedAddress] = [:]
        for address in existing.addresses { observed[Key(address.value)] = address }
        for wanted in link.addresses {
            if let conflict = conflict(of: wanted, over: observed[Key(wanted)]) {
                conflicts.append(Conflict(wanted: wanted, reason: conflict))
            } else if let existing = observed[Key(wanted)] {
                arrive(wanted, over: existing)
            } else if wanted.isOwn {
                add(wanted, verb: .create)
            }
            // What others had and the kernel dropped is not made up: not all of it is known.
        }
    }

    /// Why a wanted address can't come, for the sake of those that are not Weft's.
    private func conflict(of wanted: InterfaceAddress, over present: ObservedAddress?) -> String? {
        switch wanted.address.family {
        case .ipv6:
            // IPv6 has one prefix length for an address of a link; another hand's is not ours to change.
            let isTaken = present == nil && strangers.addresses.contains(wanted.address)
            return isTaken ? "the link has it with another prefix length, and that one is not Weft's" : nil
        case .ipv4:
            if let present, !present.isManaged, present.value.needsRemake(as: wanted) {
                return "the link has it with another scope or 'noprefixroute', and that one is not Weft's"
            }
            let other = strangers.firsts[wanted.prefix]?.first { $0.scope != wanted.scope }
            return other.map { "the link has \($0) with scope \($0.scope), which is not Weft's" }
        }
    }

    private mutating func arrive(_ wanted: InterfaceAddress, over present: ObservedAddress) {
        let differences = present.differences(from: wanted)
        if deletedFirst.contains(present.value) {
            let reason = "made anew: scope and noprefixroute can't be changed in place"
            add(wanted, verb: .remake, differences: differences, reason: reason)
        } else if dropped.contains(present.value) {
            guard wanted.isOwn else { return }
            replace(wanted, .create, reason: "the kernel drops it as the link \(wordsForLosingIPv6)")
        } else if !differences.isEmpty {
            replace(wanted, .change, differences: differences)
        }
    }

    private var wordsForLosingIPv6: String {
        existing.isUp && !link.isUp ? "goes down" : "gets an MTU too small for IPv6"
    }

    private mutating func add(
        _ value: InterfaceAddress,
        verb: Change.Verb,
        differences: [Difference] = [],
        reason: String? = nil
    ) {
        // The kernel may have made it by itself meanwhile.
        let isKernels = value.address == IPAddress(linkLocalFor: link.mac)
        let operation =
            isKernels ? Operation.replaceAddress(value, on: link.id) : .addAddress(value, on: link.id)
        building.append(Change(verb, operation, differences: differences, reason: reason))
        if value.address.family == .ipv4 { present.append(value) }
    }

    private mutating func replace(
        _ value: InterfaceAddress,
        _ verb: Change.Verb,
        differences: [Difference] = [],
        reason: String? = nil
    ) {
        building.append(
            Change(verb, .replaceAddress(value, on: link.id), differences: differences, reason: reason)
        )
    }

    // MARK: Order

    /// Makes a document's first IPv4 address of a prefix the primary one.
    ///
    /// What is to stay and stands before it is taken away and added again, when the first is there already: the link is
    /// never without one. What the document has taken over is Weft's by then.
    private mutating func putInOrder() {
        var seen: Set<Prefix> = []
        for first in link.addresses where first.address.family == .ipv4 {
            guard seen.insert(first.prefix).inserted else { continue }
            let staying = present.ahead(of: first).filter {
                wanted[Key($0)] != nil || strangers.values.contains($0)
            }
            guard staying.allSatisfy({ wanted[Key($0)]?.isOwn == true }) else { continue }
            for value in staying {
                guard let wanted = wanted[Key(value)] else { continue }
                delete(value, first: true, reason: "to be made anew", isCounted: false)
                add(
                    wanted,
                    verb: .remake,
                    reason: "made anew: \(first) shall be the primary one of its prefix"
                )
            }
        }
    }

    // MARK: What goes last

    private mutating func depart() {
        let gone = deletedFirst.union(dropped)
        for address in existing.addresses.reversed() where !gone.contains(address.value) {
            guard wanted[Key(address.value)] == nil else { continue }
            if address.isManaged {
                delete(address.value, first: false)
            } else if address.isMadeFromMAC, link.addressGeneration == .none {
                delete(address.value, first: false, reason: "addrgenmode is none")
            }
        }
        guard gainsIPv6, link.addressGeneration == .none else { return }
        let made = InterfaceAddress(IPAddress(linkLocalFor: link.mac), prefixLength: 64)
        if wanted[Key(made)] == nil {
            delete(made, first: true, reason: "the kernel makes it as the link gets IPv6", isCounted: false)
        }
    }

    /// True if IPv6 comes to the link with its MTU while it is up: the kernel makes a link-local address at once.
    private var gainsIPv6: Bool {
        guard existing.isUp, link.isUp, let mtu = link.mtu else { return false }
        return !existing.mtu.carriesIPv6 && mtu.carriesIPv6
    }

    private mutating func delete(
        _ value: InterfaceAddress,
        first: Bool,
        reason: String? = nil,
        isCounted: Bool = true
    ) {
        let change = deletion(of: value, first: first, reason: reason, isCounted: isCounted)
        if first { building.append(change) } else { removing.append(change) }
    }

    /// The deletion of an address, of which all is noted; the others of its prefix stay.
    private mutating func deletion(
        of value: InterfaceAddress,
        first: Bool,
        reason: String?,
        isCounted: Bool = true
    ) -> Change {
        var keepsSecondaries = false
        if let isPrimaryToOthers = present.remove(value) {
            // A rollback turns off again what an interrupted deletion has turned on, and before this.
            let promotes = existing.promotesSecondaries && link.promotesSecondaries != false
            keepsSecondaries = isPrimaryToOthers && !promotes
            if !first, willPromote { keepsSecondaries = false }
            if present.isEmpty {
                if first { losesEveryIPv4First = true } else { losesEveryIPv4Last = true }
            }
        }
        if first { deletedFirst.insert(value) } else { deletedLast.insert(value) }
        let operation = Operation.deleteAddress(value, on: link.id, keepsSecondaries: keepsSecondaries)
        return Change(.delete, operation, reason: reason, isCounted: isCounted)
    }

    // MARK: What stays

    /// The addresses that are there all the time.
    var lasting: [IPAddress] {
        let departing = deletedFirst.union(deletedLast).union(dropped)
        return existing.addresses.map(\.value).filter { !departing.contains($0) }.map(\.address)
    }

    /// The wanted addresses that are as they were, and shall have a route to their prefix: of IPv4 the primary ones.
    var bringingRoutes: [InterfaceAddress] {
        let changed = deletedFirst.union(dropped)
        var primaries: [Prefix: InterfaceAddress] = [:]
        for value in existing.addresses.map(\.value) where primaries[value.prefix] == nil {
            primaries[value.prefix] = value
        }
        return existing.addresses.compactMap { observed in
            let value = observed.value
            guard let wanted = wanted[Key(value)], !wanted.hasNoPrefixRoute, value.bringsRoute else {
                return nil
            }
            guard wanted.isOwn, !changed.contains(value) else { return nil }
            switch value.address.family {
            case .ipv4:
                let isPrimary = primaries[value.prefix] == value && present.primary(of: value.prefix) == value
                return isPrimary ? value : nil
            // One that is replaced gets its route by that.
            case .ipv6: return observed.differences(from: wanted).isEmpty ? wanted : nil
            }
        }
    }
}

/// The addresses of a link that are others' and stay.
private struct Strangers {
    private(set) var values: Set<InterfaceAddress> = []
    private(set) var addresses: Set<IPAddress> = []
    /// Of each IPv4 prefix the first of each scope.
    private(set) var firsts: [Prefix: [InterfaceAddress]] = [:]

    init() {}

    init(among observed: some Sequence<ObservedAddress>) {
        for value in observed.lazy.filter({ !$0.isManaged }).map(\.value) {
            values.insert(value)
            addresses.insert(value.address)
            guard value.address.family == .ipv4 else { continue }
            let known = firsts[value.prefix] ?? []
            if !known.contains(where: { $0.scope == value.scope }) {
                firsts[value.prefix, default: []].append(value)
            }
        }
    }
}

extension ObservedAddress {
    func differences(from wanted: InterfaceAddress) -> [Difference] {
        var list: [Difference] = []
        if wanted.address.family == .ipv4 {
            Difference.note("scope", value.scope, wanted.scope, in: &list)
        } else {
            Difference.note("nodad", value.skipsDuplicateDetection, wanted.skipsDuplicateDetection, in: &list)
        }
        Difference.note("noprefixroute", value.hasNoPrefixRoute, wanted.hasNoPrefixRoute, in: &list)
        // Whose it is not, how long it lasts is not Weft's to say.
        if wanted.isOwn {
            Difference.note("lifetime", isPermanent ? "forever" : "limited", "forever", in: &list)
        }
        Difference.note("protocol", protocolNumber, wanted.owner ?? mark.protocolNumber, in: &list)
        return list
    }
}

extension InterfaceAddress {
    /// True if the kernel can't turn this address into `wanted`: `inet_rtm_newaddr()` replaces lifetimes and the
    /// protocol of an IPv4 address, nothing else.
    func needsRemake(as wanted: InterfaceAddress) -> Bool {
        address.family == .ipv4 && (scope != wanted.scope || hasNoPrefixRoute != wanted.hasNoPrefixRoute)
    }

    /// True if the kernel adds a route to its prefix, unless it is told not to.
    ///
    /// Kernel: `fib_add_ifaddr()`: none for IPv4 to one address alone, nor to 0.0.0.0/8.
    fileprivate var bringsRoute: Bool {
        address.family == .ipv6 || (prefixLength < 32 && prefix.address.low >> 24 != 0)
    }
}
