import NetworkModel
import NetworkTesting
import Planner
import Testing

/// Kernels with VLANs at bridges make of an entry without one a copy for the VLAN that new ports get.
@Suite("Copies of FDB entries for VLANs")
struct VLANCopyTests {
    private static let bridge = LinkID(PlannerStates.name("br0"), in: .node)
    private static let tunnel = LinkID(PlannerStates.name("vx0"), in: .node)
    private static let mac = MACAddress(bits: 0x0200_0000_0007)

    /// A bridge with a port, and what it shall know of one MAC there: nothing, or with no VLAN, or by VLANs.
    private static func state(vlans: [UInt16]) -> NodeState {
        var state = NodeState(node: "n")
        let own = MACAddress(bits: 0x0200_0000_0001)
        state.links[bridge] = Link(bridge, kind: .bridge(Bridge()), mac: own, purpose: "")
        let kind = LinkKind.vxlan(VXLAN(vni: VNI(number: 7)))
        state.links[tunnel] = Link(tunnel, kind: kind, mac: own, purpose: "")
        state.links[tunnel]?.master = bridge.name
        state.forwarding = vlans.map { vlan in
            var entry = ForwardingEntry(mac, on: tunnel, table: .bridge, state: .static)
            entry.vlan = vlan
            return entry
        }
        return state
    }

    /// What is planned for a state where a kernel has entries of some VLANs.
    private static func plan(from present: [UInt16], to wanted: [UInt16]) throws -> [String] {
        var kernel = ModelKernel()
        try kernel.carryOut(Plan(from: kernel.observed(), to: state(vlans: [])))
        var observed = kernel.observed()
        observed.node.forwarding += state(vlans: present).forwarding
        return try Plan(from: observed, to: state(vlans: wanted)).changes.map(\.description)
    }

    @Test("a copy is nobody's to remove as long as its original is there, and goes with it")
    func stays() throws {
        #expect(try Self.plan(from: [0, 1], to: [0]) == [])
        let gone = try Self.plan(from: [0, 1], to: [])
        #expect(gone == ["delete fdb entry 02:00:00:00:00:07 master static on link 'vx0'"])
    }

    @Test("what is no copy goes: of another VLAN, or without an original")
    func goes() throws {
        let tagged = "delete fdb entry 02:00:00:00:00:07 vlan"
        let other = try Self.plan(from: [0, 1, 2], to: [0])
        #expect(other.count == 1 && other.allSatisfy { $0.hasPrefix("\(tagged) 2") }, "\(other)")
        let alone = try Self.plan(from: [1], to: [])
        #expect(alone.count == 1 && alone.allSatisfy { $0.hasPrefix("\(tagged) 1") }, "\(alone)")
    }

    @Test("one that is wanted by itself is compared like any other")
    func isWanted() throws {
        #expect(try Self.plan(from: [0, 1], to: [0, 1]) == [])
        #expect(try Self.plan(from: [0, 1], to: [1]).count == 1)
        #expect(try Self.plan(from: [0], to: [0, 1]).count == 1)
    }
}
