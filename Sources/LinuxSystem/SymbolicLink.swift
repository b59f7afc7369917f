internal import Glibc

/// Symbolic links.
package enum SymbolicLink {
    /// What is at a path.
    package enum Target: Hashable, Sendable {
        case nothing
        /// A symbolic link that leads there, as it is written.
        case path(String)
        /// Anything that is no symbolic link.
        case noLink
    }

    /// Where a symbolic link leads.
    ///
    /// - Throws: ``SystemCallError`` for whatever `readlink` refuses besides.
    static func target(of path: String) throws(SystemCallError) -> Target {
        try target(of: path, at: AT_FDCWD, path)
    }

    fileprivate static func target(
        of name: String,
        at directory: CInt,
        _ path: @autoclosure () -> String
    ) throws(SystemCallError) -> Target {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        do {
            let count = try checked("readlink", on: path()) {
                CInt(readlinkat(directory, name, &buffer, buffer.count))
            }
            return .path(String(decoding: buffer[..<Int(count)].map(UInt8.init(bitPattern:)), as: UTF8.self))
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return .nothing
        } catch  where error.errno == .invalidArgument {
            return .noLink
        }
    }
}

/// An open directory of symbolic links: what is done is done in that one, whatever has its name by then.
package struct LinkDirectory: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let path: String

    /// Opens a directory.
    ///
    /// - Throws: ``SystemCallError`` (`ENOENT`: there is none of this name; `ENOTDIR`: it is no directory but, say, a symbolic
    ///   link to one).
    package init(_ path: String) throws(SystemCallError) {
        do {
            descriptor = try OwnedDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch  where error.errno == .tooManyLinks {
            throw SystemCallError(error.call, on: error.object, .notADirectory)
        }
        self.path = path
    }

    /// Where a symbolic link in it leads.
    ///
    /// - Throws: ``SystemCallError`` for whatever `readlinkat` refuses besides.
    package func target(of name: String) throws(SystemCallError) -> SymbolicLink.Target {
        try SymbolicLink.target(of: name, at: descriptor.rawValue, "\(path)/\(name)")
    }

    /// Makes a symbolic link.
    ///
    /// - Throws: ``SystemCallError`` (`EEXIST`: something has the name).
    package func make(_ name: String, to target: String) throws(SystemCallError) {
        try checked("symlink", on: "\(path)/\(name)") { symlinkat(target, descriptor.rawValue, name) }
    }

    /// Puts a symbolic link in the place of another one.
    ///
    /// Whoever follows the name meets the old one or the new one.
    ///
    /// - Throws: ``SystemCallError`` for whatever `symlinkat` and `renameat` refuse.
    package func replace(_ name: String, to target: String) throws(SystemCallError) {
        let temporary = ".\(name).new"
        try remove(temporary)
        try make(temporary, to: target)
        try checked("rename", on: "\(path)/\(name)") {
            renameat(descriptor.rawValue, temporary, descriptor.rawValue, name)
        }
    }

    /// Removes a symbolic link, if there is one.
    ///
    /// - Throws: ``SystemCallError`` for whatever else `unlinkat` refuses.
    package func remove(_ name: String) throws(SystemCallError) {
        do {
            try checked("unlink", on: "\(path)/\(name)") { unlinkat(descriptor.rawValue, name, 0) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            // As wanted.
        }
    }
}
