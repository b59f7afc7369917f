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
                "\(prefix) is assigned to node '\(node)', for \(displaced.candidate) is taken: it may move when nodes come or go",
                hint: "'weft pin PATH' writes the parts of all nodes into the document, and keeps them"
            )
        }
    }

    private mutating func complain(of shortage: Shortage) {
        let network = ClusterPlace.Object.network(shortage.network)
        let pool = shortage.pool
        switch shortage.kind {
        case .addresses:
            let node = shortage.node.map { " on node '\($0)'" } ?? ""
            let range = self.network(shortage.network)?.ranges[pool.family]
            if let range, !range.overlaps(pool) {
                return complain(
                    ClusterPlace(network, .range, .family(pool.family)),
                    "no address of \(pool) is in the range, \(range), and "
                        + "\(count(shortage.needed, "endpoint"))\(node) need\(shortage.needed == 1 ? "s" : "") one",
                    hint: "leave 'range' out, or make it larger"
                )
            }
            let isRange = range != nil
            complain(
                ClusterPlace(network, isRange ? .range : .subnets, .family(pool.family)),
                "\(pool) is full\(node): \(count(shortage.available, "address", "es")) can be assigned, and "
                    + "\(count(shortage.needed, "endpoint")) need\(shortage.needed == 1 ? "s" : "") one",
                hint: hint(isRange: isRange, shortage)
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

    private func hint(isRange: Bool, _ shortage: Shortage) -> String {
        if isRange { return "make the range larger" }
        let isBridge = shortage.network == Network.builtInBridgeName
        return shortage.node == nil || isBridge ? "make the subnet larger" : "make the node's part larger"
    }

    private func count(_ number: Int, _ word: String, _ ending: String = "s") -> String {
        "\(number) \(word)\(number == 1 ? "" : ending)"
    }

    private mutating func warn(of displaced: DisplacedAddress) {
        let reason =
            displaced.holder.map { "is taken by sandbox '\(sandbox($0).name)'" } ?? "can't be assigned"
        warn(
            place(displaced.endpoint),
            "\(displaced.address) is assigned, for \(displaced.candidate) \(reason): it may move when sandboxes come or go",
            hint: "'weft pin PATH' writes it into the document, and keeps it"
        )
    }
}
