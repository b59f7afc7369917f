internal import CMnl
internal import NetworkModel

/// An attribute of a link's kind, with its wire form.
enum LinkOption {
    case uint8(Int, UInt8)
    case uint16(Int, UInt16)
    case uint32(Int, UInt32)
    /// Two bytes in network order.
    case networkUInt16(Int, UInt16)
    case address(Int, IPAddress)

    static func flag(_ type: Int, _ value: Bool) -> LinkOption { .uint8(type, value ? 1 : 0) }
}

extension RequestMessage {
    /// Puts options, one attribute each.
    borrowing func put(_ options: [LinkOption]) {
        for option in options {
            switch option {
            case .uint8(let type, let value): put(type, value)
            case .uint16(let type, let value): put(type, value)
            case .uint32(let type, let value): put(type, value)
            case .networkUInt16(let type, let value): put(type, value.bigEndian)
            case .address(let type, let value): put(type, value)
            }
        }
    }
}

// Each table below states the attributes of a kind once, for creating and for changing: what differs is sent.

extension Bridge {
    /// `IFLA_BR_*` of what differs from `other`.
    func options(differingFrom other: Bridge) -> [LinkOption] {
        var options: [LinkOption] = []
        func add<Value: Equatable>(_ field: KeyPath<Bridge, Value>, _ make: (Value) -> LinkOption) {
            if self[keyPath: field] != other[keyPath: field] { options.append(make(self[keyPath: field])) }
        }
        add(\.forwardDelay) { .uint32(Int(IFLA_BR_FORWARD_DELAY), $0) }
        add(\.helloTime) { .uint32(Int(IFLA_BR_HELLO_TIME), $0) }
        add(\.maxAge) { .uint32(Int(IFLA_BR_MAX_AGE), $0) }
        add(\.ageingTime) { .uint32(Int(IFLA_BR_AGEING_TIME), $0) }
        add(\.priority) { .uint16(Int(IFLA_BR_PRIORITY), $0) }
        add(\.stpState) { .uint32(Int(IFLA_BR_STP_STATE), $0 ? 1 : 0) }
        add(\.groupForwardMask) { .uint16(Int(IFLA_BR_GROUP_FWD_MASK), $0) }
        add(\.vlanDefaultPVID) { .uint16(Int(IFLA_BR_VLAN_DEFAULT_PVID), $0) }
        add(\.vlanFiltering) { .flag(Int(IFLA_BR_VLAN_FILTERING), $0) }
        add(\.multicastSnooping) { .flag(Int(IFLA_BR_MCAST_SNOOPING), $0) }
        add(\.multicastQuerier) { .flag(Int(IFLA_BR_MCAST_QUERIER), $0) }
        add(\.callsIPTables) { .flag(Int(IFLA_BR_NF_CALL_IPTABLES), $0) }
        add(\.callsIP6Tables) { .flag(Int(IFLA_BR_NF_CALL_IP6TABLES), $0) }
        add(\.callsARPTables) { .flag(Int(IFLA_BR_NF_CALL_ARPTABLES), $0) }
        return options
    }
}

extension BridgePort {
    /// `IFLA_BRPORT_*` of what differs from `other`; a cost that is left to the kernel never differs.
    func options(differingFrom other: BridgePort) -> [LinkOption] {
        var options: [LinkOption] = []
        func add<Value: Equatable>(_ field: KeyPath<BridgePort, Value>, _ make: (Value) -> LinkOption) {
            if self[keyPath: field] != other[keyPath: field] { options.append(make(self[keyPath: field])) }
        }
        if let cost, cost != other.cost { options.append(.uint32(Int(IFLA_BRPORT_COST), cost)) }
        add(\.priority) { .uint16(Int(IFLA_BRPORT_PRIORITY), $0) }
        add(\.hairpin) { .flag(Int(IFLA_BRPORT_MODE), $0) }
        add(\.guardsBPDU) { .flag(Int(IFLA_BRPORT_GUARD), $0) }
        add(\.blocksRoot) { .flag(Int(IFLA_BRPORT_PROTECT), $0) }
        add(\.fastLeave) { .flag(Int(IFLA_BRPORT_FAST_LEAVE), $0) }
        add(\.learning) { .flag(Int(IFLA_BRPORT_LEARNING), $0) }
        add(\.unicastFlood) { .flag(Int(IFLA_BRPORT_UNICAST_FLOOD), $0) }
        add(\.multicastFlood) { .flag(Int(IFLA_BRPORT_MCAST_FLOOD), $0) }
        add(\.broadcastFlood) { .flag(Int(IFLA_BRPORT_BCAST_FLOOD), $0) }
        add(\.neighbourSuppression) { .flag(Int(IFLA_BRPORT_NEIGH_SUPPRESS), $0) }
        add(\.isolated) { .flag(Int(IFLA_BRPORT_ISOLATED), $0) }
        return options
    }
}

extension VXLAN {
    /// What a new link needs: the identifier and the port always, for the kernel's default port is 8472.
    ///
    /// - Parameter underlayIndex: The index of ``underlay``, if there is one.
    /// - Returns: The options, in the order in which they are sent.
    func creationOptions(underlayIndex: Int32?) -> [LinkOption] {
        var plain = VXLAN(vni: vni)
        plain.port = port
        return [
            .uint32(Int(IFLA_VXLAN_ID), vni.number),
            .networkUInt16(Int(IFLA_VXLAN_PORT), port),
        ] + options(differingFrom: plain, underlayIndex: underlayIndex)
    }

    /// `IFLA_VXLAN_*` of what differs from `other`, without identifier and port, which a link keeps for its life.
    func options(differingFrom other: VXLAN, underlayIndex: Int32?) -> [LinkOption] {
        var options: [LinkOption] = []
        func add<Value: Equatable>(_ field: KeyPath<VXLAN, Value>, _ make: (Value) -> LinkOption) {
            if self[keyPath: field] != other[keyPath: field] { options.append(make(self[keyPath: field])) }
        }
        func address(_ new: IPAddress?, _ old: IPAddress?, _ ipv4: Int, _ ipv6: Int) {
            guard new != old, let family = (new ?? old)?.family else { return }
            options.append(.address(family == .ipv4 ? ipv4 : ipv6, new ?? .unspecified(family)))
        }
        address(remote, other.remote, Int(IFLA_VXLAN_GROUP), Int(IFLA_VXLAN_GROUP6))
        address(local, other.local, Int(IFLA_VXLAN_LOCAL), Int(IFLA_VXLAN_LOCAL6))
        if underlay != other.underlay {
            options.append(.uint32(Int(IFLA_VXLAN_LINK), UInt32(bitPattern: underlayIndex ?? 0)))
        }
        add(\.ttl) { .uint8(Int(IFLA_VXLAN_TTL), $0) }
        add(\.tos) { .uint8(Int(IFLA_VXLAN_TOS), $0) }
        add(\.learning) { .flag(Int(IFLA_VXLAN_LEARNING), $0) }
        add(\.ageing) { .uint32(Int(IFLA_VXLAN_AGEING), $0) }
        add(\.proxy) { .flag(Int(IFLA_VXLAN_PROXY), $0) }
        add(\.udpChecksum) { .flag(Int(IFLA_VXLAN_UDP_CSUM), $0) }
        add(\.udpZeroChecksum6Transmit) { .flag(Int(IFLA_VXLAN_UDP_ZERO_CSUM6_TX), $0) }
        add(\.udpZeroChecksum6Receive) { .flag(Int(IFLA_VXLAN_UDP_ZERO_CSUM6_RX), $0) }
        return options
    }
}

extension Macvlan {
    /// `IFLA_MACVLAN_MODE`.
    var options: [LinkOption] { [.uint32(Int(IFLA_MACVLAN_MODE), mode.number)] }
}
