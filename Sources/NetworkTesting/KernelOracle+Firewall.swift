import NetworkModel
import Synchronization

extension KernelOracle {
    /// Compares Weft's tables, as `nft -j` shows them, with what they shall be.
    ///
    /// What is in their sets is said here once more. Their rules are the same on every node: they are held against those of
    /// the first one that this process saw.
    static func firewallDifferences(of node: ThrowAwayNode, from state: NodeState) throws -> [String] {
        let view = try NftablesView(of: node)
        guard let firewall = state.firewall else {
            return view.definitions.map { "firewall: \($0): not wanted" }
        }
        let wanted = Self.sets(of: firewall)
        var lines = Self.ruleDifferences(view.definitions)
        for set in Set(wanted.keys).union(view.sets.keys).sorted() {
            guard let present = view.sets[set] else {
                lines.append("firewall: set \(set): missing")
                continue
            }
            let elements = wanted[set] ?? []
            lines += elements.subtracting(present).sorted().map { "firewall: \(set) { \($0) }: missing" }
            lines += present.subtracting(elements).sorted().map { "firewall: \(set) { \($0) }: not wanted" }
        }
        return lines
    }

    private static let rules = Mutex<[String]?>(nil)

    private static func ruleDifferences(_ present: [String]) -> [String] {
        guard !present.isEmpty else { return ["firewall: missing"] }
        let wanted = rules.withLock { first in
            if first == nil { first = present }
            return first ?? []
        }
        return wanted == present ? [] : ["firewall: \(present), where others have \(wanted)"]
    }

    /// What each set holds.
    private static func sets(of firewall: FirewallState) -> [String: Set<String>] {
        var sets: [String: Set<String>] = [:]
        let names = [
            "bridge ports", "bridge macs", "bridge senders4", "bridge senders6", "bridge targets6",
            "inet networks",
            "inet within", "inet outside", "inet reachable", "inet masqueraded", "inet subnets4",
            "inet subnets6", "inet parts4", "inet parts6", "inet ranges4", "inet ranges6", "inet tunnels",
            "inet nodes4", "inet nodes6", "inet vxlan_ports",
        ]
        for name in names { sets[name] = [] }
        for (name, bridge) in firewall.bridges {
            sets["inet networks"]?.insert("\(name)")
            sets["inet within"]?.insert("\(name) . \(name)")
            if bridge.reachesOutside { sets["inet outside"]?.insert("\(name)") }
            if bridge.masquerades { sets["inet masqueraded"]?.insert("\(name)") }
            if bridge.isReachable { sets["inet reachable"]?.insert("\(name)") }
            for subnet in bridge.subnets {
                let range = subnet.isHost ? "\(subnet.address)" : "\(subnet)"
                sets[subnet.family == .ipv4 ? "inet subnets4" : "inet subnets6"]?.insert("\(name) . \(range)")
                guard bridge.spansNodes else { continue }
                sets[subnet.family == .ipv4 ? "inet parts4" : "inet parts6"]?.insert("\(name) . \(range)")
            }
        }
        for (name, port) in firewall.ports {
            sets["bridge ports"]?.insert("\(name)")
            sets["bridge macs"]?.insert("\(name) . \(port.mac)")
            for address in port.addresses {
                let set = address.family == .ipv4 ? "bridge senders4" : "bridge senders6"
                sets[set]?.insert("\(name) . \(port.mac) . \(address)")
                guard address.family == .ipv6 else { continue }
                let digits = address.withNetworkBytes { bytes in
                    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
                }
                sets["bridge targets6"]?.insert("\(name) . 0x\(digits)")
            }
        }
        for prefix in firewall.ranges {
            let range = prefix.isHost ? "\(prefix.address)" : "\(prefix)"
            sets[prefix.family == .ipv4 ? "inet ranges4" : "inet ranges6"]?.insert(range)
        }
        for tunnel in firewall.tunnels { sets["inet tunnels"]?.insert("\(tunnel.port) . \(tunnel.vni)") }
        for node in firewall.nodes {
            sets[node.family == .ipv4 ? "inet nodes4" : "inet nodes6"]?.insert("\(node)")
        }
        sets["inet vxlan_ports"] = Set(firewall.vxlanPorts.map { "\($0)" })
        return sets
    }
}
