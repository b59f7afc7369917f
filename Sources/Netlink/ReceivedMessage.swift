internal import CMnl

/// One message of a received datagram, in place.
struct ReceivedMessage {
    var type: UInt16
    var flags: UInt16
    var sequence: UInt32
    var portID: UInt32
    /// What follows the `nlmsghdr`.
    var payload: UnsafeRawBufferPointer

    var isOverrun: Bool { type == UInt16(NLMSG_OVERRUN) }
    var isError: Bool { type == UInt16(NLMSG_ERROR) }
    var isDone: Bool { type == UInt16(NLMSG_DONE) }
    var isInterrupted: Bool { flags & UInt16(NLM_F_DUMP_INTR) != 0 }
}

/// The messages of a received datagram, one after another.
struct ReceivedMessages {
    private var bytes: UnsafeRawBufferPointer

    init(_ datagram: UnsafeRawBufferPointer) {
        bytes = datagram
    }

    /// The next message, or `nil` at the end.
    ///
    /// - Throws: ``NetlinkTransportError/malformed`` for a length that can't be.
    mutating func next() throws(NetlinkTransportError) -> ReceivedMessage? {
        let headerSize = MemoryLayout<nlmsghdr>.size
        guard !bytes.isEmpty else { return nil }
        guard bytes.count >= headerSize else { throw .malformed }
        let header = bytes.loadUnaligned(as: nlmsghdr.self)
        let length = Int(header.nlmsg_len)
        guard length >= headerSize, length <= bytes.count else { throw .malformed }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[headerSize..<length])
        bytes = UnsafeRawBufferPointer(rebasing: bytes[min(bytes.count, (length + 3) & ~3)...])
        return ReceivedMessage(
            type: header.nlmsg_type,
            flags: header.nlmsg_flags,
            sequence: header.nlmsg_seq,
            portID: header.nlmsg_pid,
            payload: payload
        )
    }
}
