import ClusterModel
import NetworkModel
import NetworkTesting

/// Makes cluster states in which everything that is assigned is: networks of all drivers, fixed addresses, ranges.
struct ClusterGenerator {
    private var random: SeededGenerator
    private var state = ClusterState()
    private var count: UInt32 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// A state of `networkCount` networks.
    mutating func make(networkCount: Int) -> ClusterState {
        let nodes = (0..<number(1...4)).map { index in
            ClusterNode(
                NodeName(unchecked: "n\(index)"),
                addresses: PerFamily(
                    ipv4: IPAddress(ipv4: 0xac10_0100 + UInt32(index)),
                    ipv6: IPAddress(ipv6High: 0xfd00_0016 << 32, low: UInt64(index + 1))
                )
            )
        }
        state.nodes = NamedList(nodes)
        let networks = (0..<networkCount).map { _ in network() }
        state.networks = NamedList(networks)
        let sandboxCount = number(1...12)
        state.sandboxes = NamedList((0..<sandboxCount).map { sandbox($0, networks) })
        return state
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }

    mutating func flip() -> Bool { Bool.random(using: &random) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func network() -> Network {
        count += 1
        let name = NetworkName(unchecked: "net\(count)-\(number(0...999))")
        var subnets = PerFamily<Prefix>()
        let families = pick([[AddressFamily.ipv4], [.ipv6], [.ipv4, .ipv6]])
        for family in families { subnets[family] = subnet(family) }
        var network = Network(name, driver: driver(subnets), subnets: subnets)
        for family in families where number(0...3) == 0 {
            guard let subnet = subnets[family], subnet.length < family.width - 4 else { continue }
            network.ranges[family] = Prefix(
                containing: pick([subnet.address, last(of: subnet)]),
                length: subnet.length + UInt8(number(1...3))
            )
        }
        if number(0...4) == 0 { network.gateway = .none }
        if number(0...5) == 0 { network.isIsolated = network.driver.kind != .routed }
        return network
    }

    private func last(of prefix: Prefix) -> IPAddress {
        let bits = UInt64(prefix.family.width - prefix.length)
        let mask: UInt64 = bits >= 64 ? .max : 1 << bits - 1
        switch prefix.family {
        case .ipv4: return IPAddress(ipv4: UInt32(truncatingIfNeeded: prefix.address.low | mask))
        case .ipv6: return IPAddress(ipv6High: prefix.address.high, low: prefix.address.low | mask)
        }
    }

    private mutating func subnet(_ family: AddressFamily) -> Prefix {
        switch family {
        case .ipv4:
            let length = UInt8(pick([16, 24, 26, 28, 29, 30]))
            return Prefix(containing: IPAddress(ipv4: 10 << 24 | count % 256 << 16), length: length)
        case .ipv6:
            let length = UInt8(pick([48, 64, 120, 124, 126]))
            return Prefix(
                containing: IPAddress(ipv6High: 0xfd00 << 48 | UInt64(count) << 16, low: 0),
                length: length
            )
        }
    }

    private mutating func driver(_ subnets: PerFamily<Prefix>) -> Network.Driver {
        let canRoute = subnets.values.allSatisfy { $0.length <= $0.family.width - 8 }
        switch number(0...(canRoute ? 3 : 2)) {
        case 0: return .bridge
        case 1: return .overlay(Network.Overlay())
        case 2: return .macvlan(Network.Macvlan())
        default:
            var lengths = PerFamily<UInt8>()
            for family in subnets.families {
                lengths[family] = subnets[family].map { $0.length + UInt8(number(2...5)) }
            }
            return .routed(Network.Routed(prefixes: .assigned(length: lengths)))
        }
    }

    private mutating func sandbox(_ index: Int, _ networks: [Network]) -> Sandbox {
        let name = SandboxName(unchecked: "s\(number(0...9999))x\(index)")
        var sandbox = Sandbox(name, node: pick(Array(state.nodes)).name)
        for network in networks where number(0...2) > 0 {
            var endpoint = Endpoint(network.name)
            for family in network.subnets.families where number(0...5) == 0 {
                guard let subnet = network.subnets[family], network.driver.kind != .routed else { continue }
                endpoint.addresses[family] = last(
                    of: Prefix(containing: subnet.address, length: subnet.length + 1)
                )
            }
            sandbox.endpoints.append(endpoint)
        }
        return sandbox
    }
}
