import Document
import Foundation
import NetworkModel
import NetworkTesting
import Planner
import Testing

/// One folder for each rule of planning: two documents, what happened in between, and the plan word for word.
///
/// - `before.yaml` is applied to an empty node of the model kernel;
/// - `drift.txt`, where there is one, says what others do to the node then, a line each;
/// - `after.yaml` is what the node shall be;
/// - `plan.txt` is what an operator reads. `WEFT_GOLDEN=write` writes it anew, to be read before it is committed.
@Suite("Golden plans")
struct GoldenTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Golden"
    )

    static let names: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }()

    @Test("there are golden plans")
    func areThere() {
        #expect(Self.names.count >= 25)
    }

    @Test("the plan is as it is written", arguments: names)
    func plan(name: String) throws {
        let folder = Self.folder.appendingPathComponent(name)
        var kernel = ModelKernel()
        let before = try state(folder.appendingPathComponent("before.yaml"))
        try kernel.carryOut(Plan(from: kernel.observed(for: before), to: before))
        for line in try lines(folder.appendingPathComponent("drift.txt")) {
            try GoldenDrift.happen(line, to: &kernel)
        }
        let after = try state(folder.appendingPathComponent("after.yaml"))
        let text = try words(for: after, on: &kernel)
        let file = folder.appendingPathComponent("plan.txt")
        if ProcessInfo.processInfo.environment["WEFT_GOLDEN"] == "write" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    /// The plan as an operator reads it; it is carried out too, and leaves nothing to do.
    private func words(for desired: NodeState, on kernel: inout ModelKernel) throws -> String {
        let plan: Plan
        do {
            plan = try Plan(from: kernel.observed(for: desired), to: desired)
        } catch {
            return error.problems.map { "refused: \($0.message)\n" + ($0.hint.map { "    \($0)\n" } ?? "") }
                .joined()
        }
        try kernel.carryOut(plan)
        kernel.forgetRecords(except: desired)
        let again = try Plan(from: kernel.observed(for: desired), to: desired)
        #expect(again.isEmpty, "there is still to do: \(again.text)")
        let lines = plan.changes.map { "\($0.isCounted ? "  " : "- ")\($0)\n" }
        let warnings = plan.warnings.map { "warning: \($0)\n" }
        return warnings.joined() + (lines.isEmpty ? "nothing to do\n" : lines.joined())
    }

    private func state(_ file: URL) throws -> NodeState {
        let text = try String(contentsOf: file, encoding: .utf8)
        return try Document.load([Source(name: file.lastPathComponent, text: text)]).nodeState(for: "n")
    }

    private func lines(_ file: URL) throws -> [String] {
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

/// What others do to the node of a golden case, by the words of `drift.txt`.
enum GoldenDrift {
    struct NoSuchWord: Error {
        let line: String
    }

    static func happen(_ line: String, to kernel: inout ModelKernel) throws {
        let words = line.split(separator: " ").map(String.init)
        guard words.count > 1 else { throw NoSuchWord(line: line) }
        if try happenToNamespace(words, &kernel) || happenToLink(words, &kernel) { return }
        switch words[0] {
        case "firewall": try happenToFirewall(Array(words.dropFirst()), &kernel)
        case "foreign-route":
            guard words.count == 8, let route = try route(words) else { throw NoSuchWord(line: line) }
            kernel.addForeignRoute(route, protocolNumber: UInt8(words[7]) ?? 4)
        case "setting":
            let key = Sysctl.Key(path: words[1], in: .node)
            kernel.addSetting(Sysctl(key, value: words[2]))
        case "no-route":
            let place = try place(words[1])
            let own = (kernel.state[place]?.routes ?? []).indices.filter {
                kernel.state[place]?.routes[$0].isManaged == true
            }
            kernel.remove(.routes, at: own[Int(words[2]) ?? 0], in: place)
        default: throw NoSuchWord(line: line)
        }
    }

    private static func happenToFirewall(_ words: [String], _ kernel: inout ModelKernel) throws {
        switch (words[0], words.count) {
        case ("flush", 1): kernel.alterFirewall { $0 = nil }
        case ("rules", 1): kernel.alterFirewall { $0?.isIntact = false }
        case ("no-bridge", 2):
            let name = try InterfaceName(words[1])
            kernel.alterFirewall { $0?.elements.remove(.within(name)) }
        case ("mac", 3):
            guard let mac = MACAddress(words[2]) else { throw NoSuchWord(line: words.joined(separator: " ")) }
            let name = try InterfaceName(words[1])
            kernel.alterFirewall { $0?.elements.insert(.mac(name, mac)) }
        default: throw NoSuchWord(line: words.joined(separator: " "))
        }
    }

    private static func happenToNamespace(_ words: [String], _ kernel: inout ModelKernel) throws -> Bool {
        switch words[0] {
        case "processes": kernel.setProcessCount(Int(words[2]) ?? 0, in: try NamespaceName(words[1]))
        case "unmarked": kernel.leaveUnmarked(try NamespaceName(words[1]))
        case "foreign-namespace": kernel.addForeignNamespace(try NamespaceName(words[1]))
        default: return false
        }
        return true
    }

    private static func happenToLink(_ words: [String], _ kernel: inout ModelKernel) throws -> Bool {
        let id = try link(words[1])
        switch words[0] {
        case "foreign-link": kernel.addForeignLink(id, kind: .bridge(Bridge()))
        case "foreign-vxlan":
            var vxlan = VXLAN(vni: VNI(number: UInt32(words[3]) ?? 0))
            vxlan.port = UInt16(words[5]) ?? 0
            kernel.addForeignLink(id, kind: .vxlan(vxlan))
        case "foreign-address":
            let parts = words[2].split(separator: "/")
            guard let address = IPAddress(parts[0]), let length = UInt8(parts[1]) else { return false }
            kernel.addForeignAddress(InterfaceAddress(address, prefixLength: length), on: id)
        case "foreign-upper": kernel.addForeignUpper(id, kind: .other("vlan"), on: try link(words[2]))
        case "no-prefix-routes": kernel.removePrefixRoutes(of: id)
        case "deleting": kernel.leaveInDeletionGroup(id)
        case "half-made": kernel.leaveHalfMade(id)
        case "mtu": kernel.alterMTU(of: id, to: MTU(bytes: UInt32(words[2]) ?? 0))
        case "free": kernel.free(id)
        case "no-address": kernel.deleteAddress(at: Int(words[2]) ?? 0, on: id)
        case "fdb":
            guard let mac = MACAddress(words[2]) else { return false }
            var entry = ForwardingEntry(mac, on: id, table: .own)
            entry.destination = IPAddress(words[3])
            kernel.addForwardingBehindWeft(entry)
        default: return false
        }
        return true
    }

    private static func link(_ text: String) throws -> LinkID {
        let parts = text.split(separator: "/").map(String.init)
        guard parts.count == 2 else { return LinkID(InterfaceName(fromKernel: text), in: .node) }
        return LinkID(InterfaceName(fromKernel: parts[1]), in: .namespace(try NamespaceName(parts[0])))
    }

    private static func place(_ text: String) throws -> Place {
        text == "node" ? .node : .namespace(try NamespaceName(text))
    }

    private static func route(_ words: [String]) throws -> Route? {
        let parts = words[1].split(separator: "/")
        guard let address = IPAddress(parts[0]), let length = UInt8(parts[1]) else { return nil }
        var route = Route(to: Prefix(containing: address, length: length), in: .node)
        route.gateway = IPAddress(words[3])
        route.device = try InterfaceName(words[5])
        return route
    }
}
