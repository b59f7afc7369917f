internal import ClusterModel
internal import Document
internal import LinuxSystem
internal import NetworkModel
package import Reconciler

/// A word that is to name a node or a sandbox of a lab names none, or more than one.
package struct NoSuchLabPlace: Error, Hashable, Sendable {
    package let lab: LabName
    package let word: String
    /// What it may mean, in words that mean one thing only; empty if it means nothing.
    package let meanings: [String]
    /// The nodes, and the sandboxes and namespaces on them, by their short names.
    package let known: [String]
}

/// A place in a lab that a command can be run in.
private enum LabPlace: Hashable {
    case node(String)
    case sandbox(String, node: String)
    /// A sandbox that has its node's network stack.
    case hostSandbox(String, node: String)

    /// A word that means it and nothing else.
    var fullWord: String {
        switch self {
        case .node(let name): "node/\(name)"
        case .sandbox(let name, let node): "\(node).\(name)"
        case .hostSandbox(let name, _): "sandbox/\(name)"
        }
    }

    var shortWord: String {
        switch self {
        case .node(let name), .sandbox(let name, _), .hostSandbox(let name, _): name
        }
    }

    func isMeant(by word: String) -> Bool {
        switch self {
        case .node(let name): word == name || word == "node/\(name)"
        case .sandbox(let name, let node):
            word == name || word == "sandbox/\(name)" || word == "\(node).\(name)"
        case .hostSandbox(let name, _): word == name || word == "sandbox/\(name)"
        }
    }
}

extension Laboratory {
    /// Finds a node or a sandbox by a word: a short name, `node/NAME`, `sandbox/NAME` or `NODE.NAME`.
    ///
    /// - Throws: ``NoSuchLabPlace``; else what could not be read.
    package func entrance(to word: String) throws -> SandboxEntrance {
        let places = try self.places()
        let meant = places.filter { $0.isMeant(by: word) }
        guard let place = meant.first, meant.count == 1 else {
            throw NoSuchLabPlace(
                lab: name,
                word: word,
                meanings: meant.map { place in
                    guard case .sandbox(let sandbox, _) = place else { return place.fullWord }
                    // The shorter form, where it tells enough.
                    let alike = meant.count { $0.isMeant(by: "sandbox/\(sandbox)") }
                    return alike == 1 ? "sandbox/\(sandbox)" : place.fullWord
                },
                known: Set(places.map(\.shortWord)).sorted()
            )
        }
        switch place {
        case .sandbox(let sandbox, let node):
            return try Reconciler(node: name.node(node)).entrance(to: sandbox)
        case .node(LabName.underlay):
            return try Reconciler(node: underlay).entranceToHome()
        case .node(let node), .hostSandbox(_, let node):
            return try Reconciler(node: underlay).entrance(to: name.namespace(of: node))
        }
    }

    /// Whatever there is, nodes first.
    private func places() throws -> [LabPlace] {
        var nodes = try nodesThatAreThere().sorted()
        let names = try NamespaceDirectory.standard.names()
        if try Reconciler(node: underlay).home() == .made { nodes.append(LabName.underlay) }
        var places = nodes.map(LabPlace.node)
        for full in names {
            for node in nodes where full.hasPrefix("\(name.namespace(of: node)).") {
                let sandbox = full.dropFirst(name.namespace(of: node).utf8.count + 1)
                places.append(.sandbox(String(sandbox), node: node))
            }
        }
        // Those without a namespace of their own are known by the document alone.
        let document = try? record.load().map { try Document.load($0) }
        for sandbox in document?.cluster.sandboxes ?? NamedList() where sandbox.stack == .host {
            guard let node = sandbox.node?.text, nodes.contains(node) else { continue }
            places.append(.hostSandbox(sandbox.name.text, node: node))
        }
        return places
    }
}
