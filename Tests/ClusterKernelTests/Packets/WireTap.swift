import Glibc
import LinuxSystem
import NetworkTesting

/// Hears every frame that passes a link, in both directions.
final class WireTap {
    private let link: PacketSocket

    /// - Throws: `SystemCallError` if there can be no such socket, or there is no such link.
    init(on interface: String, in namespace: String? = nil, of node: ThrowAwayNode) throws {
        link = try PacketSocket(on: interface, in: namespace, of: node)
        // Room for all that a test sends: what finds none is lost.
        var size: CInt = 8 << 20
        try checked("setsockopt", on: "SO_RCVBUFFORCE") {
            setsockopt(link.descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        // ETH_P_ALL: whatever it is.
        try checked("bind", on: interface) {
            link.withAddress(type: [0, 3], mac: []) { bind(link.descriptor, $0, $1) }
        }
    }

    /// Takes what has passed so far.
    ///
    /// - Throws: ``Loss`` if the kernel could not keep all of it.
    func frames() throws -> [WireFrame] {
        var frames: [WireFrame] = []
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(link.descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            guard count >= 0 else { break }
            frames.append(WireFrame(bytes: Array(bytes.prefix(count))))
        }
        // SOL_PACKET, PACKET_STATISTICS: struct tpacket_stats, what came and what was dropped.
        var statistics: [UInt32] = [0, 0]
        var length = socklen_t(8)
        try checked("getsockopt", on: "PACKET_STATISTICS") {
            getsockopt(link.descriptor, 263, 6, &statistics, &length)
        }
        guard statistics[1] == 0 else { throw Loss(count: statistics[1]) }
        return frames
    }

    /// Frames passed that nobody looked at.
    struct Loss: Error { let count: UInt32 }
}
