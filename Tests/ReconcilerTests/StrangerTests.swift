import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// What others have on Weft's links, at its bridges and in its namespaces: kept, told of, or in the way.
@Suite("Strangers on Weft's objects", .enabled(if: KernelTests.isAvailable), .serialized)
struct StrangerTests {
    // MARK: Links

    @Test(
        "a link of others that would go with one of Weft's: refused by apply and destroy, and nothing is changed"
    )
    func upperLinks() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            addPair("va", "vb", bench, &state)
            try bench.bring(to: state, "first")
            try bench.node.run("ip link add link br0 name theirs type macvlan mode bridge")
            let before = try FaultTests.dump(bench.node)
            var smaller = state
            smaller.links[bridge] = nil
            let sentence =
                "cannot delete link 'br0': macvlan link 'theirs', which is not Weft's, stands on it and would go with it"
            #expect(refusal(of: smaller, bench) == [sentence])
            let refused = #expect(throws: PlanRefusal.self) { try bench.weft().destroy() }
            #expect(refused?.problems.map(\.message) == [sentence])
            #expect(refused?.problems.first?.hint?.hasPrefix("remove 'theirs' first") == true)
            #expect(try FaultTests.differences(before, FaultTests.dump(bench.node)) == [])
            try bench.node.run("ip link del theirs")
            try bench.bring(to: smaller, "then")
        }
    }

    @Test("a link of others whose other end nobody sees is in the way of none that only looks like it")
    func lookAlikes() throws {
        try with { bench, state in
            let names = bench.pools.namespaces.prefix(2)
            try #require(names.count == 2)
            state.namespaces = Set(names)
            addPair("va", "vb", bench, &state)
            let end = state.links.removeValue(forKey: bench.pools.id("vb"))
            var far = try #require(end)
            far.id = LinkID(far.id.name, in: .namespace(names[0]))
            let near = bench.pools.id("va")
            state.links[near]?.kind = .veth(peer: far.id)
            state.links[far.id] = far
            try bench.bring(to: state, "first")
            // The same indexes as a pair of Weft's, between a namespace of Weft's and one that nobody looks into.
            func index(_ link: LinkID) throws -> String {
                let place = link.place.name?.text ?? bench.node.name
                let json = try JSON(
                    text: Command(["ip", "-n", place, "-json", "link", "show", link.name.text]).output()
                )
                return json.elements[0]["ifindex"].description
            }
            let hidden = "\(bench.node.name)-hidden"
            try Command(["ip", "netns", "add", hidden]).output()
            defer { try? NamespaceDirectory.standard.remove(hidden) }
            try Command([
                "ip", "-n", names[1].text, "link", "add", "theirs", "index", index(near), "type", "veth",
                "peer",
                "name", "end", "index", index(far.id), "netns", hidden,
            ]).output()
            state.links[near] = nil
            state.links[far.id] = nil
            try bench.bring(to: state, "then")
        }
    }

    @Test(
        "a port of others is set free with its bridge, and a link of theirs goes with its namespace: both told of"
    )
    func portsAndNamespaces() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.namespaces = [bench.pools.namespaces[0]]
            try bench.bring(to: state, "first")
            try bench.node.run("ip tuntap add dev tap0 mode tap")
            try bench.node.run("ip link set tap0 master br0")
            let inside = try bench.node.command(
                ["ip", "link", "add", "docker0", "type", "bridge"],
                in: "red"
            ).result()
            #expect(inside.status == 0)
            state.namespaces = []
            state.links[bridge] = nil
            let plan = try bench.weft().plan(state)
            #expect(
                plan.warnings.map(\.message) == [
                    "bridge 'br0' goes: its port 'tap0', which is not Weft's, is set free"
                ]
            )
            #expect(plan.changes.last?.reason == "1 link that is not Weft's goes with it: 'docker0'")
            try bench.bring(to: state, "second")
            #expect(try bench.node.ipJSON("link show tap0")[0]["master"].isNull)
        }
    }

    // MARK: Addresses

    @Test(
        "an address of others outlives the primary one of Weft's, with its label, and the routes through its subnet"
    )
    func secondaries() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.9.0.1")]
            try bench.bring(to: state, "first")
            try bench.node.run("ip addr add 10.9.0.77/24 dev br0 label br0:x")
            try bench.node.run("ip route add 10.30.0.0/16 via 10.9.0.9")
            state.links[bridge]?.addresses = []
            try bench.bring(to: state, "second")
            let shown = try bench.node.ipJSON("-4 addr show dev br0")[0]["addr_info"].elements
            #expect(shown.map { $0["local"] } == ["10.9.0.77"])
            #expect(shown.first?["label"] == "br0:x")
            #expect(try bench.node.ipJSON("route show 10.30.0.0/16").elements.count == 1)
            #expect(try Self.promotes(bench.node) == "0")
        }
    }

    @Test("of a document's addresses of one prefix the first is the primary one, and the others are there")
    func order() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.9.0.1"), Self.address("10.9.0.2")]
            try bench.bring(to: state, "first")
            state.links[bridge]?.addresses = ["10.9.0.3", "10.9.0.2", "10.9.0.1"].map { Self.address($0) }
            try bench.bring(to: state, "second")
            let shown = try bench.node.ipJSON("-4 addr show dev br0")[0]["addr_info"].elements
            #expect(shown.first?["local"] == "10.9.0.3")
            #expect(shown.filter { $0["secondary"].bool == true }.count == 2)
            #expect(try bench.node.ipJSON("route show 10.9.0.0/24")[0]["prefsrc"] == "10.9.0.3")
        }
    }

    @Test("an address that a link of others has too is warned of")
    func sharedAddress() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.250.0.1")]
            try bench.node.run("ip link add theirs type bridge")
            try bench.node.run("ip addr add 10.250.0.1/24 dev theirs")
            let warnings = try bench.weft().plan(state).warnings.map(\.message)
            #expect(
                warnings == [
                    "address 10.250.0.1 of link 'br0' is that of link 'theirs' too, which is not Weft's: packets may take "
                        + "either way"
                ]
            )
        }
    }

    @Test("the scope 'site' is read as what it is")
    func scope() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.9.0.1")]
            state.links[bridge]?.addresses[0].scope = .site
            try bench.bring(to: state, "site")
            state.links[bridge]?.addresses[0].scope = .global
            let plan = try bench.weft().plan(state)
            #expect(plan.changes.last?.differences == [Difference("scope", from: "site", to: "global")])
            try bench.bring(to: state, "global")
        }
    }

    @Test(
        "the kernel's route to an address's prefix that somebody took away is noticed, and comes back as it was"
    )
    func prefixRoutes() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = ["10.9.0.1", "10.9.0.2", "fd00:9::1"].map { Self.address($0) }
            try bench.bring(to: state, "first")
            let before = try FaultTests.dump(bench.node)
            for route in ["10.9.0.0/24", "fd00:9::/64"] {
                try bench.node.run("ip \(route.contains(":") ? "-6" : "-4") route del \(route) dev br0")
            }
            let plan = try bench.weft().plan(state)
            #expect(
                plan.changes.map(\.reason) == [
                    "its route to 10.9.0.0/24 is gone", "its route to fd00:9::/64 is gone",
                ]
            )
            try bench.bring(to: state, "second")
            #expect(try FaultTests.differences(before, FaultTests.dump(bench.node)) == [])
        }
    }

    // MARK: IPv6

    @Test("IPv6 goes with an MTU below 1,280 and comes back with a larger one, on links that are up")
    func smallMTU() throws {
        try with { bench, state in
            addPair("va", "vb", bench, &state)
            let (first, second) = (bench.pools.id("va"), bench.pools.id("vb"))
            for id in [first, second] { state.links[id]?.addresses = [Self.address("10.9.0.1")] }
            let small = state
            state.links[first]?.addressGeneration = .none
            for (number, id) in [first, second].enumerated() {
                state.links[id]?.addresses.append(Self.address("fd00:\(number)::1"))
                if let address = IPAddress("fd00:\(number)::7") {
                    state.neighbours.append(Neighbour(address, mac: Self.mac(7), on: id))
                }
                var route = Route(
                    to: Prefix(
                        containing: IPAddress(ipv6High: 0xfd40 << 48 | UInt64(number), low: 0),
                        length: 64
                    ),
                    in: .node
                )
                route.device = id.name
                state.routes.append(route)
            }
            try bench.bring(to: state, "large")
            var tiny = small
            for id in [first, second] { tiny.links[id]?.mtu = MTU(bytes: 1279) }
            try bench.bring(to: tiny, "small")
            try bench.bring(to: state, "large again")
            #expect(try Self.linkLocals(bench.node, "va") == 0)
        }
    }

    @Test("'addrgenmode eui64' gives a link that is up its link-local address at once")
    func linkLocal() throws {
        try with { bench, state in
            addPair("va", "vb", bench, &state)
            for id in state.links.keys { state.links[id]?.addressGeneration = .none }
            try bench.bring(to: state, "none")
            #expect(try Self.linkLocals(bench.node, "va") == 0)
            state.links[bench.pools.id("va")]?.addressGeneration = .eui64
            try bench.bring(to: state, "eui64")
            #expect(try Self.linkLocals(bench.node, "va") == 1)
        }
    }

    // MARK: FDB

    @Test(
        "a static entry on a port of others is theirs: no plan has it, and a document that wants its address is refused"
    )
    func forwarding() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            addPair("va", "vb", bench, &state)
            state.links[bench.pools.id("va")]?.master = bridge.name
            try bench.bring(to: state, "first")
            try bench.node.run("ip tuntap add dev tap0 mode tap")
            try bench.node.run("ip link set tap0 master br0 up")
            try bench.node.run("bridge fdb add 02:00:00:00:07:07 dev tap0 master static")
            #expect(try bench.weft().plan(state).isEmpty)
            state.forwarding = [
                ForwardingEntry(
                    MACAddress(bits: 0x0200_0000_0707),
                    on: bench.pools.id("va"),
                    table: .bridge,
                    state: .static
                )
            ]
            #expect(
                refusal(of: state, bench) == [
                    "cannot add fdb entry 02:00:00:00:07:07 to link 'va': its bridge has the address at port 'tap0', which "
                        + "is not Weft's"
                ]
            )
        }
    }

    // MARK: Rollback

    @Test(
        "refused at every step: what others have on Weft's links is as before, also what the document had taken over"
    )
    func rollback() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = ["10.9.0.1", "10.9.0.2", "fd00:9::1"].map { Self.address($0) }
            try bench.bring(to: state, "first")
            for command in [
                "addr add 10.9.0.5/24 dev br0", "addr add 10.9.0.77/24 dev br0 label br0:x",
                "addr add fd00:9::5/64 dev br0 nodad",
                "neigh add 10.9.0.50 lladdr 02:00:00:00:00:50 dev br0 nud permanent",
                "neigh add 10.9.0.51 lladdr 02:00:00:00:00:51 dev br0 nud permanent",
                "route add 10.30.0.0/16 via 10.9.0.9 proto static",
            ] { try bench.node.run("ip \(command)") }
            let before = try FaultTests.dump(bench.node)
            let read = try bench.weft().observe()
            state.links[bridge]?.addresses += ["10.9.0.5", "fd00:9::5", "10.8.0.1"].map { Self.address($0) }
            if let address = IPAddress("10.9.0.50") {
                state.neighbours = [Neighbour(address, mac: Self.mac(9), on: bridge)]
            }
            var step = 1
            while true {
                let fault = Fault(at: step, .busy, sendsBatches: false)
                let report = try bench.weft(hook: fault.hook).apply(state)
                if !fault.hasHappened { break }
                #expect(report.isRolledBack == true, "step \(step): \(report.rollbackFailures)")
                #expect(try bench.weft().observe().differences(from: read) == [], "step \(step)")
                #expect(try FaultTests.differences(before, FaultTests.dump(bench.node)) == [], "step \(step)")
                step += 1
            }
            #expect(step > 4)
        }
    }

    @Test("what a rollback can't bring back is said: a primary address before which strangers' now stand")
    func primaryIsNotRestored() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.9.0.1")]
            try bench.bring(to: state, "first")
            try bench.node.run("ip addr add 10.9.0.77/24 dev br0")
            state.links[bridge]?.addresses = []
            // Refused is the word that puts the link's setting back: the address is gone by then.
            let report = try bench.weft(hook: Fault(at: 3, .busy, sendsBatches: false).hook).apply(state)
            #expect(report.isRolledBack == false)
            #expect(
                report.rollbackFailures.first?.description
                    == "cannot restore address 10.9.0.1/24 on link 'br0': it was the primary one of its prefix, and "
                    + "10.9.0.77/24 is now"
            )
            #expect(try Self.promotes(bench.node) == "0")
            try bench.bring(to: state, "second")
        }
    }

    @Test("deletions are not begun while something before them can be refused")
    func deletionsWait() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.9.0.1"), Self.address("10.8.0.1")]
            try bench.bring(to: state, "first")
            let before = try bench.weft().observe().node.links.first { $0.name.text == "br0" }?.addresses
            state.links[bridge]?.addresses = [Self.address("10.9.0.1"), Self.address("10.7.0.1")]
            let report = try bench.weft(hook: Fault(at: 1, .busy, sendsBatches: true).hook).apply(state)
            #expect(report.isRolledBack == true)
            #expect(report.undone.isEmpty, "\(report.undone)")
            #expect(
                try bench.weft().observe().node.links.first { $0.name.text == "br0" }?.addresses == before
            )
        }
    }

    @Test(
        "a rollback leaves alone what it can't express: a pair whose other end is not to be seen, a route of two hops"
    )
    func inexpressible() throws {
        try with { bench, state in
            let bridge = addBridge("br0", bench, &state)
            state.links[bridge]?.addresses = [Self.address("10.9.0.1")]
            addPair("va", "vb", bench, &state)
            try bench.bring(to: state, "first")
            try Command(["ip", "netns", "add", "\(bench.node.name).other"]).output()
            defer { _ = try? Command(["ip", "netns", "del", "\(bench.node.name).other"]).result() }
            try bench.node.run("ip link set vb netns \(bench.node.name).other")
            try bench.node.run("ip route add 10.30.0.0/16 proto 87 nexthop via 10.9.0.8 nexthop via 10.9.0.9")
            let before = try FaultTests.dump(bench.node)
            let read = try bench.weft().observe()
            state.links[bench.pools.id("va")] = nil
            state.links[bench.pools.id("vb")] = nil
            state.links[bridge]?.addresses.append(Self.address("10.8.0.1"))
            let fault = Fault(at: 2, .busy, sendsBatches: false)
            let report = try bench.weft(hook: fault.hook).apply(state)
            #expect(report.isRolledBack == true, "\(report.rollbackFailures)")
            #expect(try bench.weft().observe().differences(from: read) == [])
            #expect(try FaultTests.differences(before, FaultTests.dump(bench.node)) == [])
        }
    }

    // MARK: Helpers

    private func with(_ body: (Workbench, inout NodeState) throws -> Void) throws {
        try ThrowAwayNode.with("guest-") { node in
            let bench = Workbench(node)
            var state = NodeState(node: "n")
            try body(bench, &state)
            try bench.destroy("last")
        }
    }

    /// What an apply of a state is refused for.
    private func refusal(of state: NodeState, _ bench: Workbench) -> [String] {
        do {
            _ = try bench.weft().apply(state)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.problems.map(\.message)
        } catch {
            return ["\(error)"]
        }
    }

    private static func address(_ text: String) -> InterfaceAddress {
        let address = IPAddress(text) ?? .unspecified(.ipv4)
        var value = InterfaceAddress(address, prefixLength: address.family == .ipv4 ? 24 : 64)
        value.skipsDuplicateDetection = address.family == .ipv6
        return value
    }

    private static func mac(_ number: UInt64) -> MACAddress { MACAddress(bits: 0x0200_0000_0900 | number) }

    private static func promotes(_ node: ThrowAwayNode) throws -> String {
        let answer = try node.command(["sysctl", "-n", "net.ipv4.conf.br0.promote_secondaries"]).result()
        return String(answer.output.filter { !$0.isWhitespace })
    }

    private static func linkLocals(_ node: ThrowAwayNode, _ link: String) throws -> Int {
        let shown = try node.ipJSON("-6 addr show dev \(link)").elements.first?["addr_info"].elements ?? []
        return shown.filter { $0["scope"] == "link" }.count
    }

    private func addBridge(_ name: String, _ bench: Workbench, _ state: inout NodeState) -> LinkID {
        let id = bench.pools.id(name)
        state.links[id] = Link(id, kind: .bridge(Bridge()), mac: Self.mac(1), purpose: name)
        return id
    }

    private func addPair(_ first: String, _ second: String, _ bench: Workbench, _ state: inout NodeState) {
        let (near, far) = (bench.pools.id(first), bench.pools.id(second))
        state.links[near] = Link(near, kind: .veth(peer: far), mac: Self.mac(2), purpose: "")
        state.links[far] = Link(far, kind: .veth(peer: near), mac: Self.mac(3), purpose: "")
    }
}
