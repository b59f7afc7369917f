package import NetworkModel

/// The whole of what a document asks for: nodes, networks, sandboxes.
///
/// What a document leaves open, and what follows from its other parts, is in ``Assignment``. ``problems()`` says what is
/// wrong with it; the rest of the program may assume that nothing is.
package struct ClusterState: Hashable, Sendable {
    /// The nodes' own ranges, which no network may overlap.
    package var underlay: [Prefix] = []
    /// The nodes; empty if the document is for one host alone, whatever its name.
    package var nodes = NamedList<ClusterNode>()
    /// What the kernel of this host shall hold besides, in a document that names no nodes.
    package var host = RawObjects()
    /// The networks: those of the document, and ``Network/builtInBridge`` where it is used.
    package var networks = NamedList<Network>()
    package var sandboxes = NamedList<Sandbox>()

    package init() {}

    /// True if nothing at all is asked for, of any node.
    package var isEmpty: Bool {
        networks.isEmpty && sandboxes.isEmpty && host.isEmpty && nodes.allSatisfy(\.objects.isEmpty)
    }
}

/// The kernel objects that a document states for a node directly.
package struct RawObjects: Hashable, Sendable {
    /// The objects, but for the MACs that depend on the node's name.
    package var state: NodeState
    /// The links whose MAC the document leaves to Weft.
    package var linksWithoutMAC: Set<LinkID>

    package init(_ state: NodeState = NodeState(node: ""), linksWithoutMAC: Set<LinkID> = []) {
        self.state = state
        self.linksWithoutMAC = linksWithoutMAC
    }

    /// True if there are none.
    package var isEmpty: Bool { state.isEmpty }

    /// The objects on a node of this name, with all MACs.
    package func nodeState(for node: String) -> NodeState {
        var state = state
        state.node = node
        for id in linksWithoutMAC { state.links[id]?.mac = DefaultMAC.mac(of: id, onNode: node) }
        return state
    }
}
