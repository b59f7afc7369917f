/// The keys of a mapping that may be spread over several files.
struct MergedFields<Key: KeySet> {
    private var entries: [[(key: Int, value: Int)]] = Array(repeating: [], count: Key.allCases.count)

    /// Where a key and its values are; of one that is not merged at most one.
    subscript(key: Key) -> [(key: Int, value: Int)] {
        get { entries[key.rawValue] }
        set { entries[key.rawValue] = newValue }
    }
}

/// A name in a mapping that may be spread over several files.
struct NamedEntry {
    var name: String
    /// Where the name stands first.
    var key: Int
    var values: [Int]
}

extension Decoder {
    /// The keys of several mappings, of one file each, that are parts of one.
    ///
    /// Of keys for which `isMerging` is true the values are put together; a second value of any other is complained of.
    mutating func merged<Key: KeySet>(
        _ mappings: [Int],
        _: Key.Type,
        known: [Attribute] = Key.index.attributes,
        isMerging: (Key) -> Bool
    ) -> MergedFields<Key> {
        var merged = MergedFields<Key>()
        for mapping in mappings {
            let fields = fields(mapping, Key.self, known: known)
            for key in fields.present {
                guard let value = fields[key] else { continue }
                if let first = merged[key].first, !isMerging(key) {
                    complainOfSecond(fields.key(key), first: first.key)
                } else {
                    merged[key].append((fields.key(key), value))
                }
            }
        }
        return merged
    }

    /// The names of several mappings that are parts of one, in order; with `isMerging` one name may be in several.
    mutating func named(_ mappings: [Int], isMerging: Bool) -> [NamedEntry] {
        var entries: [NamedEntry] = []
        var indexes: [String: Int] = [:]
        for mapping in mappings {
            var cursor = EntryCursor(mapping, in: tree)
            while let (key, value) = cursor.next(in: tree) {
                let name = tree.string(of: key)
                guard !name.isEmpty else {
                    complain(at: key, "a name is missing before ':'")
                    continue
                }
                guard let index = indexes[name] else {
                    indexes[name] = entries.count
                    entries.append(NamedEntry(name: name, key: key, values: [value]))
                    continue
                }
                let isInAnotherPart = entries[index].values.allSatisfy { $0 < mapping }
                if isMerging, isInAnotherPart {
                    entries[index].values.append(value)
                } else {
                    complainOfSecond(key, first: entries[index].key)
                }
            }
        }
        return entries
    }
}
