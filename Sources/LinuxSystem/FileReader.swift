internal import Glibc

/// Reads whole files.
package enum FileReader {
    /// True if there is a file, or whatever else, at a path; a symbolic link is followed.
    ///
    /// - Throws: ``SystemCallError`` for whatever keeps from knowing.
    package static func exists(_ path: String) throws(SystemCallError) -> Bool {
        do {
            _ = try FileStatus(at: AT_FDCWD, path, followingLinks: true)
            return true
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return false
        }
    }

    /// The contents of a file, which may be one of `/proc` or a pipe.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - limit: The most bytes that are taken.
    /// - Returns: All of it.
    /// - Throws: ``SystemCallError`` naming `path` (`EFBIG`: there is more than `limit`).
    package static func readAll(_ path: String, limit: Int = 64 << 20) throws(SystemCallError) -> [UInt8] {
        let file = try OwnedDescriptor.open(path, O_RDONLY | O_NOCTTY)
        return try readAll(descriptor: file.rawValue, named: path, limit: limit)
    }

    /// What can still be read from an open descriptor, to its end; 0 is standard input.
    ///
    /// - Parameters:
    ///   - descriptor: Where to read; it stays open.
    ///   - name: What errors call it.
    ///   - limit: The most bytes that are taken.
    /// - Returns: All of it.
    /// - Throws: ``SystemCallError`` naming `name` (`EFBIG`: there is more than `limit`).
    package static func readAll(
        descriptor: CInt,
        named name: String,
        limit: Int = 64 << 20
    ) throws(SystemCallError) -> [UInt8] {
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = try checked("read", on: name) { CInt(read(descriptor, &chunk, chunk.count)) }
            if count == 0 { return contents }
            contents += chunk[..<Int(count)]
            guard contents.count <= limit else { throw SystemCallError("read", on: name, .fileTooLarge) }
        }
    }
}
