/// Numbered slots in a circle, of which some are taken: 2^n of them, up to 2^64.
///
/// Whoever comes takes the first free slot from a candidate on. That is linear probing, but a run of taken slots is
/// stepped over at once, so that nearly full pools cost no more than empty ones.
struct SlotTable {
    /// The number of slots less 1: all bits that a slot's number may have.
    let mask: UInt64
    /// For each taken slot one behind it, before which all are taken.
    private var next: [UInt64: UInt64] = [:]

    /// A table of 2^`bits` slots.
    init(bits: UInt8, minimumCapacity: Int = 0) {
        mask = bits >= 64 ? .max : 1 << UInt64(bits) - 1
        next.reserveCapacity(minimumCapacity)
    }

    /// How many are free; no more than `Int.max`.
    var freeCount: Int {
        mask >= UInt64(Int.max) ? Int.max : Int(mask) + 1 - next.count
    }

    /// Takes a slot if it is free.
    @discardableResult
    mutating func occupy(_ slot: UInt64) -> Bool {
        guard next[slot] == nil else { return false }
        next[slot] = (slot &+ 1) & mask
        return true
    }

    /// Takes the first free slot from `candidate` on; `nil` if all are taken.
    mutating func take(from candidate: UInt64) -> UInt64? {
        guard freeCount > 0 else { return nil }
        var free = candidate & mask
        while let behind = next[free] { free = behind }
        // Whoever comes this way again goes straight there.
        var step = candidate & mask
        while let behind = next[step] {
            next[step] = free
            step = behind
        }
        next[free] = (free &+ 1) & mask
        return free
    }
}
