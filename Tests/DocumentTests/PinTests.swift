import ClusterModel
import Document
import Glibc
import NetworkModel
import NetworkTesting
import Testing

/// What `weft pin` makes of a document.
///
/// `WEFT_WRITE_GOLDEN=1` writes what comes out, for a person to read.
@Suite("Pinning") struct PinTests {
    private static func pin(_ text: String) throws -> String {
        let pin = try Pin([Source(name: "a.yaml", text: text)])
        return String(decoding: pin.files[0].source.bytes, as: UTF8.self)
    }

    private static func complaints(_ text: String) -> [String] {
        do throws(DocumentErrors) {
            _ = try Pin([Source(name: "a.yaml", text: text)])
            return []
        } catch {
            return error.complaints.map(\.description)
        }
    }

    private static let bridge =
        "weft: 1\nnetworks: { n: { driver: bridge, subnets: [10.1.0.0/24, \"fd00::/64\"] } }\n"

    @Test("writes addresses as the document is written", arguments: Files.documents(in: "Pins"))
    func golden(name: String) throws {
        let source = try #require(Files.text("Pins/\(name).yaml"))
        let pinned = try Self.pin(source)
        if getenv("WEFT_WRITE_GOLDEN") != nil {
            Files.write(pinned, to: "\(Files.folder)/Pins/\(name).txt")
        }
        #expect(Files.text("Pins/\(name).txt") == pinned)
    }

    @Test func thereAreGoldens() { #expect(Files.documents(in: "Pins") == ["json", "nodes", "styles"]) }

    @Test("keeps line ends, a byte order mark, and an end without a line end")
    func lineEnds() throws {
        let good = """
            weft: 1 # é
            networks: { n: { driver: bridge, subnets: 10.1.0.0/24 } }
            sandboxes:
              a:
                endpoints:
                  - network: n # é
                    aliases: [b]
                  - network: bridge
            """
        let pinned = try Self.pin(good)
        #expect(
            pinned
                == """
                weft: 1 # é
                networks: { n: { driver: bridge, subnets: 10.1.0.0/24 } }
                sandboxes:
                  a:
                    endpoints:
                      - network: n # é
                        address: ADDRESS
                        aliases: [b]
                      - network: bridge
                        address: BUILT-IN
                """.replacing("ADDRESS", with: Self.address(in: good, 0))
                .replacing("BUILT-IN", with: Self.address(in: good, 1))
        )
        let others = good.replacing("\n", with: "\r\n")
        #expect(try Self.pin(others) == pinned.replacing("\n", with: "\r\n"))
        #expect(try Self.pin("\u{feff}" + good) == "\u{feff}" + pinned)
    }

    private static func address(in text: String, _ endpoint: Int) -> String {
        let document = try? Document.load([Source(name: "a.yaml", text: text)])
        return document?.assignment[0, endpoint].addresses.ipv4?.description ?? ""
    }

    @Test("what is written down already is left alone")
    func nothingToPin() throws {
        let text =
            Self.bridge
            + "sandboxes: { a: { endpoints: [ { network: n, address: [10.1.0.5, \"fd00::5\"] } ] } }"
        let pin = try Pin([Source(name: "a.yaml", text: text)])
        #expect(pin.files[0].additions == [])
        #expect(pin.files[0].source.bytes == Array(text.utf8))
        #expect(
            try Self.pin("weft: 1\nnode: { namespaces: [red] }\n") == "weft: 1\nnode: { namespaces: [red] }\n"
        )
    }

    @Test("each file of several is changed for itself")
    func severalFiles() throws {
        let sources = [
            Source(
                name: "a.yaml",
                text: Self.bridge + "sandboxes: { a: { endpoints: [ { network: n } ] } }\n"
            ),
            Source(name: "b.yaml", text: "sandboxes:\n  b:\n    endpoints: [ { network: n } ]\n"),
            Source(name: "c.yaml", text: "underlay: { subnets: [10.9.0.0/24] }\n"),
        ]
        let pin = try Pin(sources)
        #expect(pin.files.map(\.source.name) == ["a.yaml", "b.yaml", "c.yaml"])
        #expect(pin.files.map(\.additions.count) == [1, 1, 0])
        #expect(pin.files[2].source.bytes == sources[2].bytes)
        let addition = try #require(pin.files[1].additions.first)
        #expect(addition.path == "sandboxes.b.endpoints[0].address")
        #expect((addition.line, addition.column) == (3, 18))
        #expect(addition.values.count == 2)
    }

    @Test("refuses what an alias shares, and names each place")
    func aliases() {
        let text =
            Self.bridge + """
                sandboxes:
                  a: { endpoints: [ &e { network: n } ] }
                  b: { endpoints: [ *e ] }
                  c: &c { endpoints: [ { network: n } ] }
                  d: *c
                """
        let found = Self.complaints(text).map { $0.replacing(/: 10[^ ]* fd00[^ ]*/, with: ": ADDRESSES") }
        #expect(
            found == [
                "a.yaml:4:21: sandboxes.b.endpoints[0].address: ADDRESSES can't be written here: an alias stands here, "
                    + "and what it means is somebody else's too; write it out instead of the alias",
                "a.yaml:6:24: sandboxes.d.endpoints[0].address: ADDRESSES can't be written here: an alias stands here, "
                    + "and what it means is somebody else's too; write it out instead of the alias",
            ]
        )
    }

    @Test("refuses what would mean something else, and lists what it could not write")
    func strangeForms() {
        // Of YAML 1.1, and so of libyaml, U+0085 ends a line.
        let text =
            "weft: 1\nnetworks: { n: { driver: bridge, subnets: 10.1.0.0/24 } }\n"
            + "sandboxes:\n  a:\n    endpoints:\n    - network: n\u{85}    - network: bridge\n"
        let found = Self.complaints(text).map { $0.replacing(/: 1\d+\.[^ ]+ can't/, with: ": ADDRESS can't") }
        #expect(
            found == [
                "a.yaml:6:7: sandboxes.a.endpoints[0].address: ADDRESS can't be written here: the document is written in a "
                    + "form that nothing can be added to; write it by hand",
                "a.yaml:7:7: sandboxes.a.endpoints[1].address: ADDRESS can't be written here: the document is written in a "
                    + "form that nothing can be added to; write it by hand",
            ]
        )
    }

    @Test("what is wrong with the document is said as by check")
    func badDocument() {
        #expect(Self.complaints("weft: 1\nnodez: {}\n").first?.contains("nodez") == true)
    }

    // MARK: Laws

    private var firstSeed: UInt64 { getenv("WEFT_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1 }

    @Test("means the same, adds and takes nothing away, and leaves nothing for a second time")
    func laws() throws {
        var tally: Set<String> = []
        for seed in firstSeed..<firstSeed + 400 {
            var generator = PinnedText(seed: seed)
            let text = generator.make()
            tally.formUnion(generator.used)
            let old = try Document.load([Source(name: "a.yaml", text: text)])
            let pin = try Pin([Source(name: "a.yaml", text: text)])
            let pinned = pin.files[0].source
            let new = try Document.load([pinned])
            #expect(new.pinned == old.pinned, "seed \(seed): \(text)")
            #expect(new.cluster == new.pinned, "seed \(seed): nothing is assigned any more")
            #expect(new.assignment.displaced.isEmpty)
            #expect(Self.isSubsequence(Array(text.utf8), of: pinned.bytes), "seed \(seed): \(text)")
            #expect(Self.comments(text) == Self.comments(String(decoding: pinned.bytes, as: UTF8.self)))
            let again = try Pin([pinned])
            #expect(again.files[0].additions.isEmpty && again.files[0].source.bytes == pinned.bytes)
        }
        #expect(tally == PinnedText.features)
    }

    private static func isSubsequence(_ part: [UInt8], of whole: [UInt8]) -> Bool {
        var rest = part[...]
        for byte in whole where byte == rest.first { rest.removeFirst() }
        return rest.isEmpty
    }

    private static func comments(_ text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            line.firstIndex(of: "#").map { line[$0...] }
        }
    }
}

/// Makes documents in which endpoints are written in every way that YAML has.
private struct PinnedText {
    private var random: SeededGenerator
    private(set) var used: Set<String> = []
    private var lineBreak = "\n"

    /// Everything that occurs; the tests are to have seen all of it.
    static let features: Set<String> = [
        "braces", "braces over lines", "trailing comma", "single pair", "block", "block text", "alias",
        "JSON", "tight JSON",
        "single quotes", "stated", "stated list", "stated lines", "comment", "CRLF", "no last line end",
        "indentless", "question mark",
    ]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func flip(_ feature: String, _ odds: Int = 2) -> Bool {
        let result = Int.random(in: 0..<odds, using: &random) == 0
        if result { used.insert(feature) }
        return result
    }

    private mutating func comment() -> String { flip("comment", 3) ? "   # \u{e9}: { network: n }" : "" }

    mutating func make() -> String {
        var text = "weft: 1\(comment())\n"
        text += "networks:\n  n0: { driver: bridge, subnets: [10.1.0.0/26] }\n"
        text += "  n1: { driver: bridge, subnets: [10.2.0.0/26, \"fd00:2::/120\"] }\n"
        text += "  n2: { driver: macvlan, parent: eth0, subnets: [\"fd00:3::/64\"] }\n"
        text += "sandboxes:\n"
        for number in 0..<Int.random(in: 1...8, using: &random) { text += sandbox(number) }
        if flip("CRLF", 3) { text = text.replacing("\n", with: "\r\n") }
        if flip("no last line end", 3) {
            while text.unicodeScalars.last.map({ $0 == "\n" || $0 == "\r" }) == true {
                text.unicodeScalars.removeLast()
            }
        }
        return text
    }

    private mutating func sandbox(_ number: Int) -> String {
        let networks = ["n0", "n1", "n2", "bridge"].filter { _ in Bool.random(using: &random) }
        let name = "s\(Int.random(in: 0...999, using: &random))x\(number)"
        guard !networks.isEmpty else { return "  \(name): {}\(comment())\n" }
        if flip("JSON", 5) {
            let isTight = flip("tight JSON")
            let items = networks.map { isTight ? "{\"network\":\"\($0)\"}" : "{ \"network\": \"\($0)\" }" }
            return "  \"\(name)\": {\"endpoints\": [\(items.joined(separator: ", "))]}\n"
        }
        if flip("single pair", 6) {
            return
                "  \(name): { endpoints: [ \(networks.map { "network: \($0)" }.joined(separator: ", ")) ] }\n"
        }
        let margin = flip("indentless", 3) ? "    " : "      "
        var text = "  \(name):\(comment())\n    endpoints:\n"
        for network in networks { text += item(network, margin, number) }
        return text
    }

    private mutating func item(_ network: String, _ margin: String, _ number: Int) -> String {
        let stated = stated(network, number, margin + "  ")
        if flip("braces", 3) {
            let quote = flip("single quotes", 3) ? "'" : ""
            return
                "\(margin)- { aliases: [a], \(quote)network\(quote) : \(quote)\(network)\(quote) }\(comment())\n"
        }
        if flip("braces over lines", 3) {
            let comma = flip("trailing comma") ? "," : ""
            return
                "\(margin)- {\(comment())\n\(margin)    network: \(network)\(comma)\(comment())\n\(margin)  }\n"
        }
        used.insert("block")
        if flip("block text", 6) {
            return "\(margin)- network: >-\n\(margin)    \(network)\n\(margin)  aliases: [b]\n"
        }
        if flip("question mark", 6) {
            return
                "\(margin)- ? network\(comment())\n\(margin)  : \(network)\n\(margin)  ? aliases\n\(margin)  : [b]\n"
        }
        if flip("alias", 5) {
            return
                "\(margin)- aliases: [&x\(number)\(network) \(network)]\n\(margin)  network: *x\(number)\(network)\(comment())\n"
        }
        return "\(margin)- network: \(network)\(comment())\n\(stated)"
    }

    /// An address of one family, in a network of two.
    private mutating func stated(_ network: String, _ number: Int, _ margin: String) -> String {
        guard network == "n1", flip("stated") else { return "" }
        let address = "10.2.0.\(50 + number)"
        if flip("stated list", 3) { return "\(margin)address: [\(address)]\(comment())\n" }
        if flip("stated lines", 3) {
            return "\(margin)address:\(comment())\n\(margin)- \(address)\(comment())\n"
        }
        return "\(margin)address: \(address)\(comment())\n"
    }
}
