/// What a document takes for its own on a node besides objects: ranges that must be nobody else's there.
package struct NodeClaims: Hashable, Sendable {
    /// The ranges of the networks that the node carries.
    package var subnets: [SubnetClaim] = []
    /// Whatever else the document has ranges for: none of it is proposed instead of a range that is taken.
    package var others: [Prefix] = []
    /// The servers that the node itself asks for names, but for those that are endpoints of the document.
    package var nameservers: [IPAddress] = []
    /// Whose each address is, where one may have moved from one sandbox to another.
    package var holders: [AddressHolder] = []

    package init() {}
}

/// An address and the sandbox that has it.
package struct AddressHolder: Hashable, Sendable {
    package var address: IPAddress
    package var sandbox: String

    package init(_ address: IPAddress, _ sandbox: String) {
        self.address = address
        self.sandbox = sandbox
    }
}

/// A range that a network takes on a node.
package struct SubnetClaim: Hashable, Sendable {
    package var network: String
    package var prefix: Prefix
    /// The network shares the wire of a link of the node, and so its range: that is then no conflict.
    package var parent: InterfaceName?
    /// The document does not state the range.
    package var isDefault: Bool

    package init(
        _ network: String,
        _ prefix: Prefix,
        parent: InterfaceName? = nil,
        isDefault: Bool = false
    ) {
        self.network = network
        self.prefix = prefix
        self.parent = parent
        self.isDefault = isDefault
    }
}
