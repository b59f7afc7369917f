import NetworkModel
import NetworkTesting

/// All that a sandbox may try against the networks that it is not on.
///
/// Each sandbox sends frames of its own making by each of its links: to every station on the wire, for every address that
/// anybody has, from every address, and with MACs that are not its own. What a route in a sandbox could do is among them: a
/// route is the MAC of a next hop. Those on two networks forward.
final class Attack {
    private let cluster: Cluster
    private let bench: ClusterBench
    private let stations: [Station]
    private let tunnels: [Station]
    private let attackers: [Attacker]
    /// Who has which addresses; the node's are under ``node``.
    private let holders: [String: Set<IPAddress>]

    /// What of the last flush has come.
    private var flushed: Set<String> = []

    private static let node = "the node"
    private static let router = "the router"
    private static let vxlanPort: UInt16 = 4789

    /// One link of one sandbox.
    private struct Attacker {
        var name: String
        var network: String
        var mac: MACAddress
        /// The MACs on the wire, but for its own.
        var others: [MACAddress]
        var socket: FrameSocket
    }

    /// What should not have been possible.
    enum Breach: String, Hashable, CaseIterable {
        case betweenNetworks = "a packet came from one network to another"
        case forgedWithin =
            "a packet came to another one of the network from an address that is not the sender's"
        case forgedOutside = "a packet came to the outside from an address that is not its sender's"
        case fromInternal = "a packet of an internal network came to the outside"
        case internalToNode = "a packet of an internal network came to the node at an address of another one"
        case isolatedBetween = "a packet came from an isolated network to another one of its range"
        case isolatedToNode = "a packet of an isolated network came to the node"
        case fromIsolated = "a packet of an isolated network came to the outside"
        case forgedToNode = "a packet came to the node from an address that is not the sender's"
        case vxlan = "a datagram came to a port of VXLAN"
    }

    init(_ cluster: Cluster, on bench: ClusterBench) throws {
        self.cluster = cluster
        self.bench = bench
        let view = try ClusterView(of: cluster, on: bench)
        var holders = [
            Self.node: Set(ClusterBench.nodeAddresses), Self.router: Set(ClusterBench.routerAddresses),
        ]
        for network in cluster.carried {
            holders[Self.node]?.formUnion(AddressFamily.allCases.compactMap(network.hostAddress))
        }
        for sandbox in cluster.stacks {
            let own = sandbox.endpoints.indices.flatMap { view.addresses(of: sandbox, $0) }
            holders[sandbox.name] = Set(own)
        }
        self.holders = holders
        let places =
            cluster.stacks.map { ($0.name, String?.some($0.name)) }
            + [(Self.node, nil), (Self.router, ClusterBench.router)]
        stations = try places.map { try Station($0.0, in: $0.1, of: bench.node) }
        tunnels = try places.map { try Station($0.0, in: $0.1, of: bench.node, port: Self.vxlanPort) }
        attackers = try Self.attackers(of: cluster, view, on: bench)
        for sandbox in cluster.stacks {
            // Whoever is root in a sandbox may do so.
            let settings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
            try bench.node.run(
                "sysctl -q -w \(settings.joined(separator: " ")) net.ipv4.conf.all.rp_filter=0",
                in: sandbox.name
            )
        }
    }

    private static func attackers(
        of cluster: Cluster,
        _ view: ClusterView,
        on bench: ClusterBench
    ) throws -> [Attacker] {
        var macs: [String: [MACAddress]] = [:]
        for link in view.nodeLinks where link["linkinfo"]["info_kind"] == "bridge" {
            let name = link["ifname"].string?.replacing("br-", with: "") ?? ""
            macs[name] = [link["address"].string.flatMap(MACAddress.init)].compactMap(\.self)
        }
        var ends: [(sandbox: Cluster.Sandbox, index: Int, mac: MACAddress)] = []
        for sandbox in cluster.stacks {
            for (index, endpoint) in sandbox.endpoints.enumerated() {
                let link = view.links[sandbox.name]?[sandbox.interface(index)]
                guard let mac = link?["address"].string.flatMap(MACAddress.init) else { continue }
                macs[endpoint.network, default: []].append(mac)
                ends.append((sandbox, index, mac))
            }
        }
        return try ends.map { sandbox, index, mac in
            let network = sandbox.endpoints[index].network
            return Attacker(
                name: sandbox.name,
                network: network,
                mac: mac,
                others: (macs[network] ?? []).filter { $0 != mac },
                socket: try FrameSocket(on: sandbox.interface(index), in: sandbox.name, of: bench.node)
            )
        }
    }

    // MARK: Trying

    /// Tries everything; returns what came of it that should not, with an example of each.
    func breaches() throws -> [Breach: String] {
        var found: [Breach: String] = [:]
        for attacker in attackers {
            for source in sources(for: attacker) {
                try attack(as: attacker, from: source)
                collect(into: &found)
            }
        }
        guard try flush(&found) else {
            found[.betweenNetworks] = "what is allowed never arrived: nothing is known"
            return found
        }
        collect(into: &found)
        return found
    }

    /// Sends what is allowed behind what was sent, by each way, until it has come: then so has all else that was to come.
    ///
    /// - Returns: False if it does not come within ten seconds.
    private func flush(_ found: inout [Breach: String]) throws -> Bool {
        var awaited: Set<String> = []
        for _ in 0..<100 {
            for attacker in attackers {
                guard let sandbox = cluster.sandbox(attacker.name),
                    let network = cluster.network(attacker.network)
                else { continue }
                for subnet in network.subnets {
                    guard let own = holders[sandbox.name]?.first(where: subnet.contains) else { continue }
                    for (destination, mac) in allowed(attacker, network, subnet) {
                        let text = "flush|\(attacker.name)|\(attacker.network)|\(destination)"
                        if flushed.contains(text) { continue }
                        awaited.insert(text)
                        let packet = Frame.datagram(text, from: own, to: destination, port: Station.port)
                        let frame = Frame.frame(of: packet, subnet.family, from: attacker.mac, to: mac)
                        try attacker.socket.send(frame)
                    }
                }
            }
            Station.wait(for: stations, milliseconds: 100)
            collect(into: &found)
            if awaited.isSubset(of: flushed) { break }
        }
        defer { flushed = [] }
        return awaited.isSubset(of: flushed)
    }

    /// Where an attacker may send by a network, and by which MAC: to the gateway and what is behind it; of an isolated network,
    /// which has neither, to the others on it.
    private func allowed(
        _ attacker: Attacker,
        _ network: Cluster.Network,
        _ subnet: Prefix
    ) -> [(IPAddress, MACAddress)] {
        guard let gateway = network.hostAddress(subnet.family), let mac = attacker.others.first else {
            return attackers.compactMap { other in
                guard other.network == network.name, other.name != attacker.name else { return nil }
                return holders[other.name]?.first(where: subnet.contains).map { ($0, other.mac) }
            }
        }
        let outside = network.isInternal ? [] : ClusterBench.routerAddresses
        return ([gateway] + outside).filter { $0.family == subnet.family }.map { ($0, mac) }
    }

    /// One's own addresses, and everybody else's.
    private func sources(for attacker: Attacker) -> [IPAddress] {
        let strange = [IPAddress("198.51.100.7"), IPAddress("2001:db8:7::7")].compactMap(\.self)
        return Set(holders.values.flatMap(\.self)).sorted() + strange
    }

    private func attack(as attacker: Attacker, from source: IPAddress) throws {
        let family = source.family
        let forged = [attacker.others.last, MACAddress(bits: 0x0200_dead_beef)].compactMap(\.self)
        for (receiver, addresses) in holders where receiver != attacker.name {
            for destination in addresses where destination.family == family {
                let text = "\(attacker.name)|\(attacker.network)|\(source)|\(destination)"
                for port in [Station.port, Self.vxlanPort] {
                    let packet = Frame.datagram(text, from: source, to: destination, port: port)
                    for mac in attacker.others {
                        for own in [attacker.mac] + forged where own != mac {
                            let frame = Frame.frame(of: packet, family, from: own, to: mac)
                            try attacker.socket.send(frame)
                            // With a tag of VLAN 0, which whoever gets it takes off.
                            try attacker.socket.send(frame[..<12] + [0x81, 0, 0, 0] + frame[12...])
                        }
                    }
                }
            }
        }
    }

    private func collect(into found: inout [Breach: String]) {
        for station in stations {
            for arrival in station.arrivals() {
                if arrival.text.hasPrefix("flush|") { flushed.insert(arrival.text) }
                guard let breach = breach(arrival, at: station.name) else { continue }
                found[breach] = "'\(station.name)' got '\(arrival.text)' as from \(arrival.source)"
            }
        }
        for station in tunnels {
            for arrival in station.arrivals() where isForNode(station.name) {
                found[.vxlan] = "'\(station.name)' got '\(arrival.text)' as from \(arrival.source)"
            }
        }
    }

    /// VXLAN to one of the own network is nothing to the node.
    private func isForNode(_ receiver: String) -> Bool { receiver == Self.node || receiver == Self.router }

    /// What is wrong with an arrival; `nil` for what may be.
    private func breach(_ arrival: Station.Arrival, at receiver: String) -> Breach? {
        let parts = arrival.text.split(separator: "|").map(String.init)
        guard parts.count == 4, let attacker = cluster.sandbox(parts[0]),
            let network = cluster.network(parts[1]), let destination = IPAddress(parts[3])
        else { return nil }
        let own = holders[attacker.name] ?? []
        let isOwn = own.contains(arrival.source)
        switch receiver {
        case Self.node:
            if network.isIsolated { return .isolatedToNode }
            let isWithin = network.subnets.contains { $0.contains(destination) }
            if network.isInternal, !isWithin { return .internalToNode }
            return isOwn ? nil : .forgedToNode
        case Self.router:
            if network.isIsolated { return .fromIsolated }
            if network.isInternal { return .fromInternal }
            let allowed = network.masquerade == false ? own : Set(ClusterBench.nodeAddresses)
            return allowed.contains(arrival.source) ? nil : .forgedOutside
        default:
            let shared = cluster.sandbox(receiver)?.endpoints.contains { $0.network == network.name } ?? false
            if !shared { return network.isIsolated ? .isolatedBetween : .betweenNetworks }
            return isOwn ? nil : .forgedWithin
        }
    }
}
