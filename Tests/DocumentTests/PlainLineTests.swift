import Glibc
import NetworkTesting
import Testing

@testable import Document

/// Long lists and mappings are read without libyaml: nobody may see a difference.
@Suite struct PlainLineTests {
    private var firstSeed: UInt64 { getenv("WEFT_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1 }

    /// Whatever is read, it is what libyaml alone makes of it: the same values at the same places, or the same complaint.
    @Test func readsWhatLibyamlReads() {
        var spared = 0
        var refused = 0
        for seed in firstSeed..<firstSeed + 3000 {
            var random = SeededGenerator(seed: seed)
            let text = Self.text(&random)
            let alone = Reading(text, readsPlainLines: false)
            let abridged = Reading(text, readsPlainLines: true)
            guard alone.values == abridged.values, alone.complaint == abridged.complaint else {
                Issue.record("seed \(seed) is read otherwise: \(String(decoding: text, as: UTF8.self))")
                return
            }
            if alone.complaint != nil { refused += 1 }
            // Whole lines are kept of those that libyaml is spared, else only what the scalars say.
            if alone.textLength != abridged.textLength { spared += 1 }
        }
        #expect(spared > 500, "libyaml read nearly everything: nothing was compared")
        #expect(refused > 300)
    }

    @Test func sparesLibyamlAllButTheFirstEntryOfARun() {
        let lines = (0..<100).map { "  s\($0): { node: n1, endpoints: [{ network: a, aliases: [b, c] }] }\n" }
        let text = AbridgedText(Array(("sandboxes:\n" + lines.joined() + "nodes: {}\n").utf8))
        #expect(text.runs.map(\.lineCount) == [99])
        #expect(text.runs.map(\.valueCount) == [99 * 13])
        #expect(String(decoding: text.bytes, as: UTF8.self) == "sandboxes:\n\(lines[0])nodes: {}\n")
    }

    /// In braces the lines of a run would be no entries, for there are no commas.
    @Test func refusesEntriesInBraces() {
        let lines = (0..<20).map { "  s\($0): { node: n1 }\n" }.joined()
        let text = Array("sandboxes: {\n\(lines)}\n".utf8)
        #expect(!AbridgedText(text).runs.isEmpty)
        #expect(Reading(text, readsPlainLines: true).complaint != nil)
    }

    private static func expectSame(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let alone = Reading(Array(text.utf8), readsPlainLines: false)
        let abridged = Reading(Array(text.utf8), readsPlainLines: true)
        #expect(alone.values == abridged.values, sourceLocation: sourceLocation)
        #expect(alone.complaint == abridged.complaint, sourceLocation: sourceLocation)
    }

    /// libyaml takes no key that is longer than 1,024 characters with what is before it on its line.
    @Test(arguments: [900, 1023, 1024, 1025, 1100, 3000])
    func leavesLongKeysToLibyaml(length: Int) {
        let key = String(repeating: "k", count: length)
        let lines = (0..<20).map { "  s\($0): { \($0 == 10 ? key : "k"): v }\n" }.joined()
        Self.expectSame("sandboxes:\n" + lines)
        Self.expectSame("sandboxes:\n" + lines.replacing("  s10: { \(key)", with: "  \(key): { k"))
    }

    /// As for lists of one line.
    @Test func countsValuesOfLines() {
        let values = Array(repeating: "b", count: 300).joined(separator: ", ")
        let lines = String(repeating: "- { a: [\(values)] }\n", count: 13_300)
        let abridged = Reading(Array(lines.utf8), readsPlainLines: true)
        #expect(abridged.complaint?.contains("more than 4000000 values") == true)
    }

    /// Values may be nested a hundred levels deep, those that libyaml does not see too.
    @Test(arguments: 76..<102, [3, 14, 15, 16, 17, 20])
    func countsLevels(depth: Int, width: Int) {
        let opening = (0..<depth).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        let indent = String(repeating: " ", count: depth)
        let deep = String(repeating: "[", count: width) + "b" + String(repeating: "]", count: width)
        let lines = (0..<20).map { "\(indent)s\($0): { a: \($0 == 0 ? "b" : deep) }\n" }.joined()
        Self.expectSame(opening + lines)
    }

    @Test func sparesLibyamlAllButTheFirstItemOfARun() {
        let lines = (0..<100).map { "    - { to: 10.8.\($0).0/24, via: 10.9.0.1, dev: \"br9\" }\n" }
        let text = AbridgedText(
            Array(("# ü\nweft: 1\nnode:\n  routes:\n" + lines.joined() + "  fdb: []\n").utf8)
        )
        #expect(text.runs.map(\.lineCount) == [99])
        #expect(text.runs.map(\.valueCount) == [99 * 7])
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == "# ü\nweft: 1\nnode:\n  routes:\n\(lines[0])  fdb: []\n"
        )
    }

    // MARK: Texts

    private static let places = [
        "node:\n  routes:\n", "routes:\n", "sandboxes:\n", "sandboxes: &a\n", "a: &a\n", "# ü\nö: ä\nlist:\n",
        "node:\n  routes:\n  ", "- 1\n",
        "", "? x\n:\n", "- - 1\n",
        "weft: 1\n---\n", "a: !!seq\n", "\u{feff}list:\n", "a: |\n", "a: \"\n", "a: b\n", "a: [\n",
        "a: 1\r\nb:\r\n", "{\n", "a: '\n", "a: \u{2028}b\nlist:\n", "%YAML 1.1\n---\n", "a: b:\n",
    ]
    private static let separators = [
        "", "", "    # comment\n", "\n", "# comment\n", "other:\n", "  other:\n", "]\n", "\"\n", "'\n",
        "b: *a\n", "...\n", "---\n", "}\n",
    ]
    private static let keys = ["to", "via", "dev", "a_b", "x1", "y", "no", "NULL", "a-b", "a.b"]
    private static let values = [
        "10.8.0.0/16", "\"02:00:00:00:00:07\"", "br9", "true", "1024", "fd00::1", "fd00::/64", "'single'",
        "\"\"", "\"a b\"",
        "null", "default", "2222:22", "a/b.c-d_e",
    ]
    private static let oddities = [
        "fd00::", "a b", "\"x\\ty\"", "'it''s'", "\"it's\"", "&a b", "*a", "!!str b", "~", "[1]", "{ b: c }",
        "<<", "-1", "",
        "\"ü\"", "ü", "a\tb", "a # b", "a,", "\"a", "a:", "::1", "\"a\"b", "a}", "@a", "\u{7f}", "- a",
    ]

    private static func text(_ random: inout SeededGenerator) -> [UInt8] {
        let isLikelyGood = Bool.random(using: &random)
        let places = isLikelyGood ? Array(places.prefix(6)) : places
        let separators = isLikelyGood ? Array(separators.prefix(4)) : separators
        var text = places.randomElement(using: &random) ?? ""
        let usual = Int.random(in: 2...4, using: &random)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let width = isLikelyGood ? usual : Int.random(in: 0...4, using: &random)
            let indent = String(repeating: " ", count: width)
            let count = Int.random(in: 0...20, using: &random)
            let isList = Bool.random(using: &random)
            let odd = Int.random(in: 0..<6, using: &random) == 0 ? Int.random(in: 0...20, using: &random) : -1
            for number in 0..<count {
                // Now and then the other kind is among them.
                let isItem = isList != (isLikelyGood ? false : Int.random(in: 0..<60, using: &random) == 0)
                let beginning = isItem ? "- " : "\(names.randomElement(using: &random) ?? "")\(number): "
                text += line(indent + beginning, isOdd: number == odd, &random)
            }
            text += separators.randomElement(using: &random) ?? ""
        }
        if Int.random(in: 0..<8, using: &random) == 0 { text.removeLast(min(text.count, 1)) }
        return Array(text.utf8)
    }

    private static let names = ["s", "web-", "a_b", "a.b", "7", "X/", "no"]

    private static func line(_ beginning: String, isOdd: Bool, _ random: inout SeededGenerator) -> String {
        let item = beginning + mapping(isOdd: isOdd, depth: 0, &random)
        guard isOdd, Bool.random(using: &random) else { return item + "\n" }
        let endings = [" \n", " # c\n", "\r\n", "\n\n", "\t\n", ": b\n", ", c\n", "\n ", "\u{85}", "x\n"]
        return item + (endings.randomElement(using: &random) ?? "")
    }

    private static func mapping(isOdd: Bool, depth: Int, _ random: inout SeededGenerator) -> String {
        let count = Int.random(in: 1...4, using: &random)
        let odd = isOdd ? Int.random(in: 0..<count, using: &random) : -1
        let entries = (0..<count).map { number in
            "\(keys.randomElement(using: &random) ?? ""): \(value(isOdd: number == odd, depth: depth, &random))"
        }
        return enclosed("{", entries, "}", &random)
    }

    private static func value(isOdd: Bool, depth: Int, _ random: inout SeededGenerator) -> String {
        if depth < 3, Int.random(in: 0..<8, using: &random) == 0 {
            return mapping(isOdd: isOdd, depth: depth + 1, &random)
        }
        if depth < 3, Int.random(in: 0..<6, using: &random) == 0 {
            let count = Int.random(in: isOdd ? 0...3 : 1...3, using: &random)
            let items = (0..<count).map {
                value(isOdd: isOdd && $0 == count - 1, depth: depth + 1, &random)
            }
            return enclosed("[", items, "]", &random)
        }
        return (isOdd ? oddities : values).randomElement(using: &random) ?? ""
    }

    private static func enclosed(
        _ opening: String,
        _ parts: [String],
        _ closing: String,
        _ random: inout SeededGenerator
    ) -> String {
        let space = ["", " ", " ", "  "].randomElement(using: &random) ?? ""
        let comma = [",", ", ", ", ", " , "].randomElement(using: &random) ?? ""
        return opening + space + parts.joined(separator: comma) + space + closing
    }
}
