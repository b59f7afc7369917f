package import NetworkModel

/// Three sandboxes on two networks that are masqueraded outside, and what becomes of them.
package struct ConnectionScenario: Sendable {
    /// `red` (10.9.0.2) and `blue` (10.9.0.3) are on `br0`, `green` (10.8.0.2) is on `br1`.
    package let masqueraded: NodeState
    /// What leaves `br0` bears its own address.
    package let unmasqueraded: NodeState
    /// `blue` has the address that was `red`'s, which has 10.9.0.9 now.
    package let moved: NodeState
    /// `red` is gone.
    package let less: NodeState

    package init(_ pools: StatePools) {
        var first = NodeState(node: pools.node)
        first.firewall = FirewallState()
        first.sysctls = [Sysctl(Sysctl.Key(path: "net/ipv4/ip_forward", in: .node), value: "1")]
        Self.addNetwork("br0", 9, to: &first, pools)
        Self.addNetwork("br1", 8, to: &first, pools)
        Self.addSandbox(0, 0x0a09_0002, on: "br0", to: &first, pools)
        Self.addSandbox(1, 0x0a09_0003, on: "br0", to: &first, pools)
        Self.addSandbox(2, 0x0a08_0002, on: "br1", to: &first, pools)
        masqueraded = first

        var second = first
        let bridge = InterfaceName(fromKernel: "br0")
        second.firewall?.bridges[bridge]?.masquerades = false
        second.firewall?.bridges[bridge]?.isReachable = true
        unmasqueraded = second

        var third = first
        Self.setAddress(0x0a09_0009, of: 0, in: &third, pools)
        Self.setAddress(0x0a09_0002, of: 1, in: &third, pools)
        moved = third

        var fourth = first
        fourth.namespaces.remove(pools.namespaces[0])
        fourth.links[pools.id("v0")] = nil
        fourth.links[pools.id("eth0", 0)] = nil
        fourth.routes.removeAll { $0.place == pools.place(0) }
        fourth.firewall?.ports[InterfaceName(fromKernel: "v0")] = nil
        less = fourth
    }

    /// The state by its name on a command line.
    package func state(named name: String) -> NodeState? {
        switch name {
        case "masqueraded": masqueraded
        case "unmasqueraded": unmasqueraded
        case "moved": moved
        default: nil
        }
    }

    /// A bridge with 10.`number`.0.1/24.
    private static func addNetwork(
        _ name: String,
        _ number: UInt32,
        to state: inout NodeState,
        _ pools: StatePools
    ) {
        let id = pools.id(name)
        let gateway = IPAddress(ipv4: 0x0a00_0001 | number << 16)
        state.links[id] = Link(id, kind: .bridge(Bridge()), mac: mac(UInt64(number)), purpose: "")
        state.links[id]?.addressGeneration = .none
        state.links[id]?.addresses = [InterfaceAddress(gateway, prefixLength: 24)]
        state.firewall?.bridges[id.name] = .init(
            subnets: [Prefix(containing: gateway, length: 24)],
            reachesOutside: true,
            masquerades: true
        )
    }

    private static func addSandbox(
        _ number: Int,
        _ address: UInt32,
        on bridge: String,
        to state: inout NodeState,
        _ pools: StatePools
    ) {
        let (near, far) = (pools.id("v\(number)"), pools.id("eth0", number))
        let farMAC = mac(UInt64(32 + number))
        state.namespaces.insert(pools.namespaces[number])
        state.links[near] = Link(near, kind: .veth(peer: far), mac: mac(UInt64(16 + number)), purpose: "")
        state.links[near]?.master = InterfaceName(fromKernel: bridge)
        state.links[far] = Link(far, kind: .veth(peer: near), mac: farMAC, purpose: "")
        for id in [near, far] { state.links[id]?.addressGeneration = .none }
        var route = Route(to: Prefix(containing: .unspecified(.ipv4), length: 0), in: far.place)
        route.gateway = IPAddress(ipv4: address & 0xffff_ff00 | 1)
        state.routes.append(route)
        state.firewall?.ports[near.name] = .init(mac: farMAC)
        setAddress(address, of: number, in: &state, pools)
    }

    private static func setAddress(
        _ bits: UInt32,
        of number: Int,
        in state: inout NodeState,
        _ pools: StatePools
    ) {
        let address = IPAddress(ipv4: bits)
        let port = InterfaceName(fromKernel: "v\(number)")
        state.links[pools.id("eth0", number)]?.addresses = [InterfaceAddress(address, prefixLength: 24)]
        state.firewall?.ports[port]?.addresses = [address]
    }

    private static func mac(_ number: UInt64) -> MACAddress { MACAddress(bits: 0x0200_0000_0000 | number) }
}
