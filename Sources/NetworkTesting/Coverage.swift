package import NetworkModel
package import Planner
package import Testing

/// Counts what generated tests came across: what never came is not proven.
package final class Coverage {
    private var counts: [String: Int] = [:]
    private var values: [String: Set<String>] = [:]
    private var excused: Set<String> = []

    /// - Parameter expected: What must have come at least once in the end.
    package init(expecting expected: [String] = []) {
        for name in expected { counts[name] = 0 }
    }

    /// Counts something that came once, or several times.
    package func note(_ name: String, _ count: Int = 1) { counts[name, default: 0] += count }

    /// Counts what is in a state: kinds of links, and values of every property.
    package func note(_ state: NodeState) {
        for link in state.links.values {
            note("link \(link.kind.name) in \(link.id.place == .node ? "node" : "namespace")")
            noteProperties(of: link, "link")
            if link.master != nil { noteProperties(of: link.port, "port") }
            for address in link.addresses { noteProperties(of: address, "address") }
            switch link.kind {
            case .bridge(let bridge): noteProperties(of: bridge, "bridge")
            case .vxlan(let vxlan): noteProperties(of: vxlan, "vxlan")
            case .macvlan(let macvlan): noteProperties(of: macvlan, "macvlan")
            case .veth(let peer): note("pair \(Self.words(link.id.place, peer.place))")
            }
        }
        for route in state.routes {
            noteProperties(of: route, "route")
            note("route \(route.type) \(route.destination.family)")
        }
        for neighbour in state.neighbours { noteProperties(of: neighbour, "neighbour") }
        for entry in state.forwarding { noteProperties(of: entry, "fdb") }
        for sysctl in state.sysctls { noteProperties(of: sysctl, "sysctl") }
        if let firewall = state.firewall { note(firewall) }
    }

    private func note(_ firewall: FirewallState) {
        noteProperties(of: firewall, "firewall")
        for bridge in firewall.bridges.values { noteProperties(of: bridge, "firewall bridge") }
        for port in firewall.ports.values { noteProperties(of: port, "firewall port") }
    }

    /// Counts what a plan does.
    package func note(_ plan: Plan) {
        for change in plan.changes where change.isCounted {
            note("\(change.verb.rawValue) \(change.operation.objectKind)")
            guard case .firewall(let order) = change.operation else { continue }
            switch order {
            case .writeTables, .deleteTables: note("\(change.verb.rawValue) firewall tables")
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
                note("\(change.verb.rawValue) firewall \(kind)")
            }
        }
    }

    private static func words(_ first: Place, _ second: Place) -> String {
        switch (first, second) {
        case (.node, .node): "in the node"
        case (.node, .namespace), (.namespace, .node): "node and namespace"
        case (.namespace(let one), .namespace(let other)):
            one == other ? "in one namespace" : "two namespaces"
        }
    }

    /// What no document states.
    private static let onlyOfRollbacks: Set<String> = ["index", "promotesSecondaries", "owner", "others"]

    /// Properties of a value: each must have had two values at least.
    private func noteProperties(of value: Any, _ title: String) {
        for child in Mirror(reflecting: value).children {
            guard let label = child.label, !Self.onlyOfRollbacks.contains(label) else { continue }
            values["\(title).\(label)", default: []].insert("\(child.value)")
        }
    }

    /// Takes properties out that this kernel has no more than one value for, and says so.
    package func excuse(_ names: [String]) {
        print("not on this kernel: \(names.joined(separator: ", "))")
        excused.formUnion(names)
    }

    /// What never came, or never with another value.
    package var missing: [String] {
        counts.filter { $0.value == 0 }.keys.sorted()
            + Set(values.filter { $0.value.count < 2 }.keys).subtracting(excused).sorted()
    }

    /// Every count, a line each.
    package var report: String {
        (counts.map { "\($0.key): \($0.value)" } + values.map { "\($0.key): \($0.value.count) values" })
            .sorted().joined(separator: "\n")
    }

    /// Fails the calling test if something never came.
    package func require(sourceLocation: SourceLocation = #_sourceLocation) {
        for name in missing { Issue.record("never came: \(name)", sourceLocation: sourceLocation) }
    }
}
