import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Synchronization
import Testing

@Suite("Which node a namespace is", .kernel)
struct NodeIdentityTests {
    @Test("the same by its name, by any path to it, and from inside")
    func oneNode() throws {
        try ThrowAwayNode.with("id-") { node in
            let named = NodeIdentity.named(node.name)
            let paths = [node.name, node.path(), "/var\(node.path())", "/proc/self/root\(node.path())"]
            for path in paths { #expect(try NodeIdentity(of: path) == named, "\(path)") }
            let process = try node.command(["sleep", "60"]).start()
            defer { _ = try? process.end() }
            let path = "/proc/\(process.pid)/ns/net"
            #expect(try Eventually.holds { try NodeIdentity(of: path) == named })
            #expect(try node.inside { try NodeIdentity(of: nil) } == named)
        }
    }

    @Test(
        "that without a name where Weft runs is the host, also by path; a name without a namespace is still a node"
    )
    func others() throws {
        #expect(try NodeIdentity(of: nil) == .host)
        #expect(try NodeIdentity(of: "/proc/self/ns/net") == .host)
        #expect(try NodeIdentity(of: "wt-there-is-none") == .named("wt-there-is-none"))
        #expect(throws: SystemCallError.self) { try NodeIdentity(of: "/run/wt-there-is-none") }
        #expect(throws: NotANetworkNamespace.self) { try NodeIdentity(of: "/etc/passwd") }
        let process = try Command(["unshare", "--net", "sleep", "60"]).start()
        defer { _ = try? process.end() }
        let path = "/proc/\(process.pid)/ns/net"
        let own = try NamespaceHandle.current().identity
        #expect(try Eventually.holds { try NamespaceHandle.open(path: path).identity != own })
        let identity = try NamespaceHandle.open(path: path).identity
        #expect(try NodeIdentity(of: path) == .unnamed(identity))
    }

    @Test("no node's runtime directory is a file of another's, or its directory")
    func directories() {
        let names = ["registry", "nodes", "inodes", "sandboxes", "weft.sock", "4026531840"]
        let identities =
            names.map { NodeIdentity.named($0) }
            + [.host, .unnamed(NamespaceIdentity(device: 4, inode: 4_026_531_840))]
        let directories = identities.map {
            Node(name: "n", netns: nil, identity: $0, runtimeDirectory: nil).runtimeDirectory
        }
        #expect(Set(directories).count == directories.count)
        let files = Set(directories.map { "\($0)/registry" })
        #expect(files.isDisjoint(with: directories))
        #expect(directories[0] == "/run/weft/nodes/registry" && directories[6] == "/run/weft")
        #expect(directories[7] == "/run/weft/inodes/4026531840")
        let own = Node(name: "n", netns: "x", identity: .named("x"), runtimeDirectory: "/srv/x")
        #expect(own.runtimeDirectory == "/srv/x" && own.namespace?.path == "/run/netns/x")
    }

    @Test("nodes that come and go at once leave each other's directories alone, and none behind")
    func comeAndGo() async throws {
        let count = 4
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try ThrowAwayNode.with("dir-") { host in
                        let node = Node(
                            name: "n",
                            netns: host.name,
                            identity: .named(host.name),
                            runtimeDirectory: nil
                        )
                        let state = try OwnerTests.oneNamespace(host)
                        for _ in 0..<40 {
                            let applied = try Reconciler(node: node).apply(state)
                            #expect(applied.isDone, "\(applied.failures)")
                            let destroyed = try Reconciler(node: node).destroy()
                            #expect(destroyed.isDone, "\(destroyed.failures)")
                        }
                        #expect(access(node.runtimeDirectory, F_OK) != 0)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
