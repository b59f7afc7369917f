internal import NetworkModel

/// What came of assigning.
extension ClusterChecks {
    mutating func checkAssignment() {
        for shortage in assignment.shortages { complain(of: shortage) }
        for displaced in assignment.displaced { warn(of: displaced) }
        for displaced in assignment.displacedPrefixes {
            let (network, node, prefix) = (displaced.network, displaced.node, displaced.prefix)
            warn(
                ClusterPlace(.network(network), isName: true),
                "node '\(node)' has \(prefix), for \(displaced.candidate) is another node's: it moves when nodes come or go",
                hint: "to keep it, write 'nodeSubnets: { \(node): [\(prefix)], … }'"
            )
        }
    }

    private mutating func complain(of shortage: Shortage) {
        let network = ClusterPlace.Object.network(shortage.network)
        let pool = shortage.pool
        switch shortage.kind {
        case .addresses:
            let node = shortage.node.map { " on node '\($0)'" } ?? ""
            let isRange = self.network(shortage.network)?.ranges[pool.family] != nil
            complain(
                ClusterPlace(network, isRange ? .range : .subnets, .family(pool.family)),
                "\(pool) is full\(node): \(count(shortage.available, "address", "es")) can be assigned, and "
                    + "\(count(shortage.needed, "endpoint")) need\(shortage.needed == 1 ? "s" : "") one",
                hint: isRange ? "make the range larger" : "make the subnet larger"
            )
        case .nodePrefixes(let length):
            complain(
                ClusterPlace(network, .subnets, .family(pool.family)),
                "\(pool) is full: it has \(count(shortage.available, "part")) of /\(length), and "
                    + "\(count(shortage.needed, "node")) need\(shortage.needed == 1 ? "s" : "") one",
                hint: "make the subnet larger, or the parts smaller with 'nodePrefix'"
            )
        }
    }

    private func count(_ number: Int, _ word: String, _ ending: String = "s") -> String {
        "\(number) \(word)\(number == 1 ? "" : ending)"
    }

    private mutating func warn(of displaced: DisplacedAddress) {
        let reason =
            displaced.holder.map { "is that of sandbox '\(sandbox($0).name)'" } ?? "can't be assigned"
        warn(
            place(displaced.endpoint),
            "the endpoint has \(displaced.address), for \(displaced.candidate) \(reason): it may move when sandboxes come or go",
            hint: "to keep it, write 'address: \(displaced.address)'"
        )
    }
}
