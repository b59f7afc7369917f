import LinuxSystem
import NetworkTesting
import Testing

@Suite("A namespace handle", .kernel)
struct NamespaceHandleTests {
    @Test("knows the namespace of the calling thread, not of the process")
    func currentIsTheThreads() throws {
        try ThrowAwayNode.with { node in
            let here = try NamespaceHandle.current().identity
            let (inside, process) = try node.inside {
                (
                    try NamespaceHandle.current().identity,
                    try NamespaceHandle.open(path: "/proc/self/ns/net").identity
                )
            }
            #expect(inside != here)
            #expect(process == here)
            #expect(try NamespaceHandle.open(name: node.name).identity == inside)
            #expect(try NamespaceHandle.current().identity == here)
        }
    }

    @Test("is named as readlink shows it")
    func describesItself() throws {
        let handle = try NamespaceHandle.current()
        #expect(handle.identity.description == Listing.target(of: "/proc/thread-self/ns/net"))
    }

    @Test("is opened by the number of a process")
    func opensByPid() throws {
        try ThrowAwayNode.with { node in
            let child = try node.command(["sleep", "60"]).start()
            defer { _ = try? child.end() }
            let wanted = try NamespaceHandle.open(name: node.name).identity
            #expect(try Eventually.holds { try NamespaceHandle.open(pid: child.pid).identity == wanted })
        }
    }

    @Test(
        "refuses what is no network namespace",
        arguments: ["/dev/null", "/", "/proc/self/ns/mnt", "/proc/self/ns/pid", "/etc/passwd"]
    )
    func refusesOthers(path: String) {
        #expect(throws: NotANetworkNamespace(path: path)) {
            _ = try NamespaceHandle.open(path: path).identity
        }
    }

    @Test("does not wait for a FIFO's other end")
    func refusesFIFO() throws {
        try ThrowAwayDirectory.with { directory in
            try Command(["mkfifo", "\(directory)/fifo"]).output()
            #expect(throws: NotANetworkNamespace(path: "\(directory)/fifo")) {
                _ = try NamespaceHandle.open(path: "\(directory)/fifo").identity
            }
        }
    }

    @Test("says what is missing")
    func saysWhatIsMissing() {
        #expect(throws: SystemCallError("open", on: "/run/netns/wt-none", .noSuchFileOrDirectory)) {
            _ = try NamespaceHandle.open(name: "wt-none").identity
        }
    }

    @Test("keeps its namespace alive without a name, and makes new ones that differ")
    func keepsAlive() throws {
        let identities = try DedicatedThread.run(named: "test") {
            var identities: Set<NamespaceIdentity> = []
            try NamespaceHandle.unshareNew()
            let first = try NamespaceHandle.current()
            identities.insert(first.identity)
            try NamespaceHandle.unshareNew()
            let second = try NamespaceHandle.current().identity
            #expect(second != first.identity)
            try Self.enter(first)
            identities.insert(try NamespaceHandle.current().identity)
            return identities
        }
        #expect(identities.count == 1)
    }

    private static func enter(_ handle: borrowing NamespaceHandle) throws { try handle.enter() }

    @Test("leaves no descriptor open, also when it refuses")
    func leavesNothing() throws {
        #expect(try Census.taken(of: "handles") == "")
    }
}
