internal import Glibc

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
