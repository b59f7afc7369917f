import NetworkModel
import NetworkTesting
import Testing

/// Texts in pieces, beside the same texts as plain arrays.
@Suite("The content of a file")
struct SandboxFileContentTests {
    private typealias Content = SandboxFile.Content

    /// A text of few different bytes, so that much is the same, cut at random.
    private func content(_ bytes: [UInt8], _ random: inout SeededGenerator) -> Content {
        var content = Content()
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...max(1, min(40, rest.count)), using: &random)
            content.append(Array(rest.prefix(count))[...])
            rest = rest.dropFirst(count)
        }
        return content
    }

    private func bytes(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0...120, using: &random)).map { _ in UInt8.random(in: 97...98, using: &random) }
    }

    /// Another text that shares beginning and end with the first.
    private func altered(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        let places = (0..<2).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
        let middle = self.bytes(&random).prefix(Int.random(in: 0...20, using: &random))
        return Array(bytes[..<places[0]]) + middle + bytes[places[1]...]
    }

    @Test("is compared as the bytes are, whatever pieces they are in", arguments: UInt64(0)..<200)
    func compares(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let first = bytes(&random)
        let second = Bool.random(using: &random) ? altered(first, &random) : bytes(&random)
        let (left, right) = (content(first, &random), content(second, &random))
        #expect((left == right) == (first == second))
        #expect(left == content(first, &random))
        let prefix = zip(first, second).prefix { $0 == $1 }.count
        #expect(left.commonPrefix(with: right) == prefix)
        let limit = min(first.count, second.count) - prefix
        let suffix = zip(first.reversed(), second.reversed()).prefix { $0 == $1 }.count
        #expect(left.commonSuffix(with: right, atMost: limit) == min(limit, suffix))
    }

    @Test("is what it was made of, although it shares what it can with another", arguments: UInt64(0)..<200)
    func shares(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let first = bytes(&random)
        let second = altered(first, &random)
        let other = content(first, &random)
        let shared = Content(second, sharing: other)
        #expect(shared.bytes == second)
        #expect(shared.count == second.count)
        #expect(shared == Content(second))
        #expect((shared == other) == (first == second))
        for _ in 0..<4 {
            let ends = (0..<2).map { _ in Int.random(in: 0...second.count, using: &random) }.sorted()
            #expect(shared[ends[0]..<ends[1]].bytes == Array(second[ends[0]..<ends[1]]))
        }
        for (offset, byte) in second.enumerated() { #expect(shared[offset] == byte) }
    }

    @Test("keeps nothing of its own but what differs")
    func keepsLittle() {
        let lines = (0..<1000).map { "10.0.\($0 / 250).\($0 % 250)\tname-\($0)\n" }
        let before = Content(Array(lines.joined().utf8))
        var changed = lines
        changed[500] = "10.0.2.0\tanother\n"
        let after = Content(Array(changed.joined().utf8), sharing: before)
        #expect(after.bytes == Array(changed.joined().utf8))
        let own = after.pieces.filter { piece in
            !before.pieces.contains { whole in
                whole.withUnsafeBytes { all in
                    piece.withUnsafeBytes { part in
                        guard let start = all.baseAddress, let own = part.baseAddress else { return true }
                        return own >= start && own < start + all.count
                    }
                }
            }
        }
        #expect(own.reduce(0) { $0 + $1.count } <= 16)
    }
}
