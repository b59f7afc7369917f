internal import NetworkModel

/// Links and their attributes.
extension StateGenerator {
    /// Adds what a slot stands for, if its names are free.
    mutating func add(_ slot: StatePools.Slot, to state: inout NodeState) {
        guard slot.ids.allSatisfy({ state.links[$0] == nil }) else { return }
        switch slot {
        case .bridge(let id):
            var bridge = Bridge()
            for _ in 0..<Int.random(in: 0...4, using: &random) { changeOne(&bridge) }
            state.links[id] = drawn(id, .bridge(bridge))
        case .pair(let first, let second):
            state.links[first] = drawn(first, .veth(peer: second))
            state.links[second] = drawn(second, .veth(peer: first))
        case .vxlan(let id):
            var vxlan = VXLAN(vni: VNI(number: one(7, 8, 4096, 16_777_215)))
            for _ in 0..<Int.random(in: 0...5, using: &random) { changeOne(&vxlan) }
            state.links[id] = drawn(id, .vxlan(vxlan))
        case .macvlan(let id):
            guard let parent = element(pools.lowers) else { return }
            state.links[id] = drawn(
                id,
                .macvlan(Macvlan(parent: parent, mode: element(Macvlan.Mode.allCases) ?? .bridge))
            )
        }
    }

    private mutating func drawn(_ id: LinkID, _ kind: LinkKind) -> Link {
        var link = Link(id, kind: kind, mac: mac(of: id, variant: 0), purpose: "\(id.name)")
        for _ in 0..<Int.random(in: 0...4, using: &random) { changeCommon(&link) }
        if chance(60) { link.master = master(of: link) }
        for _ in 0..<Int.random(in: 0...3, using: &random) { changeOne(&link.port) }
        return link
    }

    /// A MAC that no other link has.
    func mac(of id: LinkID, variant: UInt64) -> MACAddress {
        MACAddress(bits: 0x0200_0000_0000 | UInt64(pools.number(of: id)) << 8 | variant)
    }

    private mutating func master(of link: Link) -> InterfaceName? {
        link.kind.isBridge ? nil : InterfaceName(fromKernel: one("br0", "br0", "br1", "sw"))
    }

    /// Changes one attribute of a link.
    mutating func changeOne(_ link: inout Link) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changeCommon(&link)
        case 1: changeOne(&link.port)
        default:
            switch link.kind {
            case .bridge(var bridge):
                changeOne(&bridge)
                link.kind = .bridge(bridge)
            case .vxlan(var vxlan):
                changeOne(&vxlan)
                link.kind = .vxlan(vxlan)
            case .macvlan(var macvlan):
                if chance(70) {
                    macvlan.mode = element(Macvlan.Mode.allCases) ?? .bridge
                } else {
                    macvlan.parent = element(pools.lowers) ?? macvlan.parent
                }
                link.kind = .macvlan(macvlan)
            case .veth:
                changeCommon(&link)
            }
        }
    }

    private mutating func changeCommon(_ link: inout Link) {
        switch Int.random(in: 0..<7, using: &random) {
        case 0: link.isUp = chance(60)
        case 1: link.mtu = one(nil, UInt32(1000), 1279, 1280, 1400, 1450, 1499, 9000).map { MTU(bytes: $0) }
        case 2: link.mac = mac(of: link.id, variant: one(0, 1, 2))
        case 3: link.addressGeneration = one(.none, .eui64)
        case 4:
            link.purpose = one(
                "a",
                "",
                "für \u{1f600} \"quotes\" and a\\b",
                String(repeating: "x", count: 250)
            )
        default: link.master = master(of: link)
        }
    }

    // MARK: Options

    private mutating func changeOne(_ bridge: inout Bridge) {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: bridge.stpState.toggle()
        case 1: bridge.priority = one(0, 4096, 32768, 65535)
        case 2: bridge.forwardDelay = one(200, 1500, 3000)
        case 3: bridge.helloTime = one(100, 200, 1000)
        case 4: bridge.maxAge = one(600, 2000, 4000)
        case 5: bridge.ageingTime = one(0, 1000, 30000)
        case 6: bridge.groupForwardMask = one(0, 8, 0xfff8)
        case 7: bridge.vlanFiltering.toggle()
        case 8: bridge.vlanDefaultPVID = one(0, 1, 4094)
        case 9: bridge.multicastSnooping.toggle()
        case 10: bridge.multicastQuerier.toggle()
        case 11: bridge.callsIPTables.toggle()
        case 12: bridge.callsIP6Tables.toggle()
        default: bridge.callsARPTables.toggle()
        }
    }

    private mutating func changeOne(_ port: inout BridgePort) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: port.cost = one(1, 100, 65535)
        case 1: port.priority = one(0, 32, 63)
        case 2: port.hairpin.toggle()
        case 3: port.guardsBPDU.toggle()
        case 4: port.blocksRoot.toggle()
        case 5: port.fastLeave.toggle()
        case 6: port.learning.toggle()
        case 7: port.unicastFlood.toggle()
        case 8: port.multicastFlood.toggle()
        case 9: port.broadcastFlood.toggle()
        case 10: port.neighbourSuppression.toggle()
        default: port.isolated.toggle()
        }
    }

    private mutating func changeOne(_ vxlan: inout VXLAN) {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: vxlan.vni = VNI(number: one(7, 8, 4096, 16_777_215))
        case 1: vxlan.local = address(one(nil, "172.16.1.1", "172.16.1.2", "fd00:16::1"))
        case 2: vxlan.remote = address(one(nil, "172.16.1.8", "172.16.1.9", "fd00:16::9", "239.1.1.1"))
        case 3, 4: vxlan.underlay = chance(30) ? nil : element(pools.lowers)
        case 5: vxlan.port = one(4789, 8472, 65535)
        case 6: vxlan.learning.toggle()
        case 7: vxlan.ttl = one(0, 1, 255)
        case 8: vxlan.tos = one(0, 1, 16)
        case 9: vxlan.ageing = one(60, 300, 3600)
        case 10: vxlan.proxy.toggle()
        case 11: vxlan.udpChecksum.toggle()
        case 12: vxlan.udpZeroChecksum6Transmit.toggle()
        default: vxlan.udpZeroChecksum6Receive.toggle()
        }
    }

    /// An address of a text that is one.
    func address(_ text: String?) -> IPAddress? { text.flatMap { IPAddress($0) } }
}
