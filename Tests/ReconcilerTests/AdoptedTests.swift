import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Namespaces of others", .enabled(if: KernelTests.isAvailable))
struct AdoptedTests {
    /// A bridge on the node, and a pair from it into a namespace that somebody else made, with settings and a route there.
    private func state(_ node: ThrowAwayNode, at path: String) throws -> NodeState {
        let name = try NamespaceName("\(node.name).legacy")
        let place = Place.namespace(name)
        var state = NodeState(node: "n")
        state.adopted[name] = path
        let bridge = LinkID(try InterfaceName("br0"), in: .node)
        let near = LinkID(try InterfaceName("v0"), in: .node)
        let far = LinkID(try InterfaceName("net0"), in: place)
        for (number, id, kind) in [
            (1, bridge, LinkKind.bridge(Bridge())), (2, near, .veth(peer: far)), (3, far, .veth(peer: near)),
        ] {
            let mac = MACAddress(bits: 0x0200_0000_0000 | UInt64(number))
            state.links[id] = Link(id, kind: kind, mac: mac, purpose: "\(id.name)")
            state.links[id]?.addressGeneration = .none
        }
        state.links[near]?.master = bridge.name
        state.links[bridge]?.addresses = [
            InterfaceAddress(try #require(IPAddress("10.9.0.1")), prefixLength: 24)
        ]
        state.links[far]?.addresses = [
            InterfaceAddress(try #require(IPAddress("10.9.0.2")), prefixLength: 24)
        ]
        var route = Route(to: Prefix(containing: try #require(IPAddress("10.8.0.0")), length: 16), in: place)
        route.gateway = IPAddress("10.9.0.1")
        route.device = far.name
        state.routes = [route]
        state.sysctls = [
            Sysctl(Sysctl.Key(path: "net/ipv4/conf/net0/forwarding", in: place), value: "1"),
            Sysctl(Sysctl.Key(path: "net/ipv4/tcp_keepalive_time", in: place), value: "77"),
        ].sorted { $0.key < $1.key }
        return state
    }

    /// A node, and a namespace of somebody else's with a link of its own.
    private func with(_ body: (Workbench, ThrowAwayNode, _ other: ThrowAwayNode) throws -> Void) throws {
        try ThrowAwayNode.with("adopt-") { node in
            try ThrowAwayNode.with("other-") { other in
                try other.run("ip link add own type bridge")
                try other.run("ip addr add 10.1.1.1/24 dev own")
                try other.run("ip link set own up")
                try body(Workbench(node), node, other)
            }
        }
    }

    @Test("are furnished, found in place, and given back as they were")
    func givenBack() throws {
        try with { bench, node, other in
            let before = try WholeDump.take(of: other)
            let state = try state(node, at: other.path())
            #expect(try bench.weft().apply(state).isDone)
            #expect(try other.ipJSON("addr show net0")[0]["addr_info"][0]["local"] == "10.9.0.2")
            #expect(try other.ipJSON("addr show net0")[0]["addr_info"].elements.count == 1)
            #expect(try other.ipJSON("route show 10.8.0.0/16")[0]["gateway"] == "10.9.0.1")
            #expect(try other.run("sysctl -n net.ipv4.tcp_keepalive_time") == "77\n")
            #expect(try node.run("ping -c1 -W5 10.9.0.2").contains(" 0% packet loss"))
            let again = try bench.weft().apply(state)
            #expect(again.plan.isEmpty && again.messagesSent == 0)
            // What strangers do to what is Weft's there is found, and put right.
            try other.run("ip route del 10.8.0.0/16")
            try bench.weft().apply(state).failures.forEach { Issue.record("\($0)") }
            #expect(try other.ipJSON("route show 10.8.0.0/16")[0]["gateway"] == "10.9.0.1")

            var less = state
            less.links = state.links.filter { $0.key.name.text == "br0" }
            (less.adopted, less.routes, less.sysctls) = ([:], [], [])
            #expect(try bench.weft().apply(less).isDone)
            #expect(WholeDump.diff(before, try WholeDump.take(of: other)) == [])
            #expect(try bench.weft().apply(state).isDone)
            try bench.destroy("all")
            #expect(WholeDump.diff(before, try WholeDump.take(of: other)) == [])
        }
    }

    @Test(
        "that are given back: the plan says how many processes lose the network, and of those that stay nothing"
    )
    func processesCutOff() throws {
        try with { bench, node, other in
            let state = try state(node, at: other.path())
            #expect(try bench.weft().apply(state).isDone)
            let process = try other.command(["sleep", "60"]).start()
            defer { _ = try? process.end() }
            #expect(
                try Eventually.holds {
                    try NamespaceHandle.open(pid: process.pid).identity
                        == NamespaceHandle.open(path: other.path()).identity
                }
            )
            // What else is changed cuts nobody off.
            var changed = state
            changed.links[LinkID(try InterfaceName("br0"), in: .node)]?.mtu = MTU(bytes: 1400)
            #expect(
                try bench.weft().plan(changed).changes.allSatisfy { $0.reason?.contains("cut off") != true }
            )
            let reasons = try bench.weft().plan(NodeState(node: "n")).changes.compactMap(\.reason)
            let name = "\(node.name).legacy"
            #expect(
                reasons.filter { $0.contains("cut off") }
                    == ["1 process runs in namespace '\(name)', cut off from the network"]
            )
            try bench.destroy("all")
        }
    }

    @Test("that are not there are waited for, and what there is besides is made")
    func waiting() throws {
        try with { bench, node, other in
            let state = try state(node, at: "/run/netns/\(other.name)-late")
            let first = try bench.weft().apply(state)
            #expect(first.isDone && first.plan.warnings.count == 1)
            #expect(
                first.plan.warnings.first?.message.contains(
                    "waits: there is no '/run/netns/\(other.name)-late'"
                )
                    == true
            )
            #expect(try node.ipJSON("link show type bridge").elements.count == 1)
            #expect(try node.ipJSON("link show type veth").elements.isEmpty)
            try Command(["ip", "netns", "add", "\(other.name)-late"]).output()
            defer { _ = try? Command(["ip", "netns", "del", "\(other.name)-late"]).output() }
            #expect(try bench.weft().apply(state).isDone)
            #expect(try node.ipJSON("link show type veth").elements.count == 1)
            try bench.destroy("all")
        }
    }

    @Test("by the number of a process are not taken for those of another process of that number")
    func process() throws {
        try with { bench, node, other in
            // Two processes' namespaces by one path, as if the number had been given out again.
            let process = try other.command(["sleep", "60"]).start()
            defer { _ = try? process.end() }
            let state = try state(node, at: "/proc/\(process.pid)/ns/net")
            #expect(
                try Eventually.holds {
                    try NamespaceHandle.open(pid: process.pid).identity
                        == NamespaceHandle.open(path: other.path()).identity
                }
            )
            #expect(try bench.weft().apply(state).isDone)
            let registry = "\(bench.node.runtimeDirectory)/registry"
            let text = try #require(try AtomicFile.read(registry))
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("adopted\t") })
            var fields = line.split(separator: "\t").map(String.init)
            fields[2] = "1"
            let forged = text.replacing(line, with: fields.joined(separator: "\t"))
            try AtomicFile.write(registry, forged, mode: 0o600)
            let plan = try bench.weft().plan(state)
            #expect(
                plan.warnings.first?.message.contains(
                    "leads to another namespace than when it was first used"
                )
                    == true
            )
            #expect(!plan.changes.contains { $0.operation.place != .node })
            try AtomicFile.write(registry, text, mode: 0o600)
            try bench.destroy("all")
        }
    }

    @Test("of which one has two names are refused, whatever path it is called by, and nothing is done")
    func twins() throws {
        try with { bench, node, other in
            let process = try other.command(["sleep", "60"]).start()
            defer { _ = try? process.end() }
            let link = "/proc/\(process.pid)/ns/net"
            #expect(
                try Eventually.holds {
                    try NamespaceHandle.open(path: link).identity
                        == NamespaceHandle.open(path: other.path()).identity
                }
            )
            let before = try [node, other].map { try WholeDump.take(of: $0) }
            let first = try state(node, at: other.path())
            let (name, again) = (
                try NamespaceName("\(node.name).legacy"), try NamespaceName("\(node.name).a")
            )
            for path in [link, other.path()] {
                var both = first
                both.adopted[again] = path
                let refusal = #expect(throws: PlanRefusal.self) { try bench.weft().apply(both) }
                // Neither is on record: the first by name has it.
                let by = path == link ? ", by '\(path)'" : ""
                #expect(
                    refusal?.description
                        == "cannot use namespace '\(name)': '\(other.path())' is the namespace that is "
                        + "called '\(again)' here already\(by)"
                )
                #expect(
                    refusal?.problems.first?.hint
                        == "a namespace is one sandbox: give all endpoints to one of the two"
                )
            }
            let after = try [node, other].map { try WholeDump.take(of: $0) }
            #expect(zip(before, after).allSatisfy { WholeDump.diff($0, $1) == [] })

            // The one on record has it, though it comes behind, and though the document no longer has it.
            #expect(try bench.weft().apply(first).isDone)
            for isAsked in [true, false] {
                var both = first
                if !isAsked { both = NodeState(node: "n") }
                both.adopted[again] = link
                let refusal = #expect(throws: PlanRefusal.self) { try bench.weft().apply(both) }
                #expect(
                    refusal?.description
                        == "cannot use namespace '\(again)': '\(link)' is the namespace that is called "
                        + "'\(name)' here already, by '\(other.path())'"
                )
                #expect(
                    refusal?.problems.first?.hint?.contains("or apply a document without it first")
                        == !isAsked
                )
            }
            try bench.destroy("all")
        }
    }

    @Test("that are the node's own, or Weft's, are refused")
    func unfit() throws {
        try with { bench, node, other in
            let own = #expect(throws: PlanRefusal.self) {
                try bench.weft().plan(state(node, at: node.path()))
            }
            #expect(own?.description.contains("is the node's own") == true)
            var made = NodeState(node: "n")
            made.namespaces = [try NamespaceName("\(node.name).made")]
            #expect(try bench.weft().apply(made).isDone)
            var both = try state(node, at: node.path(of: "made"))
            both.namespaces = made.namespaces
            let refusal = #expect(throws: PlanRefusal.self) { try bench.weft().plan(both) }
            #expect(refusal?.description.contains("which Weft made for node \(node.name)") == true)
            try bench.destroy("all")
        }
    }

    @Test(
        "are known again without the record, if all that is in them hangs on this node, and not if on another"
    )
    func registryLost() throws {
        try with { bench, node, other in
            try with { bench2, node2, other2 in
                var states = [try state(node, at: other.path()), try state(node2, at: other2.path())]
                for (state, bench) in zip(states, [bench, bench2]) {
                    #expect(try bench.weft().apply(state).isDone)
                }
                // By index and alias one is like the other.
                let ends = try [other, other2].map { try $0.ipJSON("-details link show net0")[0] }
                #expect(
                    ends[0]["link_index"].int == ends[1]["link_index"].int
                        && ends[0]["ifalias"] == ends[1]["ifalias"]
                )

                try AtomicFile.removeTree(node.runtimeDirectory)
                // A stranger's pair, so that the other's namespace has a number for this node too.
                try node.run("ip link add theirs type veth peer name theirs netns \(other2.name)")
                let before = try [other, other2].map { try WholeDump.take(of: $0) }
                let stranger = try state(node, at: other2.path())
                let refusal = #expect(throws: PlanRefusal.self) { try bench.weft().apply(stranger) }
                #expect(
                    refusal?.description
                        == "cannot use namespace '\(node.name).legacy': there are links or routes in "
                        + "'\(other2.path())' that Weft made for another node, or that nobody remembers"
                )
                // One that hangs on nothing of the node's is enough to leave the others alone.
                try other.run("ip link add odd group 0x77656674 type bridge")
                #expect(throws: PlanRefusal.self) { try bench.weft().apply(states[0]) }
                try other.run("ip link del odd")
                for (namespace, dump) in zip([other, other2], before) {
                    #expect(WholeDump.diff(dump, try WholeDump.take(of: namespace)) == [])
                }
                let report = try bench.weft().apply(states[0])
                #expect(report.isDone && report.plan.isEmpty, "\(report.plan.changes)")
                // And is on record again.
                states[0] = NodeState(node: "n")
                #expect(try bench.weft().apply(states[0]).isDone)
                #expect(try other.ipJSON("link show type veth").elements.isEmpty)
                for bench in [bench, bench2] { try bench.destroy("all") }
            }
        }
    }

    @Test("are known again without the record by a macvlan on a link of this node")
    func registryLostOfMacvlan() throws {
        try with { bench, node, other in
            try node.run("ip link add parent type veth peer parent1")
            try node.run("ip link set parent up")
            var state = NodeState(node: "n")
            let name = try NamespaceName("\(node.name).legacy")
            state.adopted[name] = other.path()
            let id = LinkID(try InterfaceName("net0"), in: .namespace(name))
            state.links[id] = Link(
                id,
                kind: .macvlan(Macvlan(parent: try InterfaceName("parent"))),
                mac: MACAddress(bits: 0x0200_0000_0009),
                purpose: "endpoint on lan"
            )
            let before = try WholeDump.take(of: other)
            #expect(try bench.weft().apply(state).isDone)
            try AtomicFile.removeTree(node.runtimeDirectory)
            let report = try bench.weft().apply(state)
            #expect(report.isDone && report.plan.isEmpty, "\(report.plan.changes)")
            try bench.destroy("all")
            #expect(WholeDump.diff(before, try WholeDump.take(of: other)) == [])
        }
    }
}
