import ClusterModel
import Document
import Foundation
import Lab
import NetworkModel
import Testing

/// A folder for each case: `document.yaml` and the underlay that follows from it, `underlay.yaml`.
///
/// `WEFT_GOLDEN=write` writes what comes out, for a person to read.
@Suite("The underlay of a lab")
struct UnderlayTests {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    static let names: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
        return (names ?? []).sorted()
    }()

    @Test("there are cases")
    func cases() { #expect(Self.names.count >= 5) }

    @Test("is as it is written", arguments: names)
    func golden(name: String) throws {
        let folder = Self.directory.appendingPathComponent(name)
        let document = try Document.load(path: folder.appendingPathComponent("document.yaml").path)
        let lab = try LabName("lab")
        let fitted = try LabDocument(document.cluster, document.assignment, in: lab)
        let state = LabUnderlay.state(of: fitted, in: lab)
        let text = NodeStatePrinter.yaml(state)
        let file = folder.appendingPathComponent("underlay.yaml")
        if ProcessInfo.processInfo.environment["WEFT_GOLDEN"] == "write" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
        // It is a document like any other: nothing is in it that a person could not have written.
        let again = try Document.load([Source(name: "underlay.yaml", text: text)])
        #expect(NodeStatePrinter.yaml(try again.nodeState(for: state.node)) == text)
    }

    @Test(
        "has a range for nodes without one: as narrow as is usual, not in a network's way, and several if they are far apart",
        arguments: [
            (["10.0.0.1"], [], ["10.0.0.0/24"]),
            (["10.0.0.1", "10.0.0.200"], [], ["10.0.0.0/24"]),
            (["10.0.0.1", "10.0.3.1"], [], ["10.0.0.0/22"]),
            (["10.0.0.1", "10.0.0.2"], ["10.0.0.64/26"], ["10.0.0.0/26"]),
            (["10.0.0.1", "10.0.3.1"], ["10.0.2.0/24"], ["10.0.0.0/24", "10.0.3.0/24"]),
            (["10.0.0.1", "192.168.0.1"], [], ["10.0.0.0/24", "192.168.0.0/24"]),
            (["fd00::1", "fd00::1:0:0:0:2"], [], ["fd00::/63"]),
        ] as [([String], [String], [String])]
    )
    func ranges(addresses: [String], networks: [String], expected: [String]) throws {
        var text = "weft: 1\nnodes:\n"
        for (index, address) in addresses.enumerated() {
            text += "  n\(index): { address: \"\(address)\" }\n"
        }
        if !networks.isEmpty { text += "networks:\n" }
        for (index, network) in networks.enumerated() {
            text += "  x\(index): { driver: bridge, subnets: [\(network)] }\n"
        }
        let document = try Document.load([Source(name: "d.yaml", text: text)])
        let lab = try LabName("lab")
        let fitted = try LabDocument(document.cluster, document.assignment, in: lab)
        let links = LabUnderlay.state(of: fitted, in: lab).links.values.filter { link in
            link.id.place.name.map { $0.text != "lab.gateway" } ?? false
        }
        let ranges = Set(
            links.flatMap(\.addresses).filter { !$0.address.isLinkLocal }.map(\.prefix)
        )
        #expect(ranges.sorted().map(\.description) == expected)
    }
}
