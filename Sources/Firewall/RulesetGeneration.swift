internal import CMnl
internal import LinuxSystem
internal import Netlink

/// How often the ruleset of a network namespace was changed, by whomever: the kernel counts the transactions.
///
/// Belongs to the namespace of the thread that made it.
struct RulesetGeneration: ~Copyable {
    private var socket: NetlinkSocket

    /// - Throws: ``SystemCallError`` if there can be no socket.
    init() throws(SystemCallError) {
        socket = try NetlinkSocket.netfilter()
    }

    /// The count; `nil` if the kernel does not tell.
    ///
    /// Kernel: `net/netfilter/nf_tables_api.c`, `nf_tables_getgen()`.
    mutating func read() -> UInt32? {
        let question = ConnectionMessage.bytes(
            UInt32(NFNL_SUBSYS_NFTABLES),
            UInt32(NFT_MSG_GETGEN.rawValue),
            family: 0
        )
        return try? socket.get(question.withUnsafeBytes { NetlinkRequest($0) }) { _, payload -> UInt32? in
            var attributes = NetlinkAttributes(payload, after: MemoryLayout<nfgenmsg>.size)
            while let attribute = attributes.next() {
                guard UInt32(attribute.type) == NFTA_GEN_ID.rawValue else { continue }
                return attribute.uint32.map(UInt32.init(bigEndian:))
            }
            return nil
        }
    }
}
