package import NetworkModel

/// The namespace that is to be a node was made by Weft, for another node.
package struct NamespaceOfNode: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its name in `/run/netns`.
    package let name: String
    /// Which node it was made for.
    package let owner: String

    package var description: String {
        "the namespace '\(name)' was made by Weft for \(owner): it can't be a node itself"
    }

    /// What can be done about it.
    package var hint: String {
        "state what it shall hold in the document of \(owner), with 'namespace: \(name)'; "
            + "'weft show' of that node tells what it holds now"
    }
}

/// The registry in the runtime directory is another node's.
package struct StrangeRegistry: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it is.
    package let path: String
    /// Whose it is.
    package let owner: String
    /// Who found it.
    package let node: String

    package var description: String {
        "'\(path)' is the registry of \(owner.isEmpty ? "a node that it does not name" : owner), and this is \(node): "
            + "name the node with '--netns', or another directory with '--runtime-dir'"
    }
}

/// What is on record of the node is of the other class: names and numbers there are none of this one's.
package struct RegistryOfOtherClass: Error, Hashable, Sendable, CustomStringConvertible {
    /// The namespace that is the node, by its name in `/run/netns`.
    package let namespace: String
    /// Whose the record is.
    package let mark: Mark

    package var description: String {
        switch mark {
        case .node:
            "'\(namespace)' has what 'weft apply' made there: it can't be what a lab has its nodes in"
        case .underlay:
            "'\(namespace)' is what a lab has its nodes and the wire between them in: it can't be a node itself"
        }
    }
}
