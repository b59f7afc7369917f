import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("The lock of a node", .kernel)
struct NodeLockTests {
    @Test("names its holder to whom does not wait")
    func namesHolder() throws {
        try ThrowAwayNode.with { node in
            let holder = try Command(["flock", node.path(), "sleep", "60"]).start()
            defer { _ = try? holder.end() }
            try node.inside {
                let namespace = try NamespaceHandle.current().identity
                #expect(try Eventually.holds { try NodeLock.holder(of: namespace) != nil })
                let error = #expect(throws: LockIsHeld.self) { try NodeLock.acquire(wait: false).release() }
                #expect(error?.holder?.pid == holder.pid && error?.holder?.command == "flock")
                #expect(error?.holder?.user?.number == getuid() && error?.holder?.isRoot == true)
                #expect(error?.description == "the node is locked by 'flock' (process \(holder.pid))")
            }
        }
    }

    @Test("is got after its holder's death, having said once for whom it waits")
    func waits() throws {
        try ThrowAwayNode.with { node in
            // `flock --no-fork` is the process that holds it: its death frees the lock.
            let holder = try Command(["flock", "--no-fork", node.path(), "sleep", "60"]).start()
            try node.inside {
                let namespace = try NamespaceHandle.current().identity
                #expect(try Eventually.holds { try NodeLock.holder(of: namespace) != nil })
                var calls: [Int32?] = []
                let lock = try NodeLock.acquire(wait: true) {
                    calls.append($0?.pid)
                    _ = try? holder.end()
                }
                #expect(calls == [holder.pid])
                #expect(try NodeLock.holder(of: namespace)?.pid == getpid())
                lock.release()
                #expect(try NodeLock.holder(of: namespace) == nil)
            }
        }
    }

    @Test("holds against others, also by another path, until its value ends")
    func holds() throws {
        try ThrowAwayNode.with { node in
            try node.inside {
                do {
                    let lock = try NodeLock.acquire(wait: false) { _ in Issue.record("nobody holds it") }
                    #expect(try Command(["flock", "--nonblock", node.path(), "true"]).result().status == 1)
                    #expect(throws: LockIsHeld.self) { try NodeLock.acquire(wait: false).release() }
                    lock.release()
                }
                #expect(try Command(["flock", "--nonblock", node.path(), "true"]).result().status == 0)
                #expect(throws: Never.self) { try NodeLock.acquire(wait: false).release() }
            }
        }
    }

    @Test("belongs to one node: others are not concerned")
    func isPerNode() throws {
        try ThrowAwayNode.with { one in
            try ThrowAwayNode.with { other in
                let holder = try Command(["flock", one.path(), "sleep", "60"]).start()
                defer { _ = try? holder.end() }
                let namespace = try NamespaceHandle.open(path: one.path()).identity
                #expect(try Eventually.holds { try NodeLock.holder(of: namespace) != nil })
                try other.inside {
                    #expect(throws: Never.self) { try NodeLock.acquire(wait: false).release() }
                }
            }
        }
    }

    @Test("is let go even while a child that is being spawned has a copy of its descriptor")
    func isLetGoOfCopies() throws {
        try ThrowAwayNode.with { node in
            try node.inside {
                let lock = try NodeLock.acquire(wait: false)
                let namespace = try NamespaceHandle.current().identity.description
                // A duplicate is what a child has between fork and exec.
                let copies = try Listing.names(in: "/proc/self/fd").filter {
                    Listing.target(of: "/proc/self/fd/\($0)") == namespace
                }.compactMap { CInt($0) }.map { dup($0) }
                #expect(!copies.isEmpty)
                defer { for copy in copies { close(copy) } }
                lock.release()
                #expect(throws: Never.self) { try NodeLock.acquire(wait: false).release() }
            }
        }
    }

    @Test("finds the holder in the kernel's table, not those who wait or lock otherwise")
    func readsTable() {
        let table = """
            1: POSIX  ADVISORY  WRITE 11 00:04:4026531833 0 EOF
            2: FLOCK  ADVISORY  WRITE 10 00:05:4026531833 0 EOF
            2: FLOCK  ADVISORY  WRITE 12 fe:00:4026531833 0 EOF
            3: FLOCK  ADVISORY  WRITE 13 00:04:4026531834 0 EOF
            4: -> FLOCK  ADVISORY  WRITE 14 00:04:4026531833 0 EOF
            4: FLOCK  ADVISORY  WRITE 15 00:04:4026531833 0 EOF
            4: -> FLOCK  ADVISORY  WRITE 16 00:04:4026531833 0 EOF

            """
        let file = NamespaceIdentity(device: 4, inode: 4_026_531_833)
        #expect(NodeLock.holder(of: file, inTable: table) == 15)
        #expect(
            NodeLock.holder(of: NamespaceIdentity(device: 0xfe00, inode: file.inode), inTable: table) == 12
        )
        #expect(NodeLock.holder(of: NamespaceIdentity(device: 4, inode: 1), inTable: table) == nil)
        #expect(NodeLock.holder(of: file, inTable: "1: FLOCK ADVISORY WRITE 0 00:04:4026531833 0 EOF") == nil)
        #expect(NodeLock.holder(of: file, inTable: "garbage\n1:\n") == nil)
    }

    @Test("says that it is held, also where the holder is not known")
    func describesUnknown() {
        #expect(LockIsHeld(by: nil).description == "the node is locked by another process")
        #expect(NodeLock.Holder(pid: 7, command: "").description == "process 7")
        let bob = ProcessUser(number: 1000, name: "bob")
        let named = NodeLock.Holder(pid: 7, command: "sleep", user: bob)
        #expect(named.description == "'sleep' (process 7 of user 'bob', uid 1000)" && !named.isRoot)
        let unnamed = NodeLock.Holder(pid: 7, command: "", user: ProcessUser(number: 1000, name: nil))
        #expect(unnamed.description == "process 7 of uid 1000")
    }
}
