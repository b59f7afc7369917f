/// What one node's kernel shall hold: the whole of what Weft has there.
///
/// Invariants, which the reader of a document checks: a key occurs once; masters, peers and devices of neighbours
/// and FDB entries are links of this state; every place is the node or one of ``namespaces``.
package struct NodeState: Hashable, Sendable {
    /// The node's name, from which addresses are derived that the document leaves open.
    package var node: String
    /// The namespaces that Weft makes.
    package var namespaces: Set<NamespaceName> = []
    /// Namespaces that somebody else made, by what they are called here, and the paths by which they are found: what is
    /// asked for in them is made there and taken back, they themselves never.
    package var adopted: [NamespaceName: String] = [:]
    /// The links, by what they are known by.
    package var links: [LinkID: Link] = [:]
    package var routes: [Route] = []
    package var neighbours: [Neighbour] = []
    package var forwarding: [ForwardingEntry] = []
    package var sysctls: [Sysctl] = []
    /// The files that sandboxes see.
    package var files: [SandboxFile] = []
    /// What the firewall knows; `nil` if there is to be none of Weft's.
    package var firewall: FirewallState?
    /// Links of Weft's that are left as they are, with all that is on them.
    ///
    /// Only a rollback has any: those that no state can express.
    package var untouched: Set<LinkID> = []

    package init(node: String) {
        self.node = node
    }

    /// True if nothing at all is asked for.
    package var isEmpty: Bool {
        namespaces.isEmpty && adopted.isEmpty && links.isEmpty && routes.isEmpty && neighbours.isEmpty
            && forwarding.isEmpty
            && sysctls.isEmpty && files.isEmpty && firewall == nil
    }
}
