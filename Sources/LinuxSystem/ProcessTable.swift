internal import Glibc

/// Whose rights a process has.
package struct ProcessUser: Hashable, Sendable, CustomStringConvertible {
    package let number: UInt32
    /// `nil` if `/etc/passwd` has none.
    package let name: String?

    package init(number: UInt32, name: String?) {
        self.number = number
        self.name = name
    }

    /// `user 'bob', uid 1000`.
    package var description: String { name.map { "user '\($0)', uid \(number)" } ?? "uid \(number)" }
}

/// The processes of the machine.
package enum ProcessTable {
    /// How many processes live in each of some network namespaces; 0 where there is none.
    ///
    /// One look at each process, however many namespaces. A process counts where its main thread is; one that
    /// ends meanwhile, or that the caller may not look into, does not count.
    ///
    /// Equivalent to `ip netns pids NAME | wc -l`, for each.
    ///
    /// - Throws: ``SystemCallError`` if `/proc` cannot be read.
    package static func countProcesses(
        in namespaces: Set<NamespaceIdentity>
    ) throws(SystemCallError) -> [NamespaceIdentity: Int] {
        var counts: [NamespaceIdentity: Int] = [:]
        for namespace in namespaces { counts[namespace] = 0 }
        if namespaces.isEmpty { return counts }

        let processes = try DirectoryStream(path: "/proc")
        for name in try processes.names() where name.utf8.first.map(isDigit) == true {
            guard let identity = try identity(ofProcess: name, in: processes.descriptor) else { continue }
            counts[identity]? += 1
        }
        return counts
    }

    /// The name of a process, as `ps -o comm` shows it; `nil` if there is no such process.
    package static func commandName(of pid: Int32) -> String? {
        guard let bytes = try? FileReader.readAll("/proc/\(pid)/comm", limit: 256) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// The user whose rights a process has; `nil` if there is no such process.
    ///
    /// Equivalent to `ps -o euid,euser`, as far as `/etc/passwd` knows the name.
    package static func user(of pid: Int32) -> ProcessUser? {
        guard let status = try? AtomicFile.read("/proc/\(pid)/status") else { return nil }
        for line in status.split(separator: "\n") where line.hasPrefix("Uid:") {
            // Real, effective, saved, and of file accesses.
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count == 5, let number = UInt32(fields[2]) else { return nil }
            return ProcessUser(number: number, name: userName(of: number))
        }
        return nil
    }

    /// By the file: other sources of names may be behind the network that is just being changed.
    private static func userName(of number: UInt32) -> String? {
        let users = (try? AtomicFile.read("/etc/passwd")) ?? ""
        for line in users.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, UInt32(fields[2]) == number { return String(fields[0]) }
        }
        return nil
    }

    /// The namespace of a process's main thread; `nil` if it has none any more, or none that we may see.
    private static func identity(
        ofProcess name: String,
        in directory: CInt
    ) throws(SystemCallError) -> NamespaceIdentity? {
        do {
            return try FileStatus(at: directory, "\(name)/ns/net", followingLinks: true).identity
        } catch  where invisible.contains(error.errno) {
            return nil
        }
    }

    /// What the kernel answers for processes that ended (ENOENT, ESRCH) or are another user's (EACCES,
    /// EPERM).
    private static let invisible: Set<Errno> = [
        .noSuchFileOrDirectory, .noSuchProcess, .permissionDenied, .notPermitted,
    ]

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
