import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting

/// Bytes as they are on a wire, made up by hand: whatever is said in them, the kernel did not say it.
enum Frame {
    /// A datagram of UDP (RFC 768) in a packet.
    static func datagram(
        _ text: String,
        from source: IPAddress,
        to destination: IPAddress,
        port: UInt16
    ) -> [UInt8] {
        let payload = Array(text.utf8)
        let length = 8 + payload.count
        // From port 7000, which nobody takes answers at.
        let header: [UInt8] = [0x1b, 0x58] + number(port) + number(UInt16(length)) + [0, 0]
        return packet(of: header + payload, checksumAt: 6, transport: 17, from: source, to: destination)
    }

    /// A packet with its checksums (RFC 791, RFC 8200); the message has zeros where its own is to be.
    static func packet(
        of message: [UInt8],
        checksumAt place: Int,
        transport: UInt8,
        from source: IPAddress,
        to destination: IPAddress
    ) -> [UInt8] {
        var message = message
        let length = number(UInt16(message.count))
        let ends = bytes(source) + bytes(destination)
        let sum = checksum(ends + [0, transport] + length + message)
        // Zero would mean that there is none.
        message.replaceSubrange(place..<place + 2, with: number(sum == 0 ? 0xffff : sum))
        guard source.family == .ipv4 else {
            return [0x60, 0, 0, 0] + length + [transport, 255] + ends + message
        }
        var header: [UInt8] =
            [0x45, 0] + number(UInt16(20 + message.count)) + [0, 0, 0, 0, 64, transport, 0, 0] + ends
        header.replaceSubrange(10..<12, with: number(checksum(header)))
        return header + message
    }

    static func frame(
        of packet: [UInt8],
        _ family: AddressFamily,
        from source: MACAddress,
        to destination: MACAddress
    ) -> [UInt8] {
        octets(destination) + octets(source) + (family == .ipv4 ? [0x08, 0x00] : [0x86, 0xdd]) + packet
    }

    static func bytes(_ address: IPAddress) -> [UInt8] { address.withNetworkBytes { Array($0) } }

    static func octets(_ mac: MACAddress) -> [UInt8] { mac.withNetworkBytes { Array($0) } }

    private static func number(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

    /// The internet checksum (RFC 1071).
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for place in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[place]) << 8 | (place + 1 < bytes.count ? UInt32(bytes[place + 1]) : 0)
        }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}

/// Sends whole frames by a link inside a namespace.
final class FrameSocket {
    private let socket: CInt
    private let index: CInt

    private static let packetFamily: CInt = 17

    /// - Throws: `SystemCallError` if there can be no such socket, or there is no such link.
    init(on interface: String, in namespace: String, of node: ThrowAwayNode) throws {
        (socket, index) = try node.inside(namespace) {
            let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let socket = try checked("socket", on: "AF_PACKET") { Glibc.socket(Self.packetFamily, type, 0) }
            let index = CInt(if_nametoindex(interface))
            guard index > 0 else { throw SystemCallError("if_nametoindex", on: interface, .noSuchDevice) }
            return (socket, index)
        }
    }

    deinit { close(socket) }

    /// Sends a frame from its destination's MAC on.
    func send(_ bytes: some Sequence<UInt8>) throws {
        let frame = Array(bytes)
        // struct sockaddr_ll: family, protocol, index, hardware type, packet type, address length, address.
        var address = [UInt8](repeating: 0, count: 20)
        withUnsafeBytes(of: UInt16(Self.packetFamily)) { address.replaceSubrange(0..<2, with: $0) }
        address.replaceSubrange(2..<4, with: frame[12..<14])
        withUnsafeBytes(of: index) { address.replaceSubrange(4..<8, with: $0) }
        address[11] = 6
        address.replaceSubrange(12..<18, with: frame[0..<6])
        while true {
            let sent = address.withUnsafeBytes { raw in
                raw.withMemoryRebound(to: sockaddr.self) {
                    sendto(socket, frame, frame.count, 0, $0.baseAddress, 20)
                }
            }
            let errno = Errno.current
            if sent == frame.count { return }
            // The queue is full: whoever takes from it needs the processor.
            guard errno == .noBufferSpace else { throw SystemCallError("sendto", on: "AF_PACKET", errno) }
            sched_yield()
        }
    }
}
