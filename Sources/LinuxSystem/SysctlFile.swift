internal import Glibc

/// Settings below `/proc/sys`, named by the path from there: `net/ipv4/ip_forward`.
///
/// What is below `net` belongs to the network namespace of the thread that opens it: the calling one.
package enum SysctlFile {
    /// A setting's value, ``normalised(_:)``.
    ///
    /// Equivalent to `sysctl -n NAME`.
    ///
    /// - Throws: ``SystemCallError`` naming the file (`ENOENT`: the kernel has no such setting).
    package static func read(_ path: String) throws(SystemCallError) -> String {
        let bytes = try FileReader.readAll(file(path), limit: 1 << 16)
        return normalised(String(decoding: bytes, as: UTF8.self))
    }

    /// A setting's value, as ``read(_:)``; `nil` if the kernel has no such setting.
    ///
    /// - Throws: ``SystemCallError`` for whatever else keeps it from being known.
    package static func readIfExists(_ path: String) throws(SystemCallError) -> String? {
        do {
            return try read(path)
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return nil
        }
    }

    /// Sets a setting.
    ///
    /// Equivalent to `sysctl -w NAME=VALUE`.
    ///
    /// - Throws: ``SystemCallError`` naming the file (`ENOENT`: the kernel has no such setting; `EINVAL`: it
    ///   takes no such value; `EACCES`: read only).
    package static func write(_ path: String, _ value: String) throws(SystemCallError) {
        let file = try file(path)
        let descriptor = try OwnedDescriptor.open(file, O_WRONLY)
        // One call: a setting is parsed from what one write brings, and takes no second one at an offset.
        let bytes = Array(value.utf8)
        let count = try checked("write", on: file) {
            CInt(Glibc.write(descriptor.rawValue, bytes, bytes.count))
        }
        guard count == bytes.count else { throw SystemCallError("write", on: file, .invalidArgument) }
    }

    /// True if the kernel has the setting.
    ///
    /// - Throws: ``SystemCallError`` for whatever keeps it from being known.
    package static func exists(_ path: String) throws(SystemCallError) -> Bool {
        do {
            _ = try FileStatus(at: AT_FDCWD, file(path), followingLinks: true)
            return true
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return false
        }
    }

    /// A value with one space for each run of white space within, and none at its ends: `4096 131072 6291456`.
    package static func normalised(_ value: String) -> String {
        value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The file of a setting.
    ///
    /// - Throws: ``SystemCallError`` (`EINVAL`) for a path that leads out of `/proc/sys`.
    private static func file(_ path: String) throws(SystemCallError) -> String {
        let file = "/proc/sys/\(path)"
        guard !path.isEmpty, !path.split(separator: "/").contains("..") else {
            throw SystemCallError("open", on: file, .invalidArgument)
        }
        return file
    }
}
