import Compiler
import Document
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

extension FieldProblemTests {
    /// The document of two nodes whose tunnels end at their addresses of a family.
    private static func text(_ fleet: Fleet, tunnelsBy family: AddressFamily) -> String {
        var text = text(fleet, nodes: ["n1", "n2"])
        guard family == .ipv6 else { return text }
        for number in 1...2 {
            let addresses = ["10.99.0.\(number)", "\"fd00:99::\(number)\""]
            text = text.replacing(
                addresses.joined(separator: ", "),
                with: addresses.reversed().joined(separator: ", ")
            )
        }
        return text
    }

    @Test(
        "problem 4: no MTU is a black hole: an underlay that shrank is followed, and too large a packet is refused where it is sent",
        arguments: AddressFamily.allCases
    )
    func blackHole(tunnels: AddressFamily) throws {
        try Fleet.with(2) { fleet in
            let text = Self.text(fleet, tunnelsBy: tunnels)
            for node in fleet.nodes { try fleet.apply(text, on: node) }
            let sender = try fleet.station("a1", on: "n1")
            let receiver = try fleet.station("a2", on: "n2")
            for underlay in [1500, 1400] {
                for node in fleet.nodes {
                    try fleet.underlay.run("ip link set eth0 mtu \(underlay)", in: node)
                }
                for node in fleet.nodes { try fleet.apply(text, on: node) }
                for (link, mtu) in [("eth0", underlay - (tunnels == .ipv4 ? 50 : 70)), ("eth1", underlay)] {
                    for address in try fleet.addresses(of: "a2", link, on: "n2") {
                        let isThrough = Eventually.holds(within: 5) {
                            _ = sender.send(packetOf: mtu, to: address)
                            Station.wait(for: [receiver], milliseconds: 100)
                            return receiver.arrivals().contains { $0.text.hasPrefix("\(mtu)|") }
                        }
                        #expect(isThrough, "\(mtu) bytes to \(address)")
                        #expect(sender.send(packetOf: mtu + 1, to: address)?.name == "EMSGSIZE")
                    }
                }
            }
            try Self.destroy(fleet)
        }
    }

    @Test(
        "problem 5: TCP goes through tunnels whole, and no stack counts a wrong checksum",
        arguments: AddressFamily.allCases
    )
    func checksums(underlay: AddressFamily) throws {
        try Fleet.with(2) { fleet in
            let text = Self.text(fleet, tunnelsBy: underlay)
            for node in fleet.nodes { try fleet.apply(text, on: node) }
            let count = 4 << 20
            for address in try fleet.addresses(of: "a2", "eth0", on: "n2") {
                #expect(
                    try Transfer.bytes(count, from: "n1.a1", to: "n2.a2", at: address, of: fleet.underlay)
                        == count
                )
            }
            // The tunnels were those of this family.
            let vxlan = try fleet.underlay.ipJSON("-d link show dev vx-flat", in: "n1")[0]
            let key = underlay == .ipv4 ? "local" : "local6"
            #expect(vxlan["linkinfo"]["info_data"][key].string != nil)
            for place in ["n1", "n2", "n1.a1", "n2.a2"] {
                #expect(try Self.checksumErrors(in: place, of: fleet) == 0, "\(place)")
            }
            try Self.destroy(fleet)
        }
    }

    /// How many packets a stack has dropped for their checksums.
    private static func checksumErrors(in place: String, of fleet: Fleet) throws -> Int {
        let four = try fleet.underlay.run("cat /proc/net/snmp", in: place).split(separator: "\n")
            .map { $0.split(separator: " ") }
        var count = 0
        for kind in ["Tcp:", "Udp:"] {
            let lines = four.filter { $0.first ?? "" == kind }
            try #require(lines.count == 2)
            let column = try #require(lines[0].firstIndex(of: "InCsumErrors"))
            count += try #require(Int(lines[1][column]))
        }
        let six = try fleet.underlay.run("cat /proc/net/snmp6", in: place).split(separator: "\n")
            .map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }) }
        let udp = try #require(six.first { $0.first == "Udp6InCsumErrors" })
        return try count + #require(Int(udp[1]))
    }

    /// What a node has that a network overlaps with, and how it is taken.
    struct Overlap: Sendable, CustomTestStringConvertible {
        enum Grade { case error, warning, nothing }

        var lines: [String]
        var grade: Grade

        var testDescription: String { lines.joined(separator: "; ") }

        static let all: [Overlap] = [
            .init(lines: ["ip addr add 10.60.0.9/16 dev d0"], grade: .error),
            .init(lines: ["ip route add 10.60.0.0/25 dev d0"], grade: .error),
            .init(lines: ["ip route add 10.60.0.0/25 dev d0 table 100"], grade: .error),
            .init(lines: ["ip addr add fd00:60::9/48 dev d0 nodad"], grade: .error),
            .init(lines: ["ip route add 10.60.0.0/16 via 10.99.0.254"], grade: .warning),
            .init(lines: ["ip -6 route add fd00:60::/32 via fd00:99::fe"], grade: .warning),
            .init(
                lines: [
                    "ip route add 0.0.0.0/1 via 10.99.0.254", "ip route add 128.0.0.0/1 via 10.99.0.254",
                ],
                grade: .nothing
            ),
            .init(lines: ["ip addr add 10.61.0.9/24 dev d0"], grade: .nothing),
        ]
    }

    @Test(
        "problem 6: a range that meets a VPN, a vSwitch or the host is told before anything changes",
        arguments: Overlap.all
    )
    func overlap(_ overlap: Overlap) throws {
        try Fleet.with(1) { fleet in
            try fleet.underlay.run("ip link add d0 up type veth peer name d1", in: "n1")
            try fleet.underlay.run("ip link set d1 up", in: "n1")
            #expect(try fleet.isSettled("n1"))
            for line in overlap.lines { try fleet.underlay.run(line, in: "n1") }
            let document = try Document.load([
                Source(name: "a.yaml", text: Self.text(fleet, nodes: ["n1"]))
            ])
            let compiled = document.cluster.compile(
                for: try document.node(named: "n1"),
                try fleet.weft("n1").facts(),
                document.assignment
            )
            #expect(compiled.problems == [])
            let before = try WholeDump.take(of: fleet.underlay)
            do {
                let report = try fleet.weft("n1").apply(compiled.state, claiming: compiled.claims)
                #expect(report.isDone && overlap.grade != .error)
                let isWarned = report.plan.warnings.contains { $0.message.contains("network 'flat'") }
                #expect(isWarned == (overlap.grade == .warning), "\(report.plan.warnings)")
                _ = try fleet.weft("n1").destroy()
            } catch let refusal as PlanRefusal {
                #expect(overlap.grade == .error)
                #expect(refusal.problems.allSatisfy { $0.message.contains("network 'flat' overlaps") })
                #expect(refusal.problems.allSatisfy { $0.hint?.contains("is free here") == true })
                #expect(WholeDump.diff(before, try WholeDump.take(of: fleet.underlay)) == [])
            }
        }
    }

    @Test(
        "problem 7: a VNI that is taken is told with its holder before anything changes, and another port is another matter"
    )
    func takenVNI() throws {
        try Fleet.with(2) { fleet in
            let document = try Document.load([
                Source(name: "a.yaml", text: Self.text(fleet, nodes: ["n1", "n2"]))
            ])
            try fleet.underlay.run("ip link add their9 type vxlan id 77 dstport 4789 nolearning", in: "n1")
            let compiled = document.cluster.compile(
                for: try document.node(named: "n1"),
                try fleet.weft("n1").facts(),
                document.assignment
            )
            let before = try WholeDump.take(of: fleet.underlay)
            let refusal = #expect(throws: PlanRefusal.self) {
                try fleet.weft("n1").apply(compiled.state, claiming: compiled.claims)
            }
            let problems = refusal?.problems.map(\.message) ?? []
            #expect(problems.count == 1)
            #expect(problems.first?.contains("'their9'") == true && problems.first?.contains("77") == true)
            #expect(WholeDump.diff(before, try WholeDump.take(of: fleet.underlay)) == [])
            // By another port it is another tunnel.
            try fleet.underlay.run("ip link del their9", in: "n1")
            try fleet.underlay.run("ip link add their9 type vxlan id 77 dstport 4790 nolearning", in: "n1")
            for node in fleet.nodes {
                try fleet.apply(Self.text(fleet, nodes: ["n1", "n2"]), on: node)
            }
            #expect(try Self.areJoined(fleet))
            try Self.destroy(fleet)
            #expect(try fleet.underlay.ipJSON("link show dev their9", in: "n1").elements.count == 1)
        }
    }
}
