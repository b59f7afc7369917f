package import Glibc
package import LinuxSystem
package import NetworkModel

/// A place that sends and takes datagrams: in a namespace two sockets of each family, one that takes what comes to a port, and
/// one that sends from another, so that nothing that is sent looks like an answer.
///
/// A socket stays in the namespace in which it was made, so whoever has it may use it from anywhere.
package final class Station {
    package let name: String
    private let sockets: [AddressFamily: CInt]
    private let senders: [AddressFamily: CInt]

    package static let port: UInt16 = 7777

    /// A datagram that came.
    package struct Arrival: Hashable {
        package var text: String
        package var source: IPAddress
    }

    package init(
        _ name: String,
        in namespace: String?,
        of node: ThrowAwayNode,
        port: UInt16 = port
    ) throws {
        self.name = name
        (sockets, senders) = try node.inside(namespace) {
            var sockets: [AddressFamily: CInt] = [:]
            var senders: [AddressFamily: CInt] = [:]
            for family in AddressFamily.allCases {
                sockets[family] = try Self.socket(family, port: port)
                senders[family] = try Self.socket(family, port: 0)
            }
            return (sockets, senders)
        }
    }

    deinit {
        for socket in sockets.values { close(socket) }
        for socket in senders.values { close(socket) }
    }

    private static func socket(_ family: AddressFamily, port: UInt16) throws -> CInt {
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = try checked("socket", on: "UDP") { Glibc.socket(domain, type, 0) }
        if family == .ipv6 {
            var isOnly: CInt = 1
            let size = socklen_t(MemoryLayout<CInt>.size)
            try checked("setsockopt", on: "IPV6_V6ONLY") {
                setsockopt(socket, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &isOnly, size)
            }
        }
        _ = try withAddress(.unspecified(family), port) { address, length in
            try checked("bind", on: "port \(port)") { bind(socket, address, length) }
        }
        return socket
    }

    /// Sends a text; false if the kernel knows no way.
    ///
    /// - Parameters:
    ///   - text: What is sent.
    ///   - address: Where to, at the port that stations listen at.
    ///   - sendsFromPort: Whether it is sent from the port that is listened at too, so that it may be an answer.
    /// - Returns: Whether it was sent.
    package func send(_ text: String, to address: IPAddress, fromPort sendsFromPort: Bool = false) -> Bool {
        guard let socket = (sendsFromPort ? sockets : senders)[address.family] else { return false }
        let bytes = Array(text.utf8)
        return Self.withAddress(address, Self.port) {
            sendto(socket, bytes, bytes.count, 0, $0, $1) == bytes.count
        }
    }

    /// Sends a datagram that must not be fragmented.
    ///
    /// - Parameters:
    ///   - size: The size of the packet, with the headers of IP and UDP.
    ///   - address: Where to, at the port that stations listen at; what arrives begins with the size.
    /// - Returns: Why the kernel refused it, `nil` if it was sent.
    package func send(packetOf size: Int, to address: IPAddress) -> Errno? {
        guard let socket = senders[address.family] else { return .invalidArgument }
        let (level, option, headers) =
            address.family == .ipv4
            ? (CInt(IPPROTO_IP), IP_MTU_DISCOVER, 28) : (CInt(IPPROTO_IPV6), IPV6_MTU_DISCOVER, 48)
        var isWhole = IP_PMTUDISC_DO
        let length = socklen_t(MemoryLayout<CInt>.size)
        guard setsockopt(socket, level, option, &isWhole, length) == 0 else { return Errno(code: errno) }
        var bytes = Array("\(size)|".utf8)
        bytes += [UInt8](repeating: 0x20, count: size - headers - bytes.count)
        return Self.withAddress(address, Self.port) {
            sendto(socket, bytes, bytes.count, 0, $0, $1) == bytes.count ? nil : Errno(code: errno)
        }
    }

    /// Takes what has come so far.
    package func arrivals() -> [Arrival] {
        sockets.keys.sorted().flatMap { family -> [Arrival] in
            var arrivals: [Arrival] = []
            while let arrival = sockets[family].flatMap(Self.receive) { arrivals.append(arrival) }
            return arrivals
        }
    }

    private static func receive(_ socket: CInt) -> Arrival? {
        var bytes = [UInt8](repeating: 0, count: 256)
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(socket, &bytes, bytes.count, 0, $0, &length)
            }
        }
        guard count >= 0 else { return nil }
        // The address is behind family and port, in IPv6 behind the flow label too.
        let isIPv4 = storage.ss_family == sa_family_t(AF_INET)
        let source = withUnsafeBytes(of: storage) { raw in
            isIPv4
                ? IPAddress(networkBytes: UnsafeRawBufferPointer(rebasing: raw[4..<8]))
                : IPAddress(networkBytes: UnsafeRawBufferPointer(rebasing: raw[8..<24]))
        }
        return source.map { Arrival(text: String(decoding: bytes.prefix(count), as: UTF8.self), source: $0) }
    }

    /// Waits until something may have come to any of the stations, but not for longer than `milliseconds`.
    package static func wait(for stations: [Station], milliseconds: CInt) {
        var descriptors = stations.flatMap {
            $0.sockets.values.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        }
        _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }

    /// Calls `body` with an address as the calls of sockets take it.
    package static func withAddress<Value>(
        _ address: IPAddress,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
    ) rethrows -> Value {
        var bytes = [UInt8](repeating: 0, count: address.family == .ipv4 ? 16 : 28)
        let family = sa_family_t(address.family == .ipv4 ? AF_INET : AF_INET6)
        withUnsafeBytes(of: family) { bytes.replaceSubrange(0..<2, with: $0) }
        withUnsafeBytes(of: port.bigEndian) { bytes.replaceSubrange(2..<4, with: $0) }
        let start = address.family == .ipv4 ? 4 : 8
        address.withNetworkBytes { bytes.replaceSubrange(start..<(start + $0.count), with: $0) }
        return try bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { preconditionFailure("the array has bytes") }
            return try body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
    }
}
