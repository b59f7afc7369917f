package import NetworkModel
import Planner

extension ModelKernel {
    // MARK: Finding

    func position(of id: LinkID) -> Int? {
        state[id.place]?.links.firstIndex { $0.name == id.name }
    }

    /// A link by its place and name.
    package func link(_ id: LinkID) -> ObservedLink? {
        position(of: id).map { self[id.place].links[$0] }
    }

    /// Does something to a link that is there.
    mutating func withLink(_ id: LinkID, _ body: (inout ObservedLink) -> Void) {
        guard let position = position(of: id) else { return }
        body(&self[id.place].links[position])
    }

    /// A link of Weft's, which may be worked on.
    func managed(_ id: LinkID) throws(Refusal) -> ObservedLink {
        guard let link = link(id) else { throw Refusal("ENODEV", "there is no link '\(id)'") }
        guard link.isManaged else { throw Refusal("FOREIGN", "the link '\(id)' is not Weft's") }
        return link
    }

    // MARK: Making

    mutating func create(_ creation: LinkCreation) throws(Refusal) {
        try check(creation.link, index: creation.index)
        if let peer = creation.peer { try check(peer, index: creation.peerIndex) }
        insert(ObservedLink(new: creation.link, index: creation.index), at: creation.link.id.place)
        if let peer = creation.peer {
            insert(ObservedLink(new: peer, index: creation.peerIndex), at: peer.id.place)
            join(creation.link.id, peer.id)
        } else if case .veth = creation.link.kind {
            throw Refusal("EINVAL", "a pair has two ends")
        }
        for link in [creation.link, creation.peer].compactMap({ $0 }) where link.isUp {
            if case .vxlan(let vxlan) = link.kind { try checkSocket(of: vxlan, link.id) }
            try checkMAC(of: link)
            raise(link.id)
        }
    }

    /// Makes two links the ends of a pair: each shows the other's index, and its namespace's number where that is another.
    mutating func join(_ first: LinkID, _ second: LinkID) {
        peers[first] = second
        peers[second] = first
        for (id, other) in [(first, second), (second, first)] {
            let number: Int32? =
                id.place == other.place ? nil : Int32(places.firstIndex(of: other.place) ?? 0)
            let index = link(other)?.index ?? 0
            withLink(id) { $0.kind = .veth(peerIndex: index, peerNamespace: number) }
        }
    }

    mutating func insert(_ link: ObservedLink, at place: Place) {
        self[place].links.append(link)
        self[place].links.sort { $0.index < $1.index }
        addSettings(of: LinkID(link.name, in: place))
    }

    private func check(_ link: Link, index: Int32) throws(Refusal) {
        try checkPlace(link.id.place)
        guard self.link(link.id) == nil else { throw Refusal("EEXIST", "the name is taken") }
        guard !self[link.id.place].links.contains(where: { $0.index == index }), index > 1 else {
            throw Refusal("EBUSY", "the index \(index) is taken")
        }
        guard link.mac != .zero, !link.mac.isMulticast else { throw Refusal("EADDRNOTAVAIL", "no such MAC") }
        if let master = link.master { try checkMaster(LinkID(master, in: link.id.place)) }
        switch link.kind {
        case .vxlan(let vxlan): try check(vxlan)
        case .macvlan(let macvlan): try check(macvlan, mtu: link.mtu)
        case .bridge:
            guard link.master == nil else { throw Refusal("ELOOP", "a bridge is no port of a bridge") }
        case .veth: break
        }
    }

    /// Kernel: `net/bridge/br_if.c`, `br_add_if()`.
    private func checkMaster(_ id: LinkID) throws(Refusal) {
        guard case .bridge? = link(id)?.kind else { throw Refusal("ENODEV", "there is no bridge '\(id)'") }
        let count = self[id.place].links.filter { $0.master == id.name }.count
        guard count < 1023 else { throw Refusal("EXFULL", "the bridge '\(id)' is full") }
    }

    /// Kernel: `drivers/net/vxlan/vxlan_core.c`, `vxlan_vni_in_use()`.
    private func check(_ vxlan: VXLAN) throws(Refusal) {
        if let underlay = vxlan.underlay { try checkParent(underlay) }
        for place in places {
            for link in self[place].links {
                guard case .vxlan(let other) = link.kind, other.vni == vxlan.vni, other.port == vxlan.port
                else { continue }
                throw Refusal("EEXIST", "VNI \(vxlan.vni) and port are taken by '\(link.name)'")
            }
        }
    }

    /// VXLAN links that are up share a socket if they are of one family and port, and then must take checksums alike.
    ///
    /// Kernel: `vxlan_find_sock()`, `vxlan_open()`.
    private func checkSocket(of vxlan: VXLAN, _ id: LinkID) throws(Refusal) {
        let family = (vxlan.remote ?? vxlan.local)?.family ?? .ipv4
        for place in places {
            for link in self[place].links where link.isUp && LinkID(link.name, in: place) != id {
                guard case .vxlan(let other) = link.kind, other.port == vxlan.port else { continue }
                guard (other.remote ?? other.local)?.family ?? .ipv4 == family else { continue }
                if other.udpZeroChecksum6Receive != vxlan.udpZeroChecksum6Receive {
                    throw Refusal("EADDRINUSE", "the port's socket takes checksums otherwise")
                }
            }
        }
    }

    /// Of the macvlan links of a parent no two that are up have one MAC.
    ///
    /// Kernel: `drivers/net/macvlan.c`, `macvlan_open()`, `macvlan_set_mac_address()`.
    private func checkMAC(of link: Link) throws(Refusal) {
        guard case .macvlan(let macvlan) = link.kind else { return }
        for place in places {
            for other in self[place].links where other.isUp && LinkID(other.name, in: place) != link.id {
                guard case .macvlan(let sibling) = other.kind, sibling.parent == macvlan.parent,
                    other.mac == link.mac
                else { continue }
                throw Refusal("EADDRINUSE", "the MAC is that of '\(other.name)'")
            }
        }
    }

    private func checkParent(_ name: InterfaceName) throws(Refusal) {
        guard link(LinkID(name, in: .node)) != nil else {
            throw Refusal("ENODEV", "there is no parent '\(name)'")
        }
    }

    /// Kernel: `drivers/net/macvlan.c`, `macvlan_common_newlink()`.
    private func check(_ macvlan: Macvlan, mtu: MTU?) throws(Refusal) {
        try checkParent(macvlan.parent)
        let parent = link(LinkID(macvlan.parent, in: .node))
        if let mtu, let limit = parent?.mtu, mtu > limit {
            throw Refusal("EINVAL", "the parent's MTU is less")
        }
        if parent?.master != nil { throw Refusal("EBUSY", "the parent is a port of a bridge") }
        let siblings = macvlans(on: macvlan.parent)
        let isShared = siblings.contains { $0.mode == .passthru } || macvlan.mode == .passthru
        if !siblings.isEmpty, isShared { throw Refusal("EINVAL", "the parent is used for 'passthru'") }
    }

    private func macvlans(on parent: InterfaceName) -> [Macvlan] {
        places.flatMap { self[$0].links }.compactMap { link in
            guard case .macvlan(let macvlan) = link.kind, macvlan.parent == parent else { return nil }
            return macvlan
        }
    }

    // MARK: Up and down

    /// What comes when a link goes up: routes to its prefixes, and its link-local address.
    mutating func raise(_ id: LinkID) {
        withLink(id) { $0.isUp = true }
        guard let link = link(id) else { return }
        for address in link.addresses { addPrefixRoute(of: address.value, on: id) }
        makeLinkLocal(on: id)
    }

    /// Kernel: `addrconf_dev_config()`.
    private mutating func makeLinkLocal(on id: LinkID) {
        guard let link = link(id), link.isUp, link.mtu.carriesIPv6, link.addressGeneration == .eui64,
            let mac = link.mac
        else { return }
        let address = IPAddress(linkLocalFor: mac)
        guard !link.addresses.contains(where: { $0.value.address == address }) else { return }
        insertAddress(InterfaceAddress(address, prefixLength: 64), protocolNumber: 3, on: id)
    }

    /// IPv6 leaves a link: its addresses, routes, neighbours and settings.
    ///
    /// Kernel: `addrconf_ifdown()` with `unregister`.
    private mutating func dropIPv6(of id: LinkID) {
        withLink(id) { link in
            link.addressGeneration = nil
            link.addresses.removeAll { $0.value.address.family == .ipv6 }
        }
        self[id.place].routes.removeAll { $0.value.device == id.name && $0.value.destination.family == .ipv6 }
        self[id.place].neighbours.removeAll { $0.value.link == id && $0.value.address.family == .ipv6 }
        learntNeighbours = learntNeighbours.filter { $0.link != id || $0.address.family == .ipv4 }
        for path in Self.settings(of: id.name).keys where path.hasPrefix("net/ipv6/") {
            settings[Sysctl.Key(path: path, in: id.place)] = nil
        }
    }

    /// IPv6 comes to a link, as a new one has it.
    private mutating func addIPv6(to id: LinkID) {
        withLink(id) { $0.addressGeneration = .eui64 }
        for (path, value) in Self.settings(of: id.name) where path.hasPrefix("net/ipv6/") {
            settings[Sysctl.Key(path: path, in: id.place)] = value
        }
        makeLinkLocal(on: id)
    }

    /// What goes when a link goes down: routes by it, IPv6 addresses, neighbours.
    mutating func lower(_ id: LinkID) {
        withLink(id) { link in
            link.isUp = false
            link.addresses.removeAll { $0.value.address.family == .ipv6 }
        }
        self[id.place].routes.removeAll { $0.value.device == id.name }
        dropNeighbours(of: id)
    }

    func hasAddress(_ address: IPAddress, in place: Place) -> Bool {
        self[place].links.contains { $0.addresses.contains { $0.value.address == address } }
    }

    mutating func dropNeighbours(of id: LinkID) {
        self[id.place].neighbours.removeAll { $0.value.link == id }
        learntNeighbours = learntNeighbours.filter { $0.link != id }
    }

    // MARK: Changing

    /// Sends only what differs from the link as the planner saw it.
    mutating func change(_ from: ObservedLink, to link: Link) throws(Refusal) {
        let existing = try managed(link.id)
        guard existing.index == from.index else { throw Refusal("ENODEV", "the index is another link's") }
        try changeKind(from.kind, to: link)
        let alias = Mark.node.alias(for: link.purpose)
        withLink(link.id) { existing in
            if from.alias != alias { existing.alias = alias }
            if from.group != Mark.node.linkGroup { existing.group = Mark.node.linkGroup }
            existing.promotesSecondaries = link.promotesSecondaries ?? existing.promotesSecondaries
        }
        if from.mac != link.mac {
            if existing.isUp { try checkMAC(of: link) }
            withLink(link.id) { $0.mac = link.mac }
            dropNeighbours(of: link.id)
        }
        if let mtu = link.mtu, mtu != from.mtu { try setMTU(mtu, of: link) }
        setMode(of: link, from: from)
        if from.master != link.master { try setMaster(link.master, of: link.id) }
        if link.master != nil { withLink(link.id) { $0.setPort(link.port) } }
        if from.isUp != link.isUp {
            if link.isUp, case .vxlan(let vxlan) = link.kind { try checkSocket(of: vxlan, link.id) }
            if link.isUp { try checkMAC(of: link) }
            if link.isUp { raise(link.id) } else { lower(link.id) }
        }
    }

    /// Told a MAC, the same or another, the kernel forgets the link's neighbours.
    mutating func announce(_ id: LinkID, _ mac: MACAddress) throws(Refusal) {
        _ = try managed(id)
        withLink(id) { $0.mac = mac }
        dropNeighbours(of: id)
    }

    /// Told the mode, the kernel makes no address; where the link gets one by it, it is added with the message.
    private mutating func setMode(of link: Link, from: ObservedLink) {
        guard let present = self.link(link.id)?.addressGeneration, present != link.addressGeneration else {
            return
        }
        withLink(link.id) { $0.addressGeneration = link.addressGeneration }
        if from.isUp, link.isUp, from.mtu.carriesIPv6 { makeLinkLocal(on: link.id) }
    }

    private mutating func setMTU(_ mtu: MTU, of link: Link) throws(Refusal) {
        if case .macvlan(let macvlan) = link.kind,
            let limit = self.link(LinkID(macvlan.parent, in: .node))?.mtu, mtu > limit
        {
            throw Refusal("EINVAL", "the parent's MTU is less")
        }
        setMTU(mtu, ofLink: link.id)
    }

    /// Sets an MTU; macvlan links have at most that of their parent.
    mutating func setMTU(_ mtu: MTU, ofLink id: LinkID) {
        let old = link(id)?.mtu ?? mtu
        withLink(id) { $0.mtu = mtu }
        if old.carriesIPv6, !mtu.carriesIPv6 { dropIPv6(of: id) }
        if !old.carriesIPv6, mtu.carriesIPv6 { addIPv6(to: id) }
        for place in places {
            for child in self[place].links where child.lower == id && child.isMacvlan && child.mtu > mtu {
                setMTU(mtu, ofLink: LinkID(child.name, in: place))
            }
        }
    }

    mutating func setMaster(_ master: InterfaceName?, of id: LinkID) throws(Refusal) {
        if let old = link(id)?.master {
            self[id.place].forwarding.removeAll { $0.link == id && $0.table == .bridge }
            learntAddresses[LinkID(old, in: id.place)] = nil
        }
        withLink(id) { link in
            link.master = nil
            link.port = nil
        }
        guard let master else { return }
        try checkMaster(LinkID(master, in: id.place))
        if case .bridge? = link(id)?.kind { throw Refusal("ELOOP", "a bridge is no port of a bridge") }
        guard macvlans(on: id.name).isEmpty || id.place != .node else {
            throw Refusal("EBUSY", "the link is a parent of macvlan links")
        }
        withLink(id) { link in
            link.master = master
            link.setPort(BridgePort())
        }
    }

    private mutating func changeKind(_ from: ObservedLinkKind, to link: Link) throws(Refusal) {
        switch (from, link.kind) {
        case (.bridge, .bridge(let new)):
            withLink(link.id) { $0.kind = .bridge(new) }
        case (.veth, .veth(let peer)):
            guard peers[link.id] == peer else { throw Refusal("EOPNOTSUPP", "a pair keeps its ends") }
        case (.vxlan(let old), .vxlan(let new)):
            try checkFixed(old, new)
            if let underlay = new.underlay { try checkParent(underlay) }
            withLink(link.id) { existing in
                existing.kind = .vxlan(new)
                existing.lower = new.underlay.map { LinkID($0, in: .node) }
            }
        case (.macvlan(let old), .macvlan(let new)):
            guard old.parent == new.parent else {
                throw Refusal("EOPNOTSUPP", "a macvlan link keeps its parent")
            }
            guard old.mode == new.mode || (old.mode != .passthru && new.mode != .passthru) else {
                throw Refusal("EINVAL", "'passthru' is not entered or left")
            }
            withLink(link.id) { $0.kind = .macvlan(new) }
        case (_, .bridge), (_, .veth), (_, .vxlan), (_, .macvlan):
            throw Refusal("EOPNOTSUPP", "a link keeps its type")
        }
    }

    /// Kernel: `vxlan_nl2conf()`: what a change may not touch, and what it can't unset.
    private func checkFixed(_ old: VXLAN, _ new: VXLAN) throws(Refusal) {
        var permitted = old
        permitted.ttl = new.ttl
        permitted.tos = new.tos
        permitted.ageing = new.ageing
        permitted.learning = new.learning
        permitted.local = new.local
        permitted.remote = new.remote
        if new.underlay != nil { permitted.underlay = new.underlay }
        guard permitted == new else {
            throw Refusal("EOPNOTSUPP", "a VXLAN link keeps what it was made with")
        }
        let families = Set([old.local, old.remote, new.local, new.remote].compactMap { $0?.family })
        guard families.count < 2 else { throw Refusal("EINVAL", "a VXLAN link keeps its family") }
    }

    // MARK: Deleting

    mutating func deleteLink(_ id: LinkID, index: Int32) throws(Refusal) {
        let existing = try managed(id)
        guard existing.index == index else { throw Refusal("ENODEV", "the index is another link's") }
        if let peer = peers[id], link(peer)?.isManaged == false {
            throw Refusal("FOREIGN", "the other end, '\(peer)', is not Weft's")
        }
        for place in places {
            for child in self[place].links
            where child.lower == id && !child.isManaged && !doomed.contains(place) {
                throw Refusal("FOREIGN", "'\(child.name)', which stands on the link, is not Weft's")
            }
        }
        kill(id)
    }

    /// A link goes, and with it its other end, what stands on it, and what is on it; its ports are free.
    mutating func kill(_ id: LinkID) {
        guard let position = position(of: id) else { return }
        let link = self[id.place].links.remove(at: position)
        if let peer = peers.removeValue(forKey: id) { kill(peer) }
        for place in places {
            let standing = self[place].links.filter { $0.lower == id }
            for child in standing { kill(LinkID(child.name, in: place)) }
        }
        learntAddresses[id] = nil
        if case .bridge = link.kind { free(portsOf: id) }
        self[id.place].routes.removeAll { $0.value.device == id.name }
        // Kernel: `addrconf_ifdown()` leaves IPv6 routes their source, unlike `ipv6_del_addr()`.
        for address in link.addresses where address.value.address.family == .ipv4 {
            dropSource(address.value.address, in: id.place)
        }
        dropNeighbours(of: id)
        self[id.place].forwarding.removeAll { $0.link == id }
        removeSettings(of: id)
    }

    private mutating func free(portsOf bridge: LinkID) {
        learntAddresses[bridge] = nil
        for port in self[bridge.place].links where port.master == bridge.name {
            let id = LinkID(port.name, in: bridge.place)
            withLink(id) { link in
                link.master = nil
                link.port = nil
            }
            self[bridge.place].forwarding.removeAll { $0.link == id && $0.table == .bridge }
        }
    }
}

extension ObservedLink {
    /// True for links that have no greater MTU than what they stand on.
    fileprivate var isMacvlan: Bool {
        guard case .macvlan = kind else { return false }
        return true
    }
}

extension ObservedLink {
    /// A link as it is once it was made and finished, but not raised.
    init(new link: Link, index: Int32) {
        let kind: ObservedLinkKind
        switch link.kind {
        case .bridge(let bridge): kind = .bridge(bridge)
        case .veth: kind = .veth(peerIndex: 0, peerNamespace: nil)
        case .vxlan(let vxlan): kind = .vxlan(vxlan)
        case .macvlan(let macvlan): kind = .macvlan(macvlan)
        }
        self.init(link.id.name, index: index, kind: kind)
        mtu = link.mtu ?? .ethernet
        mac = link.mac
        master = link.master
        if link.master != nil { setPort(link.port) }
        addressGeneration = mtu.carriesIPv6 ? link.addressGeneration : nil
        lower = link.kind.parent.map { LinkID($0, in: .node) }
        group = Mark.node.linkGroup
        alias = Mark.node.alias(for: link.purpose)
    }

    /// Sets the options of a port; a cost that is left open stays, or is what the kernel derives from the link's speed.
    mutating func setPort(_ wanted: BridgePort) {
        let cost = wanted.cost ?? port?.cost ?? 2
        port = wanted
        port?.cost = cost
    }
}
