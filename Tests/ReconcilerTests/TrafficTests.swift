import Glibc
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Traffic", .enabled(if: KernelTests.isAvailable), .serialized)
struct TrafficTests {
    @Test("a ping every millisecond between two namespaces loses nothing while others come, change and go")
    func others() throws {
        try ThrowAwayNode.with("ping-") { node in
            let bench = Workbench(node)
            var state = NodeState(node: "n")
            let bridge = bench.pools.id("br0")
            state.links[bridge] = Link(bridge, kind: .bridge(Bridge()), mac: Self.mac(1), purpose: "")
            for number in 0...1 { Self.attach(number, &state, bench) }
            try bench.bring(to: state, "before")
            let ping = try node.command(["ping", "-i", "0.001", "-q", "10.9.0.11"], in: "red").start()
            // Not before the first answers have come: they learn the neighbours.
            let isPinging = try Eventually.holds { try Self.packets(node) > 20 }
            #expect(isPinging)
            for round in 0..<12 {
                try Self.disturb(&state, bench, round)
                let report = try bench.weft().apply(state)
                #expect(report.isDone && !report.plan.isEmpty, "round \(round): \(report.failures)")
            }
            try ping.send(SIGINT)
            let result = try ping.wait()
            #expect(result.output.contains(" 0% packet loss"), "\(result)")
            #expect(try bench.weft().plan(state).isEmpty)
            print(result.output.split(separator: "\n").dropFirst(2).joined(separator: "; "))
            try bench.destroy("last")
        }
    }

    /// Changes something that is not the two's: a third namespace on their bridge, its link, a VXLAN link, entries, routes.
    private static func disturb(_ state: inout NodeState, _ bench: Workbench, _ round: Int) throws {
        let third = bench.pools.id("eth0", 2)
        switch round % 6 {
        case 0: attach(2, &state, bench)
        case 1:
            state.links[third]?.addresses = [InterfaceAddress(IPAddress(ipv4: 0x0a09_0063), prefixLength: 24)]
            state.links[bench.pools.id("v2")]?.port.isolated.toggle()
        case 2:
            var vxlan = VXLAN(vni: VNI(number: UInt32(7 + round)))
            vxlan.learning = false
            let id = bench.pools.id("vx0")
            state.links[id] = Link(id, kind: .vxlan(vxlan), mac: mac(77), purpose: "")
            state.links[id]?.master = bench.pools.id("br0").name
            state.links[id]?.mtu = .ethernet
            var entry = ForwardingEntry(mac(99), on: id, table: .own)
            entry.destination = IPAddress("172.16.1.7")
            state.forwarding = [entry, ForwardingEntry(mac(99), on: id, table: .bridge, state: .static)]
        case 3:
            state.neighbours = [
                Neighbour(IPAddress(ipv4: 0x0a09_0077), mac: mac(99), on: bench.pools.id("br0"))
            ]
            state.links[bench.pools.id("br0")]?.addresses = [
                InterfaceAddress(IPAddress(ipv4: 0x0a09_00fe), prefixLength: 24)
            ]
            state.links[bench.pools.id("v0")]?.purpose = "round \(round)"
        case 4:
            state.forwarding = []
            state.neighbours = []
            state.links[bench.pools.id("vx0")] = nil
        default:
            state.namespaces.remove(bench.pools.namespaces[2])
            state.links[third] = nil
            state.links[bench.pools.id("v2")] = nil
        }
    }

    /// A namespace on the bridge with the address 10.9.0.10 and on.
    private static func attach(_ number: Int, _ state: inout NodeState, _ bench: Workbench) {
        state.namespaces.insert(bench.pools.namespaces[number])
        let near = bench.pools.id("v\(number)")
        let far = bench.pools.id("eth0", number)
        state.links[near] = Link(near, kind: .veth(peer: far), mac: mac(UInt64(16 + number)), purpose: "")
        state.links[near]?.master = bench.pools.id("br0").name
        state.links[far] = Link(far, kind: .veth(peer: near), mac: mac(UInt64(32 + number)), purpose: "")
        state.links[far]?.addresses = [
            InterfaceAddress(IPAddress(ipv4: 0x0a09_000a + UInt32(number)), prefixLength: 24)
        ]
        for id in [near, far] { state.links[id]?.addressGeneration = .none }
    }

    private static func mac(_ number: UInt64) -> MACAddress { MACAddress(bits: 0x0200_0000_0000 | number) }

    /// How many packets the first of the two has got.
    private static func packets(_ node: ThrowAwayNode) throws -> Int {
        try node.ipJSON("-s link show eth0", in: "red")[0]["stats64"]["rx"]["packets"].int ?? 0
    }
}
