import NetworkModel

extension Cluster {
    /// A sandbox with an endpoint on each of some networks.
    static func sandbox(_ name: String, on networks: String...) -> Sandbox {
        Sandbox(name: name, endpoints: networks.map { Endpoint(network: $0) })
    }

    /// A bridge network.
    static func bridge(_ name: String, _ subnets: String...) -> Network {
        Network(name: name, subnets: subnets.compactMap { Prefix(text: $0) })
    }

    /// Two sandboxes on a network of both families.
    static let pair = Cluster(
        networks: [bridge("back", "10.60.0.0/24", "fd00:60::/64")],
        sandboxes: [sandbox("web", on: "back"), sandbox("db", on: "back")]
    )

    /// Two sandboxes on each of the networks that advertisements may come in by.
    static let families: Cluster = {
        var wire = bridge("wire", "10.63.0.0/24", "fd00:63::/64")
        wire.isIsolated = true
        let lan = Network(
            name: "lan",
            driver: .macvlan(parent: ClusterBench.uplink, mode: "bridge"),
            subnets: ["10.99.0.0/24"].compactMap { Prefix(text: $0) },
            ranges: ["10.99.0.128/26"].compactMap { Prefix(text: $0) }
        )
        let networks = [
            bridge("four", "10.60.0.0/24"), bridge("both", "10.61.0.0/24", "fd00:61::/64"),
            bridge("six", "fd00:62::/64"), wire, lan,
        ]
        return Cluster(
            networks: networks,
            sandboxes: [
                sandbox("a", on: "four", "both"), sandbox("b", on: "four", "wire"),
                sandbox("c", on: "both", "six", "lan"),
                sandbox("d", on: "wire", "six", "lan"),
            ]
        )
    }()

    /// Networks that are to be apart: two with an outside, one of them without masquerading, an internal one, sandboxes on two
    /// of them each, and an isolated one that has the range of another.
    static let apart: Cluster = {
        var open = bridge("open", "10.61.0.0/24", "fd00:61::/64")
        open.masquerade = false
        var inner = bridge("inner", "10.62.0.0/24", "fd00:62::/64")
        inner.isInternal = true
        var wire = bridge("wire", "10.60.0.0/24")
        wire.isIsolated = true
        return Cluster(
            networks: [bridge("back", "10.60.0.0/24", "fd00:60::/64"), open, inner, wire],
            sandboxes: [
                sandbox("eve", on: "back"), sandbox("bob", on: "back"), sandbox("ann", on: "open"),
                sandbox("ina", on: "inner"), sandbox("mo", on: "back", "open"),
                sandbox("mi", on: "inner", "back"), sandbox("ira", on: "wire"), sandbox("ivo", on: "wire"),
            ]
        )
    }()
}
