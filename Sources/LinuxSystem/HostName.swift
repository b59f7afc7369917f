internal import Glibc

/// The name of this machine.
package enum HostName {
    /// The name that `hostname` prints: at most 64 bytes, the kernel's limit.
    package static var current: String {
        let capacity = 65
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, gethostname(start, capacity - 1) == 0 else { return "" }
            return String(cString: start)
        }
    }
}
