internal import NetworkModel

/// Ranges that no network can have.
///
/// IANA's registries of special-purpose addresses: RFC 6890.
enum ReservedRanges {
    private static let ipv4: [(Prefix, use: String)] = [
        (Prefix(containing: IPAddress(ipv4: 0), length: 8), "hosts that have no address yet"),
        (Prefix(containing: IPAddress(ipv4: 0x7f00_0000), length: 8), "loopback"),
        (Prefix(containing: IPAddress(ipv4: 0xa9fe_0000), length: 16), "link-local addresses"),
        (Prefix(containing: IPAddress(ipv4: 0xe000_0000), length: 4), "multicast"),
        (Prefix(containing: IPAddress(ipv4: 0xf000_0000), length: 4), "nothing yet"),
    ]
    private static let ipv6: [(Prefix, use: String)] = [
        (
            Prefix(containing: IPAddress(ipv6High: 0, low: 0), length: 64),
            "loopback and mapped IPv4 addresses"
        ),
        (Prefix(containing: IPAddress(ipv6High: 0xfe80 << 48, low: 0), length: 10), "link-local addresses"),
        (Prefix(containing: IPAddress(ipv6High: 0xff00 << 48, low: 0), length: 8), "multicast"),
    ]

    /// The first reserved range that shares addresses with a prefix, and what it is for.
    static func one(in prefix: Prefix) -> (Prefix, use: String)? {
        switch prefix.family {
        case .ipv4: ipv4.first { $0.0.overlaps(prefix) }
        case .ipv6: ipv6.first { $0.0.overlaps(prefix) }
        }
    }
}
