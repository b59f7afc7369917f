import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting

/// Router advertisements (RFC 4861, section 4.2), sent as whole frames by a link inside a namespace.
final class RouterAdvertiser {
    private let socket: FrameSocket
    private let frame: [UInt8]

    /// The prefix that is advertised, for addresses and as on the link.
    static let prefix = Prefix(containing: IPAddress(ipv6High: 0x2001_0db8_0bad_0000, low: 0), length: 64)

    /// - Parameters:
    ///   - interface: The link inside the namespace.
    ///   - mac: That of the link.
    ///   - namespace: The namespace.
    ///   - node: The node that it is on.
    /// - Throws: `SystemCallError` if there can be no such socket, or there is no such link.
    init(on interface: String, _ mac: MACAddress, in namespace: String, of node: ThrowAwayNode) throws {
        socket = try FrameSocket(on: interface, in: namespace, of: node)
        frame = Self.frame(from: mac)
    }

    /// Sends it to all nodes of the link.
    func send() throws { try socket.send(frame) }

    private static func frame(from mac: MACAddress) -> [UInt8] {
        let source = IPAddress(linkLocalFor: mac)
        let allNodes = IPAddress(ipv6High: 0xff02 << 48, low: 1)
        // Type 134, hop limit 64, no flags, a router for 1,800 s; then a prefix (option 3, on link and for addresses, for a
        // day), and the MAC of the sender (option 1).
        var message: [UInt8] = [134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]
        message +=
            [3, 4, 64, 0xc0] + [0, 1, 0x51, 0x80, 0, 1, 0x51, 0x80] + [0, 0, 0, 0]
            + Frame.bytes(prefix.address)
        message += [1, 1] + Frame.octets(mac)
        let packet = Frame.packet(of: message, checksumAt: 2, transport: 58, from: source, to: allNodes)
        return Frame.frame(of: packet, .ipv6, from: mac, to: MACAddress(bits: 0x3333_0000_0001))
    }
}
