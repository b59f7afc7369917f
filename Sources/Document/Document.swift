package import NetworkModel

/// What a user asks for, read and found valid.
package struct Document: Sendable {
    /// The nodes that the document names; empty if it is for this host alone.
    package let nodes: [DeclaredNode]
    /// What is not wrong, but probably not meant either.
    package let warnings: [Complaint]

    /// Reads a file, a directory (each `*.yaml`, `*.yml` and `*.json` in it, merged), or `-` for standard input.
    ///
    /// - Throws: Everything that is wrong with it, for whichever node.
    package static func load(path: String) throws(DocumentErrors) -> Document {
        fatalError("\(path)")
    }

    /// Reads the texts as one document.
    package static func load(_ sources: [Source]) throws(DocumentErrors) -> Document {
        fatalError("\(sources.count)")
    }

    /// True if the document asks for nothing at all, on any node.
    package var isEmpty: Bool { true }

    /// What the kernel of a node shall hold.
    ///
    /// - Parameter node: The node's name. In a document that names no nodes it is any name; default MACs are
    ///   derived from it.
    /// - Throws: If the document names nodes, but not this one.
    package func nodeState(for node: String) throws(DocumentErrors) -> NodeState {
        NodeState(node: node)
    }
}

/// A node as a document names it.
package struct DeclaredNode: Hashable, Sendable {
    /// Its name.
    package var name: String
    /// Its addresses on the underlay: one, or one of each family, in the document's order.
    package var addresses: [IPAddress]
    /// The link that holds them; `nil`: the one that has the address.
    package var interface: InterfaceName?
    /// What it does in the cluster.
    package var role: Role

    package init(name: String, addresses: [IPAddress], interface: InterfaceName? = nil, role: Role = .node) {
        self.name = name
        self.addresses = addresses
        self.interface = interface
        self.role = role
    }

    /// What a node does in the cluster.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// It carries sandboxes.
        case node
        /// It holds routes only.
        case router
    }
}
