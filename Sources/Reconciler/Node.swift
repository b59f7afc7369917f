package import LinuxSystem
package import NetworkModel

/// Which node is meant, and where what Weft must remember of it is kept.
package struct Node: Hashable, Sendable {
    /// Its name, from which what a document leaves open is derived.
    package var name: String
    /// The namespace that is the node; `nil` for the one that the process is in.
    package var namespace: NamedPath?
    /// What the names of its namespaces begin with; `nil` for the host.
    package var prefix: String?
    /// Where the registry is kept.
    package var runtimeDirectory: String
    /// Where namespaces have their names.
    package var namespaceDirectory: NamespaceDirectory
    /// Where `ip netns exec` looks for files that it lays over the node's.
    package var overlayDirectory: String
    /// By which Weft's own are told there.
    package var mark: Mark

    /// A namespace by its file, and by the name that marks call it.
    package struct NamedPath: Hashable, Sendable {
        /// `nil` for one that marks call by its inode.
        package var name: String?
        package var path: String

        package init(name: String?, path: String) {
            self.name = name
            self.path = path
        }
    }

    package init(
        name: String,
        namespace: NamedPath? = nil,
        runtimeDirectory: String,
        namespaceDirectory: NamespaceDirectory = .standard,
        overlayDirectory: String = "/etc/netns",
        mark: Mark = .node
    ) {
        self.name = name
        self.namespace = namespace
        self.runtimeDirectory = runtimeDirectory
        self.namespaceDirectory = namespaceDirectory
        self.overlayDirectory = overlayDirectory
        self.mark = mark
    }

    /// What the names of its sandboxes' namespaces begin with, before a dot; `nil` for the host.
    package var namespacePrefix: String? { prefix ?? namespace?.name }

    /// Puts the calling thread into the node's namespace.
    ///
    /// - Throws: ``SystemCallError`` or ``NotANetworkNamespace`` if there is no such namespace.
    func enter() throws {
        guard let namespace else { return }
        try NamespaceHandle.open(path: namespace.path).enter()
    }
}

/// Called before each thing that is done to the kernel: tests end the process here, or make the thing fail.
package struct StepHook: Sendable {
    /// Given what is about to be done, in a word or two; returns the errno to fail with, or `nil` to go on.
    package var willDo: @Sendable (_ step: String) -> Errno?
    /// Whether messages go in whole batches; else each goes alone.
    package var sendsBatches: Bool

    package init(sendsBatches: Bool = false, willDo: @escaping @Sendable (_ step: String) -> Errno?) {
        self.sendsBatches = sendsBatches
        self.willDo = willDo
    }

    /// Throws what the hook wants to be thrown.
    func check(_ call: String, on object: String) throws(SystemCallError) {
        if let errno = willDo("\(call) \(object)") { throw SystemCallError(call, on: object, errno) }
    }
}
