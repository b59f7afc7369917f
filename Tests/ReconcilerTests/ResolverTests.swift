import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("The node's name servers")
struct ResolverTests {
    /// The servers that a node with such a resolv.conf passes on, if stubs have written down such others.
    private static func servers(_ text: String, behind stubs: [String?]) throws -> [String] {
        try ThrowAwayDirectory.with { directory in
            try AtomicFile.makeDirectories("\(directory)/etc/n")
            try AtomicFile.write("\(directory)/etc/n/resolv.conf", text)
            for (index, stub) in stubs.enumerated() {
                if let stub { try AtomicFile.write("\(directory)/stub\(index)", stub) }
            }
            let node = Node(
                name: "n",
                namespace: .init(name: "n", path: "/run/netns/n"),
                runtimeDirectory: directory,
                overlayDirectory: "\(directory)/etc"
            )
            let files = stubs.indices.map { "\(directory)/stub\($0)" }
            return try node.resolver(behindStubs: files).servers.map(\.description)
        }
    }

    @Test("that can be reached from elsewhere are passed on as they are")
    func own() throws {
        let text = "nameserver 127.0.0.53\nnameserver 10.0.0.53\n"
        #expect(
            try Self.servers(text, behind: ["nameserver 10.0.0.1\n"]) == ["127.0.0.53", "10.0.0.53"]
        )
    }

    @Test("that are stubs stand for those that they ask")
    func stubs() throws {
        let stub = "nameserver 127.0.0.53\nnameserver ::1\n"
        #expect(try Self.servers(stub, behind: [nil, "nameserver 10.0.0.1\n"]) == ["10.0.0.1"])
        #expect(
            try Self.servers(stub, behind: ["nameserver 127.0.0.1\n", "nameserver fd00::1\n"]) == ["fd00::1"]
        )
        #expect(try Self.servers(stub, behind: [nil]) == ["127.0.0.53", "::1"])
    }
}
