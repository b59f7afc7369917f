internal import Glibc

extension AtomicFile {
    /// Removes a directory if nothing is in it; leaves it if something is, or if it is a mount point.
    ///
    /// Equivalent to `rmdir PATH`.
    ///
    /// - Throws: ``SystemCallError`` for whatever else `rmdir` refuses, but that the directory is gone already.
    package static func removeDirectoryIfEmpty(_ path: String) throws(SystemCallError) {
        do {
            try checked("rmdir", on: path) { rmdir(path) }
        } catch  where [ENOENT, ENOTEMPTY, EEXIST, EBUSY].contains(error.errno.code) {
            return
        }
    }
}
