internal import Glibc

/// The right to do something that a file stands for, which one process has at a time.
///
/// Only who may open the file can hold it. Let go when the value or the process ends.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    private init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    deinit {
        // As with ``NodeLock``: a child that is being spawned may have a copy of the descriptor.
        _ = flock(descriptor.rawValue, LOCK_UN)
    }

    /// Lets go.
    package consuming func release() {
        // The value ends here, and with it the lock.
    }

    /// Locks a file, which is made if it is missing, together with the directories above it.
    ///
    /// Who holds it may remove it: then whoever waited for it begins anew with the next one.
    ///
    /// Equivalent to `flock PATH`.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - object: What it stands for, as a person calls it.
    ///   - wait: Whether to wait for another holder, for as long as it takes.
    ///   - onWait: Called before the wait begins, if there is one, and again when it is for another holder.
    /// - Returns: The lock.
    /// - Throws: ``LockIsHeld`` if it is and `wait` is false; ``SystemCallError`` for whatever `mkdir`, `open` and `flock`
    ///   refuse.
    package static func acquire(
        _ path: String,
        of object: String,
        wait: Bool,
        onWait: (NodeLock.Holder?) -> Void = { _ in }
    ) throws -> FileLock {
        for _ in 0..<mostAttempts {
            if let lock = try attempt(path, of: object, wait: wait, onWait: onWait) { return lock }
        }
        throw SystemCallError("flock", on: path, .busy)
    }

    /// How often the file may vanish before it is locked.
    private static let mostAttempts = 1000

    /// Locks a file once; `nil` if it was removed meanwhile.
    private static func attempt(
        _ path: String,
        of object: String,
        wait: Bool,
        onWait: (NodeLock.Holder?) -> Void
    ) throws -> FileLock? {
        guard let opened = try open(path) else { return nil }
        let descriptor = OwnedDescriptor(owning: opened)
        try NodeLock.lock(descriptor.rawValue, at: path, of: object, wait: wait, onWait: onWait)
        let held = try FileStatus(of: descriptor.rawValue, named: path).identity
        let named = try? FileStatus(at: AT_FDCWD, path, followingLinks: false).identity
        return named == held ? FileLock(descriptor) : nil
    }

    /// Makes the file, if it is missing, and opens it; `nil` if who has just let go took its directory away.
    private static func open(_ path: String) throws(SystemCallError) -> CInt? {
        do {
            try AtomicFile.makeDirectories(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
            let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
            return try checked("open", on: path) { Glibc.open(path, flags, 0o600) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }
}
