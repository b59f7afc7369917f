internal import Firewall
internal import LinuxSystem
internal import NetworkModel
internal import Planner

extension Applier {
    /// Carries out the run of firewall changes that begins at `position` in one transaction; returns the position after it.
    mutating func changeFirewall(from position: Int) throws -> Int {
        try flush()
        var orders: [FirewallOrder] = []
        var end = position
        while end < changes.count, case .firewall(let order) = changes[end].operation {
            orders.append(order)
            end += 1
        }
        let hook = hook
        let failuresBefore = failures.count
        try attempt(position) { sessions in
            try hook?.check("transaction", on: "firewall")
            try sessions.firewall().carryOut(orders.map(\.forNftables))
        }
        guard failures.count == failuresBefore else {
            // One transaction: the first stands for all.
            stranded += orders.count - 1
            return end
        }
        transactions += 1
        return end
    }
}

extension FirewallOrder {
    fileprivate var forNftables: NodeFirewall.Order {
        switch self {
        case .writeTables(let elements): .write(elements)
        case .add(_, let elements, _): .add(elements)
        case .remove(_, let elements, _): .remove(elements)
        case .deleteTables: .removeAll
        }
    }
}
