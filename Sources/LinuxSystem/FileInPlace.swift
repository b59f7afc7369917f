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
