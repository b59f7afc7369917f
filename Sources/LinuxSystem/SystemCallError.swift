/// A system call failed.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, as a manual page is named: `setns`, `mount`.
    package let call: String
    /// What it was called on: a path or a name; empty if there is nothing to say.
    package let object: String
    /// Why it failed.
    package let errno: Errno

    package init(_ call: String, on object: String = "", _ errno: Errno) {
        self.call = call
        self.object = object
        self.errno = errno
    }

    /// `mount '/run/netns/red': Operation not permitted (EPERM)`.
    package var description: String {
        object.isEmpty ? "\(call): \(errno)" : "\(call) '\(object)': \(errno)"
    }
}

/// Calls `body`, again as long as a signal interrupts it, and returns its result if that is not negative.
///
/// `errno` is read in the line after the call, before anything else can change it.
///
/// - Throws: ``SystemCallError`` naming `call` and `object`.
@discardableResult
package func checked(
    _ call: StaticString,
    on object: @autoclosure () -> String = "",
    _ body: () -> CInt
) throws(SystemCallError) -> CInt {
    while true {
        let result = body()
        let error = Errno.current
        if result >= 0 { return result }
        if error != .interrupted { throw SystemCallError("\(call)", on: object(), error) }
    }
}
