import NetworkModel

/// Bytes as they are on a wire, made up by hand: whatever is said in them, the kernel did not say it.
enum Frame {
    /// Where datagrams come from.
    static let sourcePort: UInt16 = 7000

    /// A datagram of UDP (RFC 768) in a packet.
    static func datagram(
        _ text: String,
        from source: IPAddress,
        to destination: IPAddress,
        port: UInt16
    ) -> [UInt8] {
        datagram(Array(text.utf8), from: source, to: destination, port: port)
    }

    /// The same with bytes; at the usual port of the sender nobody takes answers.
    static func datagram(
        _ payload: [UInt8],
        from source: IPAddress,
        to destination: IPAddress,
        port: UInt16,
        sourcePort: UInt16 = sourcePort
    ) -> [UInt8] {
        let length = 8 + payload.count
        let header = number(sourcePort) + number(port) + number(UInt16(length)) + [0, 0]
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
        // ICMP alone has none of the packet's header in it.
        let sum = checksum((transport == 1 ? [] : ends + [0, transport] + length) + message)
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

    /// What a router says of a packet that it can't pass on, which is too large (RFC 792, RFC 4443).
    static func tooLarge(_ packet: [UInt8], from source: IPAddress, to destination: IPAddress) -> [UInt8] {
        let isIPv4 = source.family == .ipv4
        // Type, code, checksum, and the MTU, of 600 bytes or of 1300.
        let header: [UInt8] = isIPv4 ? [3, 4, 0, 0, 0, 0, 0x02, 0x58] : [2, 0, 0, 0, 0, 0, 0x05, 0x14]
        return self.packet(
            of: header + packet,
            checksumAt: 2,
            transport: isIPv4 ? 1 : 58,
            from: source,
            to: destination
        )
    }

    /// What a tunnel of VXLAN carries a frame in (RFC 7348, section 5).
    static func tunnelled(_ frame: [UInt8], vni: Int) -> [UInt8] {
        [0x08, 0, 0, 0] + [UInt8(vni >> 16 & 0xff), UInt8(vni >> 8 & 0xff), UInt8(vni & 0xff), 0] + frame
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
