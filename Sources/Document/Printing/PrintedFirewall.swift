internal import NetworkModel

/// A firewall as it is to be written.
enum PrintedFirewall {
    private typealias Entry = PrintedEntry

    static func entries(of state: FirewallState) -> [PrintedEntry] {
        let bridges = state.bridges.sorted { $0.key < $1.key }.map { name, bridge in
            (key: name.text, value: PrintedValue.mapping(entries(of: bridge)))
        }
        let ports = state.ports.sorted { $0.key < $1.key }.map { name, port in
            (key: name.text, value: PrintedValue.mapping(entries(of: port)))
        }
        return [
            (FirewallKey.bridges.name, .block(bridges)), (FirewallKey.ports.name, .block(ports)),
            (FirewallKey.vxlanPorts.name, .list(state.vxlanPorts.sorted().map { .natural($0) })),
        ]
    }

    private static func entries(of bridge: FirewallState.Bridge) -> [Entry] {
        [
            (FirewallBridgeKey.subnets.name, .list(bridge.subnets.sorted().map { .text($0.description) })),
            (FirewallBridgeKey.outside.name, .boolean(bridge.reachesOutside)),
            (FirewallBridgeKey.masquerade.name, .boolean(bridge.masquerades)),
            (FirewallBridgeKey.reachable.name, .boolean(bridge.isReachable)),
        ]
    }

    private static func entries(of port: FirewallState.Port) -> [Entry] {
        [
            (FirewallPortKey.mac.name, .text(port.mac.description)),
            (FirewallPortKey.addresses.name, .list(port.addresses.sorted().map { .text($0.description) })),
        ]
    }
}
