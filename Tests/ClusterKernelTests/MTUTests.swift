import Compiler
import Document
import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

/// What fits through a network is what its links say: one byte more is refused where it is sent.
@Suite("MTU", .kernel, .serialized)
struct MTUTests {
    /// Two nodes with a network of each kind, and tunnels by either family.
    private struct Layout {
        var fleet: Fleet
        /// The family of the underlay's addresses that tunnels end at.
        var tunnels = AddressFamily.ipv4
        /// More of a network: `mtu: 1300`.
        var options: [String: String] = [:]

        var text: String {
            let lists = fleet.nodes.map { node in
                let number = node.dropFirst()
                let addresses = ["10.99.0.\(number)", "\"fd00:99::\(number)\""]
                let list = tunnels == .ipv4 ? addresses : addresses.reversed()
                return "  \(node): { address: [\(list.joined(separator: ", "))] }\n"
            }
            func network(_ name: String, _ text: String) -> String {
                "  \(name): { \(text)\(options[name].map { ", \($0)" } ?? "") }\n"
            }
            return "weft: 1\nnodes:\n" + lists.joined() + "networks:\n"
                + network("here", "driver: bridge, subnets: [10.62.0.0/24, \"fd00:62::/64\"]")
                + network("pods", "driver: routed, subnets: [10.50.0.0/16, \"fd00:50::/48\"]")
                + network("flat", "driver: overlay, subnets: [10.60.0.0/24, \"fd00:60::/64\"]")
                + network(
                    "lan",
                    "driver: macvlan, subnets: [10.99.0.0/24, \"fd00:99::/64\"], range: 10.99.0.64/26"
                )
                    + """
                    sandboxes:
                      a: { node: n1, endpoints: [ { network: pods }, { network: flat } ] }
                      b: { node: n2, endpoints: [ { network: pods }, { network: flat } ] }
                      c: { node: n1, endpoints: [ { network: here } ] }
                      d: { node: n1, endpoints: [ { network: here } ] }
                      e: { node: n1, endpoints: [ { network: lan } ] }
                      f: { node: n2, endpoints: [ { network: lan } ] }

                    """
        }

        func apply() throws {
            for node in fleet.nodes { try fleet.apply(text, on: node) }
        }

        /// The stations that are sent between; they stay as sandboxes do.
        func stations() throws -> [String: Station] {
            var stations = ["outside": try fleet.station(nil, on: nil)]
            for (name, node) in [
                ("a", "n1"), ("b", "n2"), ("c", "n1"), ("d", "n1"), ("e", "n1"), ("f", "n2"),
            ] {
                stations[name] = try fleet.station(name, on: node)
            }
            return stations
        }
    }

    /// A way between two sandboxes, and the largest packet that it takes.
    private struct Path {
        var name: String
        var sender: String
        var receiver: String
        var addresses: [IPAddress]
        var mtu: Int
    }

    /// All ways, for an underlay of an MTU.
    private static func paths(_ layout: Layout, underlay: Int) throws -> [Path] {
        let fleet = layout.fleet
        let tunnel = underlay - (layout.tunnels == .ipv4 ? 50 : 70)
        return [
            Path(
                name: "one bridge",
                sender: "c",
                receiver: "d",
                addresses: try fleet.addresses(of: "d", "eth0", on: "n1"),
                mtu: min(1500, underlay)
            ),
            Path(
                name: "to the outside",
                sender: "c",
                receiver: "outside",
                addresses: Fleet.outside,
                mtu: min(1500, underlay)
            ),
            Path(
                name: "routed",
                sender: "a",
                receiver: "b",
                addresses: try fleet.addresses(of: "b", "eth0", on: "n2"),
                mtu: underlay
            ),
            Path(
                name: "overlay",
                sender: "a",
                receiver: "b",
                addresses: try fleet.addresses(of: "b", "eth1", on: "n2"),
                mtu: tunnel
            ),
            Path(
                name: "macvlan",
                sender: "e",
                receiver: "f",
                addresses: try fleet.addresses(of: "f", "eth0", on: "n2"),
                mtu: underlay
            ),
        ]
    }

    /// Sends a packet of exactly the MTU, which must arrive whole, and one a byte larger, which must not be taken.
    private static func expectLimits(_ layout: Layout, underlay: Int, _ stations: [String: Station]) throws {
        for path in try paths(layout, underlay: underlay) {
            #expect(path.addresses.count == 2, "\(path.name)")
            let sender = try #require(stations[path.sender])
            let receiver = try #require(stations[path.receiver])
            for address in path.addresses {
                // The first may wait for neighbours to be found, and meanwhile be forgotten.
                var refusals: [Errno] = []
                let isThrough = Eventually.holds(within: 5) {
                    refusals += [sender.send(packetOf: path.mtu, to: address)].compactMap(\.self)
                    guard refusals.isEmpty else { return false }
                    Station.wait(for: [receiver], milliseconds: 100)
                    return receiver.arrivals().contains { $0.text.hasPrefix("\(path.mtu)|") }
                }
                #expect(isThrough && refusals == [], "\(path.name), \(path.mtu) bytes to \(address)")
                let refusal = sender.send(packetOf: path.mtu + 1, to: address)
                #expect(refusal?.name == "EMSGSIZE", "\(path.name), \(path.mtu + 1) bytes to \(address)")
            }
        }
    }

    /// The MTUs that the kernel has, of what Weft made for the networks that reach over nodes.
    private static func expectLinks(_ fleet: Fleet, pods: Int, flat: Int, lan: Int) throws {
        func mtu(_ link: String, in place: String) throws -> Int? {
            try fleet.underlay.ipJSON("link show dev \(link)", in: place).elements.first?["mtu"].int
        }
        for (node, sandbox, other) in [("n1", "a", "e"), ("n2", "b", "f")] {
            #expect(try mtu("br-pods", in: node) == pods)
            #expect(try mtu("\(sandbox).eth0", in: node) == pods)
            #expect(try mtu("eth0", in: "\(node).\(sandbox)") == pods)
            #expect(try mtu("br-flat", in: node) == flat)
            #expect(try mtu("vx-flat", in: node) == flat)
            #expect(try mtu("\(sandbox).eth1", in: node) == flat)
            #expect(try mtu("eth1", in: "\(node).\(sandbox)") == flat)
            #expect(try mtu("eth0", in: "\(node).\(other)") == lan)
        }
    }

    @Test(
        "a packet of exactly the MTU passes on every path, and one byte more is refused to its sender",
        arguments: [(1500, AddressFamily.ipv4), (1500, .ipv6), (1400, .ipv4), (1400, .ipv6), (9000, .ipv4)]
    )
    func limits(mtu: Int, tunnels: AddressFamily) throws {
        try Fleet.with(mtu: mtu) { fleet in
            let layout = Layout(fleet: fleet, tunnels: tunnels)
            try layout.apply()
            try Self.expectLinks(fleet, pods: mtu, flat: mtu - (tunnels == .ipv4 ? 50 : 70), lan: mtu)
            try Self.expectLimits(layout, underlay: mtu, layout.stations())
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test(
        "an underlay whose MTU changes is followed by the next apply, down and up again",
        arguments: AddressFamily.allCases
    )
    func follows(tunnels: AddressFamily) throws {
        try Fleet.with { fleet in
            let layout = Layout(fleet: fleet, tunnels: tunnels)
            try layout.apply()
            let stations = try layout.stations()
            for mtu in [1500, 1400, 1500] {
                for node in fleet.nodes { try fleet.underlay.run("ip link set eth0 mtu \(mtu)", in: node) }
                try layout.apply()
                try Self.expectLinks(fleet, pods: mtu, flat: mtu - (tunnels == .ipv4 ? 50 : 70), lan: mtu)
                try Self.expectLimits(layout, underlay: mtu, stations)
            }
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test("the MTU is that of the routes to the peers, the least of them")
    func routes() throws {
        try Fleet.with { fleet in
            let layout = Layout(fleet: fleet)
            for (node, peer) in [("n1", 2), ("n2", 1)] {
                try fleet.underlay.run("ip route add 10.99.0.\(peer)/32 dev eth0 mtu 1350", in: node)
            }
            try layout.apply()
            try Self.expectLinks(fleet, pods: 1350, flat: 1300, lan: 1500)
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }

    @Test(
        "a stated MTU that does not fit is refused with what fits, and what fits is taken",
        arguments: [
            ("flat", AddressFamily.ipv4, 1450), ("flat", .ipv6, 1430), ("pods", .ipv4, 1500),
            ("lan", .ipv4, 1500),
        ]
    )
    func stated(network: String, tunnels: AddressFamily, fitting: Int) throws {
        try Fleet.with { fleet in
            var layout = Layout(fleet: fleet, tunnels: tunnels)
            layout.options[network] = "mtu: \(fitting + 1)"
            let document = try Document.load([Source(name: "a.yaml", text: layout.text)])
            let facts = try fleet.weft("n1").facts()
            let node = try document.node(named: "n1")
            let problems = document.cluster.compile(for: node, facts, document.assignment).problems
            #expect(problems.map(\.path) == ["networks.\(network).mtu"])
            #expect(problems.first?.hint == "at most \(fitting) fit")
            layout.options[network] = "mtu: \(fitting)"
            try layout.apply()
            layout.options[network] = "mtu: \(fitting - 100)"
            try layout.apply()
            try Self.expectLinks(
                fleet,
                pods: network == "pods" ? fitting - 100 : 1500,
                flat: network == "flat" ? fitting - 100 : tunnels == .ipv4 ? 1450 : 1430,
                lan: network == "lan" ? fitting - 100 : 1500
            )
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }
}
