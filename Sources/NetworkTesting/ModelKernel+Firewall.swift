import NetworkModel
import Planner

extension ModelKernel {
    /// A transaction of nftables: adding what is there is no error, deleting what is not there is one.
    mutating func change(_ order: FirewallOrder) throws(Refusal) {
        switch order {
        case .writeTables(let elements, _, _):
            state.firewall = ObservedFirewall(isIntact: true, elements: Set(elements))
        case .add(_, let elements, _):
            guard state.firewall != nil else { throw Refusal("ENOENT", "no such table") }
            state.firewall?.elements.formUnion(elements)
        case .remove(_, let elements, _):
            guard let known = state.firewall?.elements, known.isSuperset(of: elements) else {
                throw Refusal("ENOENT", "no such element")
            }
            state.firewall?.elements.subtract(elements)
        case .deleteTables:
            state.firewall = nil
        }
    }
}
