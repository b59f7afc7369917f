internal import Glibc

extension NamespaceDirectory {
    /// Takes a name away if an interrupted creation left it: an empty file with nothing mounted on it.
    ///
    /// Anything else of that name is left alone.
    ///
    /// - Throws: ``SystemCallError`` for whatever `unlink` refuses, but that the name is gone already.
    package func removeLeftOver(_ name: String) throws(SystemCallError) {
        guard try list().contains(where: { $0.name == name && $0.kind == .leftOver }) else { return }
        do {
            try checked("unlink", on: path(of: name)) { unlink(path(of: name)) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            return
        }
    }
}
