internal import NetworkModel

/// Something that a document states, and that is not carried out yet.
package struct UnsupportedPart: Hashable, Sendable {
    package var kind: Kind
    package var place: ClusterPlace
    /// Its path, with its value where that matters: `networks.back.driver: overlay`.
    package var path: String

    /// What is not carried out yet, as README lists it.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case routed = "driver: routed"
        case overlay = "driver: overlay"
        case masquerade
        case dns
        case publish
    }
}

extension ClusterState {
    /// What is stated, and would not come of an apply: better refused than half obeyed.
    package func unsupported() -> [UnsupportedPart] {
        networks.flatMap(\.unsupported) + sandboxes.flatMap(\.unsupported)
    }
}

extension Network {
    /// What nobody states, and everybody would expect of a network, of which it is told instead.
    package static let missingByDefault =
        "not carried out yet: networks reach nothing beyond this node, for nothing is masqueraded; names are those of the "
        + "hosts files; and where the node forwards packets ('net.ipv4.ip_forward') nothing keeps networks apart"

    /// True for a network of which ``missingByDefault`` is to be told: it has an address on the host side.
    package var lacksDefaults: Bool {
        switch driver {
        case .bridge, .routed, .overlay: !isIsolated
        case .macvlan: false
        }
    }

    fileprivate var unsupported: [UnsupportedPart] {
        var parts: [UnsupportedPart] = []
        func add(_ kind: UnsupportedPart.Kind, _ key: ClusterPlace.Key, _ value: String) {
            let path = "networks.\(name).\(key.rawValue): \(value)"
            parts.append(UnsupportedPart(kind: kind, place: ClusterPlace(.network(name), key), path: path))
        }
        switch driver {
        case .bridge, .macvlan: break
        case .routed: add(.routed, .driver, "routed")
        case .overlay: add(.overlay, .driver, "overlay")
        }
        if let statedMasquerade { add(.masquerade, .masquerade, "\(statedMasquerade)") }
        if let statedDNS { add(.dns, .dns, "\(statedDNS)") }
        return parts
    }
}

extension Sandbox {
    fileprivate var unsupported: [UnsupportedPart] {
        var parts: [UnsupportedPart] = []
        func add(_ kind: UnsupportedPart.Kind, _ key: ClusterPlace.Key) {
            let place = ClusterPlace(.sandbox(name), key)
            let path = "sandboxes.\(name).\(key.rawValue)"
            parts.append(UnsupportedPart(kind: kind, place: place, path: path))
        }
        if !published.isEmpty { add(.publish, .publish) }
        return parts
    }
}
