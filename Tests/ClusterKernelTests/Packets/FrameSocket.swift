import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting

/// A socket for whole frames of one link inside a namespace (packet(7)); it hears nothing until it is bound.
final class PacketSocket: Sendable {
    let descriptor: CInt
    private let index: CInt

    private static let family: CInt = 17

    /// - Throws: `SystemCallError` if there can be no such socket, or there is no such link.
    init(on interface: String, in namespace: String?, of node: ThrowAwayNode) throws {
        (descriptor, index) = try node.inside(namespace) {
            let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            let socket = try checked("socket", on: "AF_PACKET") { Glibc.socket(Self.family, type, 0) }
            let index = CInt(if_nametoindex(interface))
            guard index > 0 else { throw SystemCallError("if_nametoindex", on: interface, .noSuchDevice) }
            return (socket, index)
        }
    }

    deinit { close(descriptor) }

    /// Calls `body` with the link's address: `struct sockaddr_ll`.
    func withAddress<Value>(
        type: some Collection<UInt8>,
        mac: some Collection<UInt8>,
        _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Value
    ) -> Value {
        // Family, protocol, index, hardware type, packet type, address length, address.
        var address = [UInt8](repeating: 0, count: 20)
        withUnsafeBytes(of: UInt16(Self.family)) { address.replaceSubrange(0..<2, with: $0) }
        address.replaceSubrange(2..<4, with: type)
        withUnsafeBytes(of: index) { address.replaceSubrange(4..<8, with: $0) }
        address[11] = UInt8(mac.count)
        address.replaceSubrange(12..<12 + mac.count, with: mac)
        return address.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { body($0.baseAddress, 20) }
        }
    }
}

/// Sends whole frames by a link inside a namespace.
final class FrameSocket: Sendable {
    private let link: PacketSocket

    /// - Throws: `SystemCallError` if there can be no such socket, or there is no such link.
    init(on interface: String, in namespace: String, of node: ThrowAwayNode) throws {
        link = try PacketSocket(on: interface, in: namespace, of: node)
    }

    /// Sends a frame from its destination's MAC on.
    func send(_ bytes: some Sequence<UInt8>) throws {
        let frame = Array(bytes)
        while true {
            let sent = link.withAddress(type: frame[12..<14], mac: frame[0..<6]) {
                sendto(link.descriptor, frame, frame.count, 0, $0, $1)
            }
            let errno = Errno.current
            if sent == frame.count { return }
            // The queue is full: whoever takes from it needs the processor.
            guard errno == .noBufferSpace else { throw SystemCallError("sendto", on: "AF_PACKET", errno) }
            sched_yield()
        }
    }
}
