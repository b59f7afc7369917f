import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting
import Testing

/// A TCP connection between two places, by which a number of bytes go.
enum Transfer {
    private static let port: UInt16 = 7778

    /// Sends bytes from one namespace to an address of another, and returns how many came before nothing came for ten seconds.
    ///
    /// A socket stays in the namespace in which it was made, so both ends are served from here.
    static func bytes(
        _ count: Int,
        from sender: String,
        to receiver: String,
        at address: IPAddress,
        of node: ThrowAwayNode
    ) throws -> Int {
        let listener = try node.inside(receiver) { try listen(address) }
        defer { close(listener) }
        let client = try node.inside(sender) { try connect(to: address) }
        var isClientOpen = true
        defer { if isClientOpen { close(client) } }
        guard isReady(listener, POLLIN) else { return 0 }
        let server = try checked("accept", on: "\(address)") { accept(listener, nil, nil) }
        defer { close(server) }
        var (sent, received) = (0, 0)
        var buffer = [UInt8](repeating: 0x61, count: 1 << 16)
        while received < count {
            let wanted = min(buffer.count, count - sent)
            if wanted > 0 {
                let written = send(client, buffer, wanted, CInt(MSG_NOSIGNAL))
                if written > 0 { sent += written }
                if sent == count {
                    close(client)
                    isClientOpen = false
                }
            }
            if sent == count || !isReady(client, POLLOUT, milliseconds: 0) {
                guard isReady(server, POLLIN) else { return received }
            }
            let read = recv(server, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            if read > 0 { received += read }
            if read == 0 { break }
        }
        return received
    }

    private static let nonBlocking = CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

    private static func socket(_ family: AddressFamily) throws -> CInt {
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        return try checked("socket", on: "TCP") {
            Glibc.socket(domain, CInt(SOCK_STREAM.rawValue) | nonBlocking, 0)
        }
    }

    private static func listen(_ address: IPAddress) throws -> CInt {
        let socket = try socket(address.family)
        _ = try Station.withAddress(address, port) { address, length in
            try checked("bind", on: "port \(port)") { bind(socket, address, length) }
        }
        try checked("listen", on: "port \(port)") { Glibc.listen(socket, 1) }
        return socket
    }

    private static func connect(to address: IPAddress) throws -> CInt {
        let socket = try socket(address.family)
        // It goes on by itself: what comes of it is seen at the other end.
        _ = Station.withAddress(address, port) { Glibc.connect(socket, $0, $1) }
        return socket
    }

    private static func isReady(_ socket: CInt, _ events: Int32, milliseconds: CInt = 10_000) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
        return poll(&descriptor, 1, milliseconds) > 0
    }
}
