internal import CLinux
internal import Glibc

/// An error number of the C library and the kernel.
package struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number: `EPERM` is 1.
    package let code: CInt

    package init(code: CInt) {
        self.code = code
    }

    /// The calling thread's `errno`, to be read in the line after the call that failed.
    package static var current: Errno { Errno(code: errno) }

    /// The C name: `EPERM`; the number where there is no name.
    package var name: String {
        cl_error_name(code).map { String(cString: $0) } ?? "errno \(code)"
    }

    /// The C library's sentence, in English: `Operation not permitted`.
    package var sentence: String {
        cl_error_description(code).map { String(cString: $0) } ?? "Unknown error \(code)"
    }

    /// `Operation not permitted (EPERM)`.
    package var description: String { "\(sentence) (\(name))" }

    package static let notPermitted = Errno(code: EPERM)
    package static let noSuchFileOrDirectory = Errno(code: ENOENT)
    package static let noSuchProcess = Errno(code: ESRCH)
    package static let interrupted = Errno(code: EINTR)
    package static let wouldBlock = Errno(code: EAGAIN)
    package static let outOfMemory = Errno(code: ENOMEM)
    package static let permissionDenied = Errno(code: EACCES)
    package static let busy = Errno(code: EBUSY)
    package static let fileExists = Errno(code: EEXIST)
    package static let notADirectory = Errno(code: ENOTDIR)
    package static let isADirectory = Errno(code: EISDIR)
    package static let fileTooLarge = Errno(code: EFBIG)
    package static let noSuchDevice = Errno(code: ENODEV)
    package static let invalidArgument = Errno(code: EINVAL)
    package static let tooManyOpenFiles = Errno(code: EMFILE)
    package static let notSupported = Errno(code: EOPNOTSUPP)
    package static let addressInUse = Errno(code: EADDRINUSE)
    package static let addressNotAvailable = Errno(code: EADDRNOTAVAIL)
    package static let networkUnreachable = Errno(code: ENETUNREACH)
    package static let noBufferSpace = Errno(code: ENOBUFS)
    package static let exchangeFull = Errno(code: EXFULL)
    package static let tooManyLinks = Errno(code: ELOOP)
    package static let noRouteToHost = Errno(code: EHOSTUNREACH)
}
