package import NetworkModel

/// What a port is a port of.
package enum TransportProtocol: String, Hashable, Sendable, Comparable, CaseIterable {
    case tcp, udp

    package static func < (left: TransportProtocol, right: TransportProtocol) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A port of a sandbox: `3306/tcp`.
package struct ExposedPort: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var number: UInt16
    package var transport: TransportProtocol

    package init(_ number: UInt16, _ transport: TransportProtocol = .tcp) {
        self.number = number
        self.transport = transport
    }

    package static func < (left: ExposedPort, right: ExposedPort) -> Bool {
        (left.number, left.transport) < (right.number, right.transport)
    }

    package var description: String { "\(number)/\(transport.rawValue)" }
}

/// A port of a sandbox that answers on its node's addresses.
package struct PublishedPort: Hashable, Sendable, CustomStringConvertible {
    /// The address of the node; `0.0.0.0` and `::`: all of that family; `nil`: all.
    package var address: IPAddress?
    /// The node's port.
    package var nodePort: UInt16
    /// The sandbox's.
    package var target: ExposedPort

    package init(_ nodePort: UInt16, on address: IPAddress? = nil, to target: ExposedPort) {
        self.address = address
        self.nodePort = nodePort
        self.target = target
    }

    /// The families that it answers by, those of the sandbox's addresses left aside.
    package var families: [AddressFamily] { address.map { [$0.family] } ?? AddressFamily.allCases }

    /// As it is written: `127.0.0.1:8443:443/tcp`.
    package var description: String {
        let place = address.map { $0.family == .ipv6 ? "[\($0)]:" : "\($0):" } ?? ""
        return "\(place)\(nodePort):\(target)"
    }
}
