import NetworkModel

/// Something that the kernel knows by a key.
protocol Keyed {
    associatedtype Key: Hashable
    var key: Key { get }
}

/// Finds the elements of an array by key: a hash table of positions, which are all it holds.
///
/// A dictionary would hold the keys once more, which for a hundred thousand routes costs more time than the comparing.
struct KeyIndex<Element: Keyed> {
    let elements: [Element]
    /// A position each, or -1; as many as a power of two, at most half of them taken.
    private let slots: [Int32]

    init(_ elements: [Element]) {
        self.elements = elements
        guard !elements.isEmpty else {
            slots = []
            return
        }
        var capacity = 4
        while capacity < elements.count * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        // Through the buffer, lest every element be copied to look at its key.
        elements.withUnsafeBufferPointer { elements in
            for position in elements.indices {
                var slot = Self.slot(of: elements[position].key, among: capacity)
                while slots[slot] >= 0 { slot = (slot + 1) & (capacity - 1) }
                slots[slot] = Int32(position)
            }
        }
        self.slots = slots
    }

    /// Calls `body` with the position of each element of the key, in order.
    func forEach(_ key: Element.Key, _ body: (Int) -> Void) {
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

    private static func slot(of key: Element.Key, among capacity: Int) -> Int {
        key.hashValue & (capacity - 1)
    }
}

extension ObservedRoute: Keyed {
    var key: Route.Key { value.key }
}

extension ObservedNeighbour: Keyed {
    var key: Neighbour.Key { value.key }
}
