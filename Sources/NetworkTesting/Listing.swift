import Foundation
import Glibc
import LinuxSystem

/// What is in directories.
package enum Listing {
    /// The names in a directory, sorted; none if there is no directory.
    package static func names(in path: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// Where a symbolic link leads; `nil` if it is none.
    package static func target(of path: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    }

    /// A line for each thing below `path`, with permissions and contents, sorted; none if there is nothing.
    package static func tree(_ path: String) throws -> [String] {
        var lines: [String] = []
        for name in try names(in: path) {
            let child = "\(path)/\(name)"
            var status = stat()
            guard lstat(child, &status) == 0 else { continue }
            let mode = String(status.st_mode & 0o7777, radix: 8)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                lines.append("\(child)/ \(mode)")
                lines += try tree(child)
            case S_IFLNK:
                lines.append("\(child) → \(target(of: child) ?? "?")")
            default:
                let contents = try AtomicFile.read(child) ?? ""
                lines.append("\(child) \(mode) \(contents.debugDescription)")
            }
        }
        return lines
    }
}
