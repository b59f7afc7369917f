internal import CNetlinkRoute
internal import Glibc
internal import NetworkModel

extension AddressFamily {
    /// `AF_INET` or `AF_INET6`.
    var number: CInt { self == .ipv4 ? AF_INET : AF_INET6 }

    /// The family of a number; `nil` for others.
    init?(number: UInt8) {
        switch CInt(number) {
        case AF_INET: self = .ipv4
        case AF_INET6: self = .ipv6
        default: return nil
        }
    }
}

/// Calls `body` with libnl's form of an address; libnl's setters take a reference of their own.
func withAbstractAddress<Value>(
    _ address: IPAddress,
    prefixLength: UInt8? = nil,
    _ body: (OpaquePointer) -> Value
) -> Value {
    address.withNetworkBytes { bytes in
        guard let abstract = nl_addr_build(address.family.number, bytes.baseAddress, bytes.count) else {
            preconditionFailure("out of memory")
        }
        defer { nl_addr_put(abstract) }
        if let prefixLength { nl_addr_set_prefixlen(abstract, CInt(prefixLength)) }
        return body(abstract)
    }
}

/// Calls `body` with libnl's form of a link-layer address.
func withAbstractAddress<Value>(_ mac: MACAddress, _ body: (OpaquePointer) -> Value) -> Value {
    mac.withNetworkBytes { bytes in
        guard let abstract = nl_addr_build(AF_LLC, bytes.baseAddress, bytes.count) else {
            preconditionFailure("out of memory")
        }
        defer { nl_addr_put(abstract) }
        return body(abstract)
    }
}
