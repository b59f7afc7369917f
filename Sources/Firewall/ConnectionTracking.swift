internal import CMnl
internal import Glibc
package import LinuxSystem
package import Netlink
package import NetworkModel

/// The connections that the kernel tracks in the network namespace of the thread that made this.
///
/// A connection is let through, and its packets are translated, as its first packet was. Once it is forgotten, its next
/// packet is a first one again.
package struct ConnectionTracking: ~Copyable {
    private var socket: NetlinkSocket
    private let subsystem: UInt32

    /// How often the connections are listed.
    ///
    /// The rules that they are forgotten for are in force by then. But a packet that was on its way through the old ones,
    /// on another processor, puts its connection into the kernel's table when it is through, and that may be behind the
    /// place where a list has come to. Nothing that comes later is by the old rules.
    private static let looks = 2

    /// How the connections of an address are forgotten.
    package struct Forgetting: Hashable, Sendable {
        /// What a ``Refusal`` is to be told by.
        package var tag: Int
        /// Whether those stay that the address began, and that bear another one outside.
        package var keepsMasqueraded: Bool

        package init(tag: Int, keepsMasqueraded: Bool = false) {
            self.tag = tag
            self.keepsMasqueraded = keepsMasqueraded
        }
    }

    /// Must be called on a thread in the namespace, where it stays for as long as this is used.
    ///
    /// - Parameters:
    ///   - hook: What happens before each message that changes something; for tests.
    ///   - subsystem: The subsystem of nfnetlink that lists connections; another one only in tests.
    /// - Throws: ``SystemCallError`` if there can be no socket.
    package init(
        hook: MessageHook? = nil,
        subsystem: UInt32 = UInt32(NFNL_SUBSYS_CTNETLINK)
    ) throws(SystemCallError) {
        socket = try NetlinkSocket.netfilter(hook: hook)
        self.subsystem = subsystem
    }

    /// How many messages were sent that could change something.
    package var messagesSent: Int { socket.messagesSent }

    /// Makes the kernel forget the connections of addresses.
    ///
    /// That is those in which one of them is at an end, in the original direction or in that of the answers; all others stay.
    ///
    /// The kernel's own filter for deletions (`CTA_FILTER`) came with Linux 5.8 and can't tell what was translated: so they
    /// are listed, and deleted one by one.
    ///
    /// - Returns: What the kernel refused; not what was gone meanwhile.
    /// - Throws: ``NetlinkTransportError``; or ``SystemCallError`` with `EOPNOTSUPP` if the kernel tracks connections and can't
    ///   list them.
    package mutating func forget(_ addresses: [IPAddress: Forgetting]) throws -> [Refusal] {
        // A list walks the table that all namespaces share, however few connections this one has.
        if try Self.count() == "0" { return [] }
        for _ in 0..<Self.looks {
            var batch = try deletions(addresses)
            guard !batch.isEmpty else { break }
            let refusals = try socket.transact(&batch).filter { $0.errno != .noSuchFileOrDirectory }
            guard refusals.isEmpty else { return refusals }
        }
        return []
    }

    /// The messages that delete what there is now of some addresses.
    private mutating func deletions(_ addresses: [IPAddress: Forgetting]) throws -> MessageBatch {
        let question = ConnectionMessage.bytes(
            subsystem,
            IPCTNL_MSG_CT_GET.rawValue,
            family: UInt8(AF_UNSPEC)
        )
        var batch = MessageBatch()
        do {
            try socket.dump(
                question.withUnsafeBytes { NetlinkRequest($0) },
                restart: { batch.removeAll() },
                body: { _, payload in
                    let connection = try TrackedConnection(payload)
                    guard let tag = addresses.tag(for: connection) else { return }
                    batch.appendForget(connection, tag: tag)
                }
            )
        } catch NetlinkTransportError.refused(.invalidArgument, _) {
            // What nfnetlink says of a subsystem that it does not know.
            try Self.requireNoneTracked()
        }
        return batch
    }

    /// - Throws: ``SystemCallError`` if the kernel tracks connections of the thread's namespace.
    private static func requireNoneTracked() throws(SystemCallError) {
        guard try count() ?? "0" == "0" else {
            throw SystemCallError("list", on: "tracked connections", .notSupported)
        }
    }

    /// How many connections the kernel tracks in the thread's namespace, those included whose first packet is on its way.
    ///
    /// - Returns: `nil` where there is no such setting: nothing is tracked, or whoever asks is not to know.
    private static func count() throws(SystemCallError) -> String? {
        let setting = "net/netfilter/nf_conntrack_count"
        guard try SysctlFile.exists(setting) else { return nil }
        return try SysctlFile.read(setting)
    }
}

extension [IPAddress: ConnectionTracking.Forgetting] {
    /// The tag of what a connection is to be forgotten for; `nil` if it is to stay.
    fileprivate func tag(for connection: TrackedConnection) -> Int? {
        let (original, reply) = (connection.original, connection.reply)
        return tag(of: original.source, connection) ?? tag(of: original.destination, connection)
            ?? tag(of: reply.source, connection) ?? tag(of: reply.destination, connection)
    }

    private func tag(of address: IPAddress, _ connection: TrackedConnection) -> Int? {
        guard let forgetting = self[address] else { return nil }
        return forgetting.keepsMasqueraded && connection.isMasqueraded(address) ? nil : forgetting.tag
    }
}
