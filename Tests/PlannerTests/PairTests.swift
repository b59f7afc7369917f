import NetworkModel
import NetworkTesting
import Planner
import Testing

/// The two ends of a pair share their fate.
@Suite("Pairs")
struct PairTests {
    private func pair(_ near: LinkID, _ far: LinkID) -> [LinkID: Link] {
        let mac = MACAddress(bits: 0x0200_0000_0001)
        return [
            near: Link(near, kind: .veth(peer: far), mac: mac, purpose: ""),
            far: Link(far, kind: .veth(peer: near), mac: mac, purpose: ""),
        ]
    }

    private func state() -> NodeState {
        var state = NodeState(node: "n")
        let names = ["a", "b", "c", "d"].compactMap { try? NamespaceName($0) }
        state.namespaces = Set(names)
        let places = names.map(Place.namespace)
        let name = PlannerStates.name
        state.links.merge(pair(LinkID(name("v0"), in: .node), LinkID(name("eth0"), in: places[0]))) { $1 }
        state.links.merge(pair(LinkID(name("e"), in: places[0]), LinkID(name("e"), in: places[1]))) { $1 }
        state.links.merge(pair(LinkID(name("e"), in: places[2]), LinkID(name("e"), in: places[3]))) { $1 }
        state.links.merge(pair(LinkID(name("f"), in: places[1]), LinkID(name("f"), in: places[2]))) { $1 }
        state.links.merge(pair(LinkID(name("g"), in: places[0]), LinkID(name("g"), in: places[3]))) { $1 }
        let address = InterfaceAddress(IPAddress(ipv4: 0x0a00_0001), prefixLength: 24)
        state.links[LinkID(name("eth0"), in: places[0])]?.addresses = [address]
        return state
    }

    @Test("no two pairs of a node have the same two indexes, by which their ends are found")
    func indexesAreUnique() throws {
        var kernel = ModelKernel()
        try kernel.carryOut(Plan(from: kernel.observed(), to: state()))
        #expect(try Plan(from: kernel.observed(), to: state()).isEmpty)
        var seen: Set<Set<Int32>> = []
        for (id, link) in state().links {
            guard case .veth(let peer) = link.kind, id < peer else { continue }
            let indexes = [kernel.link(id)?.index, kernel.link(peer)?.index].compactMap { $0 }
            #expect(indexes.count == 2 && seen.insert(Set(indexes)).inserted)
        }
    }

    @Test(
        "of a pair that comes back with the indexes it had, both ends are made anew, if only one has another"
    )
    func bothEndsAreMadeAnew() throws {
        var kernel = ModelKernel()
        try kernel.carryOut(Plan(from: kernel.observed(), to: state()))
        var wanted = NodeState(restoring: kernel.observed(), node: "n")
        let near = LinkID(PlannerStates.name("v0"), in: .node)
        wanted.links[near]?.index = 500
        let plan = try Plan(from: kernel.observed(), to: wanted, options: PlanOptions(isRollback: true))
        #expect(
            plan.changes.map(\.verb) == [.delete, .remake, .create],
            "the address of the other end goes with it"
        )
        try kernel.carryOut(plan)
        #expect(kernel.link(near)?.index == 500)
        #expect(try Plan(from: kernel.observed(), to: wanted).isEmpty)
    }
}
