import Dispatch
import Foundation
import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("A directory of namespaces", .kernel)
struct NamespaceDirectoryTests {
    /// A directory that is none of the machine's, prepared; whatever is mounted in it goes with it.
    private func withDirectory(_ body: (NamespaceDirectory) throws -> Void) throws {
        try ThrowAwayDirectory.with { parent in
            let directory = NamespaceDirectory(path: "\(parent)/netns")
            try directory.prepare()
            // Not by the code under test: all that is mounted at it or in it.
            defer { _ = try? Command(["umount", "--recursive", "--lazy", directory.path]).result() }
            try body(directory)
        }
    }

    private func create(_ name: String, in directory: NamespaceDirectory) throws -> NamespaceIdentity {
        try DedicatedThread.run(named: "test") {
            try directory.create(name)
            return try NamespaceHandle.current().identity
        }
    }

    /// The options of the mount at a path, one string for each mount on it.
    private func mounts(at path: String) throws -> [String] {
        try (AtomicFile.read("/proc/self/mountinfo") ?? "").split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
            .filter { $0[4] == path }.map { $0[6] }
    }

    @Test("is made a shared mount, once, however often and by however many at a time")
    func isShared() throws {
        try withDirectory { directory in
            try directory.prepare()
            let mounts = try mounts(at: directory.path)
            #expect(mounts.count == 1)
            #expect(mounts.allSatisfy { $0.hasPrefix("shared:") })
        }
    }

    @Test("is mounted once when many prepare it at the same instant")
    func isSharedOnce() async throws {
        let path = "/run/wt-\(UInt64.random(in: .min ... .max))"
        defer {
            _ = try? Command(["umount", "--recursive", "--lazy", path]).result()
            try? AtomicFile.removeTree(path)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 { group.addTask { try NamespaceDirectory(path: path).prepare() } }
            try await group.waitForAll()
        }
        #expect(try mounts(at: path).count == 1)
    }

    @Test("is prepared by one at a time: the lock of ip netns add is waited for")
    func waitsForLock() throws {
        let path = "/run/wt-\(UInt64.random(in: .min ... .max))"
        try AtomicFile.makeDirectories(path)
        defer {
            _ = try? Command(["umount", "--recursive", "--lazy", path]).result()
            try? AtomicFile.removeTree(path)
        }
        let holder = try Command(["flock", "--no-fork", path, "sleep", "60"]).start()
        #expect(try Eventually.holds { try locks(waiting: false, pid: holder.pid) })
        // A thread of its own: those of the test run may all be busy.
        let prepared = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            #expect(throws: Never.self) { try NamespaceDirectory(path: path).prepare() }
            prepared.signal()
        }
        #expect(try Eventually.holds { try locks(waiting: true, pid: getpid()) })
        #expect(try mounts(at: path).isEmpty)
        try holder.end()
        prepared.wait()
        #expect(try mounts(at: path).count == 1)
    }

    /// True if a process holds a lock of flock(2), or waits for one.
    private func locks(waiting: Bool, pid: Int32) throws -> Bool {
        try (AtomicFile.read("/proc/locks") ?? "").split(separator: "\n")
            .contains { $0.contains("FLOCK") && $0.contains(" \(pid) ") && $0.contains("->") == waiting }
    }

    @Test("of a thousand names is listed in a few milliseconds")
    func listsThousand() throws {
        try withDirectory { directory in
            try DedicatedThread.run(named: "test") {
                try NamespaceHandle.unshareNew()
                for number in 0..<1000 {
                    try directory.reserve("n\(number)")
                    try directory.attach("n\(number)")
                }
            }
            let clock = ContinuousClock()
            var count = 0
            let listing = try clock.measure { count = try directory.list().count }
            #expect(count == 1000)
            for number in 0..<1000 { try directory.remove("n\(number)") }
            // Generous: it is a quadratic or a forking way that shall fail here.
            #expect(listing < .milliseconds(250))
        }
    }

    @Test("holds what it creates, as ip netns does")
    func creates() throws {
        try withDirectory { directory in
            let here = try NamespaceHandle.current().identity
            let identity = try create("red", in: directory)
            #expect(identity != here)
            #expect(try directory.list() == [.init(name: "red", kind: .namespace(identity))])
            #expect(try NamespaceHandle.open(name: "red", in: directory).identity == identity)
            #expect(
                try Command(["nsenter", "--net=\(directory.path)/red", "ip", "link"]).output().contains("lo")
            )
        }
    }

    @Test("works side by side with ip netns")
    func worksWithIP() throws {
        try ThrowAwayNode.with { node in
            let standard = NamespaceDirectory.standard
            let name = node.fullName(of: "red")
            let identity = try create(name, in: standard)
            #expect(
                try Command("ip netns list").output().split(separator: "\n").contains { $0.hasPrefix(name) }
            )
            try Command(["ip", "netns", "delete", name]).output()
            #expect(try !standard.list().contains { $0.name == name })

            try Command(["ip", "netns", "add", name]).output()
            #expect(try standard.list().contains { $0.name == name && $0.kind != .namespace(identity) })
            try standard.remove(name)
            #expect(try !Command("ip netns list").output().contains(name))
        }
    }

    @Test("does not take a name twice, and leaves what has it as it is")
    func refusesTakenName() throws {
        try withDirectory { directory in
            let identity = try create("red", in: directory)
            let taken = SystemCallError("open", on: "\(directory.path)/red", .fileExists)
            #expect(throws: taken) { try create("red", in: directory) }
            #expect(try directory.list() == [.init(name: "red", kind: .namespace(identity))])
        }
    }

    @Test("tells namespaces, what was interrupted, and strangers apart")
    func tellsKinds() throws {
        try withDirectory { directory in
            let identity = try create("a-namespace", in: directory)
            try directory.reserve("b-left-over")
            try Command(["ln", "-s", "/proc/self/ns/net", "\(directory.path)/c-link"]).output()
            try AtomicFile.makeDirectories("\(directory.path)/d-directory")
            try AtomicFile.write("\(directory.path)/e-file", "text")
            try directory.reserve("f-mount-namespace")
            // The kernel mounts no mount namespace but a newer one than its own: another type serves as well.
            try Command(["mount", "--bind", "/proc/self/ns/uts", "\(directory.path)/f-mount-namespace"])
                .output()
            #expect(
                try directory.list() == [
                    .init(name: "a-namespace", kind: .namespace(identity)),
                    .init(name: "b-left-over", kind: .leftOver),
                    .init(name: "c-link", kind: .other),
                    .init(name: "d-directory", kind: .other),
                    .init(name: "e-file", kind: .other),
                    .init(name: "f-mount-namespace", kind: .other),
                ]
            )
        }
    }

    @Test("takes a name away whatever is there of it, and as often as one likes")
    func removes() throws {
        try withDirectory { directory in
            try directory.remove("never-there")
            try directory.reserve("left-over")
            try directory.remove("left-over")
            _ = try create("red", in: directory)
            // Twice on one name: after one unmount, unlink answers EBUSY.
            try DedicatedThread.run(named: "test") {
                try NamespaceHandle.unshareNew()
                try directory.attach("red")
            }
            try directory.remove("red")
            try directory.remove("red")
            #expect(try directory.list().isEmpty)
        }
    }

    @Test("frees the namespace with its name")
    func frees() throws {
        try withDirectory { directory in
            try ThrowAwayNode.with { node in
                _ = try create("red", in: directory)
                try node.run("ip link add near type veth peer name far")
                try node.run("ip link set far netns \(directory.path)/red")
                try directory.remove("red")
                #expect(try Eventually.holds { try node.ipJSON("link").first("ifname", "near").isNull })
            }
        }
    }

    @Test("is empty where there is no directory")
    func isEmptyWithoutDirectory() throws {
        #expect(try NamespaceDirectory(path: "/run/wt-none").list().isEmpty)
    }

    @Test("a step that cannot be done says on what")
    func attachNeedsReservation() throws {
        try withDirectory { directory in
            let missing = SystemCallError("mount --bind", on: "\(directory.path)/red", .noSuchFileOrDirectory)
            #expect(throws: missing) { try directory.attach("red") }
        }
    }

    @Test("leaves no descriptor, name or mount behind")
    func leavesNothing() throws {
        #expect(try Census.taken(of: "names") == "")
    }
}
