internal import CMnl
package import LinuxSystem

/// The kernel said no to one message.
package struct Refusal: Hashable, Sendable {
    /// Which message, in the caller's words.
    package var tag: Int
    /// Why.
    package var errno: Errno
    /// The kernel's own sentence, when it sent one.
    ///
    /// `NLMSGERR_ATTR_MSG`.
    package var kernelMessage: String?
    /// Where in the message the attribute stands that the kernel objects to, in bytes.
    ///
    /// `NLMSGERR_ATTR_OFFS`.
    ///
    /// Advice, not truth: some drivers name the wrong one.
    package var attributeOffset: UInt32?
    /// The type of that attribute.
    package var attributeType: UInt16?

    package init(
        tag: Int,
        errno: Errno,
        kernelMessage: String? = nil,
        attributeOffset: UInt32? = nil,
        attributeType: UInt16? = nil
    ) {
        self.tag = tag
        self.errno = errno
        self.kernelMessage = kernelMessage
        self.attributeOffset = attributeOffset
        self.attributeType = attributeType
    }
}

/// What an `NLMSG_ERROR` or `NLMSG_DONE` message says.
struct Verdict {
    /// `nil` for an acknowledgement.
    var errno: Errno?
    var kernelMessage: String?
    var attributeOffset: UInt32?

    /// Reads the payload of an `NLMSG_ERROR` message; `nil` if it is too short.
    ///
    /// Kernel: `net/netlink/af_netlink.c`, `netlink_ack()`.
    init?(error message: ReceivedMessage) {
        let payload = message.payload
        guard payload.count >= MemoryLayout<nlmsgerr>.size else { return nil }
        self.init(code: payload.loadUnaligned(as: Int32.self))
        var offset = MemoryLayout<nlmsgerr>.size
        if message.flags & UInt16(NLM_F_CAPPED) == 0 {
            // The request is repeated from its header on, unless it was capped.
            let length = payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            offset += max(0, Int(length) - MemoryLayout<nlmsghdr>.size)
        }
        readExtendedAcknowledgement(message, from: offset)
    }

    /// Reads the payload of an `NLMSG_DONE` message, which may be empty.
    ///
    /// Kernel: `net/netlink/af_netlink.c`, `netlink_dump_done()`.
    init(done message: ReceivedMessage) {
        let hasCode = message.payload.count >= 4
        self.init(code: hasCode ? message.payload.loadUnaligned(as: Int32.self) : 0)
        readExtendedAcknowledgement(message, from: 4)
    }

    private init(code: Int32) {
        errno = code == 0 ? nil : Errno(code: code == .min ? .max : abs(code))
    }

    private mutating func readExtendedAcknowledgement(_ message: ReceivedMessage, from offset: Int) {
        guard message.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return }
        var attributes = NetlinkAttributes(message.payload, after: offset)
        while let attribute = attributes.next() {
            switch Int(attribute.type) {
            case Int(NLMSGERR_ATTR_MSG.rawValue): kernelMessage = attribute.text
            case Int(NLMSGERR_ATTR_OFFS.rawValue): attributeOffset = attribute.uint32
            default: break
            }
        }
    }
}
