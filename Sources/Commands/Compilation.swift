internal import ClusterModel
internal import Compiler
internal import Document
internal import NetworkModel
internal import Reconciler

/// What a document means for the node that a command is about.
struct Compilation {
    /// What the node's kernel shall hold.
    let state: NodeState
    /// What its networks take there.
    let claims: NodeClaims
    /// What of the document is not as one would expect.
    let warnings: [Complaint]

    /// Looks at the node as far as the document leaves things to it.
    ///
    /// - Throws: ``DocumentErrors``, ``CommandFailure`` if this node can't give what is asked for, or what could not be read.
    init(_ document: Document, at path: String, for node: Node) throws {
        let name = try document.node(named: node.name)
        guard document.hasNetworks else {
            state = try document.nodeState(for: node.name)
            claims = NodeClaims()
            warnings = document.warnings
            return
        }
        let facts = try node.explaining { try Reconciler(node: node).facts() }
        let compiled = document.cluster.compile(for: name, facts, document.assignment)
        guard compiled.problems.isEmpty else { throw CompilerRefusal(problems: compiled.problems) }
        state = compiled.state
        claims = compiled.claims
        warnings = compiled.warnings.map { Complaint(file: path, message: $0) } + document.warnings
    }
}

/// This node can't give what the document asks for.
struct CompilerRefusal: Error {
    let problems: [CompilerProblem]
}
