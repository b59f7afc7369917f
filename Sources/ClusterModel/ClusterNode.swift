package import NetworkModel

/// A host of the cluster.
package struct ClusterNode: Named, Hashable, Sendable {
    package let name: NodeName
    /// Its addresses on the underlay; at least one.
    package var addresses: PerFamily<IPAddress>
    /// The family of the address that is stated first: tunnels begin and end there.
    package var tunnelFamily: AddressFamily
    /// The link that joins it to the underlay; `nil`: the one that has the address.
    package var interface: InterfaceName?
    /// What it does in the cluster.
    package var role: Role
    /// What its kernel shall hold besides.
    package var objects: RawObjects

    package init(_ name: NodeName, addresses: PerFamily<IPAddress>, tunnelFamily: AddressFamily = .ipv4) {
        self.name = name
        self.addresses = addresses
        self.tunnelFamily = tunnelFamily
        role = .node
        objects = RawObjects()
    }

    /// Where tunnels to it end.
    package var tunnelAddress: IPAddress? { addresses[tunnelFamily] }

    /// What a node does in the cluster.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// It carries sandboxes.
        case node
        /// It holds routes only.
        case router
    }
}
