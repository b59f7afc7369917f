internal import CMnl
internal import CNetlinkRoute
internal import Netlink
internal import NetworkModel

/// A request under construction by libnl, with exactly one owner.
///
/// Attributes are stated once, in order; libnl computes lengths and padding. It has room for a page, far more than
/// the largest request: not to have room is a programmer error, which traps.
struct RequestMessage: ~Copyable {
    private let message: OpaquePointer

    /// Takes ownership of a message that libnl built.
    init(owning message: OpaquePointer) {
        self.message = message
    }

    /// An empty message: `nlmsg_alloc_simple()`.
    ///
    /// - Parameters:
    ///   - type: `RTM_NEWLINK` and its like.
    ///   - flags: `NLM_F_CREATE` and its like.
    init(type: Int, flags: CInt = 0) {
        guard let message = nlmsg_alloc_simple(CInt(type), flags) else {
            preconditionFailure("out of memory")
        }
        self.message = message
    }

    deinit {
        nlmsg_free(message)
    }

    /// Appends the fixed header of the message's family: `nlmsg_append()`.
    borrowing func append(header: some BitwiseCopyable) {
        withUnsafeBytes(of: header) { bytes in
            let data = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            Self.check(nlmsg_append(message, data, bytes.count, CInt(NLMSG_ALIGNTO)))
        }
    }

    borrowing func put(_ type: Int, _ value: UInt8) { Self.check(nla_put_u8(message, CInt(type), value)) }
    borrowing func put(_ type: Int, _ value: UInt16) { Self.check(nla_put_u16(message, CInt(type), value)) }
    borrowing func put(_ type: Int, _ value: UInt32) { Self.check(nla_put_u32(message, CInt(type), value)) }
    borrowing func put(_ type: Int, _ value: Int32) { Self.check(nla_put_s32(message, CInt(type), value)) }

    /// Puts text with its NUL.
    borrowing func put(_ type: Int, _ text: String) { Self.check(nla_put_string(message, CInt(type), text)) }

    /// Puts bytes as they are.
    borrowing func put(_ type: Int, bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        Self.check(nla_put(message, CInt(type), CInt(bytes.count), bytes))
    }

    /// Puts 4 or 16 bytes.
    borrowing func put(_ type: Int, _ address: IPAddress) {
        address.withNetworkBytes { Self.check(nla_put(message, CInt(type), CInt($0.count), $0.baseAddress)) }
    }

    /// Puts 6 bytes.
    borrowing func put(_ type: Int, _ mac: MACAddress) {
        mac.withNetworkBytes { Self.check(nla_put(message, CInt(type), CInt($0.count), $0.baseAddress)) }
    }

    /// Puts the attributes that `body` puts into a nest.
    borrowing func nest(_ type: Int, _ body: () -> Void) {
        guard let start = nla_nest_start(message, CInt(type)) else {
            preconditionFailure("no room for a nest")
        }
        body()
        Self.check(nla_nest_end(message, start))
    }

    /// Puts what `body` puts at the end of a nest that is already closed: the last of the message, or the last of
    /// the last, and so on along `path`.
    ///
    /// - Parameters:
    ///   - path: The types of the nests from the outermost in.
    ///   - headerSize: The size of the family's fixed header.
    ///   - body: Puts what is to be added.
    borrowing func extend(_ path: [Int], after headerSize: Int, _ body: () -> Void) {
        guard let header = nlmsg_hdr(message) else { preconditionFailure("a message has a header") }
        let start = UnsafeMutableRawPointer(header)
        let oldEnd = Int(header.pointee.nlmsg_len)
        var offset = MemoryLayout<nlmsghdr>.size + headerSize
        var enclosing: [Int] = []
        for type in path {
            guard let nest = Self.lastAttribute(in: start, from: offset, to: oldEnd), nest.type == type else {
                preconditionFailure("the nest to extend is the last attribute")
            }
            enclosing.append(nest.offset)
            offset = nest.offset + 4
        }
        body()
        let growth = UInt16(Int(header.pointee.nlmsg_len) - oldEnd)
        for offset in enclosing {
            let length = start.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            // The last attribute inside may have ended in padding, which is now inside.
            let padding = UInt16(oldEnd - offset) - length
            start.storeBytes(of: length + padding + growth, toByteOffset: offset, as: UInt16.self)
        }
    }

    private static func lastAttribute(
        in message: UnsafeMutableRawPointer,
        from start: Int,
        to end: Int
    ) -> (offset: Int, type: Int)? {
        var offset = start
        while offset + 4 <= end {
            let length = Int(message.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            guard length >= 4 else { return nil }
            let type = Int(message.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self) & 0x3fff)
            if offset + (length + 3) & ~3 >= end { return (offset, type) }
            offset += (length + 3) & ~3
        }
        return nil
    }

    /// The message from its `nlmsghdr` on.
    borrowing func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        guard let header = nlmsg_hdr(message) else { preconditionFailure("a message has a header") }
        return body(UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len)))
    }

    /// Appends the message to a batch.
    borrowing func append(to batch: inout MessageBatch, tag: Int) {
        withBytes { batch.append($0, tag: tag) }
    }

    /// The message as a question.
    borrowing func asQuestion() -> NetlinkRequest {
        withBytes { NetlinkRequest($0) }
    }

    /// Traps on what a libnl function returned: every reason it has is a programmer error.
    static func check(_ result: CInt) {
        precondition(result >= 0, "libnl refuses what no caller may ask")
    }
}
