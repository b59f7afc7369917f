import NetworkModel
import NetworkTesting

extension Coverage {
    /// What generated documents must have had among them.
    static let ofClusters: [String] =
        [
            "bridge", "macvlan bridge", "macvlan private", "built-in bridge", "host", "network host",
            "network none", "no endpoints",
        ]
        .map { "driver \($0)" }
        + ["ipv4", "ipv6", "dual stack"].map { "family \($0)" }
        + [
            "gateway none", "gateway stated", "macvlan gateway stated", "macvlan without gateway", "range",
            "internal",
            "isolated", "masquerade false", "masquerade true", "isolated and overlapping", "mtu",
            "bridge's name", "subnets of the built-in bridge",
        ].map { "network \($0)" }
        + [
            "several networks", "fixed address", "assigned address", "fixed MAC", "interface", "aliases",
            "default route stated", "route", "setting", "setting of a link", "link", "expose", "servers",
            "search",
            "resolver options",
        ].map { "sandbox \($0)" }

    /// Counts what is in a document.
    func note(_ cluster: Cluster) {
        if !cluster.bridgeSubnets.isEmpty { note("network subnets of the built-in bridge") }
        for network in cluster.carried { note(network, in: cluster) }
        for sandbox in cluster.sandboxes { note(sandbox) }
    }

    private func note(_ network: Cluster.Network, in cluster: Cluster) {
        func note(_ name: String, if isSo: Bool) { if isSo { self.note(name) } }
        switch network.driver {
        case .bridge: self.note(network.name == "bridge" ? "driver built-in bridge" : "driver bridge")
        case .routed: self.note("driver routed")
        case .overlay: self.note("driver overlay")
        case .macvlan(_, let mode):
            self.note("driver macvlan \(mode)")
            self.note(
                network.gateway == .unstated
                    ? "network macvlan without gateway" : "network macvlan gateway stated"
            )
        }
        self.note(
            "family "
                + (network.subnets.count > 1 ? "dual stack" : network.subnet(.ipv4) != nil ? "ipv4" : "ipv6")
        )
        note("network gateway none", if: network.gateway == .none)
        if case .stated = network.gateway, !network.isMacvlan { self.note("network gateway stated") }
        note("network range", if: !network.ranges.isEmpty)
        note("network internal", if: network.isInternal)
        note("network isolated", if: network.isIsolated)
        note("network masquerade false", if: network.masquerade == false)
        note("network masquerade true", if: network.masquerade == true)
        note("network mtu", if: network.mtu != nil)
        note("network bridge's name", if: network.interface != nil)
        let others = cluster.carried.filter { $0.name != network.name }.flatMap(\.subnets)
        note(
            "network isolated and overlapping",
            if: network.isIsolated && network.subnets.contains { own in others.contains { $0.overlaps(own) } }
        )
    }

    private func note(_ sandbox: Cluster.Sandbox) {
        func note(_ name: String, if isSo: Bool) { if isSo { self.note(name) } }
        switch sandbox.stack {
        case .own: note("driver no endpoints", if: sandbox.endpoints.isEmpty)
        case .networkNone: self.note("driver network none")
        case .networkHost: self.note("driver network host")
        case .host: self.note("driver host")
        }
        note("sandbox several networks", if: sandbox.endpoints.count > 1)
        for endpoint in sandbox.endpoints {
            self.note("sandbox \(endpoint.addresses.isEmpty ? "assigned" : "fixed") address")
            note("sandbox fixed MAC", if: endpoint.mac != nil)
            note("sandbox interface", if: endpoint.interface != nil)
            note("sandbox aliases", if: !endpoint.aliases.isEmpty)
        }
        note("sandbox default route stated", if: sandbox.defaultRoute != nil)
        note("sandbox route", if: !sandbox.routes.isEmpty)
        note("sandbox setting", if: !sandbox.settings.isEmpty)
        note("sandbox setting of a link", if: sandbox.settings.keys.contains { $0.contains(".conf.") })
        note("sandbox link", if: !sandbox.links.isEmpty)
        note("sandbox expose", if: !sandbox.exposed.isEmpty)
        note("sandbox servers", if: !sandbox.servers.isEmpty)
        note("sandbox search", if: !sandbox.search.isEmpty)
        note("sandbox resolver options", if: !sandbox.options.isEmpty)
    }
}
