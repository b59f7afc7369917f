internal import NetworkModel

/// The addresses that endpoints may be given, and who has them.
struct AddressPool {
    /// The range, of which the first 2^64 addresses are given.
    let range: Prefix
    private var slots: SlotTable
    private var holders: [UInt64: EndpointIndex] = [:]

    init(_ range: Prefix, minimumCapacity: Int) {
        self.range = range
        slots = SlotTable(bits: range.hostBits, minimumCapacity: minimumCapacity)
    }

    /// How many addresses are left; no more than `Int.max`.
    var freeCount: Int { slots.freeCount }

    /// Takes an address out that nobody may be given.
    mutating func exclude(_ address: IPAddress) {
        if let slot = slot(of: address) { slots.occupy(slot) }
    }

    /// Gives an endpoint the address that is stated for it.
    mutating func claim(_ address: IPAddress, for endpoint: EndpointIndex) {
        if let slot = slot(of: address), slots.occupy(slot) { holders[slot] = endpoint }
    }

    /// What an endpoint was given.
    struct Gift {
        var address: IPAddress
        /// The address that its hash says.
        var candidate: IPAddress
        /// Who has the candidate, if an endpoint has.
        var holder: EndpointIndex?
    }

    /// Gives an endpoint the first free address from the one on that a hash says; `nil` if none is left.
    mutating func give(to endpoint: EndpointIndex, hash: UInt64) -> Gift? {
        let candidate = hash & slots.mask
        guard let slot = slots.take(from: candidate) else { return nil }
        holders[slot] = endpoint
        return Gift(
            address: range.address(at: UInt128(slot)),
            candidate: range.address(at: UInt128(candidate)),
            holder: holders[candidate]
        )
    }

    private func slot(of address: IPAddress) -> UInt64? {
        guard range.contains(address) else { return nil }
        let offset = address.number - range.address.number
        return offset > UInt128(slots.mask) ? nil : UInt64(truncatingIfNeeded: offset)
    }
}
