package import ClusterModel
internal import NetworkModel

/// A document as a lab carries it out: the same that production uses, less what only production has.
package struct LabDocument: Sendable {
    /// The document with what a lab has in the place of what it can't have.
    package let cluster: ClusterState
    /// What the document leaves open, the same as in production.
    package let assignment: Assignment
    /// What is otherwise than in production, a sentence each.
    package private(set) var notes: [String]

    /// Fits a document without errors into a lab.
    ///
    /// - Throws: ``LabRefusal`` with all that is in the way.
    package init(
        _ cluster: ClusterState,
        _ assignment: Assignment,
        in lab: LabName
    ) throws(LabRefusal) {
        let problems = Self.problems(of: cluster, in: lab)
        guard problems.isEmpty else { throw LabRefusal(problems: problems) }
        var fitted = cluster
        var notes: [String] = []
        fitted.nodes = NamedList(cluster.nodes.map { Self.fitted($0, in: lab, &notes) })
        fitted.sandboxes = NamedList(
            cluster.sandboxes.map { sandbox in
                guard case .adopted(let path) = sandbox.stack else { return sandbox }
                notes.append(Self.note("sandboxes.\(sandbox.name).netns", path))
                var made = sandbox
                made.stack = .made
                return made
            }
        )
        self.cluster = fitted
        self.assignment = assignment
        self.notes = notes
        self.notes += fullRanges + [largePackets].compactMap(\.self)
    }

    // MARK: What can't be

    private static func problems(of cluster: ClusterState, in lab: LabName) -> [LabProblem] {
        guard !cluster.nodes.isEmpty else {
            return [
                LabProblem(
                    "nodes",
                    "the document names no nodes: it is for one host, whichever that is",
                    hint: "a lab is made of 'nodes', each with its 'address'"
                )
            ]
        }
        var problems = cluster.nodes.flatMap { node in
            Self.problems(of: node, in: lab) + Self.problems(ofLinkOf: node, in: cluster)
        }
        for sandbox in cluster.sandboxes {
            guard let node = sandbox.node, sandbox.stack != .host else { continue }
            let name = "\(lab.namespace(of: node.text)).\(sandbox.name)"
            problems += tooLong(name, LabName.longestNamespace, "sandboxes.\(sandbox.name)")
        }
        return problems
    }

    private static func problems(of node: ClusterNode, in lab: LabName) -> [LabProblem] {
        let path = "nodes.\(node.name)"
        guard !LabName.reserved.contains(node.name.text) else {
            return [
                LabProblem(
                    path,
                    "a lab has a node '\(node.name)' of its own",
                    hint: "give this one another name"
                )
            ]
        }
        let namespace = lab.namespace(of: node.name.text)
        var problems = tooLong(namespace, LabName.longestNodeNamespace, path)
        let names = node.objects.state.namespaces.union(node.objects.state.adopted.keys)
        for name in names.sorted() {
            problems += tooLong("\(namespace).\(name)", LabName.longestNamespace, "\(path).namespaces")
        }
        return problems
    }

    private static func problems(ofLinkOf node: ClusterNode, in cluster: ClusterState) -> [LabProblem] {
        guard LabUnderlay.interface(of: node, in: cluster).text == "lo" else { return [] }
        return [
            LabProblem(
                "nodes.\(node.name)" + (node.interface == nil ? "" : ".interface"),
                "'lo' leads to no other node, and every node of a lab has its own: it can't be the node's link to the others",
                hint: "name the link with 'interface' that leads to the other nodes, or 'eth0'"
            )
        ]
    }

    private static func tooLong(_ name: String, _ limit: Int, _ path: String) -> [LabProblem] {
        guard name.utf8.count > limit else { return [] }
        return [
            LabProblem(
                path,
                "its namespace would be called '\(name)', which has \(name.utf8.count) bytes; at most \(limit) fit",
                hint: "give the lab a shorter name with '--name'"
            )
        ]
    }

    // MARK: What is otherwise

    /// A node whose own namespaces are called `LAB.NODE.NAME`: `/run/netns` is that of all nodes here.
    private static func fitted(
        _ node: ClusterNode,
        in lab: LabName,
        _ notes: inout [String]
    ) -> ClusterNode {
        var node = node
        for (name, path) in node.objects.state.adopted.sorted(by: { $0.key < $1.key }) {
            notes.append(note("nodes.\(node.name).namespaces.\(name).netns", path))
        }
        // What is derived from names stays what it is in production.
        let state = node.objects.nodeState(for: node.name.text)
        node.objects = RawObjects(state.movingNamespaces(below: lab.namespace(of: node.name.text)))
        return node
    }

    /// Of ranges that are full it depends on the real network whether anything leads out of them.
    private var fullRanges: [String] {
        UnderlaySubnets(of: self).full.map { subnet in
            "underlay: no address of \(subnet) is free for the lab's gateway: nothing leads into that range or out of it"
        }
    }

    /// Of an underlay that carries more than Ethernet it depends on the real one whether the networks are what they are here.
    private var largePackets: String? {
        let (mtu, networks) = LabUnderlay.widestPackets(of: cluster)
        guard mtu > .ethernet else { return nil }
        let names = networks.map { "'\($0)'" }.joined(separator: " and ")
        return networks.count == 1
            ? "the lab's underlay carries \(mtu.bytes) bytes, as network \(names) asks: yours must, too"
            : "the lab's underlay carries \(mtu.bytes) bytes, as networks \(names) ask: yours must, too"
    }

    private static func note(_ place: String, _ path: String) -> String {
        "\(place): the lab makes a namespace of its own in the place of '\(path)'"
    }
}

extension NodeState {
    /// The state with each namespace called `PREFIX.NAME`.
    fileprivate func movingNamespaces(below prefix: String) -> NodeState {
        func moved(_ name: NamespaceName) -> NamespaceName {
            // A name that is too long was refused before.
            (try? NamespaceName("\(prefix).\(name)")) ?? name
        }
        func moved(_ place: Place) -> Place { place.name.map { .namespace(moved($0)) } ?? .node }
        func moved(_ id: LinkID) -> LinkID { LinkID(id.name, in: moved(id.place)) }
        var state = self
        // What somebody else made on this machine is none of the lab's: it makes one.
        state.namespaces = Set(namespaces.union(adopted.keys).map(moved))
        state.adopted = [:]
        state.links = [:]
        for var link in links.values {
            link.id = moved(link.id)
            if case .veth(let peer) = link.kind { link.kind = .veth(peer: moved(peer)) }
            state.links[link.id] = link
        }
        for index in routes.indices { state.routes[index].place = moved(routes[index].place) }
        for index in neighbours.indices { state.neighbours[index].link = moved(neighbours[index].link) }
        for index in forwarding.indices { state.forwarding[index].link = moved(forwarding[index].link) }
        for index in sysctls.indices { state.sysctls[index].key.place = moved(sysctls[index].key.place) }
        state.files = files.map { file in
            SandboxFile(file.key, namespace: file.namespace.map(moved), content: file.content)
        }
        return state
    }
}

/// What of a document can't be in a lab.
package struct LabRefusal: Error, Hashable, Sendable {
    /// Every reason.
    ///
    /// Never empty.
    package let problems: [LabProblem]
}

/// One thing that can't be in a lab.
package struct LabProblem: Hashable, Sendable {
    /// Where the document says it: `nodes.gateway`.
    package var path: String
    package var message: String
    package var hint: String?

    init(_ path: String, _ message: String, hint: String? = nil) {
        self.path = path
        self.message = message
        self.hint = hint
    }
}
