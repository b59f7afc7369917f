import ClusterModel
import NetworkModel

/// Compiles one node's part of a document.
struct NodeCompiler {
    let cluster: ClusterState
    let node: NodeName?
    let facts: NodeFacts
    let assignment: Assignment
    /// The endpoints of overlays on other nodes.
    let remoteEndpoints: [NetworkName: [RemoteEndpoint]]
    var result: CompiledNode

    init(cluster: ClusterState, node: NodeName?, facts: NodeFacts, assignment: Assignment) {
        self.cluster = cluster
        self.node = node
        self.facts = facts
        self.assignment = assignment
        remoteEndpoints = RemoteEndpoint.all(in: cluster, assignment, beside: node)
        let objects = node.flatMap { cluster.nodes[$0]?.objects } ?? cluster.host
        result = CompiledNode(objects.nodeState(for: facts.name))
    }

    mutating func run() {
        var attachments: [NetworkName: [Attachment]] = [:]
        for index in indicesHere {
            let sandbox = cluster.sandboxes[index]
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
        compileRouter()
        knowOtherRanges()
        knowNodesOnTheWay()
        compileFiles(networks: Set(attachments.keys))
        claimTheRest()
        settle()
    }

    /// Adds a link; one that is there already is stated directly, or has by chance the same shortened name.
    mutating func insert(_ link: Link, for path: String) {
        if result.state.links[link.id] != nil {
            result.problems.append(
                CompilerProblem(
                    path,
                    "its link '\(link.id)' is there already: stated directly, or another sandbox's of a name that is shortened alike",
                    hint: "give one of them another name"
                )
            )
        }
        result.state.links[link.id] = link
    }

    /// Puts settings and files in order, and finds those that are stated directly as well.
    private mutating func settle() {
        var settings: [Sysctl] = []
        for sysctl in result.state.sysctls.sorted(by: { $0.key < $1.key }) {
            guard let last = settings.last, last.key == sysctl.key else {
                settings.append(sysctl)
                continue
            }
            if last.value != sysctl.value { complainOfTwo("setting '\(sysctl.key)'", at: sysctl.key.place) }
        }
        result.state.sysctls = settings
        result.state.files.sort { $0.key < $1.key }
        for (file, next) in zip(result.state.files, result.state.files.dropFirst()) where file.key == next.key
        {
            complainOfTwo("file '\(file.key)'", at: .node)
        }
    }

    private mutating func complainOfTwo(_ what: String, at place: Place) {
        let words = place.name.map { " in namespace '\($0)'" } ?? ""
        result.problems.append(
            CompilerProblem(
                "sandboxes",
                "\(what)\(words) is stated directly, and follows otherwise from networks and sandboxes",
                hint: "leave it out where it is stated directly"
            )
        )
    }

    /// The files of the node's sandboxes, but for those that see the node's own.
    private mutating func compileFiles(networks: Set<NetworkName>) {
        let hosts = HostsFiles(cluster, assignment, on: node, networks: networks)
        let resolver = ResolverFile(cluster: cluster, assignment: assignment, node: facts.resolver)
        for index in indicesHere {
            let sandbox = cluster.sandboxes[index]
            guard let namespace = place(of: sandbox)?.name else { continue }
            let overlay = result.state.namespaces.contains(namespace) ? namespace : nil
            for name in SandboxFile.Name.allCases {
                let content: SandboxFile.Content =
                    switch name {
                    case .hosts: hosts.file(ofSandboxAt: index)
                    case .resolvConf: SandboxFile.Content(resolver.text(of: sandbox))
                    case .env: SandboxFile.Content(EnvironmentFile.text(of: sandbox, cluster, assignment))
                    }
                let key = SandboxFile.Key(name, of: sandbox.name.text)
                result.state.files.append(SandboxFile(key, namespace: overlay, content: content))
            }
        }
    }

    /// Where this node's sandboxes are among all, of which no other is touched.
    private var indicesHere: [Int] {
        cluster.sandboxes.indices.filter { cluster.sandboxes[$0].node == node }
    }

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
        claimSubnets(of: network)
        switch network.driver {
        case .bridge: compileBridge(network, members, network.mtu ?? bridgeMTU)
        case .routed(let routed): compileRouted(network, routed, members)
        case .overlay(let overlay): compileOverlay(network, overlay, members)
        case .macvlan(let macvlan): compileMacvlan(network, macvlan, members)
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
