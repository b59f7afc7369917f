package import NetworkModel

/// Makes up states that a kernel can hold, and changes them a little, the same way for the same seed.
///
/// What is drawn first need not be possible; ``StateRules`` then takes out what is not, and says why.
package struct StateGenerator: Sendable {
    package let pools: StatePools
    package var random: SeededGenerator

    package init(_ pools: StatePools, seed: UInt64) {
        self.pools = pools
        random = SeededGenerator(seed: seed)
    }

    // MARK: Whole states

    /// A state with something of everything.
    package mutating func state() -> NodeState {
        var state = NodeState(node: pools.node)
        for name in pools.namespaces where chance(80) { state.namespaces.insert(name) }
        for slot in pools.slots.shuffled(using: &random) where chance(75) { add(slot, to: &state) }
        for id in state.links.keys.sorted() {
            for _ in 0..<Int.random(in: 0...3, using: &random) { addAddress(to: id, of: &state) }
        }
        for _ in 0..<Int.random(in: 10...30, using: &random) { addRoute(to: &state) }
        for _ in 0..<Int.random(in: 4...12, using: &random) { addNeighbour(to: &state) }
        for _ in 0..<Int.random(in: 8...24, using: &random) { addForwarding(to: &state) }
        for _ in 0..<Int.random(in: 2...8, using: &random) { addSysctl(to: &state) }
        if chance(80) { state.firewall = .drawn(for: state, using: &random) }
        return StateRules(pools).possible(state)
    }

    /// The state with a few things changed: added, altered or taken away.
    package mutating func mutate(_ state: NodeState) -> NodeState {
        var changed = state
        for _ in 0..<Int.random(in: 4...14, using: &random) { mutateOnce(&changed) }
        return StateRules(pools).possible(changed)
    }

    private mutating func mutateOnce(_ state: inout NodeState) {
        switch Int.random(in: 0..<15, using: &random) {
        case 0: toggleNamespace(of: &state)
        case 1: toggleSlot(of: &state)
        case 2, 3, 4:
            guard let id = element(state.links.keys.sorted()), var link = state.links[id] else { return }
            changeOne(&link)
            state.links[id] = link
        case 5:
            guard let id = element(state.links.keys.sorted()) else { return }
            mutateAddress(of: id, &state)
        case 6, 7: mutateRoute(of: &state)
        case 8: mutateNeighbour(of: &state)
        case 9, 10: mutateForwarding(of: &state)
        case 11, 12, 13: state.firewall = .altered(in: state, using: &random)
        default: mutateSysctl(of: &state)
        }
    }

    private mutating func toggleNamespace(of state: inout NodeState) {
        guard let name = element(pools.namespaces) else { return }
        if state.namespaces.remove(name) == nil { state.namespaces.insert(name) }
    }

    private mutating func toggleSlot(of state: inout NodeState) {
        guard let slot = element(pools.slots) else { return }
        if slot.ids.allSatisfy({ state.links[$0] == nil }) {
            add(slot, to: &state)
        } else {
            for id in slot.ids { state.links[id] = nil }
            // Now and then another one of that name comes instead.
            if chance(40), let other = element(pools.slots.filter { !Set($0.ids).isDisjoint(with: slot.ids) })
            {
                add(other, to: &state)
            }
        }
    }

    // MARK: Drawing

    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    package mutating func element<Element>(_ list: [Element]) -> Element? {
        list.randomElement(using: &random)
    }

    package mutating func one<Element>(_ first: Element, _ others: Element...) -> Element {
        ([first] + others).randomElement(using: &random) ?? first
    }
}
