internal import Glibc

extension NamespaceDirectory {
    /// All names, sorted, whatever stands behind them.
    ///
    /// Empty if there is no directory.
    ///
    /// - Throws: ``SystemCallError`` for whatever else `open` and `readdir` refuse.
    package func names() throws(SystemCallError) -> [String] {
        do {
            return try DirectoryStream(path: path).names().sorted()
        } catch  where error.errno == .noSuchFileOrDirectory {
            return []
        }
    }

    /// True if a name is what an interrupted creation left: an empty file with nothing mounted on it.
    ///
    /// - Throws: ``SystemCallError`` for whatever `stat` refuses, but that there is no such name.
    package func hasLeftOver(_ name: String) throws(SystemCallError) -> Bool {
        do {
            let nsfs = try FileStatus(at: AT_FDCWD, NamespaceHandle.currentPath, followingLinks: true).device
            let status = try FileStatus(at: AT_FDCWD, path(of: name), followingLinks: false)
            return status.isRegularFile && status.size == 0 && status.device != nsfs
        } catch  where error.errno == .noSuchFileOrDirectory {
            return false
        }
    }

    /// Takes a name away if an interrupted creation left it.
    ///
    /// Anything else of that name is left alone.
    ///
    /// - Throws: ``SystemCallError`` for whatever `unlink` refuses, but that the name is gone already.
    package func removeLeftOver(_ name: String) throws(SystemCallError) {
        guard try hasLeftOver(name) else { return }
        do {
            try checked("unlink", on: path(of: name)) { unlink(path(of: name)) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }
}
