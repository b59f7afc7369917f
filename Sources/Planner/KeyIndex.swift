import NetworkModel

/// Something that the kernel knows by a key.
protocol Keyed {
    associatedtype Key: Equatable
    var key: Key { get }

    /// True if `left` comes before `right` in the order in which the kernel tells things of the kind.
    static func isOrdered(_ left: Key, _ right: Key) -> Bool

    /// Takes what tells a key from others into a digest.
    static func feed(_ key: Key, into digest: inout KeyDigest)
}

/// A number that is the same for equal keys, and rarely for others.
///
/// `Hasher` withstands whoever chooses keys to collide, and takes five times as long; who chooses these is root.
struct KeyDigest {
    private(set) var value: UInt64 = 0

    mutating func feed(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        value = product.low ^ product.high
    }

    mutating func feed(_ place: Place) {
        if let name = place.name { feed(UInt64(bitPattern: Int64(name.hashValue))) }
    }

    mutating func feed(_ name: InterfaceName) {
        feed(name.high ^ name.low.byteSwapped)
    }
}

/// Finds the elements of an array by key.
///
/// What the kernel tells in order, as it does IPv4 routes, and the document has in order too, is found where the last
/// search ended: walking along both costs a fraction of looking up. What is in no order is in a hash table of positions.
/// A dictionary would hold the keys once more, which for a hundred thousand routes costs more time than the comparing.
struct KeyIndex<Element: Keyed> {
    let elements: [Element]
    /// How many of the first elements are in order, without two of one key.
    private let orderedCount: Int
    /// Of the other elements a position each, or -1; as many as a power of two, at most half of them taken.
    private let slots: [Int32]
    /// Behind the ordered element that was found last.
    private var cursor = 0

    init(_ elements: [Element]) {
        self.elements = elements
        let orderedCount = elements.withUnsafeBufferPointer { Self.orderedCount(of: $0) }
        self.orderedCount = orderedCount
        guard orderedCount < elements.count else {
            slots = []
            return
        }
        var capacity = 4
        while capacity < (elements.count - orderedCount) * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        // Through the buffer, lest every element be copied to look at its key.
        elements.withUnsafeBufferPointer { elements in
            for position in orderedCount..<elements.count {
                var slot = Self.slot(of: elements[position].key, among: capacity)
                while slots[slot] >= 0 { slot = (slot + 1) & (capacity - 1) }
                slots[slot] = Int32(position)
            }
        }
        self.slots = slots
    }

    /// Calls `body` with the position of each element of the key, in order.
    mutating func forEach(_ key: Element.Key, _ body: (Int) -> Void) {
        if let position = orderedPosition(of: key) { body(position) }
        guard !slots.isEmpty else { return }
        elements.withUnsafeBufferPointer { elements in
            var slot = Self.slot(of: key, among: slots.count)
            while slots[slot] >= 0 {
                let position = Int(slots[slot])
                if elements[position].key == key { body(position) }
                slot = (slot + 1) & (slots.count - 1)
            }
        }
    }

    private mutating func orderedPosition(of key: Element.Key) -> Int? {
        let next = cursor
        let position = elements.withUnsafeBufferPointer { elements -> Int? in
            if next < orderedCount, elements[next].key == key { return next }
            var (low, high) = (0, orderedCount)
            while low < high {
                let middle = (low + high) / 2
                if Element.isOrdered(elements[middle].key, key) { low = middle + 1 } else { high = middle }
            }
            return low < orderedCount && elements[low].key == key ? low : nil
        }
        if let position { cursor = position + 1 }
        return position
    }

    private static func orderedCount(of elements: UnsafeBufferPointer<Element>) -> Int {
        guard var last = elements.first?.key else { return 0 }
        for position in 1..<elements.count {
            let key = elements[position].key
            guard Element.isOrdered(last, key) else { return position }
            last = key
        }
        return elements.count
    }

    private static func slot(of key: Element.Key, among capacity: Int) -> Int {
        var digest = KeyDigest()
        Element.feed(key, into: &digest)
        return Int(truncatingIfNeeded: digest.value) & (capacity - 1)
    }
}

extension ObservedRoute: Keyed {
    var key: Route.Key { value.key }

    /// Kernel: `net/ipv4/fib_trie.c`, `fib_table_dump()`: of one address the longest prefix comes first.
    static func isOrdered(_ left: Route.Key, _ right: Route.Key) -> Bool {
        let (first, second) = (left.destination, right.destination)
        if left.place != right.place { return left.place < right.place }
        if first.family != second.family { return first.family < second.family }
        if left.table != right.table { return left.table < right.table }
        if first.address != second.address { return first.address < second.address }
        if first.length != second.length { return first.length > second.length }
        return left.metric < right.metric
    }

    static func feed(_ key: Route.Key, into digest: inout KeyDigest) {
        digest.feed(key.destination.address.low)
        digest.feed(key.destination.address.high ^ UInt64(key.destination.length))
        digest.feed(UInt64(key.table) << 32 | UInt64(key.metric))
        digest.feed(key.place)
    }
}

extension ObservedNeighbour: Keyed {
    var key: Neighbour.Key { value.key }

    static func isOrdered(_ left: Neighbour.Key, _ right: Neighbour.Key) -> Bool { left < right }

    static func feed(_ key: Neighbour.Key, into digest: inout KeyDigest) {
        digest.feed(key.address.low)
        digest.feed(key.address.high)
        digest.feed(key.link.name)
        digest.feed(key.link.place)
    }
}
