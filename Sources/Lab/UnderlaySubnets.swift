import ClusterModel
import NetworkModel

/// The ranges that the nodes' addresses are in, and who leads out of each.
struct UnderlaySubnets {
    private let document: LabDocument
    /// In order, none within another.
    private(set) var all: [Prefix] = []
    /// What the gateway has of each range; none of those in which nobody needs it, or that have no address for it.
    private(set) var gateways: [Prefix: [IPAddress]] = [:]
    /// The ranges that have no address for the gateway, in order.
    private(set) var full: [Prefix] = []
    /// The addresses that somebody has, or may be given.
    private var taken: Set<IPAddress> = []

    init(of document: LabDocument) {
        self.document = document
        let addresses = document.cluster.nodes.flatMap(\.addresses.values)
        let stated = document.cluster.underlay
        var found = Set(stated.filter { subnet in addresses.contains(where: subnet.contains) })
        for family in AddressFamily.allCases {
            let rest = addresses.filter { address in
                address.family == family && !stated.contains { $0.contains(address) }
            }
            found.formUnion(fitting(rest))
        }
        all = found.sorted()
        taken = Set(addresses).union(macvlanAddresses)
        for family in AddressFamily.allCases { placeGateways(family) }
    }

    /// The range that an address of a node is in.
    func subnet(of address: IPAddress) -> Prefix? {
        all.filter { $0.contains(address) }.max { $0.length < $1.length }
    }

    /// By whom a node's packets for elsewhere leave: the document's router, or the lab's gateway; `nil` for nobody.
    ///
    /// A router's own go to the gateway: two routers that lead to each other would lead nowhere.
    func nextHop(of node: ClusterNode, _ family: AddressFamily) -> IPAddress? {
        guard let own = node.addresses[family], let subnet = subnet(of: own) else { return nil }
        if node.role == .node, let router = router(in: subnet) { return router.addresses[family] }
        return gateways[subnet]?.first
    }

    /// The first router that has an address in a range.
    private func router(in subnet: Prefix) -> ClusterNode? {
        document.cluster.nodes.first { node in
            node.role == .router && node.addresses[subnet.family].map(subnet.contains) ?? false
        }
    }

    // MARK: Ranges that nobody stated

    /// How wide a range is that nobody stated, at least.
    private static func usualLength(_ family: AddressFamily) -> UInt8 {
        switch family {
        case .ipv4: 24
        case .ipv6: 64
        }
    }

    /// How wide it is at most: nodes that are further apart are not on one wire.
    private static func shortestLength(_ family: AddressFamily) -> UInt8 {
        switch family {
        case .ipv4: 16
        case .ipv6: 48
        }
    }

    /// One range for all addresses of a family, or, where that would be too wide or be in the way of a network, one for each
    /// group of them.
    private func fitting(_ addresses: [IPAddress]) -> [Prefix] {
        guard let first = addresses.first else { return [] }
        let family = first.family
        let common = first.commonLength(with: addresses)
        let usual = Self.usualLength(family)
        if common >= Self.shortestLength(family) {
            for length in min(common, usual)...common {
                let candidate = Prefix(containing: first, length: length)
                if isFree(candidate) { return [candidate] }
            }
        }
        let groups = Dictionary(grouping: addresses) { Prefix(containing: $0, length: usual) }
        // What can't be told apart from a network is that network's first.
        guard groups.count > 1 else { return [Prefix(containing: first, length: common)] }
        return groups.keys.sorted().flatMap { fitting(groups[$0] ?? []) }
    }

    /// True if a range shares no address with the networks', but for those that are on the wire themselves, and the stated ones.
    private func isFree(_ candidate: Prefix) -> Bool {
        let networks = document.cluster.networks.filter { $0.driver.kind != .macvlan && !$0.isIsolated }
        return !networks.contains { $0.subnets[candidate.family].map(candidate.overlaps) ?? false }
            && !document.cluster.underlay.contains(where: candidate.overlaps)
    }

    // MARK: The gateway

    /// The addresses of endpoints on the wire.
    private var macvlanAddresses: Set<IPAddress> {
        var addresses: Set<IPAddress> = []
        for (index, sandbox) in document.cluster.sandboxes.enumerated() {
            for (endpoint, attachment) in sandbox.endpoints.enumerated()
            where document.cluster.networks[attachment.network]?.driver.kind == .macvlan {
                addresses.formUnion(document.assignment[index, endpoint].addresses.values)
            }
        }
        return addresses
    }

    /// The gateways that macvlan networks state, which are the wire's own.
    private func statedGateways(in subnet: Prefix) -> [IPAddress] {
        var found: [IPAddress] = []
        for network in document.cluster.networks where network.driver.kind == .macvlan {
            guard case .addresses(let gateways) = network.gateway, let address = gateways[subnet.family],
                subnet.contains(address), !taken.contains(address), !found.contains(address)
            else { continue }
            found.append(address)
        }
        return found
    }

    /// Where a family has a range that no router leads out of, or a macvlan network whose gateway is nobody, the gateway is in
    /// all ranges of the family, and leads from each to the others.
    private mutating func placeGateways(_ family: AddressFamily) {
        let subnets = all.filter { $0.family == family }
        guard subnets.contains(where: { router(in: $0) == nil || !statedGateways(in: $0).isEmpty })
        else { return }
        for subnet in subnets {
            let stated = statedGateways(in: subnet)
            if !stated.isEmpty {
                gateways[subnet] = stated
            } else if let free = freeAddress(in: subnet) {
                gateways[subnet] = [free]
            } else {
                full.append(subnet)
            }
        }
    }

    /// The last address of a range that nobody has or may be given, of a wide range the last of its first 65,535.
    private func freeAddress(in subnet: Prefix) -> IPAddress? {
        let ranges = document.cluster.networks.filter { $0.driver.kind == .macvlan }
            .compactMap { $0.ranges[subnet.family] }
        let count = subnet.hostBits > 16 ? UInt128(0x1_0000) : UInt128(1) << UInt128(subnet.hostBits)
        var spare: IPAddress?
        for offset in (0..<count).reversed() {
            let address = subnet.address(at: offset)
            guard address != subnet.reservedFirst, address != subnet.broadcast, !taken.contains(address)
            else { continue }
            if !ranges.contains(where: { $0.contains(address) }) { return address }
            spare = spare ?? address
        }
        return spare
    }
}

extension IPAddress {
    /// How many bits this address shares with all of some others of its family.
    fileprivate func commonLength(with others: [IPAddress]) -> UInt8 {
        others.reduce(family.width) { length, other in
            (0...length).reversed().first { Prefix(containing: self, length: $0).contains(other) } ?? 0
        }
    }
}
