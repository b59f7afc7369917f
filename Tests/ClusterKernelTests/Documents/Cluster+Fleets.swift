import NetworkModel

extension Cluster {
    /// The nodes of a fleet: `n1` and so on.
    static func nodes(_ count: Int, _ families: [AddressFamily] = AddressFamily.allCases) -> [Node] {
        (1...count).map { Node(name: "n\($0)", addresses: Fleet.addresses(ofNode: $0, families)) }
    }

    /// A sandbox on a node, with an endpoint on each of some networks.
    static func sandbox(_ name: String, at node: String, on networks: String...) -> Sandbox {
        Sandbox(name: name, node: node, endpoints: networks.map { Endpoint(network: $0) })
    }

    /// An overlay.
    static func overlay(_ name: String, _ overlay: Overlay = Overlay(), _ subnets: String...) -> Network {
        Network(name: name, driver: .overlay(overlay), subnets: subnets.compactMap { Prefix(text: $0) })
    }

    /// A routed network.
    static func routed(_ name: String, isByRouter: Bool = false, _ subnets: String...) -> Network {
        Network(
            name: name,
            driver: .routed(Routed(isByRouter: isByRouter)),
            subnets: subnets.compactMap { Prefix(text: $0) }
        )
    }

    /// Networks of every kind that reaches over nodes, between two of them.
    static let abroad: Cluster = {
        var open = routed("open", "10.51.0.0/16")
        open.masquerade = false
        var hid = routed("hid", "10.52.0.0/16")
        hid.isInternal = true
        var deep = overlay("deep", Overlay(), "10.61.0.0/24")
        deep.isInternal = true
        // Of the same range as another one.
        var wire = overlay("wire", Overlay(), "10.60.0.0/24", "fd00:60::/64")
        wire.isIsolated = true
        return Cluster(
            nodes: nodes(2),
            networks: [
                routed("pods", "10.50.0.0/16", "fd00:50::/48"), open, hid,
                overlay("flat", Overlay(), "10.60.0.0/24", "fd00:60::/64"), deep, wire,
                bridge("here", "10.62.0.0/24"),
            ],
            sandboxes: [
                sandbox("a1", at: "n1", on: "pods", "flat"), sandbox("a2", at: "n2", on: "pods", "flat"),
                sandbox("b1", at: "n1", on: "open"), sandbox("b2", at: "n2", on: "open"),
                sandbox("c1", at: "n1", on: "hid", "deep"), sandbox("c2", at: "n2", on: "hid", "deep"),
                sandbox("d1", at: "n1", on: "here", "flat"), sandbox("e1", at: "n1", on: "wire"),
                sandbox("e2", at: "n2", on: "wire", "open"),
            ]
        )
    }()

    /// Two overlays between two nodes, and one between these and a third that floods; a fourth has a network of its own.
    static func tunnels(_ families: [AddressFamily]) -> Cluster {
        Cluster(
            nodes: nodes(4, families),
            networks: [
                overlay("flat", Overlay(vni: 4096), "10.60.0.0/24", "fd00:60::/64"),
                overlay("odd", Overlay(vni: 0xabcdef, port: 4790), "10.61.0.0/24", "fd00:61::/64"),
                overlay("loud", Overlay(vni: 77, port: 4791, floods: true), "10.63.0.0/24", "fd00:63::/64"),
                bridge("here", "10.62.0.0/24", "fd00:62::/64"),
            ],
            sandboxes: [
                sandbox("a1", at: "n1", on: "flat", "odd", "loud"),
                sandbox("a2", at: "n2", on: "flat", "odd", "loud"), sandbox("a3", at: "n3", on: "loud"),
                sandbox("d4", at: "n4", on: "here"),
            ]
        )
    }

    /// Two routed networks between two nodes, one of them by the third, which is a router; a fourth has a network of its own.
    static let routes: Cluster = {
        var cluster = Cluster(
            nodes: nodes(4),
            networks: [
                routed("pods", "10.50.0.0/16", "fd00:50::/48"),
                routed("spur", isByRouter: true, "10.51.0.0/16", "fd00:51::/48"),
                bridge("here", "10.62.0.0/24", "fd00:62::/64"),
            ],
            sandboxes: [
                sandbox("a1", at: "n1", on: "pods", "spur"), sandbox("a2", at: "n2", on: "pods", "spur"),
                sandbox("d4", at: "n4", on: "here"),
            ]
        )
        cluster.nodes[2].isRouter = true
        return cluster
    }()
}
