internal import NetworkModel

/// Finds what is wrong with a cluster state, all of it.
///
/// What a value looks like by itself the reader of the document has found out; here is what values mean together.
struct ClusterChecks {
    let state: ClusterState
    let assignment: Assignment
    let membership: Membership
    let excuses: Excuses
    let nodesByAddress: [IPAddress: NodeName]
    var problems: [ClusterProblem] = []
    /// How often it still says what may be meant, and what is free: both take time, and nobody reads a thousand of them.
    private var guessCount = 200

    init(_ state: ClusterState, _ assignment: Assignment, excuses: Excuses) {
        self.state = state
        self.excuses = excuses
        self.assignment = assignment
        membership = Membership(state)
        let addresses = state.nodes.flatMap { node in node.addresses.values.map { ($0, node.name) } }
        nodesByAddress = Dictionary(addresses) { first, _ in first }
    }

    mutating func run() {
        for network in state.networks { check(network) }
        checkNodeAddresses()
        checkOverlaps()
        checkKernelNames()
        checkTunnels()
        for index in state.sandboxes.indices { checkSandbox(index) }
        for network in state.networks { checkMembers(of: network) }
        checkPublishedPorts()
        checkAssignment()
    }

    mutating func complain(
        _ place: ClusterPlace,
        _ message: String,
        other: ClusterPlace? = nil,
        hint: String? = nil
    ) {
        problems.append(ClusterProblem(place: place, message: message, other: other, hint: hint))
    }

    mutating func warn(_ place: ClusterPlace, _ message: String, hint: String? = nil) {
        problems.append(ClusterProblem(place: place, message: message, hint: hint, isWarning: true))
    }

    /// Whether what may be meant is still worth looking for.
    mutating func mayGuess() -> Bool {
        guessCount -= 1
        return guessCount >= 0
    }

    /// `did you mean 'web'?`, if one of the names is near enough.
    mutating func guess<Bearer>(_ name: Name<Bearer>, among names: some Sequence<Name<Bearer>>) -> String? {
        mayGuess() ? Nearest.question(name.text, among: names.lazy.map(\.text)) : nil
    }

    func sandbox(_ index: EndpointIndex) -> Sandbox { state.sandboxes[index.sandbox] }

    func endpoint(_ index: EndpointIndex) -> Endpoint {
        state.sandboxes[index.sandbox].endpoints[index.endpoint]
    }

    /// Where an endpoint is, or a key of it.
    func place(
        _ index: EndpointIndex,
        _ key: ClusterPlace.Key? = nil,
        _ item: ClusterPlace.Item? = nil
    )
        -> ClusterPlace
    {
        ClusterPlace(.endpoint(sandbox(index).name, index.endpoint), key, item)
    }

    /// The network that an endpoint is on, if there is such a one.
    func network(_ name: NetworkName) -> Network? {
        membership.networks[name].map { state.networks[$0] }
    }
}

extension ClusterState {
    /// Everything that is wrong with it, and what is odd, in no particular order.
    package func problems(_ assignment: Assignment, excuses: Excuses = Excuses()) -> [ClusterProblem] {
        var checks = ClusterChecks(self, assignment, excuses: excuses)
        checks.run()
        return checks.problems
    }
}

/// Who is on which network.
struct Membership {
    /// Where each node is in ``ClusterState/nodes``.
    private(set) var nodes: [NodeName: Int] = [:]
    /// Where each network is in ``ClusterState/networks``.
    private(set) var networks: [NetworkName: Int] = [:]
    /// The nodes that are stated for networks.
    private(set) var statedCarriers: [NetworkName: Set<NodeName>] = [:]
    /// The endpoints of each network, in order of their sandboxes' names; also of networks that are not there.
    private(set) var endpoints: [NetworkName: [EndpointIndex]] = [:]

    init(_ state: ClusterState) {
        for (index, node) in state.nodes.enumerated() { nodes[node.name] = index }
        for (index, network) in state.networks.enumerated() {
            networks[network.name] = index
            if let nodes = network.nodes { statedCarriers[network.name] = Set(nodes) }
        }
        for (index, sandbox) in state.sandboxes.enumerated() {
            for (place, endpoint) in sandbox.endpoints.enumerated() {
                endpoints[endpoint.network, default: []].append(
                    EndpointIndex(sandbox: index, endpoint: place)
                )
            }
        }
    }
}
