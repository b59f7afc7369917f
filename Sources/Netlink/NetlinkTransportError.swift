package import LinuxSystem

/// The conversation with the kernel broke: nothing is known of what was not answered.
package enum NetlinkTransportError: Error, Hashable, Sendable {
    /// `sendto(2)` failed.
    case sendFailed(Errno)
    /// `recvmsg(2)` failed.
    case receiveFailed(Errno)
    /// The kernel took fewer bytes than it was given.
    case shortSend(sent: Int, of: Int)
    /// The kernel had more to say than the receive buffer holds. `ENOBUFS`, `NLMSG_OVERRUN`.
    case repliesLost
    /// A message was longer than the buffer that it was read into. `MSG_TRUNC`.
    case truncated
    /// A message's length fields contradict each other.
    case malformed
    /// The objects changed during each of so many attempts to list them. `NLM_F_DUMP_INTR`.
    case interruptedDump(attempts: Int)
    /// The kernel refused to answer a question.
    case refused(Errno, kernelMessage: String?)
}

extension NetlinkTransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sendFailed(let errno):
            "cannot send to the kernel over netlink: \(errno)"
        case .receiveFailed(let errno):
            "cannot receive from the kernel over netlink: \(errno)"
        case .shortSend(let sent, let total):
            "the kernel took \(sent) of the \(total) bytes that were sent over netlink"
        case .repliesLost:
            "the kernel's replies over netlink overflowed the receive buffer and are lost (ENOBUFS)"
        case .truncated:
            "a netlink message from the kernel was longer than the receive buffer and is cut off"
        case .malformed:
            "a netlink message from the kernel is malformed"
        case .interruptedDump(let attempts):
            "the kernel's objects changed while they were listed, \(attempts) times in a row"
        case .refused(let errno, let message?):
            "the kernel refused to list its objects: \(message) (\(errno.name), \(errno.sentence))"
        case .refused(let errno, nil):
            "the kernel refused to list its objects: \(errno)"
        }
    }
}
