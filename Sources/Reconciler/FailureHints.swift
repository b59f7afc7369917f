internal import LinuxSystem
internal import NetworkModel
internal import Planner

/// What an operator can do about a refusal.
///
/// One table, so that it can be read and tested as a whole.
enum FailureHints {
    /// The hint for an operation that the kernel refused with `errno` and perhaps a sentence of its own.
    static func hint(for operation: Operation, _ errno: Errno?, kernel sentence: String?) -> String? {
        guard let errno else { return nil }
        switch (operation, errno) {
        case (_, .notPermitted):
            return "run as root, with CAP_NET_ADMIN and CAP_SYS_ADMIN"
        case (.createLink(let creation), _):
            return hint(forCreationOf: creation.link.kind, errno, kernel: sentence)
        case (.changeLink(_, let link), .addressInUse):
            return hint(forPortInUseOf: link.kind)
        case (.changeLink, .exchangeFull):
            return "the bridge is full: it takes \(Bridge.maximumPortCount) ports"
        case (.addAddress, .permissionDenied), (.replaceAddress, .permissionDenied):
            return
                "IPv6 is turned off on that link: 'disable_ipv6' of the link, of 'all' or of 'default' is 1"
        case (.addRoute, .invalidArgument) where sentence?.contains("src") == true,
            (.replaceRoute, .invalidArgument) where sentence?.contains("src") == true:
            return "'src' must be an address of a link in the same namespace"
        case (.addRoute, .networkUnreachable), (.replaceRoute, .networkUnreachable),
            (.addRoute, .noRouteToHost), (.replaceRoute, .noRouteToHost), (.addRoute, .invalidArgument):
            return
                "the gateway must be on-link: through an address of one of the links, or with 'onlink: true' and 'dev'"
        case (.addRoute, .fileExists):
            return
                "another program, or an address of the document, made a route of this destination and metric"
        case (.replaceNeighbour, .noBufferSpace):
            return
                "the kernel's neighbour table is full: raise 'net.ipv4.neigh.default.gc_thresh3', or the one of IPv6"
        case (.firewall, .notSupported) where sentence?.contains(Applier.connectionWords) == true:
            return "the kernel lists no connections; try 'modprobe nf_conntrack_netlink'"
        case (.firewall, _) where sentence?.contains(Applier.connectionWords) == true:
            return "run again; 'conntrack -L' lists what the kernel tracks"
        case (_, .noBufferSpace), (_, .outOfMemory):
            return "the kernel is short of memory; run again when there is more"
        case (_, .noSuchDevice):
            return "a link that is needed went away meanwhile; run again"
        default:
            return nil
        }
    }

    /// Who may have a tunnel's UDP port: tunnels share it with each other, if they have the same options, and with nobody else.
    private static func hint(forPortInUseOf kind: LinkKind) -> String? {
        guard case .vxlan(let vxlan) = kind else { return nil }
        return
            "UDP port \(vxlan.port) is taken by a VXLAN link of another kind ('ip -details link show type vxlan': one that is "
            + "'external', say) or by a process ('ss -ulpn sport = :\(vxlan.port)'): end that, or choose another port, of a "
            + "network by 'options.port'"
    }

    private static func hint(
        forCreationOf kind: LinkKind,
        _ errno: Errno,
        kernel sentence: String?
    ) -> String? {
        switch errno {
        case .notSupported:
            return "this kernel has no \(kind.name) links; try 'modprobe \(kind.name)'"
        case .fileExists where sentence?.contains("VNI") == true:
            return
                "another VXLAN link has this VNI and UDP port; 'ip -details link show type vxlan' lists them"
        case .fileExists:
            return
                "another program made a link of this name, or one with this VNI and port, at the same moment; run again"
        case .addressInUse:
            return hint(forPortInUseOf: kind)
        case .busy, .exchangeFull:
            return "another program changed the links at the same moment, or the bridge is full; run again"
        case .invalidArgument:
            guard case .macvlan(let macvlan) = kind else { return nil }
            return
                "'\(macvlan.parent)' may have macvlan links of another mode: one in mode passthru must be alone on its parent"
        case .noBufferSpace, .outOfMemory:
            return "the kernel is short of memory; run again when there is more"
        case .noSuchDevice:
            return "a link that is needed went away meanwhile; run again"
        default:
            return nil
        }
    }
}
