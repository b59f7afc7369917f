/// In which order things are by their names, no two with one name.
///
/// Most names differ in their first sixteen bytes: two numbers are compared in a tenth of the time of two texts.
@usableFromInline
struct NameOrder {
    /// The places of the things, in order of name, of several with one name that of the first; `nil`: they are in order as
    /// they are.
    @usableFromInline let places: [Int]?

    private struct Entry {
        let high: UInt64
        let low: UInt64
        let place: Int
    }

    @usableFromInline
    init(_ names: [String]) {
        let entries = names.enumerated().map { place, name in
            let words = Self.firstBytes(of: name)
            return Entry(high: words.high, low: words.low, place: place)
        }
        /// What is known of the order of two by their first bytes; `nil`: they are the same.
        func isBefore(_ left: Entry, _ right: Entry) -> Bool? {
            if left.high != right.high { return left.high < right.high }
            if left.low != right.low { return left.low < right.low }
            return names[left.place] == names[right.place] ? nil : names[left.place] < names[right.place]
        }
        guard !zip(entries, entries.dropFirst()).allSatisfy({ isBefore($0, $1) == true }) else {
            places = nil
            return
        }
        let sorted = entries.sorted { isBefore($0, $1) ?? ($0.place < $1.place) }
        var places: [Int] = []
        places.reserveCapacity(sorted.count)
        for entry in sorted where places.last.map({ names[$0] != names[entry.place] }) ?? true {
            places.append(entry.place)
        }
        self.places = places
    }

    /// The first sixteen bytes of a name, zeros behind it, the first one highest.
    private static func firstBytes(of name: String) -> (high: UInt64, low: UInt64) {
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for (offset, byte) in name.utf8.prefix(16).enumerated() {
            if offset < 8 {
                words.high |= UInt64(byte) << UInt64(56 - 8 * offset)
            } else {
                words.low |= UInt64(byte) << UInt64(120 - 8 * offset)
            }
        }
        return words
    }
}
