internal import CLinux
package import Glibc

/// Files that are there whole or not at all.
///
/// Nothing is flushed to a disk: what is written so describes the running kernel and dies with it.
package enum AtomicFile {
    /// Replaces a file, or makes it: whoever opens it meets the old contents or the new, never a part.
    ///
    /// The new file has no name until it is complete. Then it gets ``temporaryPath(for:)`` for an instant, as
    /// no call puts a nameless file in another's place; a process killed in this instant leaves that name to
    /// the next writer or to ``removeFileIfExists(_:)``. Several may write at once: the last one's contents
    /// stay.
    ///
    /// - Parameters:
    ///   - path: The file, in a directory that exists and whose file system has `O_TMPFILE` (tmpfs, ext4,
    ///     xfs, btrfs, overlayfs).
    ///   - bytes: Its contents.
    ///   - mode: Its permissions, whatever the umask.
    /// - Throws: ``SystemCallError`` (`ENOENT`: no such directory; `ENOSPC`).
    package static func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws(SystemCallError)
    {
        for _ in 0..<mostAttempts where try attempt(path, bytes, mode: mode) { return }
        throw SystemCallError("rename", on: path, .busy)
    }

    /// Replaces a file by one that holds `text`; as ``write(_:_:mode:)``.
    package static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws(SystemCallError) {
        try write(path, Array(text.utf8), mode: mode)
    }

    /// A file's contents as text, ill-formed parts replaced; `nil` if there is no such file.
    ///
    /// - Throws: ``SystemCallError`` for anything but that.
    package static func read(_ path: String) throws(SystemCallError) -> String? {
        do {
            return String(decoding: try FileReader.readAll(path), as: UTF8.self)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }

    /// The name that a file has for an instant before it takes `path`: `/run/weft/.NAME.new` for
    /// `/run/weft/NAME`.
    package static func temporaryPath(for path: String) -> String {
        let (directory, name) = split(path)
        return "\(directory)/.\(name).new"
    }

    /// Removes a file, if there is one, and what a killed writer may have left of it.
    ///
    /// - Throws: ``SystemCallError`` (`EISDIR`).
    package static func removeFileIfExists(_ path: String) throws(SystemCallError) {
        try unlinkIfExists(temporaryPath(for: path))
        try unlinkIfExists(path)
    }

    /// How often a write begins anew because another writer of the same path took its temporary name.
    private static let mostAttempts = 64

    /// Writes once; false if another writer of the same path came in between.
    private static func attempt(
        _ path: String,
        _ bytes: [UInt8],
        mode: mode_t
    ) throws(SystemCallError) -> Bool {
        let temporary = temporaryPath(for: path)
        let (directory, _) = split(path)
        let file = try OwnedDescriptor.open(directory, O_WRONLY | cl_O_TMPFILE, mode: mode)
        try checked("fchmod", on: path) { fchmod(file.rawValue, mode) }
        try file.writeAll(bytes, named: path)

        let source = "/proc/thread-self/fd/\(file.rawValue)"
        do {
            try checked("linkat", on: temporary) {
                linkat(AT_FDCWD, source, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW)
            }
        } catch  where error.errno == .fileExists {
            try unlinkIfExists(temporary)
            return false
        }
        do {
            try checked("rename", on: path) { rename(temporary, path) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            return false
        }
        return true
    }

    private static func unlinkIfExists(_ path: String) throws(SystemCallError) {
        do {
            try checked("unlink", on: path) { unlink(path) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            // As wanted.
        }
    }

    /// The directory of a path, `.` if it names none, and the last component.
    private static func split(_ path: String) -> (directory: String, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path[...]) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, path[path.index(after: slash)...])
    }
}
