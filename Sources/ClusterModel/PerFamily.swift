package import NetworkModel

/// At most one value of each address family.
package struct PerFamily<Value> {
    package var ipv4: Value?
    package var ipv6: Value?

    @inlinable
    package init(ipv4: Value? = nil, ipv6: Value? = nil) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }

    @inlinable
    package subscript(family: AddressFamily) -> Value? {
        get {
            switch family {
            case .ipv4: ipv4
            case .ipv6: ipv6
            }
        }
        set {
            switch family {
            case .ipv4: ipv4 = newValue
            case .ipv6: ipv6 = newValue
            }
        }
    }

    /// The families that have a value, IPv4 first.
    @inlinable
    package var families: [AddressFamily] {
        switch (ipv4 != nil, ipv6 != nil) {
        case (true, true): [.ipv4, .ipv6]
        case (true, false): [.ipv4]
        case (false, true): [.ipv6]
        case (false, false): []
        }
    }

    /// The values, that of IPv4 first.
    @inlinable
    package var values: [Value] {
        switch (ipv4, ipv6) {
        case (let ipv4?, let ipv6?): [ipv4, ipv6]
        case (let ipv4?, nil): [ipv4]
        case (nil, let ipv6?): [ipv6]
        case (nil, nil): []
        }
    }

    @inlinable
    package var isEmpty: Bool { ipv4 == nil && ipv6 == nil }
}

extension PerFamily: Equatable where Value: Equatable {}
extension PerFamily: Hashable where Value: Hashable {}
extension PerFamily: Sendable where Value: Sendable {}
