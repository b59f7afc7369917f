/// Finds ranges that nobody has.
package struct FreeRanges: Sendable {
    /// What somebody has: first and last address, in order, none touching another.
    private var taken: [(first: UInt128, last: UInt128)] = []
    private let family: AddressFamily

    package init(taken prefixes: some Sequence<Prefix>, _ family: AddressFamily) {
        self.family = family
        for prefix in prefixes.filter({ $0.family == family }).sorted() {
            let (first, last) = (prefix.address.number, prefix.last.number)
            guard let before = taken.indices.last, first <= taken[before].last else {
                taken.append((first, last))
                continue
            }
            taken[before].last = max(taken[before].last, last)
        }
    }

    /// The ranges that are for everybody's own use (RFC 1918, RFC 4193).
    private static func own(_ family: AddressFamily) -> [Prefix] {
        switch family {
        case .ipv4:
            [
                Prefix(containing: IPAddress(ipv4: 0x0a00_0000), length: 8),
                Prefix(containing: IPAddress(ipv4: 0xac10_0000), length: 12),
                Prefix(containing: IPAddress(ipv4: 0xc0a8_0000), length: 16),
            ]
        case .ipv6: [Prefix(containing: IPAddress(ipv6High: 0xfd00 << 48, low: 0), length: 8)]
        }
    }

    /// A free range as large as `prefix`, the next one behind it if there is any; it counts as taken from then on.
    package mutating func take(like prefix: Prefix) -> Prefix? {
        let blocks = Self.own(family)
        let home = blocks.first { $0.contains(prefix.address) && $0.length <= prefix.length }
        let starts =
            (home.map { [($0, prefix.address)] } ?? []) + blocks.map { ($0, $0.address) }
        for (block, start) in starts where block.length <= prefix.length {
            guard let free = free(prefix.length, from: start, in: block) else { continue }
            take(free)
            return free
        }
        return nil
    }

    private func free(_ length: UInt8, from start: IPAddress, in block: Prefix) -> Prefix? {
        var candidate = Prefix(containing: start, length: length)
        while block.contains(candidate.address) {
            guard let other = holder(of: candidate) else { return candidate }
            let behind = max(taken[other].last, candidate.last.number)
            guard behind < IPAddress.largest(family) else { return nil }
            candidate = Prefix(
                containing: IPAddress(number: behind + 1, family: family),
                length: length
            )
            // What began within the last one taken begins behind it.
            if candidate.address.number <= behind {
                guard candidate.last.number < IPAddress.largest(family) else { return nil }
                candidate = Prefix(
                    containing: IPAddress(number: candidate.last.number + 1, family: family),
                    length: length
                )
            }
        }
        return nil
    }

    /// Which of the taken ranges shares an address with `prefix`.
    private func holder(of prefix: Prefix) -> Int? {
        let index = behind(prefix.last.number)
        guard index > 0, taken[index - 1].last >= prefix.address.number else { return nil }
        return index - 1
    }

    /// The first of the taken ranges that begins behind an address.
    private func behind(_ number: UInt128) -> Int {
        var (low, high) = (0, taken.count)
        while low < high {
            let middle = (low + high) / 2
            if taken[middle].first <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func take(_ prefix: Prefix) {
        taken.insert(
            (prefix.address.number, prefix.last.number),
            at: behind(prefix.address.number)
        )
    }
}

extension IPAddress {
    /// The number of a family's last address.
    package static func largest(_ family: AddressFamily) -> UInt128 {
        switch family {
        case .ipv4: UInt128(UInt32.max)
        case .ipv6: .max
        }
    }
}
