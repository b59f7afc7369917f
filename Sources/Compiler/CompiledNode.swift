package import ClusterModel
package import NetworkModel

/// What a document means for one node.
package struct CompiledNode: Sendable {
    /// What its kernel shall hold.
    package var state: NodeState
    /// What its networks take, which must be nobody else's here.
    package var claims = NodeClaims()
    /// Why something can't be as the document says, on this node as it is.
    package var problems: [CompilerProblem] = []

    init(_ state: NodeState) {
        self.state = state
    }
}

/// Something that a document asks for, and that this node can't give.
package struct CompilerProblem: Hashable, Sendable {
    /// Where the document says it: `networks.lan.mtu`.
    package var path: String
    package var message: String
    package var hint: String?

    init(_ path: String, _ message: String, hint: String? = nil) {
        self.path = path
        self.message = message
        self.hint = hint
    }
}

extension ClusterState {
    /// What a node's kernel shall hold, by a document without errors.
    ///
    /// A pure function: every node that is given the same document, and finds itself the same, comes to the same result.
    ///
    /// - Parameters:
    ///   - node: Which of the document's nodes it is; `nil` in a document that names none.
    ///   - facts: What is so on the node whatever a document says.
    ///   - assignment: ``assignment()``, which may be known already.
    /// - Returns: What the node shall hold, and what of it this node can't give.
    package func compile(
        for node: NodeName?,
        _ facts: NodeFacts,
        _ assignment: Assignment
    ) -> CompiledNode {
        var compiler = NodeCompiler(cluster: self, node: node, facts: facts, assignment: assignment)
        compiler.run()
        return compiler.result
    }
}
