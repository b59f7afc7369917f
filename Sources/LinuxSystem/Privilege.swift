/// What the calling thread may do.
package enum Privilege {
    /// A privilege that can be had singly: see capabilities(7).
    package enum Capability: Int, CaseIterable, Sendable, CustomStringConvertible {
        case netAdmin = 12
        case sysAdmin = 21

        /// The kernel's name: `CAP_NET_ADMIN`.
        package var description: String {
            switch self {
            case .netAdmin: "CAP_NET_ADMIN"
            case .sysAdmin: "CAP_SYS_ADMIN"
            }
        }
    }

    /// True if links, routes and namespaces can be changed: `CAP_NET_ADMIN` and `CAP_SYS_ADMIN` are in
    /// effect.
    package static var hasNetAdmin: Bool { missingCapabilities.isEmpty }

    /// What is missing to change links, routes and namespaces.
    package static var missingCapabilities: [Capability] {
        guard let status = try? AtomicFile.read("/proc/thread-self/status"),
            let set = effective(inStatus: status)
        else { return Capability.allCases }
        return Capability.allCases.filter { set & (1 << $0.rawValue) == 0 }
    }

    /// The bits after `CapEff:` in a text in the form of `/proc/PID/status`.
    private static func effective(inStatus status: String) -> UInt64? {
        let prefix = "CapEff:"
        for line in status.split(separator: "\n") where line.hasPrefix(prefix) {
            return line.dropFirst(prefix.count).split(whereSeparator: \.isWhitespace).first
                .flatMap { UInt64($0, radix: 16) }
        }
        return nil
    }
}
