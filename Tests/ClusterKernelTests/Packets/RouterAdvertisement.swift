import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting

/// Router advertisements (RFC 4861, section 4.2), sent as whole frames by a link inside a namespace.
final class RouterAdvertiser {
    private let socket: CInt
    private let index: CInt
    private let frame: [UInt8]

    /// The prefix that is advertised, for addresses and as on the link.
    static let prefix = Prefix(containing: IPAddress(ipv6High: 0x2001_0db8_0bad_0000, low: 0), length: 64)

    private static let packetFamily: CInt = 17
    private static let ethernetIPv6: UInt16 = 0x86dd

    /// - Parameters:
    ///   - interface: The link inside the namespace.
    ///   - mac: That of the link.
    ///   - namespace: The namespace.
    ///   - node: The node that it is on.
    /// - Throws: `SystemCallError` if there can be no such socket, or there is no such link.
    init(on interface: String, _ mac: MACAddress, in namespace: String, of node: ThrowAwayNode) throws {
        (socket, index) = try node.inside(namespace) {
            let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let socket = try checked("socket", on: "AF_PACKET") { Glibc.socket(Self.packetFamily, type, 0) }
            let index = CInt(if_nametoindex(interface))
            guard index > 0 else { throw SystemCallError("if_nametoindex", on: interface, .noSuchDevice) }
            return (socket, index)
        }
        frame = Self.frame(from: mac)
    }

    deinit { close(socket) }

    /// Sends it to all nodes of the link.
    func send() throws {
        // struct sockaddr_ll: family, protocol, index, hardware type, packet type, address length, address.
        var address = [UInt8](repeating: 0, count: 20)
        withUnsafeBytes(of: UInt16(Self.packetFamily)) { address.replaceSubrange(0..<2, with: $0) }
        withUnsafeBytes(of: Self.ethernetIPv6.bigEndian) { address.replaceSubrange(2..<4, with: $0) }
        withUnsafeBytes(of: index) { address.replaceSubrange(4..<8, with: $0) }
        address[11] = 6
        address.replaceSubrange(12..<18, with: frame[0..<6])
        let sent = address.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                sendto(socket, frame, frame.count, 0, $0.baseAddress, 20)
            }
        }
        guard sent == frame.count else { throw SystemCallError("sendto", on: "AF_PACKET", .current) }
    }

    private static func frame(from mac: MACAddress) -> [UInt8] {
        let source = bytes(IPAddress(linkLocalFor: mac))
        let allNodes = bytes(IPAddress(ipv6High: 0xff02 << 48, low: 1))
        // Type 134, hop limit 64, no flags, a router for 1,800 s; then a prefix (option 3, on link and for addresses, for a
        // day), and the MAC of the sender (option 1).
        var message: [UInt8] = [134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]
        message +=
            [3, 4, 64, 0xc0] + [0, 1, 0x51, 0x80, 0, 1, 0x51, 0x80] + [0, 0, 0, 0] + bytes(prefix.address)
        message += [1, 1] + octets(mac)
        let length = [UInt8(message.count >> 8), UInt8(message.count & 0xff)]
        let sum = checksum(source + allNodes + [0, 0] + length + [0, 0, 0, 58] + message)
        (message[2], message[3]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
        let header: [UInt8] = [0x60, 0, 0, 0] + length + [58, 255] + source + allNodes
        return [0x33, 0x33, 0, 0, 0, 1] + octets(mac) + [0x86, 0xdd] + header + message
    }

    private static func bytes(_ address: IPAddress) -> [UInt8] { address.withNetworkBytes { Array($0) } }
    private static func octets(_ mac: MACAddress) -> [UInt8] { mac.withNetworkBytes { Array($0) } }

    /// The internet checksum (RFC 1071) of an even number of bytes.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for place in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[place]) << 8 | UInt32(bytes[place + 1])
        }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}
