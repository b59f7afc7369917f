package import NetworkModel

extension Network {
    /// True if each node has addresses of its own: a part of the subnets, or all of them for itself.
    package var isPerNode: Bool {
        switch driver {
        case .routed: true
        case .bridge: isBuiltInBridge
        case .overlay, .macvlan: false
        }
    }

    /// Whether a default route may lead through it, by a family for which it has a gateway.
    package var leadsOut: Bool { !isInternal && !isIsolated && gateway != .none }
}

extension Assignment {
    /// The addresses that are on the link of a network on a node: the subnet; of a routed network the node's part of it.
    package func prefix(of network: Network, _ family: AddressFamily, on node: NodeName?) -> Prefix? {
        switch network.driver {
        case .bridge, .overlay, .macvlan: network.subnets[family]
        case .routed: node.flatMap { nodePrefixes[network.name]?[$0]?[family] }
        }
    }

    /// Who forwards for a network on a node: the address of its bridge there, of macvlan the router's that is stated.
    ///
    /// `gateway: none` and `internal` take away the default route alone: the node still reaches its endpoints, and those of a
    /// routed network each other. See ``Network/leadsOut``.
    package func gateway(of network: Network, _ family: AddressFamily, on node: NodeName?) -> IPAddress? {
        guard !network.isIsolated, let prefix = prefix(of: network, family, on: node) else { return nil }
        if case .addresses(let stated) = network.gateway, let address = stated[family],
            prefix.contains(address)
        {
            return address
        }
        return network.driver.kind.hasBridge ? prefix.firstUsable : nil
    }

    /// The MAC that a network's bridge has on a node: that of its gateway, the same on every node where the gateway is.
    package func bridgeMAC(of network: Network, on node: NodeName?) -> MACAddress {
        let address = AddressFamily.allCases.lazy.compactMap { gateway(of: network, $0, on: node) }.first
        guard let address else { return DefaultMAC.mac(ofBridgeOf: network.name) }
        return DefaultMAC.mac(of: address, on: network.name)
    }
}
