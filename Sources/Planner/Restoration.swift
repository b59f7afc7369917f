package import NetworkModel

extension NodeState {
    /// The state that Weft had on a node, as a state that shall be: what a rollback plans towards.
    ///
    /// Interface indexes are asked for as they were, so that a restored node is the same to the last byte.
    ///
    /// - Parameters:
    ///   - observed: The node before anything was changed.
    ///   - asked: The state that was asked for when the node was read.
    ///   - node: The node's name.
    package init(restoring observed: ObservedState, asked: NodeState? = nil, node: String) {
        self.init(node: node)
        for (name, namespace) in observed.namespaces {
            if let path = namespace.adoptedPath { adopted[name] = path } else { namespaces.insert(name) }
        }
        let survey = LinkSurvey(observed: observed, desired: NodeState(node: node))
        restore(observed.node, at: .node, survey)
        for name in observed.namespaces.keys.sorted() {
            if let namespace = observed.namespaces[name] { restore(namespace, at: .namespace(name), survey) }
        }
        for key in observed.recordedSysctls.keys.sorted() {
            if let value = observed.sysctls[key] { sysctls.append(Sysctl(key, value: value)) }
        }
        restoreFiles(observed, asked: asked?.files ?? [])
        firewall = observed.firewall.map(FirewallState.init(restoring:))
    }

    private mutating func restoreFiles(_ observed: ObservedState, asked: [SandboxFile]) {
        let texts = Dictionary(asked.map { ($0.key, $0.content) }, uniquingKeysWith: { first, _ in first })
        for (key, file) in observed.files.sorted(by: { $0.key < $1.key }) {
            let content: SandboxFile.Content?
            switch file.content {
            case .asAsked?: content = texts[key]
            case .other(let text)?: content = text
            case nil: content = nil
            }
            // Of several links, which an interrupted apply may leave, one is enough.
            guard let content else { continue }
            files.append(SandboxFile(key, namespace: file.namespaces.min(), content: content))
        }
    }

    private mutating func restore(_ namespace: ObservedNamespace, at place: Place, _ survey: LinkSurvey) {
        for link in namespace.links where link.isManaged {
            let id = LinkID(link.name, in: place)
            links[id] = Link(restoring: link, id: id, peer: survey.peers[id])
            if links[id] == nil { untouched.insert(id) }
        }
        routes += namespace.routes.filter { $0.isManaged && !$0.isUnlikeAnyOfWefts }.map(\.value)
        // Others' on Weft's links too: the document may have stated them, and so taken them over.
        let known = namespace.neighbours.filter { links[$0.value.link] != nil }
        neighbours += known.map(\.restored).sorted { $0.key < $1.key }
        let entries = namespace.forwarding.filter { links[$0.link] != nil }.sorted(
            by: ForwardingEntry.isOrdered
        )
        for entry in entries where forwarding.last?.key != entry.key { forwarding.append(entry) }
    }
}

extension Link {
    /// The link that was there; `nil` for one that Weft can't make, as one whose kind was changed behind its back.
    init?(restoring link: ObservedLink, id: LinkID, peer: LinkID?) {
        let kind: LinkKind
        switch link.kind {
        case .bridge(let bridge): kind = .bridge(bridge)
        case .vxlan(let vxlan): kind = .vxlan(vxlan)
        case .macvlan(let macvlan): kind = .macvlan(macvlan)
        case .veth:
            guard let peer else { return nil }
            kind = .veth(peer: peer)
        case .other: return nil
        }
        guard let mac = link.mac else { return nil }
        self.init(id, kind: kind, mac: mac, purpose: link.mark.purpose(fromAlias: link.alias) ?? "")
        isUp = link.isUp
        mtu = link.mtu
        master = link.master
        port = link.port ?? BridgePort()
        addressGeneration = link.addressGeneration ?? .eui64
        // Others' too: the document may have stated them, and so taken them over.
        addresses = link.addresses.filter { !$0.isMadeFromMAC }.map(\.restored)
        index = link.index
        promotesSecondaries = link.promotesSecondaries
    }
}

extension ObservedAddress {
    /// The address with whose it is.
    fileprivate var restored: InterfaceAddress {
        var value = value
        value.owner = isManaged ? nil : protocolNumber
        return value
    }
}

extension ObservedNeighbour {
    /// The neighbour with whose it is.
    fileprivate var restored: Neighbour {
        var value = value
        value.owner = isManaged ? nil : protocolNumber
        return value
    }
}
