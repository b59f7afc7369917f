package import NetworkModel

/// What a document leaves open, filled in: a pure function of the document, so that every node computes the same.
///
/// An address is the first free one from `hash(sandbox, network)` on in its pool, in order of the sandboxes' names; a node's
/// prefix of a routed network likewise from `hash(node, network)` on. The pool is the subnet, or the `range` in it, of a routed
/// network the part of it that is in the node's prefix. Never given: the first address and the broadcast address of subnets and
/// node prefixes, gateways, the nodes' addresses, and what is stated anywhere in the network.
package struct Assignment: Sendable {
    /// The nodes that carry each network, in order of name: those that are stated, else those with an endpoint on it.
    ///
    /// In a document without nodes: none.
    package internal(set) var carriers: [NetworkName: [NodeName]] = [:]
    /// Which prefixes nodes have of the routed networks, by network and node.
    package internal(set) var nodePrefixes: [NetworkName: [NodeName: PerFamily<Prefix>]] = [:]
    /// The addresses that are not what the hash says, in order of network, node and sandbox.
    package internal(set) var displaced: [DisplacedAddress] = []
    /// The node prefixes that are not what the hash says.
    package internal(set) var displacedPrefixes: [DisplacedPrefix] = []
    /// The pools that have too few addresses.
    package internal(set) var shortages: [Shortage] = []

    /// The endpoints of all sandboxes in their order, and where those of each sandbox begin.
    var endpoints: [AssignedEndpoint]
    var firstEndpoints: [Int]

    /// What an endpoint has, be it stated or assigned.
    ///
    /// - Parameters:
    ///   - sandbox: The place of its sandbox in ``ClusterState/sandboxes``.
    ///   - endpoint: Its place among those of the sandbox.
    package subscript(sandbox: Int, endpoint: Int) -> AssignedEndpoint {
        endpoints[firstEndpoints[sandbox] + endpoint]
    }
}

/// An endpoint's addresses and MAC, be they stated or assigned.
package struct AssignedEndpoint: Hashable, Sendable {
    /// One address for each family of the network; none where the pool is full.
    package var addresses = PerFamily<IPAddress>()
    package var mac = MACAddress.zero

    /// The address from which the MAC follows.
    var principal: IPAddress? { addresses.ipv4 ?? addresses.ipv6 }
}

/// Which endpoint is meant: places in ``ClusterState/sandboxes`` and ``Sandbox/endpoints``.
package struct EndpointIndex: Hashable, Sendable {
    package var sandbox: Int
    package var endpoint: Int
}

/// An assigned address that another endpoint, or an exclusion, has pushed aside.
package struct DisplacedAddress: Hashable, Sendable {
    package var endpoint: EndpointIndex
    /// What it has.
    package var address: IPAddress
    /// What it would have were it alone.
    package var candidate: IPAddress
    /// The endpoint that has the candidate; `nil`: it is nobody's to have.
    package var holder: EndpointIndex?
}

/// An assigned node prefix that another node's has pushed aside.
package struct DisplacedPrefix: Hashable, Sendable {
    package var network: NetworkName
    package var node: NodeName
    package var prefix: Prefix
    package var candidate: Prefix
}

/// A pool with fewer addresses, or prefixes, than are asked of it.
package struct Shortage: Hashable, Sendable {
    package var network: NetworkName
    /// The node whose pool it is, where each node has its own.
    package var node: NodeName?
    package var pool: Prefix
    package var kind: Kind
    /// How many can be given.
    package var available: Int
    /// How many are needed.
    package var needed: Int

    /// What there are too few of.
    package enum Kind: Hashable, Sendable {
        case addresses
        /// Prefixes of this length for nodes.
        case nodePrefixes(length: UInt8)
    }
}
