import NetworkModel

/// A range of addresses that is not Weft's to have on a node.
struct ForeignRange {
    var prefix: Prefix
    var grade: Grade
    var holder: Holder

    /// What becomes of a network that shares addresses with it.
    enum Grade: Hashable {
        /// The node would lose what it reaches: the network can't be there.
        case conflict
        /// The network's addresses are no longer reached where they were before, which may well be meant.
        case shadow
    }

    /// What has it.
    enum Holder {
        case address(InterfaceAddress, on: InterfaceName)
        case route(Route)
        case nameserver
    }
}

extension ForeignRange: CustomStringConvertible {
    /// `address 10.5.0.1/24 of link 'eth0'`, `route 10.0.0.0/8 via 10.5.0.9 dev eth0`.
    var description: String {
        switch holder {
        case .address(let address, let link): "address \(address) of link '\(link)'"
        case .route(let route): "route \(route.summary)"
        case .nameserver: "name server \(prefix.address)"
        }
    }
}

/// All ranges on a node that others have: addresses, routes of every table and both families, name servers.
///
/// Nothing is in anybody's way that is for everything (default routes, and halves of them), for the link alone, or for
/// groups.
struct ForeignRanges {
    private let observed: ObservedNamespace
    private let nameservers: [IPAddress]
    /// The links that are Weft's: what leads there alone is of its own making.
    private let ownLinks: Set<InterfaceName>

    init(on node: ObservedNamespace, nameservers: [IPAddress]) {
        observed = node
        self.nameservers = nameservers
        ownLinks = Set(node.links.filter(\.isManaged).map(\.name))
    }

    /// Calls `body` with each of them.
    func forEach(_ body: (ForeignRange) -> Void) {
        for link in observed.links where !link.isManaged {
            for address in link.addresses.map(\.value) where Self.matters(address.address) {
                let length = address.hasNoPrefixRoute ? address.address.family.width : address.prefixLength
                let prefix = Prefix(containing: address.address, length: length)
                body(ForeignRange(prefix: prefix, grade: .conflict, holder: .address(address, on: link.name)))
            }
        }
        for route in observed.routes where !route.isManaged {
            guard let grade = grade(of: route) else { continue }
            body(ForeignRange(prefix: route.value.destination, grade: grade, holder: .route(route.value)))
        }
        for server in nameservers where Self.matters(server) {
            let prefix = Prefix(containing: server, length: server.family.width)
            body(ForeignRange(prefix: prefix, grade: .conflict, holder: .nameserver))
        }
    }

    private static func matters(_ address: IPAddress) -> Bool {
        !address.isLinkLocal && !address.isMulticast && !address.isLoopback && !address.isUnspecified
    }

    /// `nil` for a route that is in nobody's way.
    private func grade(of route: ObservedRoute) -> ForeignRange.Grade? {
        let value = route.value
        let first = value.destination.address
        guard value.destination.length > 1, !first.isLinkLocal, !first.isMulticast else { return nil }
        switch value.type {
        case .throw: return nil
        case .blackhole, .unreachable, .prohibit: return .shadow
        case .local: return .conflict
        case .unicast:
            if value.gateway != nil || route.hasUnreadGateway { return .shadow }
            // Several next hops have no link in common.
            guard let device = value.device else { return .shadow }
            return ownLinks.contains(device) ? nil : .conflict
        }
    }
}
