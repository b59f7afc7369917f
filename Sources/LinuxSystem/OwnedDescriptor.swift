package import Glibc

/// A file descriptor with exactly one owner, who closes it.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor's number; valid as long as the value lives.
    package let rawValue: CInt

    /// Takes ownership of an open descriptor.
    package init(owning rawValue: CInt) {
        precondition(rawValue >= 0, "an owned descriptor is an open one")
        self.rawValue = rawValue
    }

    deinit {
        // What close() answers says nothing that could still be acted on: the descriptor is gone either way.
        _ = close(rawValue)
    }

    /// Opens `path`, close-on-exec.
    ///
    /// Equivalent to `open(2)` with `O_CLOEXEC` added to `flags`.
    ///
    /// - Throws: ``SystemCallError`` for whatever `open` refuses.
    package static func open(
        _ path: String,
        _ flags: CInt,
        mode: mode_t = 0
    ) throws(SystemCallError) -> OwnedDescriptor {
        OwnedDescriptor(
            owning: try checked("open", on: path) { Glibc.open(path, flags | O_CLOEXEC, mode) }
        )
    }

    /// Gives the descriptor to another owner, who closes it.
    consuming func relinquish() {
        discard self
    }

    /// Writes all of `bytes`, in as many calls as it takes.
    ///
    /// - Throws: ``SystemCallError`` naming `name`.
    package func writeAll(_ bytes: [UInt8], named name: @autoclosure () -> String) throws(SystemCallError) {
        try writeAll(bytes[...], named: name())
    }

    /// Writes all of `bytes`, in as many calls as it takes.
    ///
    /// - Throws: ``SystemCallError`` naming `name`.
    package func writeAll(
        _ bytes: ArraySlice<UInt8>,
        named name: @autoclosure () -> String
    ) throws(SystemCallError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try checked("write", on: name()) {
                CInt(rest.withUnsafeBytes { write(rawValue, $0.baseAddress, min($0.count, 1 << 30)) })
            }
            rest = rest.dropFirst(Int(count))
        }
    }
}
