import NetworkModel

/// A frame as it was seen on a wire, taken apart by hand.
struct WireFrame: CustomStringConvertible {
    let bytes: [UInt8]

    /// A packet of IPv4 or IPv6.
    struct Packet {
        var source: IPAddress
        var destination: IPAddress
        var transport: UInt8
        var payload: ArraySlice<UInt8>
    }

    /// A datagram of UDP.
    struct Datagram {
        var port: Int
        var payload: ArraySlice<UInt8>

        var text: String { String(decoding: payload, as: UTF8.self) }
    }

    /// What a tunnel of VXLAN carries.
    struct Tunnelled {
        var port: Int
        var vni: Int
        var outer: Packet
        var inner: WireFrame
    }

    var destination: MACAddress? { mac(0) }
    var source: MACAddress? { mac(6) }

    var packet: Packet? {
        switch type {
        case 0x0800:
            guard bytes.count >= 34, let source = address(26, 4), let destination = address(30, 4) else {
                return nil
            }
            let start = 14 + Int(bytes[14] & 0xf) * 4
            let end = min(14 + number(16), bytes.count)
            guard start <= end else { return nil }
            return Packet(
                source: source,
                destination: destination,
                transport: bytes[23],
                payload: bytes[start..<end]
            )
        case 0x86dd:
            guard bytes.count >= 54, let source = address(22, 16), let destination = address(38, 16) else {
                return nil
            }
            let end = min(54 + number(18), bytes.count)
            return Packet(
                source: source,
                destination: destination,
                transport: bytes[20],
                payload: bytes[54..<end]
            )
        default: return nil
        }
    }

    var datagram: Datagram? {
        guard let packet, packet.transport == 17, packet.payload.count >= 8 else { return nil }
        let start = packet.payload.startIndex
        return Datagram(port: number(start + 2), payload: packet.payload[(start + 8)...])
    }

    /// The contents of a datagram to one of some ports, if those are what a tunnel carries.
    func tunnelled(atPorts ports: Set<Int>) -> Tunnelled? {
        guard let packet, let datagram, ports.contains(datagram.port), datagram.payload.count > 8 + 14 else {
            return nil
        }
        let start = datagram.payload.startIndex
        let vni = number(start + 4) << 8 | Int(bytes[start + 6])
        return Tunnelled(
            port: datagram.port,
            vni: vni,
            outer: packet,
            inner: WireFrame(bytes: Array(datagram.payload[(start + 8)...]))
        )
    }

    /// Whose MAC is asked for, or told, in ARP or by neighbour discovery.
    var neighbour: IPAddress? {
        if type == 0x0806, bytes.count >= 42 { return address(38, 4) }
        guard let packet, packet.transport == 58, packet.payload.count >= 24,
            [135, 136].contains(packet.payload[packet.payload.startIndex])
        else { return nil }
        return address(packet.payload.startIndex + 8, 16)
    }

    /// Every address that it bears, but for those in the contents of datagrams.
    var addresses: Set<IPAddress> {
        var all = [neighbour, packet?.source, packet?.destination]
        if type == 0x0806, bytes.count >= 42 { all.append(address(28, 4)) }
        return Set(all.compactMap(\.self))
    }

    var description: String {
        let ends = packet.map { "from \($0.source) to \($0.destination), transport \($0.transport)" } ?? ""
        let words = neighbour.map { "about \($0)" } ?? datagram.map { "port \($0.port)" } ?? ""
        return "a frame of type 0x\(String(type, radix: 16)), \(bytes.count) bytes \(ends) \(words)"
    }

    private var type: Int { bytes.count >= 14 ? number(12) : 0 }

    private func number(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }

    private func address(_ place: Int, _ length: Int) -> IPAddress? {
        bytes[place..<place + length].withUnsafeBytes { IPAddress(networkBytes: $0) }
    }

    private func mac(_ place: Int) -> MACAddress? {
        guard bytes.count >= place + 6 else { return nil }
        return bytes[place..<place + 6].withUnsafeBytes { MACAddress(networkBytes: $0) }
    }
}
