package import NetworkModel

/// What others put on Weft's own links of a throw-away node, and what of it must still be there afterwards.
///
/// ``ForeignWorld`` stands beside Weft's objects; this stands on them.
package struct ForeignGuests {
    private let node: ThrowAwayNode
    /// An address of theirs on each link, by the link's interface index.
    private var addresses: [LinkID: (index: Int, address: String)] = [:]

    package init(on node: ThrowAwayNode) {
        self.node = node
    }

    /// Puts an IPv4 address beside those that a state gives to each of some links, of the same prefix where there is one:
    /// a secondary one, which the kernel would drop with its primary.
    ///
    /// - Parameters:
    ///   - state: What the node holds of Weft's.
    ///   - host: The last byte of the addresses; no address of a state's has it.
    /// - Throws: What `ip` refused.
    package mutating func settle(beside state: NodeState, host: UInt32) throws {
        for link in state.links.values.sorted(by: { $0.id < $1.id }) {
            let own = link.addresses.first { $0.address.family == .ipv4 && $0.prefixLength == 24 }
            guard let own else { continue }
            let bits = UInt32(truncatingIfNeeded: own.prefix.address.low) + host
            let value = InterfaceAddress(IPAddress(ipv4: bits), prefixLength: 24)
            let place = link.id.place.name?.text ?? node.name
            try Command(
                [
                    "ip", "-n", place, "addr", "add", "\(value)", "dev", link.id.name.text, "scope",
                    own.scope.rawValue,
                ]
            ).output()
            addresses[link.id] = (try index(of: link.id), "\(value.address)")
        }
    }

    /// The addresses that are gone although the link is the one that they were put on.
    ///
    /// Those of a link that is gone, or was made anew, are forgotten: a later one may get its index.
    package mutating func missing() throws -> [String] {
        var lost: [String] = []
        for (id, guest) in addresses.sorted(by: { $0.key < $1.key }) {
            guard try index(of: id) == guest.index else {
                addresses[id] = nil
                continue
            }
            let place = id.place.name?.text ?? node.name
            let shown = try JSON(
                text: Command(["ip", "-json", "-n", place, "-4", "addr", "show", "dev", id.name.text])
                    .output()
            )
            let present = shown[0]["addr_info"].elements.compactMap { $0["local"].string }
            if !present.contains(guest.address) { lost.append("\(guest.address) on \(id)") }
        }
        return lost
    }

    /// How many there are.
    package var count: Int { addresses.count }

    /// The index of a link; 0 if there is none.
    private func index(of id: LinkID) throws -> Int {
        let place = id.place.name?.text ?? node.name
        let answer = try Command(["ip", "-json", "-n", place, "link", "show", "dev", id.name.text]).result()
        return answer.status == 0 ? try JSON(text: answer.output)[0]["ifindex"].int ?? 0 : 0
    }
}
