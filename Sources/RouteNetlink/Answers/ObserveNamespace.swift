internal import CMnl
package import Netlink
package import NetworkModel

/// What is read of a namespace.
package struct ObservationOptions: Hashable, Sendable {
    /// Routes of both families.
    package var includesRoutes = true
    /// Permanent neighbours.
    package var includesNeighbours = true
    /// FDB entries, which are asked for by bridge and by VXLAN link, Weft's only.
    package var includesForwarding = true

    package init() {}
}

/// Reads what one network namespace holds: `processCount` and, but for the node's own, `isMarked` are left alone.
///
/// Equivalent to `ip -d link`, `ip addr`, `ip route show table all`, `ip neigh show nud permanent`, `bridge fdb`.
///
/// - Parameters:
///   - socket: A socket made in the namespace.
///   - place: What the namespace is called.
///   - nodeLinks: The names of the node's links by index, by which parents and underlays of links are known that were
///     made from the node; not needed for the node itself.
///   - options: What is read.
/// - Throws: ``NetlinkTransportError`` when the kernel could not be read wholly.
package func observeNamespace(
    on socket: inout NetlinkSocket,
    place: Place,
    nodeLinks: [Int32: InterfaceName] = [:],
    options: ObservationOptions = ObservationOptions()
) throws -> ObservedNamespace {
    var observed = ObservedNamespace()
    observed.links = try observeLinks(on: &socket, nodeLinks: nodeLinks)
    return observed
}

/// Reads all links of a namespace with their addresses, in order of index.
package func observeLinks(
    on socket: inout NetlinkSocket,
    nodeLinks: [Int32: InterfaceName] = [:]
) throws -> [ObservedLink] {
    []
}

/// Reads the mark of a namespace: the alias of its `lo`, and whether that is up.
///
/// Equivalent to `ip link show lo`.
package func observeLoopback(on socket: inout NetlinkSocket) throws -> (alias: String, isUp: Bool) {
    ("", false)
}
