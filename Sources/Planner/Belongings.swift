package import NetworkModel

/// Which sandbox and which network the objects of a node belong to.
///
/// Links say it themselves by their alias, now or as they shall be; namespaces by the sandbox's files.
package struct Belongings: Hashable, Sendable {
    /// What links are for, as their aliases say it.
    private var purposes: [LinkID: String] = [:]
    private var sandboxes: [NamespaceName: String] = [:]

    /// Those of nothing.
    init() {}

    /// Those of what is and of what shall be.
    package init(from observed: ObservedState, to desired: NodeState) {
        note(observed.node, in: .node)
        for (name, namespace) in observed.namespaces { note(namespace, in: .namespace(name)) }
        for (id, link) in desired.links where !link.purpose.isEmpty { purposes[id] = link.purpose }
        for (key, file) in observed.files {
            for namespace in file.namespaces { sandboxes[namespace] = key.sandbox }
        }
        for file in desired.files {
            if let namespace = file.namespace { sandboxes[namespace] = file.key.sandbox }
        }
    }

    private mutating func note(_ namespace: ObservedNamespace, in place: Place) {
        for link in namespace.links where link.isManaged {
            guard let text = link.mark.purpose(fromAlias: link.alias), !text.isEmpty else { continue }
            purposes[LinkID(link.name, in: place)] = text
        }
    }

    /// What an object belongs to.
    package struct Owner: Hashable, Sendable {
        /// The sandbox; `nil` for what is the whole network's, or nobody's.
        package var sandbox: String?
        /// The network; `nil` for what is the whole sandbox's, or nobody's.
        package var network: String?
    }

    /// What belongs to whom of what a plan changes.
    package func owner(of operation: Operation) -> Owner {
        switch operation {
        case .createNamespace, .markNamespace, .deleteNamespace: Owner(sandbox: sandbox(of: operation.place))
        case .createLink(let creation): owner(of: creation.link.id)
        case .changeLink(_, let link): owner(of: link.id)
        case .deleteLink(let id, _, _), .announce(let id, _): owner(of: id)
        case .addAddress(_, let link), .replaceAddress(_, let link), .deleteAddress(_, let link, _),
            .addPrefixRoute(_, let link):
            owner(of: link)
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
            route.device.map { owner(of: LinkID($0, in: route.place)) }
                ?? Owner(sandbox: sandbox(of: route.place))
        case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour): owner(of: neighbour.link)
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            owner(of: entry.link)
        case .writeSysctl(let sysctl, _), .restoreSysctl(let sysctl, _):
            sysctl.key.link.map(owner) ?? Owner(sandbox: sandbox(of: sysctl.key.place))
        case .writeFile(let file): Owner(sandbox: file.key.sandbox)
        case .deleteFile(let key, _): Owner(sandbox: key.sandbox)
        case .firewall(.add(let entry, _, _)), .firewall(.remove(let entry, _, _)):
            entry.link.map { owner(of: LinkID($0, in: .node)) } ?? Owner()
        case .firewall(.writeTables), .firewall(.deleteTables): Owner()
        }
    }

    /// True if a setting is a sandbox's, or of a link of a network.
    package func isOwned(_ key: Sysctl.Key) -> Bool {
        (key.link.map(owner) ?? Owner()) != Owner() || sandbox(of: key.place) != nil
    }

    /// What a link, and what is on it, belongs to.
    package func owner(of link: LinkID) -> Owner {
        switch purposes[link].flatMap(Purpose.init) {
        case .network(let network, _), .tunnel(let network): Owner(network: network)
        case .port(let sandbox, let network): Owner(sandbox: sandbox, network: network)
        case .endpoint(let network): Owner(sandbox: sandbox(of: link.place), network: network)
        case nil: Owner(sandbox: sandbox(of: link.place))
        }
    }

    /// The sandbox whose namespace a place is; `nil` for the node, and for a namespace without the files of one.
    package func sandbox(of place: Place) -> String? { place.name.flatMap { sandboxes[$0] } }
}
