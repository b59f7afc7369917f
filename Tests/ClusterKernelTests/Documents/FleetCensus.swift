import NetworkModel
import NetworkTesting

extension Coverage {
    /// What generated documents of several nodes must have had among them, and what must have come of their packets.
    static let ofFleets: [String] =
        ["over ipv4", "over ipv6", "ipv4 alone", "ipv6 alone"].map { "underlay \($0)" }
        + ["of two", "of more", "with a router"].map { "nodes \($0)" }
        + [
            "bridge", "built-in bridge", "routed", "routed by a router", "overlay", "macvlan",
            "macvlan with a gateway", "isolated", "isolated and overlapping", "internal", "masquerade false",
            "gateway none", "gateway stated", "parts stated", "VNI stated", "port stated", "flood",
            "learning",
            "nodes stated",
        ].map { "network \($0)" }
        + ["one network", "several networks", "default route stated", "address stated", "MAC stated"]
        .map { "sandbox \($0)" }
        + FleetGenerator.Change.allCases.map { "change: \($0.rawValue)" }
        + FleetReach.Rule.allCases.map(\.rawValue) + FleetExchange.ways

    /// Counts what is in a document of several nodes.
    func note(_ cluster: Cluster, of families: [AddressFamily]) {
        note("underlay \(families.count == 1 ? "\(families[0].short) alone" : "over \(families[0].short)")")
        note(cluster.nodes.count == 2 ? "nodes of two" : "nodes of more")
        note("nodes with a router", if: cluster.nodes.contains(where: \.isRouter))
        for network in cluster.carried { note(network, among: cluster) }
        for sandbox in cluster.sandboxes {
            note("sandbox \(sandbox.endpoints.count > 1 ? "several networks" : "one network")")
            note("sandbox default route stated", if: sandbox.defaultRoute != nil)
            note("sandbox address stated", if: sandbox.endpoints.contains { !$0.addresses.isEmpty })
            note("sandbox MAC stated", if: sandbox.endpoints.contains { $0.mac != nil })
        }
    }

    private func note(_ network: Cluster.Network, among cluster: Cluster) {
        switch network.driver {
        case .bridge: note("network \(network.name == "bridge" ? "built-in bridge" : "bridge")")
        case .routed(let routed):
            note("network \(routed.isByRouter ? "routed by a router" : "routed")")
            note("network parts stated", if: !routed.parts.isEmpty)
        case .overlay(let overlay):
            note("network overlay")
            note("network VNI stated", if: overlay.vni != nil)
            note("network port stated", if: overlay.port != nil)
            note("network flood", if: overlay.floods)
            note("network learning", if: overlay.learns)
        case .macvlan:
            note("network macvlan")
            note("network macvlan with a gateway", if: network.gateway != .unstated)
        }
        note("network isolated", if: network.isIsolated)
        note("network internal", if: network.isInternal)
        note("network masquerade false", if: network.masquerade == false)
        note("network gateway none", if: network.gateway == .none)
        if case .stated = network.gateway, !network.isMacvlan { note("network gateway stated") }
        note("network nodes stated", if: !network.nodes.isEmpty)
        let others = cluster.carried.filter { $0.name != network.name }.flatMap(\.subnets)
        let isShared = network.subnets.contains { own in others.contains { $0.overlaps(own) } }
        note("network isolated and overlapping", if: network.isIsolated && isShared)
    }

    private func note(_ name: String, if isSo: Bool) { if isSo { note(name) } }
}

extension AddressFamily {
    fileprivate var short: String { self == .ipv4 ? "ipv4" : "ipv6" }
}
