package import NetworkModel
import Planner

extension ModelKernel {
    /// A transaction of nftables: adding what is there is no error, deleting what is not there is one.
    mutating func change(_ order: FirewallOrder) throws(Refusal) {
        switch order {
        case .writeTables(let elements, _, _):
            state.firewall = ObservedFirewall(isIntact: true, elements: Set(elements))
        case .add(_, let elements, _):
            guard let known = state.firewall?.elements else { throw Refusal("ENOENT", "no such table") }
            for element in elements {
                guard !known.contains(where: { $0 != element && $0.isRange(overlapping: element) }) else {
                    throw Refusal("EEXIST", "a range of the set shares addresses with it")
                }
            }
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

    /// Does to Weft's tables what anybody with the right to it can do.
    package mutating func alterFirewall(_ change: (inout ObservedFirewall?) -> Void) {
        change(&state.firewall)
    }
}

extension FirewallElement {
    /// True for two elements of one interval set that share addresses.
    fileprivate func isRange(overlapping other: FirewallElement) -> Bool {
        switch (self, other) {
        case (.subnet(let name, let prefix), .subnet(let otherName, let second)),
            (.part(let name, let prefix), .part(let otherName, let second)):
            name == otherName && prefix.overlaps(second)
        case (.range(let prefix), .range(let second)): prefix.overlaps(second)
        default: false
        }
    }
}
