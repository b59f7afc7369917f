import Foundation
import LinuxSystem
import NetworkTesting
import Testing

/// What `weft pin` does with files, word for word.
@Suite("The command pin")
struct PinTests {
    private static let document = """
        weft: 1
        networks: { n: { driver: bridge, subnets: [10.1.0.0/24] } }
        sandboxes:
          web: { endpoints: [ { network: n } ] }   # of the shop

        """
    private static let pinned = document.replacing(
        "network: n }",
        with: "network: n, address: 10.1.0.ADDRESS }"
    )

    /// A file with a document, in a directory of its own.
    private static func withFile(_ body: (_ path: String, _ directory: String) throws -> Void) throws {
        try ThrowAwayDirectory.with { directory in
            try AtomicFile.write("\(directory)/a.yaml", document)
            try body("\(directory)/a.yaml", directory)
        }
    }

    private static func text(_ path: String) throws -> String { try #require(try AtomicFile.read(path)) }

    /// The text with the address that was assigned left out.
    private static func normal(_ text: String, _ directory: String) -> String {
        text.replacing(directory, with: "DIR").replacing(
            /10\.1\.0\.\d+(?=( \}|\n|"))/,
            with: "10.1.0.ADDRESS"
        )
    }

    @Test("writes into the file, says what, and leaves everything else of it as it was")
    func inPlace() throws {
        try Self.withFile { path, directory in
            #expect(chmod(path, 0o640) == 0 && chown(path, 12, 34) == 0)
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/link.yaml",
                withDestinationPath: "a.yaml"
            )
            let result = try Program.run("pin", "\(directory)/link.yaml")
            #expect(result.status == 0)
            #expect(
                Self.normal(result.output, directory)
                    == "DIR/link.yaml:4:23: sandboxes.web.endpoints[0].address: 10.1.0.ADDRESS\n"
            )
            #expect(result.errors.isEmpty)
            #expect(Self.normal(try Self.text(path), directory) == Self.pinned)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o640)
            #expect(
                attributes[.ownerAccountID] as? Int == 12 && attributes[.groupOwnerAccountID] as? Int == 34
            )
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/link.yaml")
                    == "a.yaml"
            )
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == [
                    "a.yaml", "link.yaml",
                ]
            )
            // Now there is nothing to do, and the file is not touched.
            let before = try FileManager.default.attributesOfItem(atPath: path)
            let again = try Program.run("pin", path)
            #expect((again.status, again.output, again.errors) == (0, "", "nothing to pin\n"))
            let after = try FileManager.default.attributesOfItem(atPath: path)
            #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
            #expect(try Program.run("check", path, "--quiet").status == 0)
            #expect(try Program.run("pin", path, "--quiet").errors.isEmpty)
        }
    }

    @Test("'--check' changes nothing, and fails while something is not written down")
    func check() throws {
        try Self.withFile { path, directory in
            let result = try Program.run("pin", path, "--check")
            #expect(result.status == 1)
            #expect(
                Self.normal(result.output, directory)
                    == "DIR/a.yaml:4:23: sandboxes.web.endpoints[0].address: 10.1.0.ADDRESS\n"
            )
            #expect(
                Self.normal(result.errors, directory) == "'weft pin DIR/a.yaml' writes it into the document\n"
            )
            #expect(try Self.text(path) == Self.document)
            let json = try Program.run("pin", path, "--check", "--format", "json")
            #expect(json.status == 1)
            #expect(try json.json["schema"] == 1 && json.json["written"] == false)
            #expect(try json.json["pinned"][0]["path"] == "sandboxes.web.endpoints[0].address")
            #expect(try json.json["pinned"][0]["line"] == 4 && json.json["pinned"][0]["column"] == 23)
            #expect(try json.json["pinned"][0]["values"].elements.count == 1)
            #expect(try Program.run("pin", path, "--format", "json").json["written"] == true)
            #expect(try Program.run("pin", path, "--check").status == 0)
        }
    }

    @Test("a document from standard input is printed, pinned or not")
    func standardInput() throws {
        let result = try Command([Program.path, "pin", "-"]).reading(Self.document).result()
        #expect(result.status == 0)
        #expect(Self.normal(result.output, "/nowhere") == Self.pinned)
        #expect(result.errors == "pinned: 1\n")
        let again = try Command([Program.path, "pin", "-"]).reading(result.output).result()
        #expect(again.output == result.output)
        #expect(again.errors == "nothing to pin\n")
        let json = try Command([Program.path, "pin", "-", "--format", "json"]).reading(Self.document).result()
        #expect(json.status == 64)
        #expect(json.errors.contains("'pin -' prints the document, which '--format json' has no form for"))
    }

    @Test("of a directory the files are changed that have something to change")
    func directory() throws {
        try Self.withFile { path, directory in
            try AtomicFile.write(
                "\(directory)/b.yaml",
                "sandboxes:\n  db: { endpoints: [ { network: n } ] }\n"
            )
            try AtomicFile.write("\(directory)/c.json", "{\"underlay\": {\"subnets\": [\"10.9.0.0/24\"]}}")
            let before = try FileManager.default.attributesOfItem(atPath: "\(directory)/c.json")
            #expect(try Program.run("pin", directory).status == 0)
            #expect(try Self.text(path).contains("address: 10.1.0."))
            #expect(try Self.text("\(directory)/b.yaml").contains("address: 10.1.0."))
            let after = try FileManager.default.attributesOfItem(atPath: "\(directory)/c.json")
            #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
            #expect(try Program.run("pin", directory, "--check").status == 0)
        }
    }

    @Test("a document that is bad, or shares an endpoint by an alias, is left alone")
    func refusals() throws {
        try Self.withFile { path, directory in
            let shared =
                Self.document + "  db: { endpoints: &e [ { network: n } ] }\n  cache: { endpoints: *e }\n"
            try AtomicFile.write(path, shared)
            let result = try Program.run("pin", path)
            #expect(result.status == 65)
            #expect(
                result.errors.replacing(directory, with: "DIR").replacing(
                    /10\.1\.0\.\d+ can't/,
                    with: "ADDRESS can't"
                )
                    == "DIR/a.yaml:5:25: sandboxes.cache.endpoints[0].address: ADDRESS can't be written here: "
                    + "an alias stands here, and what it means is somebody else's too; write it out instead of the alias\n"
            )
            #expect(try Self.text(path) == shared)
            try AtomicFile.write(path, "weft: 1\nnetwork: {}\n")
            #expect(try Program.run("pin", path).status == 65)
        }
    }

    @Test("what is no regular file is not replaced")
    func pipes() throws {
        try Self.withFile { path, directory in
            let script = "'\(Program.path)' pin <(cat '\(path)')"
            let result = try Command(["bash", "-c", script]).result()
            #expect(result.status == 1)
            #expect(result.errors.contains("cannot write '/dev/fd/"))
            #expect(
                result.errors.hasSuffix(
                    "hint: it is no regular file: 'weft pin -' reads a document from standard input, and prints it\n"
                )
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.yaml"])
        }
    }
}
