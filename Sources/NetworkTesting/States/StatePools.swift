package import NetworkModel

/// What generated states are made of: few names, so that of two states one has kept, changed, remade and lost objects
/// of the other.
package struct StatePools: Sendable {
    /// The node's name in states.
    package let node: String
    /// The namespaces that there may be.
    package let namespaces: [NamespaceName]
    /// Foreign links of the node, up and with an MTU of 1,500, that links may stand on.
    package let parents: [InterfaceName]
    /// Whether bridges can filter VLANs here: a kernel may be built without.
    package let hasVLANFiltering: Bool

    /// - Parameters:
    ///   - node: The node's name in states.
    ///   - prefix: What every namespace's name begins with.
    ///   - parents: Foreign links of the node.
    ///   - hasVLANFiltering: Whether the kernel's bridges can filter VLANs.
    package init(node: String, prefix: String, parents: [String], hasVLANFiltering: Bool) {
        self.node = node
        self.hasVLANFiltering = hasVLANFiltering
        namespaces = ["red", "blue", "green"].map { Self.namespace("\(prefix)\($0)") }
        self.parents = parents.map { InterfaceName(fromKernel: $0) }
    }

    private static func namespace(_ text: String) -> NamespaceName {
        do { return try NamespaceName(text) } catch { preconditionFailure("\(text): \(error.reason)") }
    }

    /// The place of a namespace by its number, or the node.
    package func place(_ number: Int?) -> Place {
        number.map { .namespace(namespaces[$0]) } ?? .node
    }

    /// A link's name and place.
    package func id(_ name: String, _ number: Int? = nil) -> LinkID {
        LinkID(InterfaceName(fromKernel: name), in: place(number))
    }

    /// Two of a kind that can stand for each other.
    package enum Slot: Sendable {
        case bridge(LinkID)
        case pair(LinkID, LinkID)
        case vxlan(LinkID)
        case macvlan(LinkID)

        /// The links that it makes.
        package var ids: [LinkID] {
            switch self {
            case .bridge(let id), .vxlan(let id), .macvlan(let id): [id]
            case .pair(let first, let second): [first, second]
            }
        }
    }

    /// Every link that there may be.
    ///
    /// Some share a name: of those a state has one at most, and of two states they make the link be made
    /// anew.
    package var slots: [Slot] {
        [
            .bridge(id("br0")), .bridge(id("br1")), .bridge(id("br0", 0)),
            .pair(id("v0"), id("eth0", 0)), .pair(id("v1"), id("eth0", 1)), .pair(id("v1"), id("eth0", 2)),
            .pair(id("eth1", 0), id("eth1", 1)), .pair(id("va"), id("vb")), .pair(id("x.0", 1), id("x.1", 1)),
            .vxlan(id("vx0")), .vxlan(id("vx1")), .vxlan(id("vx0", 0)),
            .macvlan(id("m0")), .macvlan(id("m1", 0)), .macvlan(id("m2", 1)), .macvlan(id("m3")),
            .bridge(id("sw")), .vxlan(id("sw")), .macvlan(id("sw")), .pair(id("sw"), id("eth2", 2)),
        ]
    }

    /// A number for a link of its own: the same for all slots that have its name.
    package func number(of id: LinkID) -> Int {
        var seen: [LinkID] = []
        for slot in slots {
            for other in slot.ids where !seen.contains(other) { seen.append(other) }
        }
        return seen.firstIndex(of: id) ?? 99
    }

    /// The links of the node that others may stand on: foreign ones, and one that may be there.
    package var lowers: [InterfaceName] { parents + [InterfaceName(fromKernel: "va")] }
}
