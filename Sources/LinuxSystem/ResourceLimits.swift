internal import Glibc

/// What the process may take of the machine.
package enum ResourceLimits {
    /// Allows as many open descriptors as can be had: the pass that makes a thousand namespaces holds as
    /// many.
    ///
    /// The hard limit at least; 131,072 if we may raise it. A refusal is not an error: what needs more
    /// descriptors than there are says so itself (`EMFILE`).
    ///
    /// Equivalent to `ulimit -n`.
    ///
    /// - Returns: The limit now.
    @discardableResult
    package static func raiseOpenFiles() -> UInt64 {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        let wanted = max(limit.rlim_max, 1 << 17)
        for hard in [wanted, limit.rlim_max] where limit.rlim_cur < hard {
            var raised = rlimit(rlim_cur: hard, rlim_max: hard)
            if setrlimit(resource, &raised) == 0 { return UInt64(hard) }
        }
        return UInt64(limit.rlim_cur)
    }
}
