extension NamespaceName {
    /// The namespace of a sandbox: its name; on a node that is a namespace itself `NODE.SANDBOX`.
    ///
    /// - Parameters:
    ///   - sandbox: The sandbox's name.
    ///   - node: The name of the node's namespace; `nil` for the host.
    /// - Throws: ``InvalidName`` if both together are too long.
    package init(ofSandbox sandbox: String, onNodeNamespace node: String?) throws(InvalidName) {
        self = try NamespaceName(node.map { "\($0).\(sandbox)" } ?? sandbox)
    }

    /// The sandbox whose namespace this is, if it is one's: the name less that of the node's namespace.
    package func sandbox(onNodeNamespace node: String?) -> String {
        guard let node, text.hasPrefix("\(node).") else { return text }
        return String(text.dropFirst(node.count + 1))
    }
}
