internal import CMnl
internal import Glibc
package import Netlink
package import NetworkModel

/// A connection that the kernel tracks, as one message tells of it; valid as long as the message's memory is.
package struct TrackedConnection {
    /// Where the packets of one direction come from, and where they go.
    package struct Ends: Hashable, Sendable {
        package var source: IPAddress
        package var destination: IPAddress
    }

    /// Of the first packet, before anything translated it.
    package let original: Ends
    /// Of its answers, before anything translates them back.
    package let reply: Ends

    // What the kernel finds it by.
    private let family: UInt8
    private let tuple: NetlinkAttribute
    private let number: NetlinkAttribute?
    private let zone: NetlinkAttribute?

    /// Reads the payload of an `IPCTNL_MSG_CT_NEW` message.
    ///
    /// Hot: no memory is allocated.
    ///
    /// Kernel: `net/netfilter/nf_conntrack_netlink.c`, `ctnetlink_fill_info()`.
    ///
    /// - Parameter payload: What follows the `nlmsghdr`.
    /// - Throws: ``NetlinkTransportError/malformed``.
    package init(_ payload: UnsafeRawBufferPointer) throws(NetlinkTransportError) {
        guard payload.count >= MemoryLayout<nfgenmsg>.size else { throw .malformed }
        family = payload.loadUnaligned(as: nfgenmsg.self).nfgen_family
        var found: (original: NetlinkAttribute?, reply: NetlinkAttribute?)
        var (number, zone): (NetlinkAttribute?, NetlinkAttribute?)
        var attributes = NetlinkAttributes(payload, after: MemoryLayout<nfgenmsg>.size)
        while let attribute = attributes.next() {
            switch UInt32(attribute.type) {
            case CTA_TUPLE_ORIG.rawValue: found.original = attribute
            case CTA_TUPLE_REPLY.rawValue: found.reply = attribute
            case CTA_ID.rawValue: number = attribute
            case CTA_ZONE.rawValue: zone = attribute
            default: break
            }
        }
        guard !attributes.isMalformed, let tuple = found.original, let answer = found.reply,
            let original = try Ends(tuple), let reply = try Ends(answer)
        else { throw .malformed }
        self.original = original
        self.reply = reply
        self.tuple = tuple
        self.number = number
        self.zone = zone
    }

    /// True if it was begun by an address, and the other end sees another one in its place.
    package func isMasqueraded(_ address: IPAddress) -> Bool {
        original.source == address && reply.destination != address
    }
}

extension TrackedConnection.Ends {
    /// Reads a tuple; `nil` if it has not two addresses of one family.
    fileprivate init?(_ tuple: NetlinkAttribute) throws(NetlinkTransportError) {
        var (source, destination): (IPAddress?, IPAddress?)
        var parts = tuple.nested
        while let part = parts.next() {
            guard UInt32(part.type) == CTA_TUPLE_IP.rawValue else { continue }
            var addresses = part.nested
            while let address = addresses.next() {
                switch UInt32(address.type) {
                case CTA_IP_V4_SRC.rawValue, CTA_IP_V6_SRC.rawValue:
                    source = IPAddress(networkBytes: address.payload)
                case CTA_IP_V4_DST.rawValue, CTA_IP_V6_DST.rawValue:
                    destination = IPAddress(networkBytes: address.payload)
                default: break
                }
            }
            if addresses.isMalformed { throw .malformed }
        }
        guard !parts.isMalformed, let source, let destination, source.family == destination.family else {
            return nil
        }
        self.source = source
        self.destination = destination
    }
}

extension MessageBatch {
    /// Makes the kernel forget a connection: this one, and not a later one between the same ends.
    ///
    /// Equivalent to `conntrack -D` with every part of the original tuple. Refused with `ENOENT` if it is gone.
    ///
    /// What the kernel finds it by is sent back as it came. Without a tuple the kernel would forget all that it tracks;
    /// no ``TrackedConnection`` is without.
    ///
    /// Kernel: `net/netfilter/nf_conntrack_netlink.c`, `ctnetlink_del_conntrack()`.
    package mutating func appendForget(_ connection: TrackedConnection, tag: Int) {
        connection.deletion.withUnsafeBytes { append($0, tag: tag) }
    }
}

extension TrackedConnection {
    /// The message that deletes it.
    fileprivate var deletion: [UInt8] {
        var message = ConnectionMessage.bytes(
            UInt32(NFNL_SUBSYS_CTNETLINK),
            IPCTNL_MSG_CT_DELETE.rawValue,
            family: family
        )
        ConnectionMessage.put(CTA_TUPLE_ORIG.rawValue | UInt32(NLA_F_NESTED), tuple.payload, into: &message)
        if let number { ConnectionMessage.put(CTA_ID.rawValue, number.payload, into: &message) }
        if let zone { ConnectionMessage.put(CTA_ZONE.rawValue, zone.payload, into: &message) }
        let length = UInt32(message.count)
        message.withUnsafeMutableBytes { $0.storeBytes(of: length, as: UInt32.self) }
        return message
    }
}

/// Messages to nfnetlink, put together.
enum ConnectionMessage {
    /// `nlmsghdr` and `nfgenmsg` of a message without attributes.
    static func bytes(_ subsystem: UInt32, _ type: UInt32, family: UInt8) -> [UInt8] {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(MemoryLayout<nlmsghdr>.size + MemoryLayout<nfgenmsg>.size)
        header.nlmsg_type = UInt16(subsystem << 8 | type)
        let family = nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0)
        return withUnsafeBytes(of: header) { Array($0) } + withUnsafeBytes(of: family) { Array($0) }
    }

    /// Appends an attribute, padded to 4 bytes.
    static func put(_ type: UInt32, _ payload: UnsafeRawBufferPointer, into message: inout [UInt8]) {
        let size = MemoryLayout<nlattr>.size + payload.count
        let attribute = nlattr(nla_len: UInt16(size), nla_type: UInt16(type))
        withUnsafeBytes(of: attribute) { message += $0 }
        message += payload
        message += repeatElement(0, count: -payload.count & 3)
    }
}
