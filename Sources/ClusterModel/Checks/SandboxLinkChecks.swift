internal import NetworkModel

/// Links of sandboxes to sandboxes.
extension ClusterChecks {
    mutating func checkLinks(of sandbox: Sandbox) {
        var variables: [String: Int] = [:]
        for (index, link) in sandbox.links.enumerated() {
            checkTarget(of: link, index, sandbox)
            let prefix = link.alias.variablePrefix
            guard let first = variables[prefix] else {
                variables[prefix] = index
                continue
            }
            let other = sandbox.links[first].alias
            complain(
                ClusterPlace(.sandbox(sandbox.name), .links, .index(index)),
                other == link.alias
                    ? "alias '\(link.alias)' is another link's already"
                    : "the variables of alias '\(link.alias)' would be those of '\(other)': both begin with \(prefix)_",
                other: ClusterPlace(.sandbox(sandbox.name), .links, .index(first)),
                hint: "choose another alias"
            )
        }
    }

    private mutating func checkTarget(of link: SandboxLink, _ index: Int, _ sandbox: Sandbox) {
        let place = ClusterPlace(.sandbox(sandbox.name), .links, .indexAndKey(index, "sandbox"))
        guard link.target != sandbox.name else {
            return complain(place, "a sandbox can't be linked to itself")
        }
        guard let target = state.sandboxes[link.target] else {
            guard !excuses.sandboxes.contains(link.target) else { return }
            let hint = guess(link.target, among: state.sandboxes.lazy.map(\.name))
            return complain(
                place,
                "there is no sandbox '\(link.target)'",
                hint: hint ?? "define it under 'sandboxes'"
            )
        }
        guard state.commonNetwork(of: sandbox, target) == nil else { return }
        // A network that is not there is complained of where it is named.
        let endpoints = sandbox.endpoints + target.endpoints
        guard endpoints.allSatisfy({ network($0.network) != nil }) else { return }
        let isOnBridges = endpoints.count { $0.network == Network.builtInBridgeName } == 2
        complain(
            place,
            isOnBridges
                ? "sandbox '\(target.name)' is on another node, whose network 'bridge' is its own"
                : "sandbox '\(target.name)' is on no network that '\(sandbox.name)' is on",
            other: ClusterPlace(.sandbox(target.name), isName: true),
            hint: "a link needs a network in common"
        )
    }
}

extension ClusterState {
    /// The network on which a link finds its target: the first of the sandbox's that the target is on too.
    ///
    /// Of the built-in bridge each node has its own.
    package func commonNetwork(of sandbox: Sandbox, _ target: Sandbox) -> NetworkName? {
        sandbox.endpoints.lazy.map(\.network).first { name in
            let isShared = name != Network.builtInBridgeName || sandbox.node == target.node
            return isShared && target.endpoints.contains { $0.network == name }
        }
    }
}

extension AliasName {
    /// What the variables of a link begin with: `DB` for `db`, `MY_DB` for `my-db`.
    package var variablePrefix: String { text.uppercased().replacing("-", with: "_") }
}
