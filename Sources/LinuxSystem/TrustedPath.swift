internal import Glibc

/// Paths in whose place nobody but root, and who runs this process, can put something else.
package enum TrustedPath {
    /// How many symbolic links one path may lead over: as many as the kernel follows.
    private static let mostLinks = 40

    /// Looks at everything on the way to a directory, symbolic links too, and at the directory itself.
    ///
    /// All of it must be root's or the process's own. On the way what others may write to must be sticky, so that they can't
    /// take away what they did not make; the directory itself must not be theirs to write to at all. From the first
    /// part on that is missing there is nothing to look at: who makes it makes it for himself.
    ///
    /// - Throws: ``UntrustedPath``, or ``SystemCallError`` (`ELOOP`; `ENOTDIR`) for whatever looking refuses.
    package static func check(_ path: String) throws {
        var current = ""
        var waiting = path.split(separator: "/").map(String.init).reversed() as [String]
        var links = 0
        try check("/", of: path, isLast: waiting.isEmpty)
        while let component = waiting.popLast() {
            if component == "." { continue }
            if component == ".." {
                current = current.lastIndex(of: "/").map { String(current[..<$0]) } ?? ""
                continue
            }
            let next = "\(current)/\(component)"
            switch try SymbolicLink.target(of: next) {
            case .nothing: return
            case .noLink:
                current = next
                try check(current, of: path, isLast: waiting.isEmpty)
            case .path(let target):
                links += 1
                guard links <= mostLinks else { throw SystemCallError("open", on: path, .tooManyLinks) }
                let status = try FileStatus(at: AT_FDCWD, next, followingLinks: false)
                guard status.isTrusted else {
                    throw UntrustedPath(path: path, part: next, fault: .owner(status.owner))
                }
                if target.hasPrefix("/") { current = "" }
                waiting += target.split(separator: "/").map(String.init).reversed()
            }
        }
    }

    private static func check(_ part: String, of path: String, isLast: Bool) throws {
        let status = try FileStatus(at: AT_FDCWD, part, followingLinks: false)
        guard status.isDirectory else { throw SystemCallError("open", on: part, .notADirectory) }
        guard status.isTrusted else {
            throw UntrustedPath(path: path, part: part, fault: .owner(status.owner))
        }
        guard status.isWritableForOthers, isLast || !status.isSticky else { return }
        throw UntrustedPath(path: path, part: part, fault: .mode(status.permissions))
    }
}

/// Others than root may put what they like at a path.
package struct UntrustedPath: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path that was looked at.
    package let path: String
    /// What of it is theirs.
    package let part: String
    package let fault: Fault

    /// What is wrong.
    package enum Fault: Hashable, Sendable {
        /// It belongs to a user that is not root.
        case owner(UInt32)
        /// Others may write to it; its permissions.
        case mode(UInt32)
    }

    package var description: String {
        switch fault {
        case .owner(let user): "'\(part)' belongs to user \(user)"
        case .mode(let mode): "others may write to '\(part)' (mode \(Self.octal(mode)))"
        }
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension FileStatus {
    /// True if it is root's, or the process's own.
    fileprivate var isTrusted: Bool { owner == 0 || owner == geteuid() }
    fileprivate var isWritableForOthers: Bool { permissions & 0o022 != 0 }
    fileprivate var isSticky: Bool { permissions & 0o1000 != 0 }
}
