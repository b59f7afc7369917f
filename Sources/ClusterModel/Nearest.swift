/// Finds what a user may have meant.
package enum Nearest {
    /// The word of `words` that is nearest to `word`, if one is near enough to be meant; ties go to the first.
    package static func word(to word: String, among words: some Sequence<String>) -> String? {
        let folded = Array(fold(word))
        var best: (word: String, distance: Int)?
        for candidate in words where candidate != word {
            let limit = min(2, max(1, min(folded.count, candidate.utf8.count) / 2 - 1))
            guard abs(candidate.utf8.count - folded.count) <= limit else { continue }
            let found = distance(folded, Array(fold(candidate)))
            if found <= limit, found < best?.distance ?? .max { best = (candidate, found) }
        }
        return best?.word
    }

    /// `did you mean 'mtu'?`, if anything is near.
    package static func question(_ word: String, among words: some Sequence<String>) -> String? {
        self.word(to: word, among: words).map { "did you mean '\($0)'?" }
    }

    /// Lower case, and one sign for what joins words.
    private static func fold(_ word: String) -> some Sequence<UInt8> {
        word.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            default: byte
            }
        }
    }

    /// How many letters must be put in, taken out, replaced or swapped with their neighbour.
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...second.count)
        for row in first.indices {
            var current = [row + 1]
            for column in second.indices {
                let replaced = previous[column] + (first[row] == second[column] ? 0 : 1)
                var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
                let isSwap =
                    row > 0 && column > 0 && first[row] == second[column - 1]
                    && first[row - 1] == second[column]
                if isSwap { cost = min(cost, before[column - 1] + 1) }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[second.count]
    }
}
