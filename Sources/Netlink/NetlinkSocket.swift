internal import CMnl
internal import Glibc
package import LinuxSystem

/// A netlink socket with exactly one owner: of NETLINK_ROUTE, or of NETLINK_NETFILTER.
///
/// The kernel ties it to the network namespace of the thread that *creates* it, for the socket's life. So creating
/// is bound to a thread and using is not.
///
/// Extended acknowledgements, capped acknowledgements and strict checking of requests for dumps are on.
package struct NetlinkSocket: ~Copyable, @unchecked Sendable {
    // @unchecked because it has one owner and every use is `mutating`: two threads never hold it at once.
    private let handle: OpaquePointer
    private let portID: UInt32
    private let hook: MessageHook?
    /// What is received into: the kernel fills 32 KiB of a dump at a time, and no more.
    private let buffer: UnsafeMutableRawBufferPointer
    private var lastSequence: UInt32 = 0
    /// How many messages were sent that could change something.
    package private(set) var messagesSent = 0

    /// How often an interrupted dump is tried before it is an error.
    ///
    /// On a busy node something changes every few milliseconds: a thousand ports that detect duplicate addresses
    /// interrupt the list of all addresses ten times in a row.
    package static let dumpAttempts = 50

    private init(owning handle: OpaquePointer, hook: MessageHook?) {
        self.handle = handle
        self.hook = hook
        portID = mnl_socket_get_portid(handle)
        buffer = .allocate(byteCount: 32 * 1024, alignment: 16)
    }

    deinit {
        buffer.deallocate()
        // What close() answers says nothing that could still be acted on: the descriptor is gone either way.
        _ = mnl_socket_close(handle)
    }

    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// Equivalent to `socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)`, `bind(2)` and `setsockopt(2)` with
    /// `NETLINK_EXT_ACK`, `NETLINK_CAP_ACK` and `NETLINK_GET_STRICT_CHK`.
    ///
    /// - Parameter hook: What happens before each message that changes something; for tests.
    /// - Returns: The socket, bound to a port that the kernel chose.
    /// - Throws: ``SystemCallError`` naming the call that failed.
    package static func route(hook: MessageHook? = nil) throws(SystemCallError) -> NetlinkSocket {
        try open(NETLINK_ROUTE, hook)
    }

    /// Opens a socket for netfilter's subsystems in the network namespace of the calling thread.
    ///
    /// As ``route(hook:)``, with `NETLINK_NETFILTER`. The kernel refuses whatever is sent by who has not CAP_NET_ADMIN there,
    /// questions too, and of a batch it answers the first message only; so ask before you tell.
    ///
    /// Kernel: `net/netfilter/nfnetlink.c`, `nfnetlink_rcv()`.
    ///
    /// - Parameter hook: What happens before each message that changes something; for tests.
    /// - Returns: The socket, bound to a port that the kernel chose.
    /// - Throws: ``SystemCallError`` naming the call that failed (`EPROTONOSUPPORT`: the kernel has no nfnetlink).
    package static func netfilter(hook: MessageHook? = nil) throws(SystemCallError) -> NetlinkSocket {
        try open(NETLINK_NETFILTER, hook)
    }

    private static func open(
        _ protocolNumber: CInt,
        _ hook: MessageHook?
    ) throws(SystemCallError) -> NetlinkSocket {
        guard let handle = mnl_socket_open2(protocolNumber, CInt(SOCK_CLOEXEC.rawValue)) else {
            throw SystemCallError("socket", on: "AF_NETLINK", Errno.current)
        }
        do throws(SystemCallError) {
            try checked("bind", on: "AF_NETLINK") { mnl_socket_bind(handle, 0, pid_t(MNL_SOCKET_AUTOPID)) }
            for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
                var isOn: CInt = 1
                try checked("setsockopt", on: "AF_NETLINK") {
                    mnl_socket_setsockopt(handle, option, &isOn, socklen_t(MemoryLayout<CInt>.size))
                }
            }
        } catch {
            mnl_socket_close(handle)
            throw error
        }
        return NetlinkSocket(owning: handle, hook: hook)
    }

    /// Which network namespace it is in: a number that the kernel never gives to another one while it runs.
    ///
    /// `SO_NETNS_COOKIE`, of Linux 5.14 and later.
    ///
    /// - Throws: ``SystemCallError`` for whatever `getsockopt` refuses.
    package var namespaceCookie: UInt64 {
        get throws(SystemCallError) {
            var cookie: UInt64 = 0
            var size = socklen_t(MemoryLayout<UInt64>.size)
            try checked("getsockopt", on: "SO_NETNS_COOKIE") {
                getsockopt(mnl_socket_get_fd(handle), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size)
            }
            return cookie
        }
    }

    /// Sends all messages of a batch, in order, waits until the kernel is through, and empties the batch.
    ///
    /// One send for each ``MessageBatch/limit`` messages. Only the last of a send asks for an acknowledgement:
    /// the kernel answers those that fail anyway, and in order.
    ///
    /// - Returns: What the kernel refused; nothing if all went through.
    /// - Throws: ``NetlinkTransportError`` when the conversation breaks. What was done is then unknown.
    package mutating func transact(_ batch: inout MessageBatch) throws(NetlinkTransportError) -> [Refusal] {
        defer { batch.removeAll() }
        var refusals: [Refusal] = []
        let step = hook?.sendsBatches == false ? 1 : MessageBatch.limit
        var start = 0
        while start < batch.count {
            let range = start..<min(start + step, batch.count)
            start = range.upperBound
            refuseByHook(range, of: &batch, into: &refusals)
            messagesSent += range.count
            try sendRequests(range, of: &batch)
            try collectVerdicts(range, of: batch, into: &refusals)
        }
        return refusals
    }

    /// Puts messages that do nothing in the place of those that the hook refuses.
    private func refuseByHook(
        _ range: Range<Int>,
        of batch: inout MessageBatch,
        into refusals: inout [Refusal]
    ) {
        guard let hook else { return }
        for position in range {
            let entry = batch.entries[position]
            batch.bytes.withUnsafeMutableBytes { storage in
                var header = storage.loadUnaligned(fromByteOffset: entry.offset, as: nlmsghdr.self)
                guard let errno = hook.willSend(header.nlmsg_type) else { return }
                refusals.append(Refusal(tag: entry.tag, errno: errno))
                header.nlmsg_type = UInt16(NLMSG_NOOP)
                storage.storeBytes(of: header, toByteOffset: entry.offset, as: nlmsghdr.self)
            }
        }
    }

    /// Numbers the messages `range` and sends them by one call; the last is answered with an acknowledgement.
    private mutating func sendRequests(
        _ range: Range<Int>,
        of batch: inout MessageBatch
    ) throws(NetlinkTransportError) {
        let entries = batch.entries
        let sequence = lastSequence
        let bytes = batch.byteRange(of: range)
        let sent = batch.bytes.withUnsafeMutableBytes { storage in
            for position in range {
                let offset = entries[position].offset
                var header = storage.loadUnaligned(fromByteOffset: offset, as: nlmsghdr.self)
                header.nlmsg_seq = sequence &+ UInt32(position - range.lowerBound + 1)
                header.nlmsg_pid = 0
                header.nlmsg_flags |= UInt16(NLM_F_REQUEST)
                if position == range.upperBound - 1 {
                    header.nlmsg_flags |= UInt16(NLM_F_ACK)
                } else {
                    header.nlmsg_flags &= ~UInt16(NLM_F_ACK)
                }
                storage.storeBytes(of: header, toByteOffset: offset, as: nlmsghdr.self)
            }
            return send(UnsafeRawBufferPointer(rebasing: storage[bytes]))
        }
        lastSequence &+= UInt32(range.count)
        try sent.get()
    }

    /// Receives until the last of the messages `range` has been answered.
    private mutating func collectVerdicts(
        _ range: Range<Int>,
        of batch: borrowing MessageBatch,
        into refusals: inout [Refusal]
    ) throws(NetlinkTransportError) {
        let first = lastSequence &- UInt32(range.count - 1)
        while true {
            var messages = ReceivedMessages(try receive())
            while let message = try messages.next() {
                if message.isOverrun { throw .repliesLost }
                let position = Int(message.sequence &- first)
                guard message.isError, message.portID == portID, position < range.count else { continue }
                guard let verdict = Verdict(error: message) else { throw .malformed }
                if let errno = verdict.errno {
                    refusals.append(batch.refusal(of: range.lowerBound + position, errno, verdict))
                }
                if message.sequence == lastSequence { return }
            }
        }
    }
}

// MARK: - Questions

extension NetlinkSocket {
    /// Asks for a list of objects and hands over each.
    ///
    /// - Parameters:
    ///   - request: What is asked for; `NLM_F_DUMP` is added.
    ///   - restart: Called before each attempt, so that the caller drops what it has collected.
    ///   - body: Called with each message's type and payload, which is valid during the call only.
    /// - Throws: ``NetlinkTransportError``, `interruptedDump` after ``dumpAttempts`` attempts during which the objects
    ///   changed; or what `body` throws.
    package mutating func dump(
        _ request: NetlinkRequest,
        restart: () -> Void,
        body: (UInt16, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        for _ in 0..<Self.dumpAttempts {
            restart()
            if try dumpOnce(request, body) { return }
        }
        throw NetlinkTransportError.interruptedDump(attempts: Self.dumpAttempts)
    }

    /// Asks for one object.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - body: Called with the answer's type and payload, which is valid during the call only.
    /// - Returns: What `body` returns.
    /// - Throws: ``NetlinkTransportError``, `refused` if there is no such object; or what `body` throws.
    package mutating func get<Value>(
        _ request: NetlinkRequest,
        body: (UInt16, UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        try ask(request, flags: 0)
        while true {
            var messages = ReceivedMessages(try receive())
            while let message = try messages.next() {
                if message.isOverrun { throw NetlinkTransportError.repliesLost }
                guard isAnswer(message) else { continue }
                if message.isError { throw Self.refusal(Verdict(error: message)) }
                return try body(message.type, message.payload)
            }
        }
    }

    /// Asks for many objects, each by a message of its own, and empties the batch.
    ///
    /// One send for each ``MessageBatch/limit`` messages: their answers have room in the socket's buffer.
    ///
    /// - Parameters:
    ///   - batch: What is asked for.
    ///   - body: Called with each answer's type and payload, which is valid during the call only, in the order of the questions; not for
    ///     what is not there.
    /// - Throws: ``NetlinkTransportError``, `refused` for whatever the kernel refuses but with `ENOENT`; or what `body` throws.
    package mutating func getEach(
        _ batch: inout MessageBatch,
        body: (UInt16, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        defer { batch.removeAll() }
        for start in stride(from: 0, to: batch.count, by: MessageBatch.limit) {
            let range = start..<min(start + MessageBatch.limit, batch.count)
            try sendRequests(range, of: &batch)
            try collectAnswers(to: range.count, body)
        }
    }

    /// Receives until the last of the `count` messages sent last has been answered.
    private mutating func collectAnswers(
        to count: Int,
        _ body: (UInt16, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let first = lastSequence &- UInt32(count - 1)
        while true {
            var messages = ReceivedMessages(try receive())
            while let message = try messages.next() {
                if message.isOverrun { throw NetlinkTransportError.repliesLost }
                // Of a conversation that was broken off there may be answers left.
                guard message.portID == portID, Int(message.sequence &- first) < count else { continue }
                guard message.isError else {
                    try body(message.type, message.payload)
                    continue
                }
                guard let verdict = Verdict(error: message) else { throw NetlinkTransportError.malformed }
                if let errno = verdict.errno, errno != .noSuchFileOrDirectory { throw Self.refusal(verdict) }
                if message.sequence == lastSequence { return }
            }
        }
    }

    /// One attempt; the answer is read to its end even when it is of no use, for the kernel holds the next
    /// dump of the socket back until then.
    ///
    /// - Returns: False if the objects changed during it.
    private mutating func dumpOnce(
        _ request: NetlinkRequest,
        _ body: (UInt16, UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        try ask(request, flags: UInt16(NLM_F_DUMP))
        var isWhole = true
        var failure: (any Error)?
        while true {
            var messages = ReceivedMessages(try receive())
            while let message = try messages.next() {
                if message.isOverrun { throw NetlinkTransportError.repliesLost }
                guard isAnswer(message) else { continue }
                if message.isInterrupted { isWhole = false }
                if message.isError { throw Self.refusal(Verdict(error: message)) }
                if message.isDone {
                    let verdict = Verdict(done: message)
                    if verdict.errno != nil { throw Self.refusal(verdict) }
                    if let failure, isWhole { throw failure }
                    return isWhole
                }
                guard isWhole, failure == nil else { continue }
                do { try body(message.type, message.payload) } catch { failure = error }
            }
        }
    }

    private static func refusal(_ verdict: Verdict?) -> NetlinkTransportError {
        guard let verdict, let errno = verdict.errno else { return .malformed }
        return .refused(errno, kernelMessage: verdict.kernelMessage)
    }

    private func isAnswer(_ message: ReceivedMessage) -> Bool {
        message.sequence == lastSequence && message.portID == portID
    }

    private mutating func ask(_ request: NetlinkRequest, flags: UInt16) throws(NetlinkTransportError) {
        lastSequence &+= 1
        let sequence = lastSequence
        var bytes = request.bytes
        let sent = bytes.withUnsafeMutableBytes { storage in
            var header = storage.loadUnaligned(as: nlmsghdr.self)
            header.nlmsg_seq = sequence
            header.nlmsg_pid = 0
            header.nlmsg_flags = UInt16(NLM_F_REQUEST) | flags
            storage.storeBytes(of: header, as: nlmsghdr.self)
            return send(UnsafeRawBufferPointer(storage))
        }
        try sent.get()
    }
}

// MARK: - System calls

extension NetlinkSocket {
    private func send(_ bytes: UnsafeRawBufferPointer) -> Result<Void, NetlinkTransportError> {
        while true {
            let sent = mnl_socket_sendto(handle, bytes.baseAddress, bytes.count)
            let error = Errno.current
            if sent == bytes.count { return .success(()) }
            if sent >= 0 { return .failure(.shortSend(sent: sent, of: bytes.count)) }
            if error != .interrupted { return .failure(.sendFailed(error)) }
        }
    }

    /// Receives one datagram into the buffer.
    private func receive() throws(NetlinkTransportError) -> UnsafeRawBufferPointer {
        while true {
            let count = mnl_socket_recvfrom(handle, buffer.baseAddress, buffer.count)
            let error = Errno.current
            if count >= 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
            switch error.code {
            case EINTR: continue
            case ENOBUFS: throw .repliesLost
            case ENOSPC: throw .truncated  // libmnl's word for MSG_TRUNC
            default: throw .receiveFailed(error)
            }
        }
    }
}

extension MessageBatch {
    /// The refusal of the message at `position`.
    fileprivate func refusal(of position: Int, _ errno: Errno, _ verdict: Verdict) -> Refusal {
        let message = byteRange(of: position..<position + 1)
        var type: UInt16?
        if let offset = verdict.attributeOffset, Int(offset) + 4 <= message.count {
            let low = UInt16(bytes[message.lowerBound + Int(offset) + 2])
            let high = UInt16(bytes[message.lowerBound + Int(offset) + 3])
            type = (high << 8 | low) & 0x3fff
        }
        return Refusal(
            tag: entries[position].tag,
            errno: errno,
            kernelMessage: verdict.kernelMessage,
            attributeOffset: verdict.attributeOffset,
            attributeType: type
        )
    }
}
