internal import Firewall
internal import LinuxSystem
internal import Netlink
internal import NetworkModel
internal import Planner

extension Applier {
    /// What failures are told by that are of connections, and not of the firewall's rules.
    static let connectionWords = "its connections could not be forgotten"

    /// Carries out the run of firewall changes that begins at `position`; returns the position after it.
    ///
    /// 1. Change what the rules look up, in one transaction, which also notes whose connections are to be forgotten.
    /// 2. Forget them. Not before: until the rules have changed a packet can begin one by the old ones.
    /// 3. Take the note away. If it does not come to that, the note is what the next reading finds left to do.
    mutating func changeFirewall(from position: Int) throws -> Int {
        try flush()
        var orders: [FirewallOrder] = []
        var end = position
        while end < changes.count, case .firewall(let order) = changes[end].operation {
            orders.append(order)
            end += 1
        }
        let doomed = orders.forgetting(from: position)
        guard try transact(orders.begun(forgetting: doomed.keys.sorted()), tag: position) else {
            // One transaction: the first stands for all.
            stranded += orders.count - 1
            return end
        }
        guard let first = doomed.values.map(\.tag).min() else { return end }
        if try forget(doomed, tag: first) {
            _ = try transact(orders.ended(forgetting: doomed.keys.sorted()), tag: first)
        }
        return end
    }

    /// Carries orders out, all or none; returns whether they were.
    private mutating func transact(_ orders: [NodeFirewall.Order], tag: Int) throws -> Bool {
        let (hook, failuresBefore) = (hook, failures.count)
        try attempt(tag) { sessions in
            try hook?.check("transaction", on: "firewall")
            try sessions.firewall().carryOut(orders)
        }
        guard failures.count == failuresBefore else { return false }
        transactions += 1
        return true
    }

    /// Makes the kernel forget connections.
    ///
    /// - Parameters:
    ///   - addresses: Whose, each with the change that they are forgotten for.
    ///   - tag: The change that fails if nothing can be forgotten.
    /// - Returns: Whether it did.
    /// - Throws: What ends the carrying out.
    private mutating func forget(
        _ addresses: [IPAddress: ConnectionTracking.Forgetting],
        tag: Int
    ) throws -> Bool {
        var refusals: [Refusal] = []
        do {
            try hook?.check("forget", on: "connections")
            refusals = try sessions.forgetConnections(of: addresses)
        } catch let error as SystemCallError {
            refusals = [Refusal(tag: tag, errno: error.errno)]
        } catch NetlinkTransportError.refused(let errno, let sentence) {
            refusals = [Refusal(tag: tag, errno: errno, kernelMessage: sentence)]
        } catch let error as NetlinkTransportError {
            try fail(tag, nil, "\(Self.connectionWords): \(error)")
            return false
        }
        var told: Set<Int> = []
        for refusal in refusals where told.insert(refusal.tag).inserted {
            let words = [Self.connectionWords] + (refusal.kernelMessage.map { [$0] } ?? [])
            try fail(refusal.tag, refusal.errno, words.joined(separator: ": "))
        }
        return refusals.isEmpty
    }
}

extension [FirewallOrder] {
    /// Whose connections are to be forgotten, each with the position of the change that says so.
    ///
    /// - Parameter position: The position of the first order.
    /// - Returns: The addresses.
    fileprivate func forgetting(from position: Int) -> [IPAddress: ConnectionTracking.Forgetting] {
        var all: [IPAddress: ConnectionTracking.Forgetting] = [:]
        for (index, order) in enumerated() {
            let tag = position + index
            for address in order.forgettingExceptMasqueraded where all[address] == nil {
                all[address] = .init(tag: tag, keepsMasqueraded: true)
            }
            for address in order.forgetting where all[address]?.keepsMasqueraded != false {
                all[address] = .init(tag: tag)
            }
        }
        return all
    }

    /// What is done before connections are forgotten.
    fileprivate func begun(forgetting addresses: [IPAddress]) -> [NodeFirewall.Order] {
        var all = compactMap { order -> NodeFirewall.Order? in
            switch order {
            case .writeTables(let elements, _, _): .write(elements)
            case .add(_, let elements, _): .add(elements)
            // What it notes is to stay until it is done.
            case .remove(.connections, _, _): nil
            case .remove(_, let elements, _): .remove(elements)
            // Without elements the rules concern nobody. The note can't be anywhere else.
            case .deleteTables: addresses.isEmpty ? .removeAll : .write([])
            }
        }
        if !addresses.isEmpty { all.append(.add(addresses.map { .unforgotten($0) })) }
        return all
    }

    /// What is done when connections are forgotten.
    fileprivate func ended(forgetting addresses: [IPAddress]) -> [NodeFirewall.Order] {
        let deletesTables = contains { order in
            guard case .deleteTables = order else { return false }
            return true
        }
        return [deletesTables ? .removeAll : .remove(addresses.map { .unforgotten($0) })]
    }
}
