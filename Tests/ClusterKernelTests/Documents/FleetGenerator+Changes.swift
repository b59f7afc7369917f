import NetworkModel

extension FleetGenerator {
    /// What may become of a cluster.
    enum Change: String, CaseIterable {
        case nodeLost = "a node is lost"
        case nodeJoined = "a node joins"
        case moved = "a sandbox moves"
        case removed = "a sandbox is removed"
        case added = "a sandbox is added"
        case altered = "a network is altered"
    }

    /// Another document, of much the same: nodes lost and joined, sandboxes moved, removed and added, a network altered.
    ///
    /// - Parameter cluster: The one before.
    /// - Returns: The other one, and how often it has which change.
    mutating func changed(_ cluster: Cluster) -> (cluster: Cluster, changes: [Change: Int]) {
        var next = cluster
        var changes: [Change: Int] = [:]
        if next.workers.count > 2, chance(75) {
            lose(next.workers.randomElement(using: &random), from: &next)
            changes[.nodeLost] = 1
        }
        if next.sandboxes.count > 2 {
            next.sandboxes.remove(at: Int.random(in: 0..<next.sandboxes.count, using: &random))
            changes[.removed] = 1
        }
        for index in next.sandboxes.indices where chance(40) && move(index, in: &next) {
            changes[.moved, default: 0] += 1
        }
        if alterNetwork(of: &next) { changes[.altered] = 1 }
        if next.nodes.count < 5, chance(60) {
            join(&next)
            changes[.nodeJoined] = 1
        }
        if let node = next.workers.randomElement(using: &random) {
            addSandbox(on: node, to: &next)
            changes[.added] = 1
        }
        return (next, changes)
    }

    /// A node goes, and with it what can't be elsewhere; of the rest the half.
    private mutating func lose(_ node: String?, from cluster: inout Cluster) {
        guard let node else { return }
        for index in cluster.sandboxes.indices where cluster.sandboxes[index].node == node && chance(50) {
            _ = move(index, in: &cluster)
        }
        cluster.sandboxes.removeAll { $0.node == node }
        cluster.nodes.removeAll { $0.name == node }
        for index in cluster.networks.indices {
            cluster.networks[index].nodes.removeAll { $0 == node }
            guard var routed = cluster.networks[index].routed else { continue }
            routed.parts[node] = nil
            cluster.networks[index].driver = .routed(routed)
        }
    }

    /// A node that was not there before, with two sandboxes.
    private mutating func join(_ cluster: inout Cluster) {
        let highest = cluster.nodes.compactMap { Int($0.name.dropFirst()) }.max() ?? 0
        let node = node(highest + 1)
        cluster.nodes.append(node)
        for index in cluster.networks.indices {
            let network = cluster.networks[index]
            guard var routed = network.routed, !routed.parts.isEmpty else { continue }
            let number = network.name == "pods" ? 50 : 51
            routed.parts[node.name] = Self.parts(of: network.subnets, number, node.name)
            cluster.networks[index].driver = .routed(routed)
        }
        for _ in 0..<2 { addSandbox(on: node.name, to: &cluster) }
    }

    /// Moves a sandbox to another node; false if there is none on which it can be.
    private mutating func move(_ index: Int, in cluster: inout Cluster) -> Bool {
        let sandbox = cluster.sandboxes[index]
        let networks = sandbox.endpoints.compactMap { cluster.network($0.network) }
        let targets = cluster.workers.filter { node in
            node != sandbox.node && networks.allSatisfy { isOpen($0, to: node) }
        }
        guard let target = targets.randomElement(using: &random) else { return false }
        cluster.sandboxes[index].node = target
        return true
    }

    /// Turns an option of a network round; false if there is none that has such.
    private mutating func alterNetwork(of cluster: inout Cluster) -> Bool {
        let open = cluster.networks.indices.filter {
            let network = cluster.networks[$0]
            return !network.isMacvlan && !network.isIsolated && network.gateway == .unstated
        }
        guard let index = open.randomElement(using: &random) else { return false }
        let name = cluster.networks[index].name
        if case .overlay(var overlay) = cluster.networks[index].driver, chance(40) {
            overlay.floods.toggle()
            cluster.networks[index].driver = .overlay(overlay)
        } else if cluster.networks[index].isInternal || chance(50) {
            cluster.networks[index].masquerade = nil
            cluster.networks[index].isInternal.toggle()
            for place in cluster.sandboxes.indices where cluster.sandboxes[place].defaultRoute == name {
                cluster.sandboxes[place].defaultRoute = nil
            }
        } else {
            cluster.networks[index].masquerade = !(cluster.networks[index].masquerade ?? true)
        }
        return true
    }
}
