internal import CLinux
internal import Glibc

/// An open directory, to list its entries and to name files relative to it.
struct DirectoryStream: ~Copyable {
    private let stream: OpaquePointer
    private let path: String

    /// Opens a directory.
    ///
    /// - Throws: ``SystemCallError`` (`ENOENT`: there is none; `ENOTDIR`).
    init(path: String) throws(SystemCallError) {
        guard let stream = opendir(path) else {
            throw SystemCallError("opendir", on: path, .current)
        }
        self.stream = stream
        self.path = path
    }

    /// Takes over an open descriptor of a directory.
    init(owning descriptor: consuming OwnedDescriptor, path: String) throws(SystemCallError) {
        guard let stream = fdopendir(descriptor.rawValue) else {
            throw SystemCallError("fdopendir", on: path, .current)
        }
        descriptor.relinquish()
        self.stream = stream
        self.path = path
    }

    deinit {
        // Nothing was written: closing it has no result to act on.
        _ = closedir(stream)
    }

    /// The directory's descriptor, for `openat` and its kin.
    var descriptor: CInt { dirfd(stream) }

    /// The names of all entries but `.` and `..`, in the file system's order.
    func names() throws(SystemCallError) -> [String] {
        var names: [String] = []
        while true {
            // readdir() answers NULL at the end and on failure; only errno tells which.
            errno = 0
            guard let entry = readdir(stream) else {
                let error = Errno.current
                guard error.code == 0 else { throw SystemCallError("readdir", on: path, error) }
                return names
            }
            let name = String(cString: cl_entry_name(entry))
            if name != "." && name != ".." { names.append(name) }
        }
    }
}

/// What directories hold.
package enum DirectoryEntries {
    /// The names in a directory, in order; none if there is no such directory.
    ///
    /// - Throws: ``SystemCallError`` (`ENOTDIR`) for whatever else opening and reading it refuse.
    package static func names(in path: String) throws(SystemCallError) -> [String] {
        do {
            return try DirectoryStream(path: path).names().sorted()
        } catch  where error.errno == .noSuchFileOrDirectory {
            return []
        }
    }
}
