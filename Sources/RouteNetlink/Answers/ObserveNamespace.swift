internal import CMnl
internal import Glibc
package import Netlink
package import NetworkModel

/// What is read of a namespace besides its links and their addresses.
package struct ObservationOptions: Hashable, Sendable {
    /// Routes of both families.
    package var includesRoutes = true
    /// Permanent neighbours.
    package var includesNeighbours = true
    /// FDB entries of Weft's bridges and VXLAN links and of their ports.
    package var includesForwarding = true
    /// The FDB entries that are asked for, each by itself, where their tables are not listed.
    ///
    /// `link` is the one whose table it is: a VXLAN link, or a bridge, in whose table (``ForwardingEntry/Table/bridge``) entries of
    /// its ports are. Nothing else of the bridge and its ports is read. Of no MAC that can have several destinations.
    package var askedForwarding: [ForwardingEntry.Key] = []

    package init() {}
}

/// Reads what one network namespace holds; `processCount` and `isMarked` are left to others.
///
/// Equivalent to `ip -d link`, `ip addr`, `ip route show table all`, `ip neigh show nud permanent`, `bridge fdb`.
///
/// - Parameters:
///   - socket: A socket made in the namespace.
///   - place: What the namespace is called.
///   - mark: By which Weft's own are told.
///   - nodeLinks: The names of the node's links by index, by which parents and underlays of links are known that were
///     made from the node; not needed for the node itself.
///   - options: What is read.
/// - Returns: What there is; `processCount` and `isMarked` are left for the caller.
/// - Throws: ``NetlinkTransportError`` when something could not be read wholly.
package func observeNamespace(
    on socket: inout NetlinkSocket,
    place: Place,
    mark: Mark = .node,
    nodeLinks: [Int32: InterfaceName] = [:],
    options: ObservationOptions = ObservationOptions()
) throws -> ObservedNamespace {
    var observed = ObservedNamespace()
    observed.links = try observeLinks(on: &socket, place: place, mark: mark, nodeLinks: nodeLinks)
    let names = Dictionary(
        observed.links.map { ($0.index, $0.name) },
        uniquingKeysWith: { first, _ in first }
    )
    if options.includesRoutes {
        for family in [AddressFamily.ipv4, .ipv6] {
            try observeRoutes(
                family,
                on: &socket,
                place: place,
                names: names,
                mark: mark,
                into: &observed.routes
            )
        }
    }
    if options.includesNeighbours {
        observed.neighbours = try observeNeighbours(on: &socket, place: place, names: names, mark: mark)
    }
    if options.includesForwarding {
        observed.forwarding = try observeForwarding(
            on: &socket,
            place: place,
            links: observed.links,
            asked: options.askedForwarding
        )
    }
    return observed
}

/// Reads all links of a namespace with their addresses, in order of index.
package func observeLinks(
    on socket: inout NetlinkSocket,
    place: Place = .node,
    mark: Mark = .node,
    nodeLinks: [Int32: InterfaceName] = [:]
) throws -> [ObservedLink] {
    var decoded: [DecodedLink] = []
    try socket.dump(Question.links, restart: { decoded.removeAll() }) { type, payload in
        guard Int(type) == Int(RTM_NEWLINK), let link = try decodeLink(payload, mark: mark) else { return }
        decoded.append(link)
    }
    var addresses: [Int32: [ObservedAddress]] = [:]
    try socket.dump(Question.addresses, restart: { addresses.removeAll() }) { type, payload in
        guard Int(type) == Int(RTM_NEWADDR), let found = try decodeAddress(payload, mark: mark) else {
            return
        }
        addresses[found.linkIndex, default: []].append(found.address)
    }
    let names = Dictionary(
        decoded.map { ($0.link.index, $0.link.name) },
        uniquingKeysWith: { first, _ in first }
    )
    return decoded.map { decoded in
        var link = decoded.resolved(here: names, node: nodeLinks, place: place)
        link.addresses = addresses[link.index] ?? []
        return link
    }.sorted { $0.index < $1.index }
}

/// Reads the mark of a namespace: the alias of its `lo`, and whether that is up.
///
/// Equivalent to `ip link show lo`.
package func observeLoopback(on socket: inout NetlinkSocket) throws -> (alias: String, isUp: Bool) {
    try socket.get(Question.link(index: 1)) { _, payload in
        // Whose it is nobody asks here.
        guard let link = try decodeLink(payload, mark: .node)?.link else {
            throw NetlinkTransportError.malformed
        }
        return (link.alias, link.isUp)
    }
}

/// The number by which the socket's namespace knows another one; `nil` if it has none for it.
///
/// Links whose other end, or lower link, is there bear it (`IFLA_LINK_NETNSID`).
///
/// Equivalent to `ip netns list-id` there.
///
/// Kernel: `net/core/net_namespace.c`, `rtnl_net_getid()`.
package func observeNumber(ofNamespace descriptor: CInt, on socket: inout NetlinkSocket) throws -> Int32? {
    try socket.get(Question.number(ofNamespace: descriptor)) { _, payload in
        // A `struct rtgenmsg`, padded.
        var attributes = NetlinkAttributes(payload, after: 4)
        while let attribute = attributes.next() {
            guard Int(attribute.type) == Int(NETNSA_NSID) else { continue }
            guard let number = attribute.int32 else { throw NetlinkTransportError.malformed }
            return number < 0 ? nil : number
        }
        throw NetlinkTransportError.malformed
    }
}

private func observeRoutes(
    _ family: AddressFamily,
    on socket: inout NetlinkSocket,
    place: Place,
    names: [Int32: InterfaceName],
    mark: Mark,
    into routes: inout [ObservedRoute]
) throws {
    var names = LinkNames(names)
    let count = routes.count
    try socket.dump(Question.routes(family), restart: { routes.removeSubrange(count...) }) { type, payload in
        guard Int(type) == Int(RTM_NEWROUTE) else { return }
        guard let route = try decodeRoute(payload, in: place, names: &names, mark: mark) else { return }
        // Asked for the routes of a family that it does not have, the kernel lists those of all families.
        if route.value.destination.family == family { routes.append(route) }
    }
}

private func observeNeighbours(
    on socket: inout NetlinkSocket,
    place: Place,
    names: [Int32: InterfaceName],
    mark: Mark
) throws -> [ObservedNeighbour] {
    var names = LinkNames(names)
    var neighbours: [ObservedNeighbour] = []
    try socket.dump(Question.neighbours, restart: { neighbours.removeAll() }) { type, payload in
        guard Int(type) == Int(RTM_NEWNEIGH) else { return }
        if let neighbour = try decodeNeighbour(payload, in: place, names: &names, mark: mark) {
            neighbours.append(neighbour)
        }
    }
    return neighbours
}

/// Reads the entries of Weft's bridges, which the kernel lists with those of all their ports, and of such links of
/// Weft's as have a table but no bridge of Weft's; of those that are asked for, these alone.
private func observeForwarding(
    on socket: inout NetlinkSocket,
    place: Place,
    links: [ObservedLink],
    asked: [ForwardingEntry.Key]
) throws -> [ForwardingEntry] {
    var known = ForwardingLinks(links, in: place)
    let tables = AskedTables(asked, links, in: place)
    var bridges: Set<InterfaceName> = []
    var questions: [NetlinkRequest] = []
    for link in links where link.isManaged {
        guard case .bridge = link.kind else { continue }
        bridges.insert(link.name)
        if !tables.areAsked(of: link) { questions.append(Question.forwarding(ofBridge: link.index)) }
    }
    for link in links where link.isManaged && !tables.areAsked(of: link) {
        if let master = link.master {
            if !bridges.contains(master) { questions.append(Question.forwarding(ofLink: link.index)) }
        } else if case .vxlan = link.kind {
            questions.append(Question.forwarding(ofLink: link.index))
        }
    }
    var entries: [ForwardingEntry] = []
    for question in questions {
        let count = entries.count
        try socket.dump(question, restart: { entries.removeSubrange(count...) }) { type, payload in
            guard Int(type) == Int(RTM_NEWNEIGH) else { return }
            if let entry = try decodeForwarding(payload, links: &known) { entries.append(entry) }
        }
    }
    entries += try lookUpForwarding(asked, tables, on: &socket, &known)
    return entries
}

/// Reads some entries, each found by its MAC, in the order of the questions.
///
/// A list of a table is written in parts of 32 KiB, and for each of them the kernel goes through the table from its beginning on: of
/// the two tables of an overlay of a hundred thousand endpoints a list takes one to two seconds, and asking for each entry a third.
///
/// Kernel: `net/bridge/br_fdb.c`, `br_fdb_dump()`; `drivers/net/vxlan/vxlan_core.c`, `vxlan_fdb_dump()`.
private func lookUpForwarding(
    _ keys: [ForwardingEntry.Key],
    _ tables: AskedTables,
    on socket: inout NetlinkSocket,
    _ known: inout ForwardingLinks
) throws -> [ForwardingEntry] {
    var entries: [ForwardingEntry] = []
    entries.reserveCapacity(keys.count)
    var batch = MessageBatch()
    func ask() throws {
        try socket.getEach(&batch) { type, payload in
            guard Int(type) == Int(RTM_NEWNEIGH) else { return }
            if let entry = try decodeForwarding(payload, links: &known) { entries.append(entry) }
        }
    }
    for key in keys {
        guard let index = tables.index(of: key) else { continue }
        batch.appendGetForwarding(key, tableIndex: index)
        // Together they would be as large as all answers.
        if batch.count == MessageBatch.limit { try ask() }
    }
    try ask()
    return entries
}

/// The tables whose entries are asked for one by one.
private struct AskedTables {
    /// The indexes of the VXLAN links, and of the bridges, that are there: of others the kernel refuses the question.
    private var tunnels: [LinkID: Int32] = [:]
    private var bridges: [LinkID: Int32] = [:]
    /// The bridges, and VXLAN links without one, of which nothing is listed.
    private var names: Set<InterfaceName> = []

    init(_ keys: [ForwardingEntry.Key], _ links: [ObservedLink], in place: Place) {
        guard !keys.isEmpty else { return }
        let asked = Set(keys.map(\.link.name))
        for link in links where link.isManaged {
            let id = LinkID(link.name, in: place)
            switch link.kind {
            case .vxlan: tunnels[id] = link.index
            case .bridge: bridges[id] = link.index
            case .veth, .macvlan, .other: continue
            }
            if asked.contains(link.name) { names.insert(link.master ?? link.name) }
        }
    }

    /// True if nothing is listed of a bridge, or of a link on it.
    func areAsked(of link: ObservedLink) -> Bool { names.contains(link.master ?? link.name) }

    func index(of key: ForwardingEntry.Key) -> Int32? {
        switch key.table {
        case .own: tunnels[key.link]
        case .bridge: bridges[key.link]
        }
    }
}
