import NetworkModel
import NetworkTesting
import Planner
import Testing

/// What plans of a run came across.
extension PlannerTally {
    /// What plans of a whole run are expected to have.
    static var labelsOfPlans: [String] {
        let options = [
            "up", "mtu", "mac", "master", "alias", "group", "addrgenmode", "peer", "parent", "mode",
            "stp_state",
            "priority", "forward_delay", "hello_time", "max_age", "ageing_time", "group_fwd_mask",
            "vlan_filtering",
            "vlan_default_pvid", "mcast_snooping", "mcast_querier", "nf_call_iptables", "nf_call_ip6tables",
            "nf_call_arptables", "bridge_slave.cost", "bridge_slave.priority", "bridge_slave.hairpin",
            "bridge_slave.guard", "bridge_slave.root_block", "bridge_slave.fastleave",
            "bridge_slave.learning",
            "bridge_slave.flood", "bridge_slave.mcast_flood", "bridge_slave.bcast_flood",
            "bridge_slave.neigh_suppress", "bridge_slave.isolated", "vni", "local", "remote", "dev", "port",
            "learning",
            "ttl", "tos", "ageing", "proxy", "udpcsum", "udp6zerocsumtx", "udp6zerocsumrx", "scope", "nodad",
            "noprefixroute", "lifetime", "protocol", "type", "via", "src", "onlink", "kind", "dst", "state",
            "value",
            "mark", "lo",
        ]
        let verbs = [
            "create namespace", "change namespace", "delete namespace", "create link", "change link",
            "remake link",
            "delete link", "create address", "change address", "remake address", "delete address",
            "create route",
            "change route", "remake route", "delete route", "create neighbour", "change neighbour",
            "delete neighbour",
            "create fdb", "change fdb", "remake fdb", "delete fdb", "change sysctl",
        ]
        let kinds = ["bridge", "veth", "vxlan", "macvlan"].map { "kind \($0)" }
        return options.map { "option \($0)" } + verbs + kinds + [
            "the empty plan", "a well-formed node", "a broken node",
        ] + labelsOfStrangers + labelsOfFirewalls
    }

    /// What plans do about strangers' objects on Weft's links.
    private static let labelsOfStrangers = [
        "a link is announced", "secondaries are kept", "a prefix route comes back",
        "a stranger's address is taken over",
        "strangers' losses are told", "a freed port is told", "links in a namespace that goes are told",
        "the link loses IPv6", "the link gets IPv6", "an address leaves a link for another",
        "an address leaves a link that goes for another",
    ]

    /// What plans do about the firewall.
    private static let labelsOfFirewalls =
        ["create", "remake", "delete"].map { "\($0) firewall tables" }
        + ["create", "change", "delete"].flatMap { verb in
            ["bridge", "port", "VXLAN ports"].map { "\(verb) firewall \($0)" }
        }
        + ["subnets", "outside", "masquerade", "reachable", "mac", "addresses", "vxlanPorts"].map {
            "firewall \($0)"
        }
        + ["a range makes room for another", "part of an entry is gone", "connections are cut"]

    private mutating func countFirewall(_ change: Change) {
        guard case .firewall(let order) = change.operation else { return }
        switch order {
        case .writeTables, .deleteTables: count("\(change.verb) firewall tables")
        case .add(let entry, _, _), .remove(let entry, _, _):
            let kind =
                switch entry {
                case .bridge: "bridge"
                case .port: "port"
                case .vxlanPorts: "VXLAN ports"
                case .ranges: "ranges"
                case .tunnels: "tunnels"
                case .connections: "connections"
                }
            if change.isCounted { count("\(change.verb) firewall \(kind)") }
            if case .remove(_, let elements, _) = order, !change.isCounted, elements.allSatisfy(\.isRange) {
                count("a range makes room for another")
            }
        }
        for difference in change.differences { count("firewall \(difference.attribute)") }
        if change.reason?.contains("part of it is gone") == true { count("part of an entry is gone") }
        if change.reason?.contains("cuts the connections") == true { count("connections are cut") }
    }

    private mutating func countStrangers(_ plan: Plan, _ state: ObservedState) {
        if plan.warnings.contains(where: { $0.message.contains("what is not Weft's on it goes") }) {
            count("strangers' losses are told")
        }
        if plan.warnings.contains(where: { $0.message.contains("set free") }) {
            count("a freed port is told")
        }
        for change in plan.changes {
            switch change.operation {
            case .deleteAddress(_, _, keepsSecondaries: true): count("secondaries are kept")
            case .deleteAddress where change.reason?.hasSuffix("gets it") == true:
                let goes = !change.isCounted
                count(
                    goes
                        ? "an address leaves a link that goes for another"
                        : "an address leaves a link for another"
                )
            case .addPrefixRoute: count("a prefix route comes back")
            case .announce: count("a link is announced")
            case .replaceAddress(let address, let link):
                let present = state[link.place]?.links.first { $0.name == link.name }?.addresses
                let isForeign =
                    present?.contains { $0.value.address == address.address && !$0.isManaged } ?? false
                if isForeign { count("a stranger's address is taken over") }
            case .deleteNamespace where change.reason?.contains("not Weft's") == true:
                count("links in a namespace that goes are told")
            case .changeLink(let from, let to):
                guard let mtu = to.mtu, from.mtu.carriesIPv6 != mtu.carriesIPv6 else { continue }
                count(mtu.carriesIPv6 ? "the link gets IPv6" : "the link loses IPv6")
            default: break
            }
        }
    }

    mutating func count(_ plan: Plan, for tried: PlannerCase) {
        countStrangers(plan, tried.kernel.state)
        count(tried.isWellFormed ? "a well-formed node" : "a broken node")
        if plan.isEmpty { count("the empty plan") }
        for link in tried.desired.links.values { count("kind \(link.kind.name)") }
        for change in plan.changes {
            if case .firewall = change.operation {
                countFirewall(change)
                continue
            }
            count("\(change.verb.rawValue) \(change.operation.objectKind)")
            for difference in change.differences { count("option \(difference.attribute)") }
        }
    }

    /// Prints the counts; a hole fails the test, unless the run was made short.
    func check() {
        print(report)
        guard Randomness.runs(usual: 1000) >= 1000 else { return }
        #expect(missing == [], "what never occurred proves nothing")
    }
}
