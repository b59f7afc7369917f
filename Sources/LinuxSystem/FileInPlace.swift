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
        try checked("fchmod", on: path) { fchmod(file.rawValue, mode) }
        var length = 0
        for piece in pieces {
            try file.writeAll(piece, named: path)
            length += piece.count
        }
        // Shortened behind the writing: a reader never meets an empty file.
        try checked("ftruncate", on: path) { ftruncate(file.rawValue, length) }
    }

    /// The contents of a file; a symbolic link is not followed.
    ///
    /// - Throws: ``SystemCallError`` (`ENOENT`; `ELOOP`: it is a symbolic link; `EISDIR`; `EFBIG`: there is more than
    ///   `limit`).
    package static func read(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
        let file = try OwnedDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)
        return try FileReader.readAll(descriptor: file.rawValue, named: path, limit: limit)
    }

    /// True if the contents of a file are exactly these; `nil` if there is no such file.
    ///
    /// - Throws: ``SystemCallError`` for whatever opening and reading it refuse; a symbolic link holds nothing.
    package static func holds(_ path: String, _ pieces: [ArraySlice<UInt8>]) throws(SystemCallError) -> Bool?
    {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        } catch  where error.errno == .tooManyLinks {
            return false
        }
        let size = try FileStatus(of: file.rawValue, named: path).size
        guard size == pieces.reduce(0, { $0 + $1.count }) else { return false }
        let contents = try FileReader.readAll(descriptor: file.rawValue, named: path)
        guard contents.count == size else { return false }
        var offset = 0
        for piece in pieces {
            let isSame = piece.withUnsafeBytes { wanted in
                contents.withUnsafeBytes { held in
                    guard let left = wanted.baseAddress, let right = held.baseAddress else {
                        return wanted.isEmpty
                    }
                    return memcmp(left, right + offset, wanted.count) == 0
                }
            }
            guard isSame else { return false }
            offset += piece.count
        }
        return true
    }
}
