import ClusterModel
import NetworkModel
import NetworkTesting
import Testing

/// What holds of every assignment, over more than 10,000 generated networks.
@Suite("Assignment laws")
struct AssignmentLaws {
    /// How many states are made, of how many networks each: 12,000 networks.
    static let seeds: Range<UInt64> = 0..<3000
    static let networkCount = 4

    /// What an endpoint has been given, by the names that it goes by.
    struct Key: Hashable {
        var sandbox: SandboxName
        var network: NetworkName
        var family: AddressFamily
    }

    static func addresses(_ state: ClusterState, _ assignment: Assignment) -> [Key: IPAddress] {
        var addresses: [Key: IPAddress] = [:]
        for (index, sandbox) in state.sandboxes.enumerated() {
            for (place, endpoint) in sandbox.endpoints.enumerated() {
                for family in AddressFamily.allCases {
                    let key = Key(sandbox: sandbox.name, network: endpoint.network, family: family)
                    addresses[key] = assignment[index, place].addresses[family]
                }
            }
        }
        return addresses
    }

    static func states(_ body: (UInt64, ClusterState, Assignment) throws -> Void) rethrows {
        for seed in seeds {
            var generator = ClusterGenerator(seed: seed)
            let state = generator.make(networkCount: networkCount)
            try body(seed, state, state.assignment())
        }
    }

    @Test("the same state, in whatever order it was read, is given the same")
    func isPure() {
        Self.states { seed, state, assignment in
            var other = ClusterState()
            other.nodes = NamedList(state.nodes.reversed())
            other.networks = NamedList(state.networks.reversed())
            other.sandboxes = NamedList(
                state.sandboxes.reversed().map { sandbox in
                    var sandbox = sandbox
                    sandbox.endpoints.reverse()
                    return sandbox
                }
            )
            let again = other.assignment()
            #expect(Self.addresses(other, again) == Self.addresses(state, assignment), "seed \(seed)")
            #expect(again.nodePrefixes == assignment.nodePrefixes, "seed \(seed)")
        }
    }

    @Test("no address is given twice in a network, and each is in the part of the subnet that it may be in")
    func isInjectiveAndWithin() {
        var given = 0
        var coverage: [String: Int] = [:]
        Self.states { seed, state, assignment in
            var holders: [NetworkName: [IPAddress: SandboxName]] = [:]
            let nodeAddresses = Set(state.nodes.flatMap(\.addresses.values))
            for (index, sandbox) in state.sandboxes.enumerated() {
                for (place, endpoint) in sandbox.endpoints.enumerated() {
                    guard let network = state.networks[endpoint.network] else { continue }
                    for family in network.subnets.families where endpoint.addresses[family] == nil {
                        guard let address = assignment[index, place].addresses[family] else { continue }
                        given += 1
                        coverage["\(network.driver.kind) \(family)", default: 0] += 1
                        let prefix = assignment.prefix(of: network, family, on: sandbox.node)
                        #expect(prefix?.contains(address) == true, "seed \(seed): \(address)")
                        #expect(network.ranges[family]?.contains(address) ?? true, "seed \(seed): \(address)")
                        #expect(!nodeAddresses.contains(address))
                        #expect(address != assignment.gateway(of: network, family, on: sandbox.node))
                        for range in [prefix, network.subnets[family]].compactMap(\.self) {
                            #expect(address != range.address, "seed \(seed): \(address) of \(range)")
                            #expect(!isBroadcast(address, of: range), "seed \(seed): \(address) of \(range)")
                        }
                        let other = holders[network.name, default: [:]].updateValue(
                            sandbox.name,
                            forKey: address
                        )
                        #expect(other == nil, "seed \(seed): \(address)")
                    }
                }
            }
            // What is stated is nobody else's.
            for sandbox in state.sandboxes {
                for endpoint in sandbox.endpoints {
                    for address in endpoint.addresses.values {
                        #expect(holders[endpoint.network]?[address] == nil, "seed \(seed): \(address)")
                    }
                }
            }
        }
        #expect(given > 50_000)
        #expect(
            coverage.count == 2 * Network.Driver.Kind.allCases.count
                && coverage.values.allSatisfy { $0 > 500 }
        )
    }

    private func isBroadcast(_ address: IPAddress, of prefix: Prefix) -> Bool {
        guard prefix.family == .ipv4 else { return false }
        return !prefix.contains(IPAddress(ipv4: UInt32(truncatingIfNeeded: address.low) &+ 1))
    }

    @Test("whoever has none is counted: a pool is short by as many as go without")
    func countsWhoGoesWithout() {
        var shortages = 0
        Self.states { seed, state, assignment in
            var without: [NetworkName: Int] = [:]
            for (index, sandbox) in state.sandboxes.enumerated() {
                for (place, endpoint) in sandbox.endpoints.enumerated() {
                    guard let network = state.networks[endpoint.network] else { continue }
                    for family in network.subnets.families {
                        let prefix = assignment.prefix(of: network, family, on: sandbox.node)
                        guard prefix != nil else { continue }
                        if assignment[index, place].addresses[family] == nil {
                            without[network.name, default: 0] += 1
                        }
                    }
                }
            }
            var short: [NetworkName: Int] = [:]
            for shortage in assignment.shortages where shortage.kind == .addresses {
                short[shortage.network, default: 0] += shortage.needed - shortage.available
                shortages += 1
            }
            #expect(short == without, "seed \(seed)")
        }
        #expect(shortages > 200)
    }

    @Test(
        "an address moves by an addition only if a sandbox of an earlier name, or a stated address, has taken it"
    )
    func isStableUnderAdditions() {
        var moved = 0
        var kept = 0
        Self.states { seed, state, assignment in
            // Where parts of nodes are assigned anew all addresses move.
            guard !state.networks.contains(where: { $0.driver.kind == .routed }) else { return }
            let name = SandboxName(unchecked: "s\(seed % 97 * 103)new")
            var added = Sandbox(name, node: state.nodes.first?.name)
            added.endpoints = state.networks.map { Endpoint($0.name) }
            var other = state
            other.sandboxes = NamedList(Array(state.sandboxes) + [added])
            let before = Self.addresses(state, assignment)
            let after = Self.addresses(other, other.assignment())
            var holders: [NetworkName: [IPAddress: SandboxName]] = [:]
            for (key, address) in after { holders[key.network, default: [:]][address] = key.sandbox }
            for (key, address) in before {
                guard after[key] != address else {
                    kept += 1
                    continue
                }
                moved += 1
                let holder = holders[key.network]?[address]
                #expect(holder.map { $0 < key.sandbox } == true, "seed \(seed): \(key) had \(address)")
                #expect(name < key.sandbox, "seed \(seed): \(key) comes before what was added")
            }
        }
        #expect(moved > 100 && kept > 10_000)
    }

    @Test("nodes' parts of a routed network don't overlap, and are within the subnet")
    func givesEachNodeAPart() {
        var parts = 0
        Self.states { seed, state, assignment in
            for (name, prefixes) in assignment.nodePrefixes {
                guard let network = state.networks[name] else { continue }
                for family in network.subnets.families {
                    let own = prefixes.values.compactMap { $0[family] }.sorted()
                    parts += own.count
                    #expect(Set(prefixes.keys) == Set(assignment.carriers[name] ?? []), "seed \(seed)")
                    #expect(own.allSatisfy { network.subnets[family]?.contains($0.address) == true })
                    for (first, second) in zip(own, own.dropFirst()) {
                        #expect(!first.overlaps(second), "seed \(seed)")
                    }
                }
            }
        }
        #expect(parts > 2000)
    }

    @Test("what is not on its first candidate is listed, with who is there")
    func listsTheDisplaced() {
        var count = 0
        Self.states { seed, state, assignment in
            for displaced in assignment.displaced {
                count += 1
                let index = displaced.endpoint
                let family = displaced.address.family
                #expect(assignment[index.sandbox, index.endpoint].addresses[family] == displaced.address)
                #expect(displaced.address != displaced.candidate)
                if let holder = displaced.holder {
                    #expect(
                        assignment[holder.sandbox, holder.endpoint].addresses[family] == displaced.candidate
                    )
                }
            }
        }
        #expect(count > 1000)
    }
}
