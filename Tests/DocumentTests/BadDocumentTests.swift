import Document
import Glibc
import Testing

/// Documents that are wrong, each with the sentences that an operator is told.
///
/// `Bad/NAME.yaml` is the document, `Bad/NAME.txt` what is said. With `WEFT_WRITE_GOLDEN=1` the latter are written anew, to
/// be read before they are committed.
@Suite struct BadDocumentTests {
    @Test(arguments: Files.documents(in: "Bad"))
    func saysWhatIsWrong(name: String) throws {
        let bytes = try #require(Files.read("Bad/\(name).yaml"))
        let said = complaints([Source(name: "\(name).yaml", bytes: bytes)])
        if getenv("WEFT_WRITE_GOLDEN") != nil {
            Files.write(said, to: "\(Files.folder)/Bad/\(name).txt")
        }
        #expect(said == Files.text("Bad/\(name).txt"))
        #expect(!said.isEmpty)
    }

    @Test func refusesUTF16() {
        let text = Array("weft: 1\n".utf16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let sentence =
            "a.yaml:1:1: the file is not UTF-8 but seems to be UTF-16 or binary; save it as UTF-8\n"
        #expect(complaints([Source(name: "a.yaml", bytes: [0xff, 0xfe] + text)]) == sentence)
        #expect(complaints([Source(name: "a.yaml", bytes: text)]) == sentence)
    }

    @Test func refusesLatin1AndSaysWhere() {
        let bytes = Array("weft: 1\nnode: {} # gr".utf8) + [0xfc, 0xdf] + Array("er\n".utf8)
        let sentence = "a.yaml:2:14: the file is not UTF-8 from here on; save it as UTF-8\n"
        #expect(complaints([Source(name: "a.yaml", bytes: bytes)]) == sentence)
    }

    @Test func takesAByteOrderMark() {
        #expect(
            complaints([Source(name: "a.yaml", bytes: [0xef, 0xbb, 0xbf] + Array("weft: 1\n".utf8))]) == ""
        )
    }

    @Test(arguments: ["[", "{a: ", "- ", "[{a: "])
    func refusesTenMegabytesOfNesting(opening: String) {
        let text = "weft: 1\nnode:\n " + String(repeating: opening, count: 10_000_000 / opening.utf8.count)
        let said = complaints(text)
        #expect(said.hasSuffix(": values are nested deeper than 100 levels\n"), "\(said)")
    }

    @Test func refusesTenMegabytesOfNestedBlocks() {
        var text = "weft: 1\n"
        var depth = 0
        while text.utf8.count < 1_000_000 {
            text += String(repeating: " ", count: depth) + "k:\n"
            depth += 1
        }
        #expect(complaints(text) == "a.yaml:102:101: values are nested deeper than 100 levels\n")
    }

    @Test func refusesMoreThan64Megabytes() {
        let source = Source(name: "a.yaml", bytes: Array(repeating: UInt8(ascii: "#"), count: 64 << 20 + 1))
        #expect(complaints([source]) == "a.yaml: the document is larger than 64 MiB\n")
    }

    @Test func refusesMoreValuesThanItCanHold() {
        let text = "weft: 1\nnode:\n  namespaces: [" + String(repeating: "a,", count: 4_000_001) + "]\n"
        let said = complaints(text)
        #expect(said == "a.yaml:3:8000002: the document has more than 4000000 values\n")
    }

    @Test func findsFiftyErrorsInOneRun() throws {
        let links = (0..<50).map { "    br\($0): { type: bridge, mtu: \($0) }\n" }.joined()
        let said = complaints("weft: 1\nnode:\n  links:\n" + links).split(separator: "\n")
        #expect(said.count == 50)
        for (index, line) in said.enumerated() {
            #expect(line.hasPrefix("a.yaml:\(index + 4):"))
            #expect(
                line.contains(
                    "node.links.br\(index).mtu: \(index) is out of range; it is 68 through 65535 bytes"
                )
            )
        }
    }

    @Test func printsAHundredErrorsAndCountsTheRest() throws {
        let routes = String(repeating: "    - { to: nowhere, dev: eth0 }\n", count: 250)
        let errors = try #require(throws: DocumentErrors.self) {
            _ = try Document.load([Source(name: "a.yaml", text: "weft: 1\nnode:\n  routes:\n" + routes)])
        }
        #expect(errors.complaints.count == 250)
        let lines = errors.description.split(separator: "\n")
        #expect(lines.count == 101)
        #expect(lines.last == "and 150 more")
    }

    @Test func countsThePortsOfABridge() {
        func document(_ count: Int) -> String {
            let ports = (0..<count).map {
                "    v\($0): { type: veth, master: br9, peer: { name: w\($0) } }\n"
            }
            return "weft: 1\nnode:\n  links:\n    br9: { type: bridge }\n" + ports.joined()
        }
        #expect(complaints(document(1023)) == "")
        #expect(
            complaints(document(1024)) == """
                a.yaml:1028:34: node.links.v1023.master: 'br9' has more than 1023 ports, which is all that a bridge \
                takes; spread them over several bridges

                """
        )
    }

    @Test func tellsUnsupportedFromWrong() throws {
        let errors = try #require(throws: DocumentErrors.self) {
            _ = try Document.load([Source(name: "a.yaml", text: "weft: 1\nnode: { rules: [], rule: [] }\n")])
        }
        #expect(errors.complaints.map(\.kind) == [.unsupported, .invalid])
        #expect(errors.complaints.map(\.path) == ["node.rules", "node.rule"])
    }

    @Test func namesWhatCantBeCarriedOutYet() throws {
        let text = """
            weft: 1
            nodes: { n1: { address: 10.0.0.1 } }
            networks:
              a: { driver: overlay, subnets: [10.1.0.0/16] }
              b: { driver: routed, subnets: [10.2.0.0/16] }
              c: { driver: bridge, subnets: [10.3.0.0/16], masquerade: false, dns: true }
            sandboxes:
              s: { node: n1, endpoints: [{ network: c }], publish: ["80:80"] }
            """
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        let errors = try #require(throws: DocumentErrors.self) { _ = try document.nodeState(for: "n1") }
        #expect(errors.complaints.allSatisfy { $0.kind == .unsupported })
        #expect(
            "\(errors)" == """
                a.yaml:6:72: not supported yet: networks.c.dns: true
                a.yaml:8:56: not supported yet: sandboxes.s.publish
                """
        )
    }

    @Test func saysThatANodeIsNotThere() throws {
        let text = "weft: 1\nnodes: { node1: { address: 10.0.0.1 }, node2: { address: 10.0.0.2 } }\n"
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        let errors = try #require(throws: DocumentErrors.self) { _ = try document.nodeState(for: "node3") }
        #expect(
            errors.description == "a.yaml: nodes: the document has no node 'node3'; did you mean 'node1'?"
        )
    }
}
