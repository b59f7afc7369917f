import Compiler
import Document
import NetworkModel
import Testing

/// Which links are told to announce themselves.
@Suite("Links that announce themselves")
struct AnnouncementTests {
    private static func settings(_ sandbox: String, hasIPv6: Bool = true) throws -> [String] {
        let text = """
            weft: 1
            networks:
              lan: { driver: macvlan, parent: eth0, subnets: [10.5.0.0/24, "fd00:5::/64"] }
              old: { driver: macvlan, parent: eth0, subnets: [10.6.0.0/24] }
              local: { driver: bridge, subnets: [10.7.0.0/24, "fd00:7::/64"] }
            sandboxes: { a: { \(sandbox) } }

            """
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        var facts = NodeFacts(name: "n1")
        facts.hasIPv6 = hasIPv6
        return document.cluster.compile(for: nil, facts, document.assignment).state.sysctls
            .filter { $0.key.path.hasSuffix("_notify") }.map { "\($0.key)=\($0.value)" }
    }

    private static let endpoints = "endpoints: [ { network: lan }, { network: old }, { network: local } ]"

    @Test("are those of macvlan networks, for the families that they have")
    func families() throws {
        #expect(
            try Self.settings(Self.endpoints) == [
                "net.ipv4.conf.eth0.arp_notify=1", "net.ipv4.conf.eth1.arp_notify=1",
                "net.ipv6.conf.eth0.ndisc_notify=1",
            ]
        )
        let withoutIPv6 = try Self.settings(Self.endpoints, hasIPv6: false)
        #expect(withoutIPv6 == ["net.ipv4.conf.eth0.arp_notify=1", "net.ipv4.conf.eth1.arp_notify=1"])
    }

    @Test("are not those of which the sandbox says otherwise")
    func stated() throws {
        let stated = "\(Self.endpoints), sysctls: { net.ipv4.conf.eth0.arp_notify: 0 }"
        #expect(
            try Self.settings(stated) == [
                "net.ipv4.conf.eth0.arp_notify=0", "net.ipv4.conf.eth1.arp_notify=1",
                "net.ipv6.conf.eth0.ndisc_notify=1",
            ]
        )
    }
}
