import Foundation

/// The programs that are built along with the tests.
package enum BuiltProgram {
    /// Where one is: beside the program that runs the tests.
    ///
    /// - Throws: ``Missing`` if it is not there.
    package static func path(of name: String) throws -> String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let paths = [tests, CommandLine.arguments[0]].map { path in
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
                + "/\(name)"
        }
        guard let path = paths.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw Missing(paths: paths)
        }
        return path
    }

    /// A program is not where it should have been built.
    package struct Missing: Error, CustomStringConvertible {
        let paths: [String]

        package var description: String { "there is no \(paths.joined(separator: ", nor "))" }
    }
}
