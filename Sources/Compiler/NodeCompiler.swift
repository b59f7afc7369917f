import ClusterModel
import NetworkModel

/// Compiles one node's part of a document.
struct NodeCompiler {
    let cluster: ClusterState
    let node: NodeName?
    let facts: NodeFacts
    let assignment: Assignment
    var result: CompiledNode

    init(cluster: ClusterState, node: NodeName?, facts: NodeFacts, assignment: Assignment) {
        self.cluster = cluster
        self.node = node
        self.facts = facts
        self.assignment = assignment
        let objects = node.flatMap { cluster.nodes[$0]?.objects } ?? cluster.host
        result = CompiledNode(objects.nodeState(for: facts.name))
    }

    mutating func run() {
        var attachments: [NetworkName: [Attachment]] = [:]
        for (index, sandbox) in cluster.sandboxes.enumerated() where isHere(sandbox) {
            guard let place = place(of: sandbox) else { continue }
            compile(sandbox, at: index, in: place)
            for endpoint in sandbox.endpoints.indices {
                let attachment = Attachment(
                    sandbox: sandbox,
                    endpoint: endpoint,
                    place: place,
                    assigned: assignment[index, endpoint]
                )
                attachments[sandbox.endpoints[endpoint].network, default: []].append(attachment)
            }
        }
        for network in cluster.networks {
            let members = attachments[network.name] ?? []
            guard !members.isEmpty || (network.nodes?.contains { $0 == node } ?? false) else { continue }
            compile(network, members)
        }
        compileFiles(networks: Set(attachments.keys))
        result.state.sysctls.sort { $0.key < $1.key }
    }

    /// The files of the node's sandboxes, but for those that see the node's own.
    private mutating func compileFiles(networks: Set<NetworkName>) {
        let hosts = HostsFiles(cluster, assignment, networks: networks)
        for (index, sandbox) in cluster.sandboxes.enumerated() where isHere(sandbox) {
            guard let namespace = place(of: sandbox)?.name else { continue }
            let overlay = result.state.namespaces.contains(namespace) ? namespace : nil
            for name in SandboxFile.Name.allCases {
                let content: SandboxFile.Content =
                    switch name {
                    case .hosts: hosts.file(ofSandboxAt: index)
                    case .resolvConf: SandboxFile.Content(ResolverFile.text(of: sandbox, on: facts.resolver))
                    case .env: SandboxFile.Content(EnvironmentFile.text(of: sandbox, cluster, assignment))
                    }
                let key = SandboxFile.Key(name, of: sandbox.name.text)
                result.state.files.append(SandboxFile(key, namespace: overlay, content: content))
            }
        }
        result.state.files.sort { $0.key < $1.key }
    }

    /// True if a sandbox is this node's.
    private func isHere(_ sandbox: Sandbox) -> Bool { sandbox.node == node }

    /// The namespace of a sandbox; `nil` for one without a network stack of its own.
    private mutating func place(of sandbox: Sandbox) -> Place? {
        switch sandbox.stack {
        case .host: return nil
        case .adopted, .made:
            do {
                return .namespace(
                    try KernelNames.namespace(of: sandbox.name, onNodeNamespace: facts.namespace)
                )
            } catch {
                result.problems.append(
                    CompilerProblem(
                        "sandboxes.\(sandbox.name)",
                        "its namespace can't have the name '\(facts.namespace ?? "").\(sandbox.name)': \(error.reason)"
                    )
                )
                return nil
            }
        }
    }

    private mutating func compile(_ network: Network, _ members: [Attachment]) {
        for family in network.subnets.families {
            guard let prefix = assignment.prefix(of: network, family, on: node), !network.isIsolated else {
                continue
            }
            result.claims.append(SubnetClaim(network.name, prefix, parent: parent(of: network)))
        }
        switch network.driver {
        case .bridge: compileBridge(network, members)
        case .macvlan(let macvlan): compileMacvlan(network, macvlan, members)
        case .routed, .overlay: break
        }
    }
}

/// An endpoint on this node, with what it was given.
struct Attachment {
    let sandbox: Sandbox
    /// Its place among the sandbox's endpoints.
    let endpoint: Int
    let place: Place
    let assigned: AssignedEndpoint

    /// The link inside the sandbox.
    var link: LinkID { LinkID(sandbox.interface(ofEndpoint: endpoint), in: place) }
}
