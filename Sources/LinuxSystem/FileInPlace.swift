internal import CLinux
package import Glibc

/// Files that keep their inode: whoever has one open, or mounted elsewhere, sees what is written.
package enum FileInPlace {
    /// Makes a file, or replaces what is in it.
    ///
    /// A reader may meet a part of the new contents and a rest of the old.
    ///
    /// - Parameters:
    ///   - path: The file, in a directory that exists. A symbolic link is not followed.
    ///   - pieces: Its contents, one piece after the other.
    ///   - mode: The permissions of one that is made, whatever the umask.
    /// - Throws: ``SystemCallError`` (`ENOENT`: no such directory; `ELOOP`: it is a symbolic link; `ENOSPC`).
    package static func write(
        _ path: String,
        _ pieces: [ArraySlice<UInt8>],
        mode: mode_t = 0o644
    ) throws(SystemCallError) {
        let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK
        let file = try OwnedDescriptor.open(path, flags, mode: mode)
        var length = 0
        for piece in pieces {
            try file.writeAll(piece, named: path)
            length += piece.count
        }
        // Shortened behind the writing: a reader never meets an empty file.
        let status = try FileStatus(of: file.rawValue, named: path)
        if status.size > length {
            try checked("ftruncate", on: path) { ftruncate(file.rawValue, length) }
        }
        if status.permissions != mode { try checked("fchmod", on: path) { fchmod(file.rawValue, mode) } }
    }

    /// The contents of a file; a symbolic link is not followed.
    ///
    /// - Throws: ``SystemCallError`` (`ENOENT`; `ELOOP`: it is a symbolic link; `EISDIR`; `EFBIG`: there is more than
    ///   `limit`).
    package static func read(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
        let file = try OwnedDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)
        let size = try FileStatus(of: file.rawValue, named: path).size
        guard size <= limit else { throw SystemCallError("read", on: path, .fileTooLarge) }
        var failure: SystemCallError?
        // One byte more than there are: a short read then says that there are no more.
        var contents = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
            do throws(SystemCallError) {
                count = try Int(
                    checked("read", on: path) {
                        CInt(Glibc.read(file.rawValue, buffer.baseAddress, size + 1))
                    }
                )
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        if contents.count != size {
            // It is being written, or is none of those that know their size.
            contents += try FileReader.readAll(
                descriptor: file.rawValue,
                named: path,
                limit: limit - min(limit, contents.count)
            )
        }
        return contents
    }
}

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
    package static func target(of path: String) throws(SystemCallError) -> Target {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        do {
            let count = try checked("readlink", on: path) { CInt(readlink(path, &buffer, buffer.count)) }
            return .path(String(decoding: buffer[..<Int(count)].map(UInt8.init(bitPattern:)), as: UTF8.self))
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return .nothing
        } catch  where error.errno == .invalidArgument {
            return .noLink
        }
    }

    /// Puts a symbolic link in the place of another one.
    ///
    /// Whoever follows the name meets the old one or the new one.
    ///
    /// - Throws: ``SystemCallError`` for whatever `symlink` and `rename` refuse.
    package static func replace(_ path: String, to target: String) throws(SystemCallError) {
        let temporary = AtomicFile.temporaryPath(for: path)
        _ = unlink(temporary)
        try make(temporary, to: target)
        try checked("rename", on: path) { rename(temporary, path) }
    }

    /// Removes a symbolic link, if there is one.
    ///
    /// - Throws: ``SystemCallError`` for whatever else `unlink` refuses.
    package static func remove(_ path: String) throws(SystemCallError) {
        do {
            try checked("unlink", on: path) { unlink(path) }
        } catch  where error.errno == .noSuchFileOrDirectory {
            // As wanted.
        }
    }

    /// Makes a symbolic link.
    ///
    /// - Throws: ``SystemCallError`` (`EEXIST`: something has the name).
    package static func make(_ path: String, to target: String) throws(SystemCallError) {
        try checked("symlink", on: path) { symlink(target, path) }
    }
}
