import Dispatch
import Firewall
import LinuxSystem
import NetworkModel
import NetworkTesting
import Testing

@Suite("The firewall's tables")
struct NodeFirewallTests {
    @Test("kernel tests are not skipped by accident")
    func notSkipped() { KernelTests.requireOrAllowSkip() }

    private static let everything: [FirewallElement] = {
        let bridge = InterfaceName(fromKernel: "br-back")
        let port = InterfaceName(fromKernel: "v-x.y+z")
        let mac = MACAddress(bits: 0x0200_0000_0001)
        return [
            .network(bridge), .within(bridge), .outside(bridge), .masqueraded(bridge), .reachable(bridge),
            .subnet(bridge, Prefix(containing: IPAddress(ipv4: 0xac12_0000), length: 24)),
            .subnet(bridge, Prefix(containing: IPAddress(ipv4: 0xac13_0001), length: 32)),
            .subnet(bridge, Prefix(containing: IPAddress(ipv6High: 0xfd00 << 48, low: 0), length: 64)),
            .port(port), .mac(port, mac), .sender(port, mac, IPAddress(ipv4: 0xac12_0002)),
            .sender(port, mac, IPAddress(ipv6High: 0xfd00 << 48, low: 2)), .vxlanPort(4789),
            .target(port, IPAddress(ipv6High: 0xfd00 << 48, low: 2)),
            .target(port, IPAddress(ipv6High: 0x0064_ff9b << 32, low: 0x8000_0000_0000_0000)),
            .target(port, IPAddress(ipv6High: 0, low: 7)),
            .unforgotten(IPAddress(ipv4: 0xac12_0002)),
            .unforgotten(IPAddress(ipv6High: 0xfd00 << 48, low: 2)),
        ]
    }()

    private func inNode<Value>(_ body: (NodeFirewall, ThrowAwayNode) throws -> Value) throws -> Value {
        try ThrowAwayNode.with("fw") { node in
            try node.inside { try body(NodeFirewall(), node) }
        }
    }

    @Test("where there is no table nothing is seen, and taking it away is no error", .kernel)
    func nothing() throws {
        try inNode { firewall, _ in
            #expect(try firewall.observe() == nil)
            try firewall.carryOut([.removeAll])
            #expect(try firewall.observe() == nil)
        }
    }

    @Test("what was written is read back, element by element", .kernel)
    func roundTrip() throws {
        try inNode { firewall, _ in
            try firewall.carryOut([.write(Self.everything)])
            #expect(
                try firewall.observe() == ObservedFirewall(isIntact: true, elements: Set(Self.everything))
            )
            try firewall.carryOut([.remove([Self.everything[2]]), .remove([Self.everything[5]])])
            let rest = Set(Self.everything).subtracting([Self.everything[2], Self.everything[5]])
            #expect(try firewall.observe() == ObservedFirewall(isIntact: true, elements: rest))
            try firewall.carryOut([.add([Self.everything[2]])])
            try firewall.carryOut([.write([])])
            #expect(try firewall.observe() == ObservedFirewall(isIntact: true, elements: []))
            try firewall.carryOut([.removeAll])
            #expect(try firewall.observe() == nil)
        }
    }
    @Test("what somebody changes between two of one's own changes is seen", .kernel)
    func racing() throws {
        try inNode { firewall, node in
            try firewall.carryOut([.write(Self.everything)])
            #expect(try firewall.observe()?.isIntact == true)
            // Something of no concern, and then a rule of Weft's table.
            try node.run("nft add table inet theirs")
            #expect(try firewall.observe()?.isIntact == true)
            try node.run("nft add rule inet weft forward accept")
            #expect(try firewall.observe()?.isIntact == false)
            try firewall.carryOut([.remove([Self.everything[2]])])
            #expect(try firewall.observe()?.isIntact == false)
            try firewall.carryOut([.write(Self.everything)])
            try firewall.carryOut([.remove([Self.everything[2]])])
            #expect(try firewall.observe()?.isIntact == true)
            try node.run("nft flush chain inet weft forward")
            #expect(try firewall.observe()?.isIntact == false)
        }
    }

    @Test("two threads at once do not get in each other's way", .kernel)
    func threads() throws {
        // In one process, as tests are: libnftables counts references without locks.
        try ThrowAwayNode.with("fw") { first in
            try ThrowAwayNode.with("fw") { second in
                DispatchQueue.concurrentPerform(iterations: 2) { index in
                    let node = index == 0 ? first : second
                    do {
                        try node.inside {
                            for _ in 0..<150 {
                                let firewall = try NodeFirewall()
                                try firewall.carryOut([.write(Self.everything)])
                                let expected = ObservedFirewall(
                                    isIntact: true,
                                    elements: Set(Self.everything)
                                )
                                #expect(try firewall.observe() == expected)
                            }
                        }
                    } catch {
                        Issue.record("\(error)")
                    }
                }
            }
        }
    }

    @Test("tables with flags are read again and again, Weft's own taken for altered", .kernel)
    func flags() throws {
        try inNode { firewall, node in
            try firewall.carryOut([.write(Self.everything)])
            try node.run("nft add table inet theirs { flags dormant ; }")
            try node.run("nft add chain inet theirs forward { type filter hook forward priority 0 ; }")
            for _ in 0..<200 {
                let whole = ObservedFirewall(isIntact: true, elements: Set(Self.everything))
                #expect(try firewall.observe() == whole)
                #expect(throws: NftablesError.self) { try firewall.foreignTables() }
            }
            try node.run("nft add table inet weft { flags dormant ; }")
            for _ in 0..<200 { #expect(try firewall.observe()?.isIntact == false) }
            try firewall.carryOut([.write(Self.everything)])
            #expect(try firewall.observe()?.isIntact == true)
        }
    }
}
