import NetworkModel

/// What others' firewalls would drop of what the document's networks forward.
///
/// Warned of, and nothing more: an accept of Weft's can't let pass what another table drops, and others' tables are theirs.
struct ForeignFirewalls {
    private let observed: ObservedState
    private let desired: NodeState
    private let bridges: [InterfaceName: FirewallState.Bridge]
    /// The links that the default routes lead by.
    ///
    /// A family without one is taken to leave by the other's.
    private let uplinks: [AddressFamily: InterfaceName]

    init(on observed: ObservedState, _ desired: NodeState) {
        self.observed = observed
        self.desired = desired
        bridges = desired.firewall?.bridges ?? [:]
        uplinks = AddressFamily.allCases.reduce(into: [:]) { $0[$1] = observed.node.uplink($1) }
    }

    /// One warning for each chain that drops something, in order of family and name; one for all chains of ufw, which has one
    /// command for both families.
    var warnings: [Warning] {
        if let reason = observed.foreignForwarding.unreadable {
            return [
                Warning(
                    "whether others' firewalls drop what networks forward is not known: they could not be read: \(reason)",
                    hint: "'nft list ruleset' shows them"
                )
            ]
        }
        var obstacles: [ForeignObstacle] = []
        for table in observed.foreignForwarding.tables {
            for (name, chain) in table.chains.sorted(by: { $0.key < $1.key }) where chain.forwardPolicy != nil
            {
                guard let obstacle = obstacle(name, of: table) else { continue }
                if obstacle.manager == .ufw, let known = obstacles.firstIndex(where: { $0.manager == .ufw }) {
                    obstacles[known].merge(obstacle)
                } else {
                    obstacles.append(obstacle)
                }
            }
        }
        return obstacles.map(\.warning)
    }

    /// What a chain drops; `nil` if that is nothing of the networks'.
    private func obstacle(_ chain: String, of table: ForeignTable) -> ForeignObstacle? {
        var obstacle = ForeignObstacle(chain, of: table)
        for (name, bridge) in bridges.sorted(by: { $0.key < $1.key }) {
            for family in AddressFamily.allCases where table.family.sees(family) {
                guard bridge.subnets.contains(where: { $0.family == family }) else { continue }
                for way in ForeignObstacle.Way.allCases {
                    guard let packet = packet(way, name, bridge, family) else { continue }
                    var walk = ForeignWalk(table, packet)
                    guard walk.isDropped(by: chain) else { continue }
                    let cause = way == .within ? causeOfFiltering(within: name, family) : nil
                    obstacle.note(way, name, isReachable: bridge.isReachable, because: cause)
                }
            }
        }
        return obstacle.isEmpty ? nil : obstacle
    }

    /// A packet that a network forwards one way; `nil` if none goes there, or no firewall sees it.
    private func packet(
        _ way: ForeignObstacle.Way,
        _ name: InterfaceName,
        _ bridge: FirewallState.Bridge,
        _ family: AddressFamily
    ) -> ForwardedPacket? {
        let own = bridge.subnets.filter { $0.family == family }
        let uplink = uplinks[family] ?? uplinks.values.first
        switch way {
        case .leaving:
            guard bridge.reachesOutside else { return nil }
            return ForwardedPacket(
                family: family,
                incoming: name,
                outgoing: uplink,
                sources: own,
                destinations: [],
                connection: .new
            )
        case .entering:
            guard bridge.reachesOutside else { return nil }
            return ForwardedPacket(
                family: family,
                incoming: uplink,
                outgoing: name,
                sources: [],
                destinations: own,
                connection: bridge.isReachable ? .new : .established
            )
        case .within:
            guard causeOfFiltering(within: name, family) != nil else { return nil }
            return ForwardedPacket(
                family: family,
                incoming: name,
                outgoing: name,
                sources: own,
                destinations: own,
                connection: .new
            )
        }
    }

    /// The setting by which firewalls of IP see what goes from one port of a bridge to another; `nil` if they do not.
    private func causeOfFiltering(within name: InterfaceName, _ family: AddressFamily) -> String? {
        let (setting, option) =
            switch family {
            case .ipv4: ("bridge-nf-call-iptables", "nf_call_iptables")
            case .ipv6: ("bridge-nf-call-ip6tables", "nf_call_ip6tables")
            }
        if observed.foreignForwarding.bridgedFamilies.contains(family) {
            return "'net.bridge.\(setting)' is 1"
        }
        guard case .bridge(let bridge)? = desired.links[LinkID(name, in: .node)]?.kind else { return nil }
        let isCalling = family == .ipv4 ? bridge.callsIPTables : bridge.callsIP6Tables
        return isCalling ? "'\(option)' of '\(name)' is on" : nil
    }
}

extension ObservedNamespace {
    /// The link that the default route of a family leads by; `nil` without one.
    fileprivate func uplink(_ family: AddressFamily) -> InterfaceName? {
        let defaults = routes.lazy.filter { route in
            route.value.destination == .all(family) && route.value.table == Route.mainTable
                && route.value.type == .unicast && route.value.device != nil
        }
        return defaults.min { $0.value.metric < $1.value.metric }?.value.device
    }
}
