internal import NetworkModel

/// Something that a document states, and that is not carried out yet.
package struct UnsupportedPart: Hashable, Sendable {
    package var place: ClusterPlace
    /// Its path, with its value where that matters: `networks.back.driver: overlay`.
    package var path: String
}

extension ClusterState {
    /// What is stated, and would not come of an apply: better refused than half obeyed.
    ///
    /// README has the list of these.
    package func unsupported() -> [UnsupportedPart] {
        networks.flatMap(\.unsupported) + sandboxes.flatMap(\.unsupported)
    }
}

extension Network {
    fileprivate var unsupported: [UnsupportedPart] {
        var parts: [UnsupportedPart] = []
        func add(_ key: ClusterPlace.Key, _ value: String) {
            let path = "networks.\(name).\(key.rawValue): \(value)"
            parts.append(UnsupportedPart(place: ClusterPlace(.network(name), key), path: path))
        }
        switch driver {
        case .bridge, .macvlan: break
        case .routed, .overlay: add(.driver, driver.kind.rawValue)
        }
        if let statedMasquerade { add(.masquerade, "\(statedMasquerade)") }
        if let statedDNS { add(.dns, "\(statedDNS)") }
        return parts
    }
}

extension Sandbox {
    fileprivate var unsupported: [UnsupportedPart] {
        var parts: [UnsupportedPart] = []
        func add(_ key: ClusterPlace.Key) {
            let place = ClusterPlace(.sandbox(name), key)
            parts.append(UnsupportedPart(place: place, path: "sandboxes.\(name).\(key.rawValue)"))
        }
        if !published.isEmpty { add(.publish) }
        return parts
    }
}
