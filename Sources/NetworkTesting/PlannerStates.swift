package import NetworkModel

/// Makes states that a document could ask for, in a small world, so that two of them have much in common.
///
/// What it makes keeps the invariants of ``NodeState``, and the kernel can hold it.
package struct PlannerStates {
    package var random: SeededGenerator
    /// The state that is being made.
    var state = NodeState(node: "n")
    /// VNI and UDP port pairs that are in use.
    var identifiers: Set<String> = []
    /// Ports of bridges, which can't be macvlan parents, and macvlan parents, which can't be ports.
    var parents: Set<InterfaceName> = []

    package init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// The namespaces of this world.
    package static let namespaceNames = ["blue", "green", "red"].map(namespaceName)
    /// The MTUs that links have.
    static let mtus: [UInt32] = [1000, 1279, 1280, 1400, 1450, 1500, 9000]
    /// The tables that routes are in.
    static let tables: [UInt32] = [Route.mainTable, 100]

    static func namespaceName(_ text: String) -> NamespaceName {
        guard let name = try? NamespaceName(text) else { preconditionFailure("'\(text)' is a name") }
        return name
    }

    /// A node's name for a link.
    package static func name(_ text: String) -> InterfaceName { InterfaceName(fromKernel: text) }

    // MARK: Chances

    /// True so many times in a hundred.
    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    package mutating func pick<Value>(_ values: [Value]) -> Value? { values.randomElement(using: &random) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    // MARK: A state

    /// A state of its own.
    package mutating func make() -> NodeState {
        state = NodeState(node: "n")
        identifiers = []
        parents = []
        for name in Self.namespaceNames where chance(60) { state.namespaces.insert(name) }
        makeBridges()
        makePairs()
        makeMacvlans()
        makeTunnels()
        for id in state.links.keys.sorted() { addAddresses(to: id) }
        makeEntries()
        if chance(60) { state.firewall = .drawn(for: state, using: &random) }
        sanitize()
        return state
    }

    /// The places of the state that is being made.
    var places: [Place] { [.node] + state.namespaces.sorted().map(Place.namespace) }

    /// Makes a link with the attributes that every kind has.
    mutating func link(_ id: LinkID, _ kind: LinkKind) -> Link {
        let mac = MACAddress(bits: 0x0200_0000_0000 + UInt64(number(1...6)))
        var link = Link(id, kind: kind, mac: mac, purpose: pick(["a", "b", "front door"]) ?? "a")
        link.isUp = chance(92)
        // Below 1,280 there is no IPv6.
        if chance(40) { link.mtu = MTU(bytes: pick(Self.mtus) ?? 1500) }
        if chance(25) { link.addressGeneration = .none }
        return link
    }

    private mutating func makeBridges() {
        for name in ["br0", "br1"] where chance(70) {
            let id = LinkID(Self.name(name), in: .node)
            state.links[id] = link(id, .bridge(bridge()))
        }
        for place in places.dropFirst() where chance(20) {
            let id = LinkID(Self.name("br0"), in: place)
            state.links[id] = link(id, .bridge(bridge()))
        }
    }

    /// Makes a link a port of a bridge of its place, perhaps.
    mutating func enslave(_ link: inout Link) {
        guard !(link.id.place == .node && parents.contains(link.id.name)) else { return }
        // Links that stand on each other in a circle are refused before there is a plan.
        guard link.kind.parentName?.text.hasPrefix("br") != true else { return }
        let bridges = state.links.values.filter { $0.kind.isBridge && $0.id.place == link.id.place }.map(
            \.id.name
        )
        guard chance(65), let bridge = pick(bridges.sorted()) else { return }
        link.master = bridge
        link.port = port()
    }

    private mutating func makePairs() {
        for number in 0..<4 where chance(65) {
            let near = LinkID(Self.name("v\(number)"), in: chance(80) ? .node : pick(places) ?? .node)
            var name = chance(60) ? "eth\(number)" : "w\(number)"
            let place = pick(places) ?? .node
            if place == .node, name == "eth0" { name = "w0" }
            let far = LinkID(Self.name(name), in: place)
            var first = link(near, .veth(peer: far))
            var second = link(far, .veth(peer: near))
            enslave(&first)
            enslave(&second)
            state.links[near] = first
            state.links[far] = second
        }
    }

    /// Links of the node that others can stand on.
    private var possibleParents: [InterfaceName] {
        let own = state.links.values.filter { link in
            guard link.id.place == .node, link.master == nil else { return false }
            switch link.kind {
            case .bridge, .veth: return true
            case .vxlan, .macvlan: return false
            }
        }
        return [Self.name("eth0")] + own.map(\.id.name).sorted()
    }

    private mutating func makeMacvlans() {
        for number in 0..<2 where chance(55) {
            let id = LinkID(Self.name("mv\(number)"), in: pick(places) ?? .node)
            guard let parent = pick(possibleParents.filter { !parents.contains($0) || !chance(70) }) else {
                continue
            }
            let isShared = parents.contains(parent)
            var modes = Macvlan.Mode.allCases.filter { !isShared || $0 != .passthru }
            let usesWhole = state.links.values.contains { $0.kind.isPassthru(on: parent) }
            if usesWhole { modes = [] }
            guard let mode = pick(modes) else { continue }
            parents.insert(parent)
            var link = link(id, .macvlan(Macvlan(parent: parent, mode: mode)))
            link.mtu = nil
            enslave(&link)
            state.links[id] = link
        }
    }

    private mutating func makeTunnels() {
        let takesZeroChecksums = chance(20)
        for number in 0..<2 where chance(60) {
            let id = LinkID(Self.name("vx\(number)"), in: chance(85) ? .node : pick(places) ?? .node)
            var options = tunnel(possibleParents)
            // Those of one port take checksums alike: the socket is one.
            options.udpZeroChecksum6Receive = takesZeroChecksums
            guard identifiers.insert("\(options.vni) \(options.port)").inserted else { continue }
            var link = link(id, .vxlan(options))
            enslave(&link)
            state.links[id] = link
        }
    }
}

extension LinkKind {
    fileprivate func isPassthru(on parent: InterfaceName) -> Bool {
        guard case .macvlan(let macvlan) = self else { return false }
        return macvlan.parent == parent && macvlan.mode == .passthru
    }
}
