import ClusterModel
import Document
import Glibc
import NetworkModel
import Testing

/// Laws that hold for any state and any text.
///
/// A failure names the seed; `WEFT_SEED` begins elsewhere.
@Suite struct PropertyTests {
    private var firstSeed: UInt64 { getenv("WEFT_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1 }

    @Test func loadingThePrintOfAStateGivesTheState() throws {
        for seed in firstSeed..<firstSeed + 500 {
            var generator = StateGenerator(seed: seed)
            let state = try generator.make()
            for text in [NodeStatePrinter.yaml(state), NodeStatePrinter.json(state)] {
                let said = complaints(text)
                guard said.isEmpty else {
                    Issue.record("seed \(seed): \(said)\(text)")
                    return
                }
                let read = try Document.load([Source(name: "a.yaml", text: text)]).nodeState(for: state.node)
                guard read == state else {
                    Issue.record(
                        "seed \(seed) is read otherwise: \(text)\nread: \(NodeStatePrinter.yaml(read))"
                    )
                    return
                }
                var other = state
                other.node = "other"
                #expect(
                    try Document.load([Source(name: "a.yaml", text: text)]).nodeState(for: "other") == other
                )
            }
        }
    }

    @Test func printsEqualStatesAlike() throws {
        for seed in firstSeed..<firstSeed + 100 {
            var generator = StateGenerator(seed: seed)
            let state = try generator.make()
            var other = state
            other.routes.reverse()
            other.neighbours.reverse()
            other.forwarding.reverse()
            other.sysctls.reverse()
            #expect(NodeStatePrinter.yaml(state) == NodeStatePrinter.yaml(other))
        }
    }

    /// Documents that are changed at random are read, or complained of with a position; nothing traps.
    @Test func survivesMutations() throws {
        let texts = Files.documents(in: "Good").compactMap { Files.read("Good/\($0).yaml") }
        let bad = Files.documents(in: "Bad").compactMap { Files.read("Bad/\($0).yaml") }
        var random = SeededGenerator(seed: firstSeed)
        let count = getenv("WEFT_MUTATIONS").flatMap { Int(String(cString: $0)) } ?? 20_000
        var loaded = 0
        for round in 0..<count {
            var bytes = (round % 4 == 0 ? bad : texts).randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, texts, &random) }
            do throws(DocumentErrors) {
                let state = try Document.load([Source(name: "a.yaml", bytes: bytes)])
                loaded += 1
                _ = NodeStatePrinter.yaml(
                    try state.nodeState(for: state.cluster.nodes.first?.name.text ?? "n1")
                )
            } catch {
                for complaint in error.complaints {
                    let isPlaced = complaint.line > 0 && complaint.column > 0 && complaint.file == "a.yaml"
                    guard isPlaced, !complaint.message.isEmpty, !complaint.message.contains("\n") else {
                        Issue.record(
                            "round \(round): \(complaint): \(String(decoding: bytes, as: UTF8.self))"
                        )
                        return
                    }
                }
                #expect(error.complaints.map(\.line) == error.complaints.map(\.line).sorted())
            }
        }
        #expect(loaded > 0 && loaded < count)
    }

    /// Pieces of documents that are likely to matter.
    private static let pieces = [
        "type: veth", "peer: { name: x }", "&a ", "*a", "<<: ", "!!str ", "null", "~", "\"", "'", "[", "]",
        "{", "}", ": ", ",", "- ",
        "\n", "  ", "\t", "#", "|\n", ">\n", "---\n", "...\n", "%YAML 1.1\n", "0x", "-1",
        "99999999999999999999", "::", "/33", "\u{0}",
        "default", "lab1", "br9", "master: br9", "parent: br9", "dev: vx9", "? ", "\u{feff}", "\u{2028}",
        "weft: 1\n", "nodes:\n", "node:\n",
    ]

    private func mutate(_ bytes: inout [UInt8], _ texts: [[UInt8]], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0...6, using: &random) {
        case 0 where !bytes.isEmpty:
            bytes[min(place, bytes.count - 1)] = UInt8.random(in: 0...255, using: &random)
        case 1 where !bytes.isEmpty:
            bytes[min(place, bytes.count - 1)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...12, using: &random)))
        case 3:
            let end = min(bytes.count, place + Int.random(in: 1...80, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 4:
            let other = texts.randomElement(using: &random) ?? []
            let start = Int.random(in: 0...other.count, using: &random)
            bytes.insert(contentsOf: other[start..<min(other.count, start + 40)], at: place)
        default:
            bytes.insert(contentsOf: (Self.pieces.randomElement(using: &random) ?? "").utf8, at: place)
        }
    }
}
