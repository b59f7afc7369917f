internal import NetworkModel

/// The nodes' addresses among the ranges of the underlay.
extension ClusterChecks {
    mutating func checkNodeAddresses() {
        for family in AddressFamily.allCases {
            let ranges = state.underlay.filter { $0.family == family }
            guard !ranges.isEmpty else { continue }
            for node in state.nodes {
                guard let address = node.addresses[family] else { continue }
                check(address, of: node, in: ranges)
            }
        }
    }

    private mutating func check(_ address: IPAddress, of node: ClusterNode, in ranges: [Prefix]) {
        let place = ClusterPlace(.node(node.name), .address, .family(address.family))
        // Ranges may be within others: the smallest is the one that the node's link has.
        let range = ranges.filter { $0.contains(address) }.max { $0.length < $1.length }
        guard let range else {
            return warn(
                place,
                "\(address) is in none of the underlay's ranges",
                hint:
                    "add its range to 'underlay.subnets', for networks are kept off those, or correct the address"
            )
        }
        guard let reason = reservation(of: address, in: range) else { return }
        complain(
            place,
            "\(address) is \(reason) of \(range), a range of the underlay",
            hint: "no node can have it: correct the address, or the range under 'underlay.subnets'"
        )
    }
}
