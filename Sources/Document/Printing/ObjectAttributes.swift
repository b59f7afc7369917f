package import NetworkModel

/// The attributes of single objects, flat and as texts, under the names that a document has for them.
///
/// What is nested in a document has a name with a dot: `peer.name`, `bridge_slave.learning`.
package enum ObjectAttributes {
    package typealias Attribute = (name: String, value: String)

    /// A link's, without its addresses, which are objects of their own; `peer` is the other end of a pair.
    package static func link(_ link: Link, peer: Link?) -> [Attribute] {
        var state = NodeState(node: "")
        for end in [link, peer].compactMap(\.self) {
            state.links[end.id] = end
            state.links[end.id]?.addresses = []
        }
        return flat(PrintedLinks.entries(of: link, in: state))
    }

    package static func address(_ address: InterfaceAddress, on link: LinkID) -> [Attribute] {
        let place = link.place.name.map { [("namespace", $0.text)] } ?? []
        return [("dev", link.name.text)] + place + flat(PrintedLinks.entries(of: address))
    }

    package static func route(_ route: Route) -> [Attribute] { flat(NodeStatePrinter.entries(of: route)) }

    package static func neighbour(_ neighbour: Neighbour) -> [Attribute] {
        flat(NodeStatePrinter.entries(of: neighbour))
    }

    package static func forwarding(_ entry: ForwardingEntry) -> [Attribute] {
        flat(NodeStatePrinter.entries(of: entry))
    }

    private static func flat(_ entries: [PrintedEntry], under prefix: String = "") -> [Attribute] {
        entries.flatMap { key, value -> [Attribute] in
            switch value {
            case .mapping(let inner), .block(let inner): flat(inner, under: "\(prefix)\(key).")
            case .text(let text): [("\(prefix)\(key)", text)]
            case .number(let number): [("\(prefix)\(key)", "\(number)")]
            case .boolean(let flag): [("\(prefix)\(key)", "\(flag)")]
            case .list(let items), .lines(let items):
                items.enumerated().flatMap { flat([("\(key)[\($0.offset)]", $0.element)], under: prefix) }
            }
        }
    }
}
