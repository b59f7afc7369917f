import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

/// A node with the networks of ``ConnectionScenario`` on it, and a host outside, which knows the way back to all of them.
struct ConnectionBench {
    let bench: Workbench
    let scenario: ConnectionScenario
    let far: Station
    let red: Station
    let blue: Station
    let green: Station

    static let nodeAddress = IPAddress(ipv4: 0xc000_0201)
    static let farAddress = IPAddress(ipv4: 0xc000_0202)
    static let redAddress = IPAddress(ipv4: 0x0a09_0002)
    static let blueAddress = IPAddress(ipv4: 0x0a09_0003)
    static let greenAddress = IPAddress(ipv4: 0x0a08_0002)

    /// Begins with the masqueraded networks.
    static func with(_ hint: String, _ body: (ConnectionBench) throws -> Void) throws {
        try ThrowAwayNode.with(hint) { node in
            try Command(["ip", "netns", "add", node.fullName(of: "foreign")]).output()
            try node.run("ip link add up0 type veth peer name up0 netns \(node.fullName(of: "foreign"))")
            try node.run("ip addr add \(nodeAddress)/24 dev up0")
            try node.run("ip link set up0 up")
            try node.run("ip addr add \(farAddress)/24 dev up0", in: "foreign")
            try node.run("ip link set up0 up", in: "foreign")
            try node.run("ip route add 10.0.0.0/8 via \(nodeAddress)", in: "foreign")
            let bench = Workbench(node)
            let scenario = ConnectionScenario(bench.pools)
            try bench.bring(to: scenario.masqueraded, "first")
            let stations = try ["foreign", "red", "blue", "green"].map { try Station($0, in: $0, of: node) }
            try body(
                ConnectionBench(
                    bench: bench,
                    scenario: scenario,
                    far: stations[0],
                    red: stations[1],
                    blue: stations[2],
                    green: stations[3]
                )
            )
            try bench.destroy("last")
            // The node's own address has connections of the node's own, IGMP's for one.
            let left = try connections(on: node).filter {
                $0.contains("=10.") && !$0.contains(#/=10\.\d+\.0\.1 /#)
            }
            #expect(left == [], "without networks nobody of theirs is at an end of a connection")
        }
    }

    /// Which address the host outside sees a sandbox by; `nil` if nothing comes.
    func outerAddress(of station: Station) -> IPAddress? {
        arrival(at: far) { station.send($0, to: Self.farAddress, fromPort: true) }
    }

    /// Which address a sandbox sees the host outside by that sends to `address`; `nil` if nothing comes.
    func answer(to address: IPAddress, at station: Station) -> IPAddress? {
        arrival(at: station) { far.send($0, to: address, fromPort: true) }
    }

    private func arrival(at station: Station, _ send: (String) -> Bool) -> IPAddress? {
        let text = "\(UInt64.random(in: .min ... .max))"
        var source: IPAddress?
        // The first one may be lost on a link that has just come up.
        _ = Eventually.holds(within: 5) {
            guard send(text) else { return false }
            Station.wait(for: [station], milliseconds: 100)
            source = station.arrivals().first { $0.text == text }?.source
            return source != nil
        }
        return source
    }

    /// What the kernel tracks of an address, by the numbers that it gives: another number is another connection.
    func connections(of address: IPAddress) throws -> Set<String> {
        try Set(Self.connections(on: bench.node).filter { $0.contains("=\(address) ") })
    }

    private static func connections(on node: ThrowAwayNode) throws -> [String] {
        let lines = try node.run("conntrack -L -o id").split(separator: "\n")
        return lines.compactMap { line -> String? in
            guard let found = line.firstMatch(of: #/ src=.* id=\d+/#) else { return nil }
            return String(line[found.range]).replacing(#/\[\w+\] /#, with: "")
        }
    }
}
