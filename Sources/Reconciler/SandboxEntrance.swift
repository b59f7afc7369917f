package import LinuxSystem
package import NetworkModel

/// A sandbox of the node's, with what a process in it is to see.
package struct SandboxEntrance: ~Copyable, Sendable {
    /// Its namespace: the very one that was found to be Weft's.
    package let namespace: NamespaceHandle
    /// What its namespace is called.
    package let name: NamespaceName
    /// The paths of its files.
    ///
    /// Raw objects make a namespace without any.
    package let files: [SandboxFile.Name: String]
    /// The paths of files that it should have, and that are gone.
    package let missingFiles: [String]
}

/// The node has no such sandbox.
package struct NoSuchSandbox: Error, Hashable, Sendable {
    package let name: String
    /// The sandboxes that it has, and the namespaces that raw objects make.
    package let known: [String]
}

extension Reconciler {
    /// Finds a sandbox by its name, or any other namespace of the node's by the name that it has in `/run/netns`.
    ///
    /// By marks and record, as whatever is Weft's is found: a stranger's namespace is none, whatever it is called. Takes no lock.
    ///
    /// - Throws: ``NoSuchSandbox``; else what could not be read.
    package func entrance(to sandbox: String) throws -> SandboxEntrance {
        let node = node
        return try DedicatedThread.run(named: "weft-pass") {
            var sessions = try Sessions(node: node)
            let observer = Observer(node: node)
            try observer.refuseNestedNode(&sessions)
            let registry = try observer.registry(&sessions)
            let named = node.namespaces(called: sandbox)
            if let found = try observer.find(named, &sessions, registry)
                ?? observer.find(SandboxFiles(of: node).namespaces(of: sandbox), &sessions, registry)
            {
                // The thread is in the namespace that was read, whatever bears its name by now.
                try sessions.enter(.namespace(found.name))
                return try SandboxEntrance(.current(), found.name, found.namespace, on: node)
            }
            let known = try observer.observe(&sessions, .destruction).state.namespaces.keys.sorted()
            throw NoSuchSandbox(
                name: sandbox,
                known: known.map { $0.sandbox(onNodeNamespace: node.namespacePrefix) }
            )
        }
    }
}

extension SandboxEntrance {
    fileprivate init(
        _ namespace: consuming NamespaceHandle,
        _ name: NamespaceName,
        _ found: ObservedNamespace,
        on node: Node
    ) throws {
        let directory = SandboxFiles(of: node)
        let stated = try directory.sandbox(of: name)
        let sandbox = stated ?? name.sandbox(onNodeNamespace: node.namespacePrefix)
        let isSandbox = stated != nil || found.hasEndpoints
        let paths = SandboxFile.Name.allCases.map {
            ($0, directory.path(of: SandboxFile.Key($0, of: sandbox)))
        }
        let present = isSandbox ? try paths.filter { try FileReader.exists($0.1) } : []
        self.namespace = namespace
        self.name = name
        files = Dictionary(present, uniquingKeysWith: { first, _ in first })
        missingFiles = isSandbox ? paths.map(\.1).filter { path in !present.contains { $0.1 == path } } : []
    }
}

extension Node {
    /// The namespaces that a name may mean: first that of the sandbox, then the one that is called so itself.
    fileprivate func namespaces(called text: String) -> [NamespaceName] {
        let sandbox = try? NamespaceName(ofSandbox: text, onNodeNamespace: namespacePrefix)
        let raw = try? NamespaceName(text)
        return [sandbox, raw == sandbox ? nil : raw].compactMap(\.self)
    }
}

extension Observer {
    /// The first of some namespaces that is the node's: made by Weft, or adopted.
    fileprivate func find(
        _ names: [NamespaceName],
        _ sessions: inout Sessions,
        _ registry: Registry?
    ) throws -> (name: NamespaceName, namespace: ObservedNamespace)? {
        for name in names {
            // Of other namespaces nobody asks.
            var record = registry
            record?.adopted = (registry?.adopted ?? [:]).filter { $0.key == name }
            var state = ObservedState()
            let reading = Reading(.destruction, record, of: state.node)
            if registry?.namespaces.keys.contains(name) ?? true,
                let made = try observe(name, &sessions, reading)
            {
                return (name, made)
            }
            try observeAdopted(into: &state, &sessions, reading)
            if let adopted = state.namespaces[name] { return (name, adopted) }
        }
        return nil
    }
}

extension ObservedNamespace {
    /// True if networks have endpoints in it, as their aliases say.
    fileprivate var hasEndpoints: Bool {
        links.contains { link in
            guard case .endpoint = link.purpose else { return false }
            return true
        }
    }
}
