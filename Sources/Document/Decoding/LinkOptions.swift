internal import NetworkModel

/// The options of links.
extension Decoder {
    /// What a link of a type is; `nil` if something that it can't be without is not there.
    mutating func kind(
        _ type: LinkType,
        _ fields: Fields<LinkKey>,
        id: LinkID,
        into draft: inout NodeDraft
    ) -> LinkKind? {
        switch type {
        case .bridge:
            return .bridge(bridge(fields))
        case .veth:
            guard require(.peer, in: fields), let node = fields[.peer] else { return nil }
            return peerID(node, in: &draft).map { .veth(peer: $0) }
        case .vxlan:
            return vxlan(fields).map { .vxlan($0) }
        case .macvlan:
            require(.parent, in: fields)
            let mode = choice(.mode, fields, Macvlan.Mode.self)
            guard let parent = interfaceName(.parent, fields) else { return nil }
            return .macvlan(Macvlan(parent: parent, mode: mode ?? .bridge))
        }
    }

    private mutating func bridge(_ fields: Fields<LinkKey>) -> Bridge {
        var bridge = Bridge()
        if let value = boolean(.stpState, fields) { bridge.stpState = value }
        if let value = number32(.priority, fields) { bridge.priority = UInt16(truncatingIfNeeded: value) }
        if let value = number32(.forwardDelay, fields) { bridge.forwardDelay = value }
        if let value = number32(.helloTime, fields) { bridge.helloTime = value }
        if let value = number32(.maxAge, fields) { bridge.maxAge = value }
        if let value = number32(.ageingTime, fields) { bridge.ageingTime = value }
        if let value = number32(.groupForwardMask, fields) {
            bridge.groupForwardMask = UInt16(truncatingIfNeeded: value)
        }
        if let value = boolean(.vlanFiltering, fields) { bridge.vlanFiltering = value }
        if let value = number32(.vlanDefaultPVID, fields) {
            bridge.vlanDefaultPVID = UInt16(truncatingIfNeeded: value)
        }
        if let value = boolean(.multicastSnooping, fields) { bridge.multicastSnooping = value }
        if let value = boolean(.multicastQuerier, fields) { bridge.multicastQuerier = value }
        if let value = boolean(.callsIPTables, fields) { bridge.callsIPTables = value }
        if let value = boolean(.callsIP6Tables, fields) { bridge.callsIP6Tables = value }
        if let value = boolean(.callsARPTables, fields) { bridge.callsARPTables = value }
        checkBridge(bridge, fields)
        return bridge
    }

    /// What the kernel refuses of a bridge's options together.
    ///
    /// Kernel: `net/bridge/br_stp_if.c`, `br_private.h`.
    private mutating func checkBridge(_ bridge: Bridge, _ fields: Fields<LinkKey>) {
        if bridge.stpState, !(200...3000).contains(bridge.forwardDelay), let node = fields[.forwardDelay] {
            complain(
                at: node,
                "\(bridge.forwardDelay) is out of range with stp_state",
                hint: "it is 200 through 3000 hundredths of a second"
            )
        }
        if bridge.groupForwardMask & 7 != 0, let node = fields[.groupForwardMask] {
            complain(
                at: node,
                "bits 0, 1 and 2 can't be set: the kernel never forwards STP, pause frames and LACP",
                hint: "without them it is \(bridge.groupForwardMask & ~7)"
            )
        }
    }

    private mutating func vxlan(_ fields: Fields<LinkKey>) -> VXLAN? {
        require(.vni, in: fields)
        let number = number32(.vni, fields)
        var vxlan = VXLAN(vni: VNI(number: number ?? VNI.range.lowerBound))
        vxlan.local = fields[.local].flatMap { hostAddress($0, "a tunnel's source") }
        vxlan.remote = address(.remote, fields)
        vxlan.underlay = interfaceName(.dev, fields)
        if let value = number32(.port, fields) { vxlan.port = UInt16(truncatingIfNeeded: value) }
        if let value = boolean(.learning, fields) { vxlan.learning = value }
        if let value = number32(.ttl, fields) { vxlan.ttl = UInt8(truncatingIfNeeded: value) }
        if let value = number32(.tos, fields) { vxlan.tos = UInt8(truncatingIfNeeded: value) }
        if let value = number32(.ageing, fields) { vxlan.ageing = value }
        if let value = boolean(.proxy, fields) { vxlan.proxy = value }
        if let value = boolean(.udpChecksum, fields) { vxlan.udpChecksum = value }
        if let value = boolean(.udpZeroChecksum6Transmit, fields) { vxlan.udpZeroChecksum6Transmit = value }
        if let value = boolean(.udpZeroChecksum6Receive, fields) { vxlan.udpZeroChecksum6Receive = value }
        checkVXLAN(vxlan, fields)
        return number == nil ? nil : vxlan
    }

    /// What the kernel refuses of a tunnel's ends.
    ///
    /// Kernel: `drivers/net/vxlan/vxlan_core.c`, `vxlan_config_validate`.
    private mutating func checkVXLAN(_ vxlan: VXLAN, _ fields: Fields<LinkKey>) {
        if let remote = vxlan.remote, let node = fields[.remote] {
            if remote.isUnspecified || (!remote.isMulticast && remote.reasonAgainstHost != nil) {
                complain(
                    at: node,
                    "\(remote) can't be the end of a tunnel",
                    hint: "name a node or a multicast group"
                )
            } else if let local = vxlan.local, local.family != remote.family {
                complain(at: node, "\(remote) and 'local', \(local), are of different families")
            } else if remote.isMulticast, fields[.dev] == nil {
                complain(at: node, "a multicast group needs the link that it is on", hint: "name it by 'dev'")
            }
        }
        let ends = [vxlan.local, vxlan.remote].compactMap(\.self)
        let isLinkLocal = ends.contains { $0.family == .ipv6 && $0.isLinkLocal }
        if isLinkLocal, fields[.dev] == nil, let node = fields[.local] ?? fields[.remote] {
            complain(at: node, "a link-local address needs the link that it is on", hint: "name it by 'dev'")
        }
    }

    /// Reads what links of all types have.
    mutating func common(_ start: Link, _ fields: Fields<LinkKey>, into draft: inout NodeDraft) -> Link {
        var link = start
        if let value = boolean(.up, fields) { link.isUp = value }
        link.mtu = number32(.mtu, fields).map { MTU(bytes: $0) }
        if let mac = mac(.mac, fields), let node = fields[.mac] {
            if mac == .zero || mac.isMulticast {
                let reason = mac == .zero ? "is zero" : "is a group's, for its first octet is odd"
                complain(
                    at: node,
                    "\(mac) \(reason)",
                    hint: "a link has a MAC of its own, such as \"02:00:00:00:00:07\""
                )
            }
            link.mac = mac
        }
        link.master = interfaceName(.master, fields)
        if let value = choice(.addrgenmode, fields, AddressGeneration.self) { link.addressGeneration = value }
        if let node = fields[.alias],
            let value = text(node, "a text", maximumBytes: Mark.node.longestPurpose)
        {
            link.purpose = value
        }
        if let node = fields[.bridgeSlave], let mapping = mapping(node) {
            link.port = bridgePort(mapping)
            if fields[.master] == nil {
                complain(
                    at: fields.key(.bridgeSlave),
                    "'bridge_slave' is for ports of a bridge",
                    hint: "name the bridge by 'master'"
                )
            }
        }
        if let node = fields[.addresses] { addresses(node, of: &link, into: &draft) }
        return link
    }

    private mutating func bridgePort(_ mapping: Int) -> BridgePort {
        let fields = fields(mapping, BridgePortKey.self)
        var port = BridgePort()
        port.cost = number32(.cost, fields)
        if let value = number32(.priority, fields) { port.priority = UInt16(truncatingIfNeeded: value) }
        if let value = boolean(.hairpin, fields) { port.hairpin = value }
        if let value = boolean(.guardsBPDU, fields) { port.guardsBPDU = value }
        if let value = boolean(.blocksRoot, fields) { port.blocksRoot = value }
        if let value = boolean(.fastLeave, fields) { port.fastLeave = value }
        if let value = boolean(.learning, fields) { port.learning = value }
        if let value = boolean(.unicastFlood, fields) { port.unicastFlood = value }
        if let value = boolean(.multicastFlood, fields) { port.multicastFlood = value }
        if let value = boolean(.broadcastFlood, fields) { port.broadcastFlood = value }
        if let value = boolean(.neighbourSuppression, fields) { port.neighbourSuppression = value }
        if let value = boolean(.isolated, fields) { port.isolated = value }
        return port
    }
}
