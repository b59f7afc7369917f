import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Synchronization
import Testing

/// Whose an object is, where two of Weft's have a say.
@Suite("Whose it is", .kernel)
struct OwnerTests {
    /// A laboratory on a throw-away host: a namespace that is to be a node, with its way to the outside.
    private struct Laboratory {
        let host: ThrowAwayNode
        /// The node's name in `/run/netns`.
        let nodeName: String

        init(on host: ThrowAwayNode) {
            self.host = host
            nodeName = host.fullName(of: "n1")
        }

        func underlay() -> Reconciler {
            Reconciler(
                node: Node(
                    name: "lab",
                    namespace: .init(name: host.name, path: host.path()),
                    runtimeDirectory: "\(host.runtimeDirectory)/lab",
                    mark: .underlay
                )
            )
        }

        func node(mark: Mark = .node) -> Reconciler {
            Reconciler(
                node: Node(
                    name: "n1",
                    namespace: .init(name: nodeName, path: host.path(of: "n1")),
                    runtimeDirectory: "\(host.runtimeDirectory)/n1",
                    mark: mark
                )
            )
        }

        /// A bridge, and on it the node's eth0, with an address, a neighbour and the default route.
        func outside() throws -> NodeState {
            var state = NodeState(node: "lab")
            let place = Place.namespace(try NamespaceName(nodeName))
            state.namespaces = [try NamespaceName(nodeName)]
            let bridge = try OwnerTests.bridge("br0", address: "172.16.1.254", into: &state)
            let (near, far) = try OwnerTests.pair("u0", .node, "eth0", place, into: &state)
            state.links[near]?.master = bridge.name
            state.links[far]?.addresses = [try OwnerTests.address("172.16.1.1")]
            let (_, spare) = try OwnerTests.pair("u1", .node, "eth1", place, into: &state)
            state.links[spare]?.addresses = [try OwnerTests.address("172.16.2.1")]
            var route = Route(to: .all(.ipv4), in: place)
            route.gateway = IPAddress("172.16.1.254")
            state.routes = [route]
            let gateway = try #require(IPAddress("172.16.1.253"))
            state.neighbours = [Neighbour(gateway, mac: MACAddress(bits: 0x0200_0000_0099), on: far)]
            return state
        }

        /// A bridge, a namespace on it, and of everything else one thing.
        func inside() throws -> NodeState {
            var state = NodeState(node: "n1")
            let red = try NamespaceName("\(nodeName).red")
            state.namespaces = [red]
            let bridge = try OwnerTests.bridge("br9", address: "10.9.0.1", into: &state)
            for number in 0..<2 {
                let (near, far) = try OwnerTests.pair(
                    "v\(number)",
                    .node,
                    "eth\(number)",
                    .namespace(red),
                    into: &state
                )
                state.links[near]?.master = bridge.name
                state.links[far]?.addresses = [try OwnerTests.address("10.9.\(number).2")]
            }
            var route = Route(to: Prefix(containing: IPAddress(ipv4: 0x0a08_0000), length: 16), in: .node)
            route.gateway = IPAddress("172.16.1.9")
            state.routes = [route]
            let other = try #require(IPAddress("10.9.0.7"))
            state.neighbours = [Neighbour(other, mac: MACAddress(bits: 0x0200_0000_0077), on: bridge)]
            return state
        }
    }

    @Test("what a laboratory and its node's Weft have in one namespace is each other's stranger's")
    func classes() throws {
        try ThrowAwayNode.with("lab-") { host in
            let bare = try WholeDump.take(of: host)
            let lab = Laboratory(on: host)
            let (more, inside) = (try lab.outside(), try lab.inside())
            var outside = more
            outside.links = more.links.filter { $0.key.name.text != "u1" && $0.key.name.text != "eth1" }
            #expect(try lab.underlay().apply(outside).isDone)
            let before = try Self.kernel(of: host)

            #expect(try lab.node().observe().holdings.isEmpty)
            let applied = try lab.node().apply(inside)
            #expect(applied.isDone, "\(applied.failures)")
            #expect(try lab.node().apply(inside).messagesSent == 0)
            #expect(try lab.underlay().apply(outside).messagesSent == 0)
            let all = try lab.node().observe().holdings
            #expect(all == ["br9", "v0", "v1", "10.9.0.1/24", "10.8.0.0/16", "10.9.0.7"], "\(all)")

            // A change of the one is none for the other, and neither is its end.
            let both = try Self.kernel(of: host)
            #expect(try lab.underlay().apply(more).isDone)
            #expect(try lab.node().apply(inside).messagesSent == 0)
            #expect(try lab.underlay().apply(outside).isDone)
            let same = Self.diff(both, try Self.kernel(of: host))
            #expect(same == [])
            #expect(try lab.node().destroy().isDone)
            let last = Self.diff(before, try Self.kernel(of: host))
            #expect(last == [])
            #expect(try lab.underlay().apply(outside).messagesSent == 0)

            #expect(try lab.underlay().destroy().isDone)
            #expect(WholeDump.diff(bare, try WholeDump.take(of: host)).filter { !$0.contains("/run/") } == [])
            #expect(try host.namespaces() == [])
        }
    }

    @Test("a link, an address or a route of the other class is in the way like any stranger's")
    func otherClassIsInTheWay() throws {
        try ThrowAwayNode.with("lab-") { host in
            let lab = Laboratory(on: host)
            #expect(try lab.underlay().apply(lab.outside()).isDone)
            var state = NodeState(node: "n1")
            _ = try Self.bridge("eth0", address: "10.9.0.1", into: &state)
            var route = Route(to: .all(.ipv4), in: .node)
            route.gateway = IPAddress("172.16.1.9")
            state.routes = [route]
            let refusal = #expect(throws: PlanRefusal.self) { try lab.node().plan(state) }
            #expect(refusal?.problems.count == 2, "\(String(describing: refusal))")
            #expect(refusal?.description.contains("'eth0'") == true)
            #expect(try lab.underlay().destroy().isDone)
        }
    }

    @Test("a namespace that Weft made for a node is no node of that class, by whatever way one gets there")
    func nested() throws {
        try ThrowAwayNode.with("nest-") { host in
            let bench = Workbench(host)
            var state = NodeState(node: "n")
            let name = try NamespaceName(host.fullName(of: "in"))
            state.namespaces = [name]
            let (_, far) = try Self.pair("v0", .node, "eth0", .namespace(name), into: &state)
            state.links[far]?.addresses = [try Self.address("10.9.0.2")]
            try bench.bring(to: state, "the outer node")
            let before = try WholeDump.take(of: host)
            let directory = "\(host.runtimeDirectory)-in"
            let namespaces: [Node.NamedPath] = [
                .init(name: name.text, path: host.path(of: "in")),
                .init(name: nil, path: "/proc/self/root\(host.path(of: "in"))"),
            ]
            var nodes = namespaces.map { Node(name: "x", namespace: $0, runtimeDirectory: directory) }
            nodes.append(Node(name: "x", runtimeDirectory: directory))
            for node in nodes {
                try host.inside("in") {
                    let weft = Reconciler(node: node)
                    let tries: [() throws -> Void] = [
                        { _ = try weft.plan(NodeState(node: "x")) },
                        { _ = try weft.apply(NodeState(node: "x")) },
                        { _ = try weft.destroy() }, { _ = try weft.observe() },
                    ]
                    for attempt in tries {
                        let refusal = #expect(throws: NamespaceOfNode.self) { try attempt() }
                        #expect(refusal?.name == name.text && refusal?.owner == "node \(host.name)")
                    }
                }
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: host)) == [])
            try bench.destroy("last")
        }
    }

    @Test("one that took the place of Weft's is a stranger's, although it has links of Weft's group in it")
    func replaced() throws {
        try ThrowAwayNode.with("repl-") { host in
            let bench = Workbench(host)
            let state = try Self.oneNamespace(host)
            try bench.bring(to: state, "first")
            try Self.replace("red", of: host)
            try host.run("ip link add precious group 0x77656674 type bridge", in: "red")
            let before = try host.ipJSON("link show precious", in: "red")
            #expect(throws: PlanRefusal.self) { try bench.weft().plan(state) }
            let name = try NamespaceName(host.fullName(of: "red"))
            #expect(try bench.weft().observe().foreignNamespaces.contains(name))
            #expect(try bench.weft().destroy().isDone)
            #expect(try host.ipJSON("link show precious", in: "red") == before)
        }
    }

    @Test("Weft's own without its mark is Weft's by the record, and marked again")
    func unmarked() throws {
        try ThrowAwayNode.with("mark-") { host in
            let bench = Workbench(host)
            let state = try Self.oneNamespace(host)
            try bench.bring(to: state, "first")
            let mark = try host.ipJSON("link show lo", in: "red")[0]["ifalias"]
            try host.command(["ip", "link", "set", "lo", "alias", ""], in: "red").output()
            let plan = try bench.weft().plan(state)
            #expect(plan.changes.map(\.verb) == [.change])
            try bench.bring(to: state, "marked again")
            #expect(try host.ipJSON("link show lo", in: "red")[0]["ifalias"] == mark)
            try bench.destroy("last")
            #expect(try host.namespaces() == [])
        }
    }

    @Test("one that is replaced while it is about to be removed keeps its name, and the failure says why")
    func replacedMeanwhile() throws {
        try ThrowAwayNode.with("swap-") { host in
            let bench = Workbench(host)
            try bench.bring(to: Self.oneNamespace(host), "first")
            let swapped = Atomic<Bool>(false)
            let hook = StepHook { _ in
                if !swapped.exchange(true, ordering: .relaxed) {
                    do { try Self.replace("red", of: host) } catch { Issue.record("\(error)") }
                }
                return nil
            }
            let report = try bench.weft(hook: hook).destroy()
            let wasSwapped = swapped.load(ordering: .relaxed)
            #expect(wasSwapped)
            let sentence = "another namespace has taken the name '\(host.fullName(of: "red"))'"
            #expect(report.failures.contains { $0.description.contains(sentence) }, "\(report.failures)")
            #expect(try host.namespaces() == ["red"])
            #expect(try host.ipJSON("link show", in: "red").elements.map(\.["ifname"]) == ["lo"])
            // What is left of the old one is forgotten as soon as somebody looks again.
            try bench.destroy("again")
            #expect(try host.namespaces() == ["red"])
        }
    }

    // MARK: Helpers

    /// Everything but what Weft keeps of it.
    private static func kernel(of host: ThrowAwayNode) throws -> [String] {
        try WholeDump.take(of: host).lines.filter { !$0.hasPrefix(host.runtimeDirectory) }
    }

    private static func diff(_ old: [String], _ new: [String]) -> [String] {
        new.difference(from: old).map { "\($0)" }
    }

    private static func replace(_ name: String, of host: ThrowAwayNode) throws {
        try Command(["ip", "netns", "delete", host.fullName(of: name)]).output()
        try Command(["ip", "netns", "add", host.fullName(of: name)]).output()
    }

    static func oneNamespace(_ host: ThrowAwayNode) throws -> NodeState {
        var state = NodeState(node: "n")
        state.namespaces = [try NamespaceName(host.fullName(of: "red"))]
        return state
    }

    private static func address(_ text: String) throws -> InterfaceAddress {
        InterfaceAddress(try #require(IPAddress(text)), prefixLength: 24)
    }

    private static func bridge(
        _ name: String,
        address: String,
        into state: inout NodeState
    ) throws -> LinkID {
        let id = LinkID(try InterfaceName(name), in: .node)
        let mac = MACAddress(bits: 0x0200_0000_0100 + UInt64(name.utf8.last ?? 0))
        state.links[id] = Link(id, kind: .bridge(Bridge()), mac: mac, purpose: "bridge")
        state.links[id]?.addresses = [try self.address(address)]
        return id
    }

    private static func pair(
        _ near: String,
        _ nearPlace: Place,
        _ far: String,
        _ farPlace: Place,
        into state: inout NodeState
    ) throws -> (near: LinkID, far: LinkID) {
        let ids = [
            LinkID(try InterfaceName(near), in: nearPlace), LinkID(try InterfaceName(far), in: farPlace),
        ]
        for (offset, id) in ids.enumerated() {
            let mac = MACAddress(bits: 0x0200_0000_0000 + UInt64(state.links.count) << 8)
            state.links[id] = Link(id, kind: .veth(peer: ids[1 - offset]), mac: mac, purpose: "pair")
            state.links[id]?.addressGeneration = .none
        }
        return (ids[0], ids[1])
    }
}

extension ObservedState {
    /// Words for all that is Weft's in the node's own namespace.
    fileprivate var holdings: [String] {
        let links = node.links.filter(\.isManaged)
        return links.map(\.name.text).sorted()
            + links.flatMap(\.addresses).filter(\.isManaged).map { "\($0.value)" }
            + node.routes.filter(\.isManaged).map { "\($0.value.destination)" }
            + node.neighbours.filter(\.isManaged).map { "\($0.value.address)" }
    }
}
