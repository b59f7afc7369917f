import ClusterModel
import Compiler
import Document
import Foundation
import NetworkModel
import Testing

/// A folder for each case: `document.yaml` and the node state that follows from it, `node.yaml`.
///
/// `WEFT_GOLDEN=write` writes what comes out, for a person to read.
@Suite("Golden compilations")
struct GoldenTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    static let names: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
        return (names ?? []).sorted()
    }()

    @Test("there are cases")
    func cases() { #expect(Self.names.count >= 4) }

    @Test("the node state is as it is written", arguments: names)
    func compiles(name: String) throws {
        let folder = Self.directory.appendingPathComponent(name)
        let document = try Document.load(path: folder.appendingPathComponent("document.yaml").path)
        var facts = NodeFacts(name: "n1")
        facts.uplink = InterfaceName(fromKernel: "eth0")
        facts.links = [
            .init(
                InterfaceName(fromKernel: "eth0"),
                mtu: .ethernet,
                addresses: [IPAddress("10.5.0.1")].compactMap(\.self)
            )
        ]
        let node = document.cluster.nodes.first?.name
        let compiled = document.cluster.compile(for: node, facts, document.cluster.assignment())
        #expect(compiled.problems == [])
        let text = NodeStatePrinter.yaml(compiled.state)
        let file = folder.appendingPathComponent("node.yaml")
        if ProcessInfo.processInfo.environment["WEFT_GOLDEN"] == "write" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
        // What is printed is a document of its own, and means the same.
        let again = try Document.load([Source(name: "node.yaml", bytes: Array(text.utf8))])
        let host = again.cluster.compile(for: nil, facts, again.cluster.assignment())
        #expect(NodeStatePrinter.yaml(host.state) == text)
    }
}
