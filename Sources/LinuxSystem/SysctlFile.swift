internal import Glibc

/// Settings below `/proc/sys`, named by the path from there: `net/ipv4/ip_forward`.
///
/// What is below `net` belongs to the network namespace of the thread that opens it: the calling one.
package enum SysctlFile {
    /// A setting's value, ``normalised(_:)``.
    ///
    /// Equivalent to `sysctl -n NAME`.
    ///
    /// - Throws: ``SystemCallError`` naming the file (`ENOENT`: the kernel has no such setting).
    package static func read(_ path: String) throws(SystemCallError) -> String {
        let file = try file(path)
        return try value(of: OwnedDescriptor.open(file, O_RDONLY | O_NOCTTY), named: file)
    }

    /// Sets a setting.
    ///
    /// Equivalent to `sysctl -w NAME=VALUE`.
    ///
    /// - Throws: ``SystemCallError`` naming the file (`ENOENT`: the kernel has no such setting; `EINVAL`: it
    ///   takes no such value; `EACCES`: read only).
    package static func write(_ path: String, _ value: String) throws(SystemCallError) {
        let file = try file(path)
        try write(value, to: OwnedDescriptor.open(file, O_WRONLY), named: file)
    }

    /// True if the kernel has the setting.
    ///
    /// - Throws: ``SystemCallError`` for whatever keeps it from being known.
    package static func exists(_ path: String) throws(SystemCallError) -> Bool {
        do {
            _ = try FileStatus(at: AT_FDCWD, file(path), followingLinks: true)
            return true
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return false
        }
    }

    /// A value with one space for each run of white space within, and none at its ends: `4096 131072 6291456`.
    package static func normalised(_ value: String) -> String {
        // Nearly all are one word, and there are many: a look at the bytes is all they need.
        if !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) { return value }
        return value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    // MARK: For files that are open

    /// The file of a setting.
    ///
    /// - Throws: ``SystemCallError`` (`EINVAL`) for a path that leads out of `/proc/sys`.
    static func file(_ path: String) throws(SystemCallError) -> String {
        let file = "/proc/sys/\(path)"
        guard !path.isEmpty, !path.utf8.split(separator: UInt8(ascii: "/")).contains(where: isParent) else {
            throw SystemCallError("open", on: file, .invalidArgument)
        }
        return file
    }

    private static func isParent(_ component: Substring.UTF8View) -> Bool {
        component.elementsEqual("..".utf8)
    }

    /// The kernel gives a setting whole, to the first read that has room for it.
    private static let usualLength = 1024
    private static let longest = 1 << 16

    /// What an open setting has for a value.
    static func value(
        of descriptor: borrowing OwnedDescriptor,
        named file: @autoclosure () -> String
    ) throws(SystemCallError) -> String {
        var start: [UInt8] = []
        var error: SystemCallError?
        withUnsafeTemporaryAllocation(byteCount: usualLength, alignment: 1) { buffer in
            do throws(SystemCallError) {
                let count = try checked("read", on: file()) {
                    CInt(Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count))
                }
                start = Array(buffer[..<Int(count)])
            } catch let caught {
                error = caught
            }
        }
        if let error { throw error }
        if start.count == usualLength {
            start += try FileReader.readAll(
                descriptor: descriptor.rawValue,
                named: file(),
                limit: longest
            )
        } else if start.last == UInt8(ascii: "\n") {
            start.removeLast()
        }
        return normalised(String(decoding: start, as: UTF8.self))
    }

    /// Sets an open setting.
    static func write(
        _ value: String,
        to descriptor: borrowing OwnedDescriptor,
        named file: @autoclosure () -> String
    ) throws(SystemCallError) {
        // One call: a setting is parsed from what one write brings, and takes no second one at an offset.
        let bytes = Array(value.utf8)
        let count = try checked("write", on: file()) {
            CInt(Glibc.write(descriptor.rawValue, bytes, bytes.count))
        }
        guard count == bytes.count else { throw SystemCallError("write", on: file(), .invalidArgument) }
    }
}
