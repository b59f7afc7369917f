import CMnl
import Glibc
import LinuxSystem
import Netlink

/// Messages put together byte by byte: what carries messages is tested without what encodes them.
enum RawMessage {
    /// `nlmsghdr` and payload.
    static func message(_ type: Int, flags: Int = 0, _ payload: [UInt8]) -> [UInt8] {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(16 + payload.count)
        header.nlmsg_type = UInt16(type)
        header.nlmsg_flags = UInt16(flags)
        return bytes(of: header) + payload
    }

    static func bytes(of value: some BitwiseCopyable) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }

    /// An attribute with its padding.
    static func attribute(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
        let length = UInt16(4 + payload.count)
        let padding = [UInt8](repeating: 0, count: -payload.count & 3)
        return bytes(of: length) + bytes(of: UInt16(type)) + payload + padding
    }

    /// `ip link set dev INDEX up`.
    static func raise(_ index: Int32) -> [UInt8] {
        var header = ifinfomsg()
        header.ifi_index = index
        header.ifi_flags = UInt32(IFF_UP)
        header.ifi_change = UInt32(IFF_UP)
        return message(Int(RTM_NEWLINK), bytes(of: header))
    }

    /// `ip addr add 10.NUMBER.0.1/32 dev lo`.
    static func addAddress(_ number: Int) -> [UInt8] {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(AF_INET)
        header.ifa_prefixlen = 32
        header.ifa_index = 1
        let address = [UInt8(10), UInt8(number >> 8 & 255), UInt8(number & 255), 1]
        let attributes = attribute(Int(IFA_LOCAL), address) + attribute(Int(IFA_ADDRESS), address)
        return message(
            Int(RTM_NEWADDR),
            flags: Int(NLM_F_CREATE | NLM_F_EXCL),
            bytes(of: header) + attributes
        )
    }

    /// `ip addr show`.
    static var askAddresses: NetlinkRequest {
        message(Int(RTM_GETADDR), bytes(of: ifaddrmsg())).withUnsafeBytes { NetlinkRequest($0) }
    }

    /// `ip link show dev INDEX`.
    static func askLink(_ index: Int32) -> NetlinkRequest {
        getLink(index).withUnsafeBytes { NetlinkRequest($0) }
    }

    /// The message of ``askLink(_:)``.
    static func getLink(_ index: Int32) -> [UInt8] {
        var header = ifinfomsg()
        header.ifi_index = index
        return message(Int(RTM_GETLINK), bytes(of: header))
    }
}

extension MessageBatch {
    mutating func append(_ message: [UInt8], tag: Int) {
        message.withUnsafeBytes { append($0, tag: tag) }
    }
}

/// Runs `body` in a network namespace that dies with it.
///
/// Expectations belong outside: there the test is known.
func inThrowawayNamespace<Value>(_ body: () throws -> Value) throws -> Value {
    try DedicatedThread.run(named: "test") {
        try NamespaceHandle.unshareNew()
        return try body()
    }
}

let isRoot = geteuid() == 0
