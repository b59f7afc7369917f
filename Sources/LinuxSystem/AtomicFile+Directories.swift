internal import CLinux
package import Glibc

extension AtomicFile {
    /// Makes a directory and those above it, as far as they are missing.
    ///
    /// Equivalent to `mkdir -p -m MODE PATH`, with the mode for each that is made, less the umask.
    ///
    /// - Returns: True if the directory itself was missing.
    /// - Throws: ``SystemCallError`` (`ENOTDIR`: something on the way is no directory; `ENOENT`: one of them was
    ///   removed meanwhile).
    @discardableResult
    package static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws(SystemCallError) -> Bool
    {
        // In most cases only the last one is missing, or none.
        do {
            try checked("mkdir", on: path) { mkdir(path, mode) }
            return true
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return try makeEachDirectory(path, mode)
        } catch  where error.errno == .fileExists {
            let status = try FileStatus(at: AT_FDCWD, path, followingLinks: true)
            guard status.isDirectory else { throw SystemCallError("mkdir", on: path, .notADirectory) }
            return false
        }
    }

    private static func makeEachDirectory(_ path: String, _ mode: mode_t) throws(SystemCallError) -> Bool {
        var made = path.hasPrefix("/") ? "" : "."
        var isNew = false
        for component in path.split(separator: "/") {
            made += "/\(component)"
            isNew = false
            do {
                try checked("mkdir", on: made) { mkdir(made, mode) }
                isNew = true
            } catch  where error.errno == .fileExists {
                let status = try FileStatus(at: AT_FDCWD, made, followingLinks: true)
                guard status.isDirectory else { throw SystemCallError("mkdir", on: made, .notADirectory) }
            }
        }
        return isNew
    }

    /// Removes a file, or a directory with all that is in it, if there is one.
    ///
    /// Follows no symbolic link, and goes into nothing that is mounted below `path`.
    ///
    /// Equivalent to `rm -rf --one-file-system PATH`, but it stops at what it cannot remove.
    ///
    /// - Throws: ``SystemCallError`` naming what could not be removed (`EBUSY`: something is mounted there).
    package static func removeTree(_ path: String) throws(SystemCallError) {
        do {
            let status = try FileStatus(at: AT_FDCWD, path, followingLinks: false)
            try removeTree(at: AT_FDCWD, path, status, device: status.device, path: path)
        } catch  where error.errno == .noSuchFileOrDirectory {
            // As wanted.
        }
    }

    /// Removes `name` in an open directory, and what is in it as long as it is on `device`.
    private static func removeTree(
        at parent: CInt,
        _ name: String,
        _ status: FileStatus,
        device: UInt64,
        path: String
    ) throws(SystemCallError) {
        guard status.isDirectory else {
            try checked("unlink", on: path) { unlinkat(parent, name, 0) }
            return
        }
        guard status.device == device else { throw SystemCallError("rmdir", on: path, .busy) }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let opened = try checked("openat", on: path) { openat(parent, name, flags) }
        let directory = try DirectoryStream(owning: OwnedDescriptor(owning: opened), path: path)
        for child in try directory.names() {
            let below = try FileStatus(at: directory.descriptor, child, followingLinks: false)
            try removeTree(at: directory.descriptor, child, below, device: device, path: "\(path)/\(child)")
        }
        try checked("rmdir", on: path) { unlinkat(parent, name, AT_REMOVEDIR) }
    }
}
