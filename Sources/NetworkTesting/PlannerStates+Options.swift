import NetworkModel

/// Options of every kind, each with a small chance of not being the kernel's default.
extension PlannerStates {
    mutating func bridge() -> Bridge {
        var bridge = Bridge()
        let rare = 8
        if chance(rare) { bridge.stpState = true }
        if chance(rare) { bridge.priority = 4096 }
        if chance(rare) { bridge.forwardDelay = 400 }
        if chance(rare) { bridge.helloTime = 100 }
        if chance(rare) { bridge.maxAge = 1200 }
        if chance(rare) { bridge.ageingTime = 0 }
        if chance(rare) { bridge.groupForwardMask = 8 }
        if chance(rare) { bridge.vlanFiltering = true }
        if chance(rare) { bridge.vlanDefaultPVID = 0 }
        if chance(rare) { bridge.multicastSnooping = false }
        if chance(rare) { bridge.multicastQuerier = true }
        if chance(rare) { bridge.callsIPTables = true }
        if chance(rare) { bridge.callsIP6Tables = true }
        if chance(rare) { bridge.callsARPTables = true }
        return bridge
    }

    mutating func port() -> BridgePort {
        var port = BridgePort()
        let rare = 8
        if chance(16) { port.cost = 10 }
        if chance(rare) { port.priority = 8 }
        if chance(rare) { port.hairpin = true }
        if chance(rare) { port.guardsBPDU = true }
        if chance(rare) { port.blocksRoot = true }
        if chance(rare) { port.fastLeave = true }
        if chance(rare) { port.learning = false }
        if chance(rare) { port.unicastFlood = false }
        if chance(rare) { port.multicastFlood = false }
        if chance(rare) { port.broadcastFlood = false }
        if chance(rare) { port.neighbourSuppression = true }
        if chance(rare) { port.isolated = true }
        return port
    }

    mutating func tunnel(_ underlays: [InterfaceName]) -> VXLAN {
        var vxlan = VXLAN(vni: VNI(number: UInt32(number(9...11))))
        let rare = 10
        if chance(25) { vxlan.port = 8472 }
        if chance(60) { vxlan.local = IPAddress(ipv4: 0xac10_0100 + UInt32(number(1...2))) }
        if chance(25) { vxlan.remote = IPAddress(ipv4: 0xac10_0108) }
        if chance(35) { vxlan.underlay = pick(underlays) }
        if chance(50) { vxlan.learning = false }
        if chance(rare) { vxlan.ttl = 64 }
        if chance(rare) { vxlan.tos = 1 }
        if chance(rare) { vxlan.ageing = 600 }
        if chance(rare) { vxlan.proxy = true }
        if chance(rare) { vxlan.udpChecksum = false }
        if chance(rare) { vxlan.udpZeroChecksum6Transmit = true }
        if chance(rare) { vxlan.udpZeroChecksum6Receive = true }
        return vxlan
    }

    mutating func addAddresses(to id: LinkID) {
        guard var link = state.links[id] else { return }
        let subnets = [number(0...2), number(0...2)]
        let hasPlainScope = chance(85)
        let hasPrefixRoutes = chance(80)
        for _ in 0..<number(0...3) where chance(70) {
            let subnet = pick(subnets) ?? 0
            let bits = 0x0a00_0000 + UInt32(subnet) << 16 + UInt32(number(1...4))
            var address = InterfaceAddress(IPAddress(ipv4: bits), prefixLength: chance(85) ? 24 : 16)
            if !hasPlainScope { address.scope = .link }
            address.hasNoPrefixRoute = !hasPrefixRoutes
            let isTaken = link.addresses.contains { $0.address == address.address }
            if !isTaken { link.addresses.append(address) }
        }
        for _ in 0..<2 where chance(35) {
            let address = IPAddress(ipv6High: 0xfd00 << 48 | UInt64(subnets[0]), low: UInt64(number(1...3)))
            var value = InterfaceAddress(address, prefixLength: chance(80) ? 64 : 80)
            value.skipsDuplicateDetection = chance(60)
            value.hasNoPrefixRoute = !hasPrefixRoutes
            let isTaken = link.addresses.contains { $0.address == address }
            if !isTaken { link.addresses.append(value) }
        }
        state.links[id] = link
    }
}
