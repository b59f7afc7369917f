internal import CLinux
internal import Glibc

/// Files of a person's, which are replaced as a whole and stay that person's.
package enum FileReplacement {
    /// Replaces the contents of a regular file: whoever opens it meets the old ones or the new ones, also after a crash.
    ///
    /// Mode, owner and group stay as they are. A symbolic link stays one: what it leads to is replaced.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - old: What it holds, as far as the caller knows.
    ///   - bytes: What it shall hold.
    /// - Throws: ``SystemCallError`` (`EINVAL`: it is no regular file; `EBUSY`: it holds something else than `old` by now).
    package static func replace(_ path: String, _ old: [UInt8], by bytes: [UInt8]) throws(SystemCallError) {
        var status = stat()
        try checked("stat", on: path) { stat(path, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemCallError("replace", on: path, .invalidArgument)
        }
        let target = try resolve(path)
        var name = Array("\(target).XXXXXX".utf8CString)
        let descriptor = try checked("open", on: "\(target).XXXXXX") {
            name.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkstemp($0) } ?? -1 }
        }
        let file = OwnedDescriptor(owning: descriptor)
        let temporary = name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        do throws(SystemCallError) {
            try checked("chown", on: path) { fchown(file.rawValue, status.st_uid, status.st_gid) }
            // After the owner, for a change of that takes set-user-ID away.
            try checked("chmod", on: path) { fchmod(file.rawValue, status.st_mode & 0o7777) }
            try file.writeAll(bytes, named: path)
            try checked("fsync", on: path) { fsync(file.rawValue) }
            // Whoever saved the file meanwhile shall not lose that.
            guard try FileReader.readAll(target) == old else {
                throw SystemCallError("replace", on: path, .busy)
            }
            try checked("rename", on: path) { rename(temporary, target) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// The path without symbolic links.
    private static func resolve(_ path: String) throws(SystemCallError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        try checked("open", on: path) { realpath(path, &buffer) == nil ? -1 : 0 }
        return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
}
