internal import LinuxSystem
internal import NetworkModel
internal import Planner

/// What an operator can do about a refusal.
///
/// One table, so that it can be read and tested as a whole.
enum FailureHints {
    static func hint(for operation: Operation, _ errno: Errno?) -> String? {
        guard let errno else { return nil }
        switch (operation, errno) {
        case (_, .notPermitted):
            return "run as root, with CAP_NET_ADMIN and CAP_SYS_ADMIN"
        case (.createLink(let creation), .notSupported):
            return
                "this kernel has no \(creation.link.kind.name) links; try 'modprobe \(creation.link.kind.name)'"
        case (.createLink, .fileExists):
            return
                "another program made a link of this name, or one with this VNI and port, at the same moment; run again"
        case (.createLink, .busy), (.createLink, .exchangeFull):
            return "another program changed the links at the same moment, or the bridge is full; run again"
        case (.addRoute, .networkUnreachable), (.replaceRoute, .networkUnreachable),
            (.addRoute, .invalidArgument):
            return
                "the gateway must be on-link: through an address of one of the links, or with 'onlink: true' and 'dev'"
        case (.addRoute, .fileExists):
            return
                "another program, or an address of the document, made a route of this destination and metric"
        case (_, .noBufferSpace), (_, .outOfMemory):
            return "the kernel is short of memory; run again when there is more"
        default:
            return nil
        }
    }
}
