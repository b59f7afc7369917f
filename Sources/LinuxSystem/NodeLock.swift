internal import CLinux
internal import Glibc

/// Another process holds the lock of this node.
package struct LockIsHeld: Error, Hashable, Sendable, CustomStringConvertible {
    /// Who; `nil` if it let go meanwhile, or is not to be seen from here.
    package let holder: NodeLock.Holder?
    /// What it holds, as a person calls it.
    package let object: String

    package init(by holder: NodeLock.Holder?, _ object: String = "the node") {
        self.holder = holder
        self.object = object
    }

    /// `the node is locked by 'weft' (process 4711)`.
    package var description: String {
        "\(object) is locked by \(holder.map(\.description) ?? "another process")"
    }
}

/// The right to change a node, which one process has at a time.
///
/// It is a lock on the file of the node's *network namespace*, not on a path: whoever reaches the same kernel
/// state by whatever name, mount namespace or runtime directory meets it. Let go when the value or the
/// process ends.
package struct NodeLock: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    private init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    deinit {
        // Closing alone would not do: a child that is being spawned has a copy of the descriptor until it
        // execs, and the lock with it. There is nothing to do about a failure: the descriptor closes next.
        _ = flock(descriptor.rawValue, LOCK_UN)
    }

    /// Who holds a lock.
    package struct Holder: Hashable, Sendable, CustomStringConvertible {
        package let pid: Int32
        /// As `ps -o comm` shows it; empty if it has just ended.
        package let command: String
        /// Whose it is; `nil` if it has just ended.
        package let user: ProcessUser?

        package init(pid: Int32, command: String, user: ProcessUser? = nil) {
            self.pid = pid
            self.command = command
            self.user = user
        }

        /// Whom the kernel has as the holder.
        init(pid: Int32) {
            self.init(
                pid: pid,
                command: ProcessTable.commandName(of: pid) ?? "",
                user: ProcessTable.user(of: pid)
            )
        }

        /// False if it is hardly another Weft: whoever can open the namespace's file can lock it.
        package var isRoot: Bool { user.map { $0.number == 0 } ?? true }

        /// `'weft' (process 4711)`; of a user who is not root `'sleep' (process 4711 of user 'bob', uid 1000)`.
        package var description: String {
            let whose = isRoot ? "" : user.map { " of \($0)" } ?? ""
            return command.isEmpty ? "process \(pid)\(whose)" : "'\(command)' (process \(pid)\(whose))"
        }
    }

    /// Locks the node whose network namespace the calling thread is in.
    ///
    /// Equivalent to `flock /proc/thread-self/ns/net`.
    ///
    /// - Parameters:
    ///   - wait: Whether to wait for another holder, for as long as it takes.
    ///   - onWait: Called before the wait begins, if there is one, and again when it is for another holder.
    /// - Returns: The lock; it is let go when this ends.
    /// - Throws: ``LockIsHeld`` if it is and `wait` is false; ``SystemCallError`` for whatever `open` and
    ///   `flock` refuse.
    package static func acquire(wait: Bool, onWait: (Holder?) -> Void = { _ in }) throws -> NodeLock {
        let path = NamespaceHandle.currentPath
        let descriptor = try OwnedDescriptor.open(path, O_RDONLY)
        try lock(descriptor.rawValue, at: path, of: "the node", wait: wait, onWait: onWait)
        return NodeLock(descriptor)
    }

    /// Locks an open file, which a person calls `object`.
    ///
    /// - Throws: As ``acquire(wait:onWait:)``.
    static func lock(
        _ descriptor: CInt,
        at path: String,
        of object: String,
        wait: Bool,
        onWait: (Holder?) -> Void
    ) throws {
        guard try !tryLock(descriptor, at: path) else { return }
        let holder = try holder(of: FileStatus(of: descriptor, named: path).identity)
        guard wait else { throw LockIsHeld(by: holder, object) }
        onWait(holder)
        try lock(descriptor, at: path, heldBy: holder, onWait)
    }

    /// Locks an open file without waiting; false if another one holds it.
    private static func tryLock(_ descriptor: CInt, at path: String) throws(SystemCallError) -> Bool {
        do {
            try checked("flock", on: path) { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch  where error.errno == .wouldBlock {
            return false
        }
    }

    /// Locks an open file, as soon as nobody else does.
    private static func lock(
        _ descriptor: CInt,
        at path: String,
        heldBy holder: Holder?,
        _ onWait: (Holder?) -> Void
    ) throws {
        var last = holder
        let identity = try FileStatus(of: descriptor, named: path).identity
        // The lock is the open file's, whichever thread takes it.
        _ = try DedicatedThread.run(named: "weft-lock", every: .seconds(5)) {
            // Of several who wait any may be next.
            guard let now = try? self.holder(of: identity), now != last else { return }
            last = now
            onWait(now)
        } _: {
            try checked("flock", on: path) { flock(descriptor, LOCK_EX) }
        }
    }

    /// Lets go.
    package consuming func release() {
        // The value ends here, and with it the lock.
    }

    /// Who holds the lock on a namespace's file; `nil` if nobody, or nobody that has a process number here.
    package static func holder(of namespace: NamespaceIdentity) throws(SystemCallError) -> Holder? {
        let table = String(decoding: try FileReader.readAll("/proc/locks", limit: 16 << 20), as: UTF8.self)
        guard let pid = holder(of: namespace, inTable: table) else { return nil }
        return Holder(pid: pid)
    }

    /// The process that a table in the form of `/proc/locks` names as the holder of the lock on a file.
    package static func holder(of file: NamespaceIdentity, inTable table: String) -> Int32? {
        // `1: FLOCK  ADVISORY  WRITE 4786 00:04:4026531833 0 EOF`; `1: -> FLOCK …` waits. See proc_locks(5).
        let major = cl_device_major(UInt(file.device))
        let minor = cl_device_minor(UInt(file.device))
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", let pid = Int32(fields[4]) else { continue }
            let place = fields[5].split(separator: ":")
            guard place.count == 3, UInt32(place[0], radix: 16) == major,
                UInt32(place[1], radix: 16) == minor,
                UInt64(place[2]) == file.inode
            else { continue }
            return pid > 0 ? pid : nil
        }
        return nil
    }
}
