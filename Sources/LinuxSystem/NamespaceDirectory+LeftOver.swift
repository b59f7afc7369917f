internal import Glibc

extension NamespaceDirectory {
    /// Takes a name away if an interrupted creation left it: an empty file with nothing mounted on it.
    ///
    /// Anything else of that name is left alone.
    ///
    /// - Throws: ``SystemCallError`` for whatever `unlink` refuses, but that the name is gone already.
    package func removeLeftOver(_ name: String) throws(SystemCallError) {
        let file = path(of: name)
        do {
            let nsfs = try FileStatus(at: AT_FDCWD, NamespaceHandle.currentPath, followingLinks: true).device
            let status = try FileStatus(at: AT_FDCWD, file, followingLinks: false)
            guard status.isRegularFile, status.size == 0, status.device != nsfs else { return }
            try checked("unlink", on: file) { unlink(file) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }
}
