package import NetworkModel

/// Firewalls that know some of a state's links, made up and changed the same way for the same seed.
extension FirewallState {
    /// What is drawn from: few of each, some of which exclude each other.
    private static let ranges: [(address: String, length: UInt8)] = [
        ("10.0.0.0", 24), ("10.0.0.0", 16), ("10.0.0.128", 25), ("10.1.0.0", 24), ("10.1.0.9", 32),
        ("fd00::", 64), ("fd00::", 48), ("fd00::7", 128), ("fd01::", 64),
    ]
    private static let hosts = ["10.0.0.7", "10.0.0.8", "10.1.0.9", "fd00::7", "fe80::7", "fe80::8"]
    private static let vxlanPortLists: [Set<UInt16>] = [[4789], [], [8472], [4789, 8472, 65535]]

    /// A firewall about most of the links of a state that it can be about.
    package static func drawn(
        for state: NodeState,
        using random: inout some RandomNumberGenerator
    ) -> FirewallState {
        var firewall = FirewallState()
        for name in bridgeNames(of: state) where Int.random(in: 0..<4, using: &random) > 0 {
            firewall.bridges[name] = drawnBridge(using: &random)
        }
        for name in portNames(of: state) where Int.random(in: 0..<4, using: &random) > 0 {
            firewall.ports[name] = drawnPort(using: &random)
        }
        firewall.vxlanPorts = vxlanPortLists.randomElement(using: &random) ?? []
        return firewall
    }

    /// The firewall of a state with one thing changed: now and then it comes, or goes, as a whole.
    package static func altered(
        in state: NodeState,
        using random: inout some RandomNumberGenerator
    ) -> FirewallState? {
        guard var firewall = state.firewall else { return drawn(for: state, using: &random) }
        guard Int.random(in: 0..<8, using: &random) > 0 else { return nil }
        firewall.change(for: state, using: &random)
        return firewall
    }

    private mutating func change(for state: NodeState, using random: inout some RandomNumberGenerator) {
        let bridge = Self.bridgeNames(of: state).randomElement(using: &random)
        let port = Self.portNames(of: state).randomElement(using: &random)
        switch (Int.random(in: 0..<9, using: &random), bridge, port) {
        case (0, let name?, _): bridges[name] = bridges[name] == nil ? Self.drawnBridge(using: &random) : nil
        case (1, let name?, _): bridges[name]?.subnets = Self.drawnRanges(using: &random)
        case (2, let name?, _): bridges[name]?.reachesOutside.toggle()
        case (3, let name?, _): bridges[name]?.masquerades.toggle()
        case (4, let name?, _): bridges[name]?.isReachable.toggle()
        case (5, _, let name?): ports[name] = ports[name] == nil ? Self.drawnPort(using: &random) : nil
        case (6, _, let name?): ports[name]?.mac = Self.drawnMAC(using: &random)
        case (7, _, let name?): ports[name]?.addresses = Self.drawnHosts(using: &random)
        default: vxlanPorts = Self.vxlanPortLists.randomElement(using: &random) ?? []
        }
        // Without a way to the outside nothing is masqueraded there, nor reached from there.
        for (name, bridge) in bridges where !bridge.reachesOutside {
            bridges[name]?.masquerades = false
            bridges[name]?.isReachable = false
        }
    }

    /// What of it is about links of a state.
    package func possible(in state: NodeState) -> FirewallState {
        var firewall = self
        let bridgeNames = Set(Self.bridgeNames(of: state))
        let portNames = Set(Self.portNames(of: state))
        firewall.bridges = bridges.filter { bridgeNames.contains($0.key) }
        firewall.ports = ports.filter { portNames.contains($0.key) }
        return firewall
    }

    // MARK: Drawing

    private static func bridgeNames(of state: NodeState) -> [InterfaceName] {
        state.links.values.filter { $0.id.place == .node && $0.kind.isBridge }.map(\.id.name).sorted()
    }

    private static func portNames(of state: NodeState) -> [InterfaceName] {
        state.links.values.filter { $0.id.place == .node && $0.master != nil }.map(\.id.name).sorted()
    }

    private static func drawnBridge(using random: inout some RandomNumberGenerator) -> Bridge {
        let reachesOutside = Bool.random(using: &random)
        return Bridge(
            subnets: drawnRanges(using: &random),
            reachesOutside: reachesOutside,
            masquerades: reachesOutside && Bool.random(using: &random),
            isReachable: reachesOutside && Bool.random(using: &random)
        )
    }

    private static func drawnPort(using random: inout some RandomNumberGenerator) -> Port {
        Port(mac: drawnMAC(using: &random), addresses: drawnHosts(using: &random))
    }

    private static func drawnMAC(using random: inout some RandomNumberGenerator) -> MACAddress {
        MACAddress(bits: 0x0200_0000_f000 | UInt64.random(in: 1...3, using: &random))
    }

    /// No two of them share an address.
    private static func drawnRanges(using random: inout some RandomNumberGenerator) -> [Prefix] {
        var drawn: [Prefix] = []
        for range in ranges.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random)) {
            guard let address = IPAddress(range.address) else { preconditionFailure(range.address) }
            let prefix = Prefix(containing: address, length: range.length)
            if !drawn.contains(where: { $0.overlaps(prefix) }) { drawn.append(prefix) }
        }
        return drawn.sorted()
    }

    private static func drawnHosts(using random: inout some RandomNumberGenerator) -> [IPAddress] {
        let count = Int.random(in: 0...3, using: &random)
        return hosts.shuffled(using: &random).prefix(count).compactMap { IPAddress($0) }.sorted()
    }
}
