internal import Glibc
package import LinuxSystem

/// The kernel refused a request.
package struct NetlinkError: Error, Hashable, Sendable {
    /// What was asked, in the imperative: `create`, `change`.
    package var operation: String
    /// What it was asked of, in the operator's words: `link 'vx100' in namespace 'blue'`.
    package var object: String
    /// Why it was refused.
    package var errno: Errno
    /// The kernel's own sentence, when it sent one.
    ///
    /// `NLMSGERR_ATTR_MSG`.
    package var kernelMessage: String?
    /// What can be done about it.
    package var hint: String?

    package init(operation: String, object: String, refusal: Refusal) {
        self.init(
            operation: operation,
            object: object,
            errno: refusal.errno,
            kernelMessage: refusal.kernelMessage
        )
    }

    package init(operation: String, object: String, errno: Errno, kernelMessage: String? = nil) {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.kernelMessage = kernelMessage
        hint = Self.hint(
            operation: operation,
            object: object,
            errno: errno,
            kernelMessage: kernelMessage ?? ""
        )
    }

    /// What can be done about a refusal.
    ///
    /// One table, so that it can be read and tested as a whole.
    ///
    /// `object` begins with the kind of object: `link`, `address`, `route`, `neighbour`, `FDB entry`.
    private static func hint(
        operation: String,
        object: String,
        errno: Errno,
        kernelMessage: String
    ) -> String? {
        let kind = object.prefix { $0 != "'" }
        switch errno.code {
        case EPERM:
            return "run as root, or grant CAP_NET_ADMIN in the namespace's user namespace"
        case EEXIST where kernelMessage.contains("VNI"):
            return
                "another VXLAN link has this VNI and UDP port; 'ip -details link show type vxlan' lists them"
        case EEXIST where operation == "create" || operation == "add":
            return "it appeared since the kernel was read; run again"
        case EOPNOTSUPP where operation == "create" && kind.contains("link"):
            return "the kernel has no such kind of link: load its module (bridge, veth, vxlan, macvlan)"
        case EXFULL:
            return "a bridge takes 1023 ports; use another bridge for the rest"
        case ENETUNREACH where kind.contains("route"), EHOSTUNREACH where kind.contains("route"):
            return
                "the gateway must be on a network of the device; 'onlink: true' says that it is although no route leads there"
        case EINVAL where kernelMessage.contains("preferred source"),
            EINVAL where kernelMessage.contains("prefsrc"):
            return "the source address must be one of this namespace's"
        case ENOBUFS where kind.contains("neighbour"):
            return "the neighbour table is full; raise net.ipv4.neigh.default.gc_thresh3 or the IPv6 one"
        case EACCES where kind.contains("address"):
            return "IPv6 is turned off on the link; set disable_ipv6 to 0"
        case ENODEV:
            return "a link that is needed is gone; run again"
        default:
            return nil
        }
    }
}

extension NetlinkError: CustomStringConvertible {
    /// One sentence: what failed, the kernel's reason, and the code to search for.
    ///
    ///     cannot create link 'vx100': A VXLAN device with the specified VNI already exists (EEXIST, File exists)
    package var description: String {
        guard let kernelMessage else {
            return "cannot \(operation) \(object): \(errno.sentence) (\(errno.name))"
        }
        return "cannot \(operation) \(object): \(kernelMessage) (\(errno.name), \(errno.sentence))"
    }
}
