package import LinuxSystem

/// A question to the kernel: for a list of objects, or for a single one.
package struct NetlinkRequest: Sendable {
    /// The message from its `nlmsghdr` on; the socket writes flags and sequence number.
    var bytes: [UInt8]

    /// Copies an encoded request.
    package init(_ message: UnsafeRawBufferPointer) {
        precondition(message.count >= 16, "a message has at least a header")
        bytes = Array(message)
    }
}

/// What happens before each message that changes something is sent: a fault, in tests.
package struct MessageHook: Sendable {
    /// Called once for each message, with its type (`RTM_NEWLINK`).
    ///
    /// The message is not sent if this returns an errno: it then counts as refused with that. Later messages of the
    /// batch are still sent, as the kernel goes on after a refusal.
    package var willSend: @Sendable (_ type: UInt16) -> Errno?
    /// Whether messages go in whole batches, as without a hook, or each alone, so that what happens in
    /// ``willSend`` falls between two messages.
    package var sendsBatches: Bool

    package init(sendsBatches: Bool = false, willSend: @escaping @Sendable (_ type: UInt16) -> Errno?) {
        self.sendsBatches = sendsBatches
        self.willSend = willSend
    }
}
