import Document
import Foundation
import LinuxSystem
import NetworkTesting
import Testing

/// What is written down is what the program does.
///
/// `WEFT_UPDATE_DOCS=1` writes the generated parts anew.
@Suite("The documentation")
struct DocumentationTests {
    private static let isUpdating = ProcessInfo.processInfo.environment["WEFT_UPDATE_DOCS"] == "1"
    private static let advice: Comment = "run the tests with WEFT_UPDATE_DOCS=1 to write it anew"

    private static func page(_ path: String) throws -> String {
        try #require(try AtomicFile.read("\(Program.root)/\(path)"))
    }

    @Test("has the JSON Schema that the decoder's table gives")
    func schema() throws {
        let path = "docs/weft.schema.json"
        if Self.isUpdating { try AtomicFile.write("\(Program.root)/\(path)", DocumentSchema.json()) }
        let text = try Self.page(path)
        #expect(text == DocumentSchema.json(), Self.advice)
        #expect(try JSON(text: text)["$schema"] == "https://json-schema.org/draft/2020-12/schema")
    }

    @Test("has a line for each key of the document, with its values, default and purpose")
    func documentKeys() throws {
        let path = "docs/document.md"
        if Self.isUpdating {
            let updated = KeyTables.updating(try Self.page(path))
            try AtomicFile.write("\(Program.root)/\(path)", updated)
        }
        let text = try Self.page(path)
        #expect(text == KeyTables.updating(text), Self.advice)
        for table in KeyTables.all { #expect(text.contains("<!-- keys: \(table.name) -->\n")) }
        // Whatever is asked of the tables: no key is missing in one of them.
        for entry in DocumentSchema.attributes { #expect(text.contains("\n| `\(entry.attribute.name)` |")) }
    }

    @Test("has an example for each kind of document that its examples are good")
    func documentExamples() throws {
        let blocks = try Self.page("docs/document.md").matches(of: /(?s)```yaml\n(.*?)```/).map {
            String($0.1)
        }
        #expect(blocks.count >= 3)
        for block in blocks {
            let result = try Command([Program.path, "check", "-"]).reading(block).result()
            #expect(result.status == 0, "\(result.errors)\(block)")
        }
    }

    @Test("of the commands has every command and every option of the help, and no others")
    func commands() throws {
        let text = try Self.page("docs/commands.md")
        let sections = text.components(separatedBy: "\n## ")
        var options: Set<String> = []
        for command in HelpTests.commands {
            #expect(sections.contains { $0.hasPrefix("weft \(command)") }, "\(command)")
            options.formUnion(try HelpTests.options(of: command))
        }
        let written = Set(text.matches(of: /--[a-z][a-z-]+/).map { String($0.0) })
        #expect(options.subtracting(written) == [])
        #expect(written.subtracting(options).subtracting(["--help", "--version"]) == [])
    }

    @Test("of the commands has every key of the JSON output")
    func jsonKeys() throws {
        let text = try Self.page("docs/commands.md")
        let sources = ["PlanOutput", "ShowOutput"].map { "Sources/Commands/Output/\($0).swift" }
        let others = ["ApplyRun", "PinCommand", "LabRun", "LabStatusCommand"].map {
            "Sources/Commands/\($0).swift"
        }
        for source in try (sources + others).map(Self.page) {
            let members = source.matches(of: /\.?(?:member|array|object|changes|side)\("(\w+)"/).map {
                String($0.1)
            }
            #expect(!members.isEmpty)
            for member in members { #expect(text.contains("`\(member)`"), "\(member)") }
        }
    }
}

/// The tables of keys in `docs/document.md`, each behind a comment that names it.
private enum KeyTables {
    /// A table's name and its keys.
    static let all: [(name: String, attributes: [Attribute])] = {
        let links: [DocumentObject] = [.bridge, .veth, .vxlan, .macvlan]
        let names = links.map { Set($0.attributes.map(\.name)) }
        let common = names.dropFirst().reduce(names[0]) { $0.intersection($1) }
        let shared = DocumentObject.bridge.attributes.filter { common.contains($0.name) }
        return [("link", shared)]
            + DocumentObject.allCases.map { object in
                // What has been said of the others is not said again.
                var known: Set<String> = []
                if links.contains(object) || object == .peer { known = common }
                if object == .declaredNode { known = Set(DocumentObject.hostNode.attributes.map(\.name)) }
                return (object.rawValue, object.attributes.filter { !known.contains($0.name) })
            }
    }()

    /// The page with every table as it should be.
    static func updating(_ page: String) -> String {
        var lines: [Substring] = []
        var isInTable = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if isInTable, line.hasPrefix("|") { continue }
            isInTable = false
            lines.append(line)
            let name = line.dropFirst("<!-- keys: ".count).dropLast(" -->".count)
            guard line.hasPrefix("<!-- keys: "), let table = all.first(where: { $0.name == name }) else {
                continue
            }
            isInTable = true
            lines += ["| key | value | default | what it is |", "| --- | --- | --- | --- |"]
            lines += table.attributes.map { Substring(row($0)) }
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ attribute: Attribute) -> String {
        let fallback = attribute.isRequired ? "must be given" : attribute.fallback ?? ""
        return "| `\(attribute.name)` | \(words(attribute.form)) | \(fallback) | \(attribute.summary) |"
    }

    private static func words(_ form: Form) -> String {
        switch form {
        case .boolean: "true or false"
        case .number(let range, let unit) where range.count == 1: "\(range.lowerBound)\(unit)"
        case .number(let range, let unit):
            "\(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)")
        case .table: "a number, `main`, `local` or `default`"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .text(let maximumBytes): "text of at most \(maximumBytes) bytes"
        case .content: "text"
        case .interfaceName: "a link's name"
        case .namespaceName: "a namespace's name"
        case .mac: "a MAC"
        case .address: "an address"
        case .prefix: "a prefix"
        case .name(.node): "a node's name"
        case .name(.network): "a network's name"
        case .name(.sandbox): "a sandbox's name"
        case .name(.link), .name(.nodeLink): "a link's name"
        case .name(.alias): "a name"
        case .path: "a path"
        case .word: "text without spaces"
        case .publishedPort: "`[ADDRESS:]PORT:PORT[/tcp\\|/udp]`"
        case .port: "`PORT[/tcp\\|/udp]`"
        case .gateway: "`none`, an address, or a list of one of each family"
        case .eachFamily(let value): "\(words(value)), or a list of one of each family"
        case .values(let value): "a list, of \(words(value)) each"
        case .byNode(let value): "a mapping from nodes: \(words(value))"
        case .interfaceAddress: "ADDRESS/LENGTH"
        case .destination: "a prefix, an address or `default`"
        case .object: "a mapping"
        case .list: "a list of mappings"
        case .shortList(_, let short): "a list, of mappings or each just \(words(short))"
        case .named: "a mapping, by name"
        case .sysctls: "a mapping from settings to values"
        case .unsupported: ""
        }
    }
}
