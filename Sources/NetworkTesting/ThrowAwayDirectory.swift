import LinuxSystem

/// A directory for the time of a test.
package enum ThrowAwayDirectory {
    /// Makes one below `/run`, runs `body` with its path, and takes it away with what is in it.
    package static func with<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = "/run/wt-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try AtomicFile.makeDirectories(path)
        do {
            let result = try body(path)
            try AtomicFile.removeTree(path)
            return result
        } catch {
            // The test's own failure is the one to see.
            try? AtomicFile.removeTree(path)
            throw error
        }
    }
}
