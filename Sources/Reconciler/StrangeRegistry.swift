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
