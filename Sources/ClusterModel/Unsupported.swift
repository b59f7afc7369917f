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
