import Firewall
import NetworkModel
import NetworkTesting
import Testing

@Suite("The firewall beside others", .kernel)
struct BusyTests {
    @Test("others change the ruleset all the time: what is written is there, and what is read is whole")
    func busy() throws {
        try ThrowAwayNode.with("fw") { node in
            let others = try node.command([
                "sh", "-c",
                """
                while :; do
                    nft 'add table ip other; add chain ip other c { type filter hook forward priority 0; }'
                    nft 'add rule ip other c accept; add set ip other s { type ipv4_addr; }'
                    nft 'delete table ip other'
                done
                """,
            ]).start()
            defer { _ = try? others.end() }
            try node.inside {
                let firewall = try NodeFirewall()
                for number in 0..<200 {
                    let bridge = InterfaceName(fromKernel: "br-\(number)")
                    let elements: Set<FirewallElement> = [.network(bridge), .within(bridge)]
                    try firewall.carryOut([.write([])])
                    try firewall.carryOut([.add(elements.sorted())])
                    #expect(
                        try firewall.observe() == ObservedFirewall(isIntact: true, elements: elements)
                    )
                }
            }
        }
    }
}
