import NetworkModel

extension NodeState {
    /// The state without anything in some namespaces, or that leads there.
    func leavingOut(_ names: Set<NamespaceName>) -> NodeState {
        guard !names.isEmpty else { return self }
        func isOut(_ place: Place) -> Bool { place.name.map(names.contains) ?? false }
        var state = self
        state.links = links.filter { id, link in
            if case .veth(let peer) = link.kind, isOut(peer.place) { return false }
            return !isOut(id.place)
        }
        state.routes.removeAll { isOut($0.place) }
        state.neighbours.removeAll { state.links[$0.link] == nil }
        state.forwarding.removeAll { state.links[$0.link] == nil }
        state.sysctls.removeAll { isOut($0.key.place) }
        state.firewall?.ports = (firewall?.ports ?? [:]).filter {
            state.links[LinkID($0.key, in: .node)] != nil
        }
        return state
    }
}
