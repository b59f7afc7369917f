internal import CMnl

/// Requests that are sent together, by one system call for each ``limit`` of them.
///
/// The kernel treats every message of a batch and goes on after a refusal. So no message may act by name on what
/// an earlier one makes: if that was refused, the name is a stranger's. Indexes are chosen beforehand and used.
///
/// Kernel: `net/netlink/af_netlink.c`, `netlink_rcv_skb()`.
package struct MessageBatch: Sendable {
    /// How many messages go by one send.
    ///
    /// More are slower: insertion into an FDB, for one.
    package static let limit = 64

    /// The messages, each padded to 4 bytes.
    var bytes: [UInt8] = []
    /// Where each message begins and what the caller calls it.
    var entries: [Entry] = []

    /// A message's place in ``bytes``, and its tag.
    struct Entry: Sendable {
        var offset: Int
        var tag: Int
    }

    package init() {
        bytes.reserveCapacity(16 * 1024)
        entries.reserveCapacity(Self.limit)
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The number of messages.
    package var count: Int { entries.count }

    /// Appends an encoded request.
    ///
    /// - Parameters:
    ///   - message: The message from its `nlmsghdr` on. Sequence number and `NLM_F_ACK` are the socket's to set.
    ///   - tag: What a ``Refusal`` of it is to be told by; several messages may share one.
    package mutating func append(_ message: UnsafeRawBufferPointer, tag: Int) {
        precondition(message.count >= MemoryLayout<nlmsghdr>.size, "a message has at least a header")
        entries.append(Entry(offset: bytes.count, tag: tag))
        bytes.append(contentsOf: message)
        let padding = -message.count & 3
        if padding > 0 { bytes.append(contentsOf: repeatElement(0, count: padding)) }
    }

    /// Takes out the messages of some tags.
    package mutating func remove(where isDoomed: (Int) -> Bool) {
        guard entries.contains(where: { isDoomed($0.tag) }) else { return }
        var kept = MessageBatch()
        for position in entries.indices where !isDoomed(entries[position].tag) {
            message(at: position).withUnsafeBytes { kept.append($0, tag: entries[position].tag) }
        }
        self = kept
    }

    /// Takes all messages out, and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    /// Where the messages `range` stand in ``bytes``.
    func byteRange(of range: Range<Int>) -> Range<Int> {
        entries[range.lowerBound]
            .offset..<(range.upperBound < entries.count ? entries[range.upperBound].offset : bytes.count)
    }

    /// The bytes of one message: for tests and diagnostics.
    package func message(at position: Int) -> [UInt8] {
        Array(bytes[byteRange(of: position..<position + 1)])
    }
}
