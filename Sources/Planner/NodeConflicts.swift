import NetworkModel

/// What on a node is in the way of the ranges that a document's networks take there.
///
/// An overlap refuses a network that is not there yet. Of one that is, it is told: a VPN that came up meanwhile must not keep
/// the rest of the document from being carried out.
struct NodeConflicts {
    private(set) var problems: [Problem] = []
    private(set) var warnings: [String] = []

    private let claims: NodeClaims
    private let observed: ObservedState
    private let desired: NodeState
    private let foreign: ForeignRanges
    private var proposals: [AddressFamily: Proposals] = [:]

    init(of claims: NodeClaims, with observed: ObservedState, desired: NodeState) {
        self.claims = claims
        self.observed = observed
        self.desired = desired
        foreign = ForeignRanges(on: observed.node, nameservers: claims.nameservers)
        guard !claims.subnets.isEmpty else { return }
        checkSubnets()
        checkWires()
    }

    // MARK: Ranges of a network's own

    private mutating func checkSubnets() {
        let subnets = claims.subnets.filter { $0.parent == nil }
        let index = ClaimIndex(subnets)
        var overlaps: [Int: [ForeignRange]] = [:]
        foreign.forEach { range in
            index.forEachOverlap(with: range.prefix) { overlaps[$0, default: []].append(range) }
        }
        guard !overlaps.isEmpty else { return }
        let inPlace = prefixesInPlace
        for (number, claim) in subnets.enumerated() {
            guard let ranges = overlaps[number] else { continue }
            tell(claim, Self.withoutDoubles(ranges), isInPlace: inPlace.contains(claim.prefix))
        }
    }

    private mutating func tell(_ claim: SubnetClaim, _ ranges: [ForeignRange], isInPlace: Bool) {
        let conflicts = ranges.filter { $0.grade == .conflict }
        let name = "\(claim.prefix) of network '\(claim.network)'"
        let advice = advice(for: claim)
        guard conflicts.isEmpty else {
            let words = Self.listing(conflicts)
            guard isInPlace else {
                let message = "\(name) overlaps what is this node's already: \(words)"
                return problems.append(Problem(message, hint: advice))
            }
            return warnings.append(
                "\(name) is in place, and overlaps what others have on this node by now: \(words); \(advice)"
            )
        }
        warnings.append(
            "\(name) shadows what this node reaches by others' routes: \(Self.listing(ranges)); \(advice)"
        )
    }

    private static func listing(_ ranges: [ForeignRange]) -> String {
        NodePlanner.listing(ranges.map(\.description))
    }

    /// The ranges without the routes that come with an address.
    private static func withoutDoubles(_ ranges: [ForeignRange]) -> [ForeignRange] {
        var routes: Set<PrefixRoute> = []
        for range in ranges {
            guard case .address(_, let link) = range.holder else { continue }
            routes.insert(PrefixRoute(range.prefix, LinkID(link, in: .node)))
        }
        return ranges.filter { range in
            guard case .route(let route) = range.holder, let device = route.device else { return true }
            return !routes.contains(PrefixRoute(range.prefix, LinkID(device, in: .node)))
        }
    }

    /// The ranges that something of Weft's has already.
    private var prefixesInPlace: Set<Prefix> {
        let links = observed.everywhere(\.links).lazy.filter(\.isManaged)
        var prefixes: Set<Prefix> = []
        for link in links {
            for address in link.addresses where address.isManaged { prefixes.insert(address.value.prefix) }
        }
        for route in observed.node.routes where route.isManaged { prefixes.insert(route.value.destination) }
        return prefixes
    }

    // MARK: What would be free

    /// Ranges that nobody has, neither in the document nor on the node.
    private struct Proposals {
        /// Such as no route of anybody's is for.
        var untouched: FreeRanges
        /// Such as are in nobody's way, but that some route through a gateway is for.
        var unoccupied: FreeRanges
    }

    private mutating func advice(for claim: SubnetClaim) -> String {
        let family = claim.prefix.family
        var proposals = self.proposals[family] ?? makeProposals(family)
        let range =
            proposals.untouched.take(like: claim.prefix) ?? proposals.unoccupied.take(like: claim.prefix)
        self.proposals[family] = proposals
        guard let range else {
            return "no range of this size is free on this node: give the network a smaller one in 'subnets'"
        }
        guard claim.isDefault else { return "\(range) is free here: give it to the network in 'subnets'" }
        return "write 'networks: { \(claim.network): { subnets: [\(range)] } }', which is free here"
    }

    private func makeProposals(_ family: AddressFamily) -> Proposals {
        let stated = claims.subnets.map(\.prefix) + claims.others
        var occupied = stated
        var routed: [Prefix] = []
        foreign.forEach { range in
            switch range.grade {
            case .conflict: occupied.append(range.prefix)
            case .shadow: routed.append(range.prefix)
            }
        }
        return Proposals(
            untouched: FreeRanges(taken: occupied + routed, family),
            unoccupied: FreeRanges(taken: occupied, family)
        )
    }

    // MARK: Ranges of a wire

    /// Networks on a link of the node's share its range; what they must not share is an address.
    private mutating func checkWires() {
        for claim in claims.subnets {
            guard let parent = claim.parent else { continue }
            checkAddresses(of: claim, on: parent)
            let addresses = observed.node.links.first { $0.name == parent }?.addresses.map(\.value) ?? []
            let own = addresses.filter {
                $0.address.family == claim.prefix.family && !$0.address.isLinkLocal
            }
            guard let first = own.first, !own.contains(where: { $0.prefix.overlaps(claim.prefix) }) else {
                continue
            }
            guard !hasRoute(to: claim.prefix, by: parent) else { continue }
            warnings.append(
                "\(claim.prefix) of network '\(claim.network)' is not the range of link '\(parent)', which has \(first): "
                    + "its endpoints reach nobody there unless both ranges are on that wire"
            )
        }
    }

    private func hasRoute(to prefix: Prefix, by link: InterfaceName) -> Bool {
        observed.node.routes.contains { route in
            route.value.device == link && route.value.gateway == nil && !route.isManaged
                && route.value.type == .unicast && route.value.destination.length > 1
                && route.value.destination.overlaps(prefix)
        }
    }

    /// Refuses to give an endpoint the address of the node, of its gateway or of its name server.
    private mutating func checkAddresses(of claim: SubnetClaim, on parent: InterfaceName) {
        var taken: [IPAddress: String] = [:]
        var gateways: Set<IPAddress> = []
        for server in claims.nameservers { taken[server] = "a name server of this node has it" }
        for route in observed.node.routes where route.value.device == parent && !route.isManaged {
            guard let gateway = route.value.gateway else { continue }
            taken[gateway] = "it is the gateway of route \(route.value.summary)"
            gateways.insert(gateway)
        }
        for link in observed.node.links where !link.isManaged {
            for address in link.addresses {
                taken[address.value.address] = "link '\(link.name)' of this node has it"
            }
        }
        for id in desired.links.keys.sorted() {
            guard case .macvlan(let macvlan)? = desired.links[id]?.kind, macvlan.parent == parent else {
                continue
            }
            for address in desired.links[id]?.addresses ?? [] where claim.prefix.contains(address.address) {
                guard let holder = taken[address.address] else { continue }
                let place = "on link '\(id.name)'\(NodePlanner.words(for: id.place))"
                if isInPlace(address.address, on: id) {
                    warnings.append("address \(address.address) is in place \(place), and \(holder) too")
                } else {
                    // What a network names as its gateway is assigned to nobody.
                    let wish =
                        gateways.contains(address.address)
                        ? "say 'gateway: \(address.address)' of network '\(claim.network)', by which its endpoints get out, or "
                            + "give it a 'range' that is free for it"
                        : "state another 'address', or a 'range' of network '\(claim.network)' that is free for it"
                    problems.append(Problem("cannot add address \(address) \(place): \(holder)", hint: wish))
                }
            }
        }
    }

    private func isInPlace(_ address: IPAddress, on id: LinkID) -> Bool {
        let link = observed[id.place]?.links.first { $0.name == id.name && $0.isManaged }
        return link?.addresses.contains { $0.value.address == address && $0.isManaged } ?? false
    }
}

/// Which of some ranges share addresses with another one, at a cost that hardly grows with their number.
struct ClaimIndex {
    /// In order of address.
    private let sorted: [(prefix: Prefix, number: Int)]
    private var numbers: [Prefix: [Int]] = [:]
    /// The lengths that occur.
    private var lengths: [AddressFamily: [UInt8]] = [:]

    init(_ claims: [SubnetClaim]) {
        sorted = claims.enumerated().map { ($1.prefix, $0) }.sorted {
            ($0.prefix, $0.number) < ($1.prefix, $1.number)
        }
        for entry in sorted { numbers[entry.prefix, default: []].append(entry.number) }
        lengths = Dictionary(grouping: numbers.keys, by: \.family).mapValues {
            Set($0.map(\.length)).sorted()
        }
    }

    /// Calls `body` with the place of each of the ranges that shares an address with `prefix`.
    func forEachOverlap(with prefix: Prefix, _ body: (Int) -> Void) {
        // Ranges share addresses only if one is within the other: those around it, itself among them …
        for length in lengths[prefix.family] ?? [] where length <= prefix.length {
            numbers[Prefix(containing: prefix.address, length: length)]?.forEach(body)
        }
        // … and those within.
        var position = first(from: prefix.address)
        while position < sorted.count, prefix.contains(sorted[position].prefix.address) {
            if sorted[position].prefix.length > prefix.length { body(sorted[position].number) }
            position += 1
        }
    }

    /// The first of the ranges that begins at an address or behind it.
    private func first(from address: IPAddress) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].prefix.address < address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
