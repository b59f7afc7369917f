import NetworkModel

/// What becomes of a link that is there or shall be.
enum LinkFate {
    /// It is not there and shall be.
    case create
    /// It is there and stays, perhaps with other attributes.
    case keep(ObservedLink)
    /// It must go and come again.
    case remake(ObservedLink, reason: String)
    /// It goes.
    case delete(ObservedLink)
    /// A foreign link has its name, or that of a link it needs.
    case blocked

    /// True if what is on the link now is still there afterwards.
    var keepsContents: Bool {
        switch self {
        case .keep: true
        case .create, .remake, .delete, .blocked: false
        }
    }

    /// True if the link can't come.
    var isBlocked: Bool {
        switch self {
        case .blocked: true
        case .create, .keep, .remake, .delete: false
        }
    }

    /// What is done that takes the link that is there away; `nil` if it stays.
    var verbOfGoing: String? {
        switch self {
        case .remake: "make anew"
        case .delete: "delete"
        case .create, .keep, .blocked: nil
        }
    }

    /// True if the link that is there goes before anything is built.
    var goesFirst: Bool {
        switch self {
        case .remake: true
        case .create, .keep, .delete, .blocked: false
        }
    }
}

/// The links of both states side by side, and what becomes of each.
struct LinkSurvey {
    /// Every link of every place, foreign ones too.
    private(set) var observed: [LinkID: ObservedLink] = [:]
    /// The links that shall be, with no MTU left open.
    private(set) var desired: [LinkID: Link] = [:]
    /// What becomes of each of Weft's links and of each that shall be.
    private(set) var fates: [LinkID: LinkFate] = [:]
    /// The other end of each veth link that is there, where it is known.
    private(set) var peers: [LinkID: LinkID] = [:]
    private(set) var problems: [Problem] = []

    init(observed state: ObservedState, desired node: NodeState) {
        collect(state.node, at: .node)
        for (name, namespace) in state.namespaces { collect(namespace, at: .namespace(name)) }
        matchPeers()
        resolve(node)
        if !state.hasIPv6 { leaveOutIPv6() }
        for id in desired.keys.sorted() { decide(id) }
        for (id, link) in observed where link.isManaged && desired[id] == nil {
            if !node.untouched.contains(id) { fates[id] = .delete(link) }
        }
        yieldMACs()
        block()
        propagate()
        protectStrangers(goneWith: node.namespaces)
    }

    private mutating func collect(_ namespace: ObservedNamespace, at place: Place) {
        for link in namespace.links { observed[LinkID(link.name, in: place)] = link }
    }

    /// How many links a link that is there stands on: to delete one of those is to delete it too.
    func depth(of id: LinkID) -> Int {
        var depth = 0
        var parent = observed[id]?.kind.parent
        while let name = parent, depth <= observed.count {
            depth += 1
            parent = observed[LinkID(name, in: .node)]?.kind.parent
        }
        return depth
    }

    // MARK: Pairs

    /// Finds the two ends of each pair: each shows the other's index, and where it is.
    private mutating func matchPeers() {
        var ends: [PairEnds: [LinkID]] = [:]
        for (id, link) in observed {
            guard case .veth(let peerIndex, _) = link.kind else { continue }
            ends[PairEnds(own: link.index, other: peerIndex), default: []].append(id)
        }
        for (id, link) in observed {
            guard case .veth(let peerIndex, let namespace) = link.kind else { continue }
            let candidates = ends[PairEnds(own: peerIndex, other: link.index)] ?? []
            let matching = candidates.filter { candidate in
                candidate != id && (candidate.place == id.place) == (namespace == nil)
                    && isMutual(candidate, with: id)
            }
            // Who may choose an index in a sandbox can make a link that looks like another's end: Weft's own comes first.
            let own = matching.filter { observed[$0]?.isManaged == link.isManaged }
            peers[id] = own.min() ?? matching.min()
        }
        // A stranger's other end may be where nobody looks, and others look like it: nodes give their links the same indexes.
        for (id, peer) in peers where observed[id]?.isManaged == false && peers[peer] != id {
            peers[id] = nil
        }
    }

    /// True if `candidate` too shows its other end where `id` is: here, or elsewhere.
    private func isMutual(_ candidate: LinkID, with id: LinkID) -> Bool {
        guard case .veth(_, let namespace)? = observed[candidate]?.kind else { return false }
        return (namespace == nil) == (candidate.place == id.place)
    }

    private struct PairEnds: Hashable {
        var own: Int32
        var other: Int32
    }

    // MARK: What shall be

    /// Gives every link that shall be the MTU which the kernel would choose where the document leaves it open.
    private mutating func resolve(_ node: NodeState) {
        desired = node.links
        var ports: [LinkID: [LinkID]] = [:]
        for (id, link) in desired {
            if let master = link.master { ports[LinkID(master, in: id.place), default: []].append(id) }
        }
        var known: [LinkID: MTU] = [:]
        known.reserveCapacity(desired.count)
        for id in node.links.keys {
            let mtu = mtu(of: id, ports, &known)
            desired[id]?.mtu = mtu
        }
    }

    /// The MTU of a link: the document's; else for a bridge the least of its ports, for what stands on another link
    /// that one's, less what it adds.
    private func mtu(of id: LinkID, _ ports: [LinkID: [LinkID]], _ known: inout [LinkID: MTU]) -> MTU {
        if let mtu = known[id] { return mtu }
        guard let link = desired[id] else { return observed[id]?.mtu ?? .ethernet }
        // A circle, which the reader of documents refuses, ends here.
        known[id] = link.mtu ?? .ethernet
        if let mtu = link.mtu { return mtu }
        var result = MTU.ethernet
        if link.kind.isBridge {
            result = ports[id, default: []].map { mtu(of: $0, ports, &known) }.min() ?? .ethernet
        } else if let parent = link.kind.parent {
            result = mtu(of: LinkID(parent, in: .node), ports, &known)
            if case .vxlan(let vxlan) = link.kind {
                let family = (vxlan.remote ?? vxlan.local)?.family ?? .ipv4
                result = MTU(bytes: result.bytes - min(VXLAN.overhead(over: family), result.bytes - 68))
            }
        }
        known[id] = result
        return result
    }

    /// Asks nothing of IPv6 on a kernel that has none: it would refuse even to be told that there shall be none.
    private mutating func leaveOutIPv6() {
        for id in desired.keys { desired[id]?.addressGeneration = .eui64 }
    }

    // MARK: Strangers

    /// Refuses to take away links that links of others would go with: the kernel deletes those with what they stand on,
    /// and a pair as a whole.
    ///
    /// What is in a namespace that goes, goes with it whatever it stands on.
    private mutating func protectStrangers(goneWith namespaces: Set<NamespaceName>) {
        for id in observed.keys.sorted() {
            guard let stranger = observed[id], !stranger.isManaged else { continue }
            if let name = id.place.name, !namespaces.contains(name) { continue }
            if let lower = stranger.lower { protect(id, stranger, "stands on it", goingWith: lower) }
            if let peer = peers[id] { protect(id, stranger, "is the other end of its pair", goingWith: peer) }
        }
    }

    private mutating func protect(
        _ id: LinkID,
        _ stranger: ObservedLink,
        _ relation: String,
        goingWith lower: LinkID
    ) {
        guard let verb = fates[lower]?.verbOfGoing else { return }
        problems.append(
            Problem(
                "cannot \(verb) link '\(lower.name)'\(NodePlanner.words(for: lower.place)): \(stranger.kind.words) "
                    + "'\(id.name)'\(NodePlanner.words(for: id.place)), which is not Weft's, \(relation) and would go with it",
                hint: "remove '\(id.name)' first, or keep '\(lower.name)' as it is in the document"
            )
        )
        fates[lower] = .blocked
        if let peer = peers[lower], fates[peer]?.verbOfGoing != nil { fates[peer] = .blocked }
    }

    // MARK: Fates

    private mutating func decide(_ id: LinkID) {
        guard let link = desired[id] else { return }
        guard let existing = observed[id] else {
            fates[id] = .create
            return
        }
        guard existing.isManaged else {
            fates[id] = .blocked
            let place = NodePlanner.words(for: id.place)
            problems.append(
                Problem(
                    "cannot create link '\(id.name)'\(place): the name is taken by a \(existing.kind.words) that is not Weft's",
                    hint: "choose another name, or remove that link first"
                )
            )
            return
        }
        if let reason = reasonToRemake(existing, id: id, as: link) {
            fates[id] = .remake(existing, reason: reason)
        } else {
            fates[id] = .keep(existing)
        }
    }

    /// Why the kernel can't turn a link into what it shall be; `nil` if it can.
    private func reasonToRemake(_ existing: ObservedLink, id: LinkID, as link: Link) -> String? {
        if let index = link.index, index != existing.index { return "the interface index can't be changed" }
        switch (existing.kind, link.kind) {
        case (.bridge, .bridge):
            return nil
        case (.veth, .veth(let peer)):
            return peers[id] == peer ? nil : "the other end of a pair can't be changed"
        case (.vxlan(let old), .vxlan(let new)):
            return old.reasonToRemake(as: new)
        case (.macvlan(let old), .macvlan(let new)):
            return old.reasonToRemake(as: new)
        case (.bridge, _), (.veth, _), (.vxlan, _), (.macvlan, _), (.other, _):
            return "the type can't be changed"
        }
    }

    /// A macvlan link whose MAC another one on its parent gets is made anew.
    ///
    /// The kernel lets no two that are up have one, not even for a moment in which they swap them.
    private mutating func yieldMACs() {
        var receivers: [WireMAC: LinkID] = [:]
        for (id, link) in desired {
            guard let own = WireMAC(of: link), observed[id].flatMap(WireMAC.init) != own else { continue }
            receivers[own] = min(id, receivers[own] ?? id)
        }
        guard !receivers.isEmpty else { return }
        for (id, link) in desired {
            guard case .keep(let existing)? = fates[id], let own = WireMAC(of: existing),
                WireMAC(of: link) != own, let receiver = receivers[own]
            else { continue }
            let words = "'\(receiver.name)'\(NodePlanner.words(for: receiver.place))"
            fates[id] = .remake(existing, reason: "its MAC becomes that of \(words)")
        }
    }

    /// A link that can't come is no peer, bridge or parent of another: least of all is the stranger's that has its name.
    private mutating func block() {
        var isBlocking = fates.values.contains { $0.isBlocked }
        while isBlocking {
            isBlocking = false
            for (id, link) in desired where fates[id]?.isBlocked == false {
                var needed = link.prerequisites
                if case .veth(let peer) = link.kind { needed.append(peer) }
                guard needed.contains(where: { fates[$0]?.isBlocked == true }) else { continue }
                fates[id] = .blocked
                isBlocking = true
            }
        }
    }

    /// A remake takes the other end of a pair with it, and what stands on the link.
    private mutating func propagate() {
        var children: [InterfaceName: [LinkID]] = [:]
        for (id, link) in desired {
            if let parent = link.kind.parent { children[parent, default: []].append(id) }
        }
        for (id, link) in observed where desired[id] != nil {
            // A VXLAN link can change the link under it, but not once that is gone.
            if let parent = link.kind.parent, parent != desired[id]?.kind.parent {
                children[parent, default: []].append(id)
            }
        }
        var waiting = fates.keys.filter { fates[$0]?.goesFirst == true }.sorted()
        while let gone = waiting.popLast() {
            if let peer = peers[gone] {
                if case .keep(let link)? = fates[peer] {
                    fates[peer] = .remake(link, reason: "its other end is made anew")
                    waiting.append(peer)
                } else if case .delete? = fates[peer] {
                    remakeChildren(of: peer, children, &waiting)
                }
            }
            remakeChildren(of: gone, children, &waiting)
        }
    }

    private mutating func remakeChildren(
        of gone: LinkID,
        _ children: [InterfaceName: [LinkID]],
        _ waiting: inout [LinkID]
    ) {
        guard gone.place == .node else { return }
        for id in children[gone.name] ?? [] {
            guard case .keep(let link)? = fates[id] else { continue }
            fates[id] = .remake(link, reason: "the link under it, '\(gone.name)', is made anew")
            waiting.append(id)
        }
    }
}
extension ObservedLinkKind {
    /// The kind as a person calls it: `vlan link`, or `link` for hardware.
    var words: String { name.isEmpty ? "link" : "\(name) link" }

    /// The link of the node that a link of this kind stands on, if any.
    var parent: InterfaceName? {
        switch self {
        case .macvlan(let macvlan): macvlan.parent
        case .vxlan(let vxlan): vxlan.underlay
        case .bridge, .veth, .other: nil
        }
    }
}

extension VXLAN {
    /// Why the kernel can't change a VXLAN link in place.
    ///
    /// Kernel: `vxlan_nl2conf()` with `changelink`.
    func reasonToRemake(as new: VXLAN) -> String? {
        if vni != new.vni { return "the VNI can't be changed in place" }
        if port != new.port { return "the UDP port can't be changed in place" }
        if proxy != new.proxy { return "'proxy' can't be changed in place" }
        if udpChecksum != new.udpChecksum { return "'udpcsum' can't be changed in place" }
        if udpZeroChecksum6Transmit != new.udpZeroChecksum6Transmit {
            return "'udp6zerocsumtx' can't be changed in place"
        }
        if udpZeroChecksum6Receive != new.udpZeroChecksum6Receive {
            return "'udp6zerocsumrx' can't be changed in place"
        }
        if underlay != nil, new.underlay == nil { return "'dev' can't be taken away in place" }
        if let old = (local ?? remote)?.family, let family = (new.local ?? new.remote)?.family, old != family
        {
            return "the family of the underlay can't be changed in place"
        }
        return nil
    }
}

extension Macvlan {
    /// Why the kernel can't change a macvlan link in place.
    ///
    /// Kernel: `macvlan_changelink()`.
    func reasonToRemake(as new: Macvlan) -> String? {
        if parent != new.parent { return "the parent can't be changed in place" }
        if mode != new.mode, mode == .passthru || new.mode == .passthru {
            return "the mode 'passthru' can't be entered or left in place"
        }
        return nil
    }
}
