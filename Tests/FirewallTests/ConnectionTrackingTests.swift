import Firewall
import LinuxSystem
import Netlink
import NetworkModel
import NetworkTesting
import Testing

@Suite("Forgetting connections", .serialized)
struct ConnectionTrackingTests {
    private static let red = IPAddress(ipv4: 0x0a09_0002)

    /// Connections of 10.9.0.2 and fd00::2, each at another end.
    private static let own = [
        "-s 10.9.0.2 -d 192.0.2.2 -p udp --sport 1 --dport 7",
        "-s 192.0.2.2 -d 10.9.0.2 -p udp --sport 2 --dport 7",
        "-s 10.9.0.2 -d 192.0.2.2 -p tcp --sport 3 --dport 7 --state ESTABLISHED",
        "-s 10.9.0.2 -d 192.0.2.2 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 4",
        "-s 192.0.2.2 -d 192.0.2.1 -p udp --sport 5 --dport 7 -g 10.9.0.2",
        "-s 192.0.2.3 -d 192.0.2.2 -p udp --sport 6 --dport 7 -n 10.9.0.2",
        "-s 10.9.0.2 -d 192.0.2.2 -p udp --sport 7 --dport 7 -w 7",
        "-s 10.9.0.2 -d 192.0.2.2 -p udp --sport 8 --dport 7 --orig-zone 5",
        "-s 10.9.0.2 -d 192.0.2.2 -p udp --sport 9 --dport 7 --reply-zone 5",
        "-s fd00::2 -d fd01::2 -p udp --sport 10 --dport 7",
    ]

    /// Connections of others.
    private static let others = [
        "-s 10.9.0.20 -d 192.0.2.2 -p udp --sport 1 --dport 7",
        "-s 10.9.0.3 -d 192.0.2.2 -p tcp --sport 3 --dport 7 --state ESTABLISHED",
        "-s 10.9.0.3 -d 192.0.2.2 -p udp --sport 7 --dport 7 -w 7",
        "-s fd00::20 -d fd01::2 -p udp --sport 10 --dport 7",
    ]

    private func inNode<Value>(_ body: (ThrowAwayNode) throws -> Value) throws -> Value {
        try ThrowAwayNode.with("ct", body)
    }

    private static func begin(_ connections: [String], in node: ThrowAwayNode) throws {
        for line in connections { try node.run("conntrack -I \(line) -t 300") }
    }

    /// What `conntrack` lists of both families: without what changes by itself, but with the numbers.
    private static func list(_ node: ThrowAwayNode) throws -> Set<String> {
        let lines = try ["ipv4", "ipv6"].flatMap {
            try node.run("conntrack -L -f \($0) -o id").split(separator: "\n")
        }
        return Set(
            lines.filter { $0.contains("id=") }.map {
                String($0.replacing(#/^(\w+ +\d+) \d+/#) { $0.output.1 })
            }
        )
    }

    private func forget(
        _ addresses: [IPAddress: ConnectionTracking.Forgetting],
        in node: ThrowAwayNode,
        hook: MessageHook? = nil
    ) throws -> (refusals: [Refusal], messages: Int) {
        try node.inside {
            var tracking = try ConnectionTracking(hook: hook)
            return (try tracking.forget(addresses), tracking.messagesSent)
        }
    }

    @Test("all connections of an address, at whatever end, and no others", .kernel)
    func all() throws {
        try inNode { node in
            try Self.begin(Self.others, in: node)
            let others = try Self.list(node)
            #expect(others.count == Self.others.count)
            try Self.begin(Self.own, in: node)
            #expect(try Self.list(node).count == Self.others.count + Self.own.count)
            let addresses = [Self.red, IPAddress(ipv6High: 0xfd00 << 48, low: 2)]
            let doomed = Dictionary(
                uniqueKeysWithValues: addresses.map { ($0, ConnectionTracking.Forgetting(tag: 1)) }
            )
            let answer = try forget(doomed, in: node)
            #expect(answer.refusals == [])
            #expect(answer.messages == Self.own.count)
            #expect(try Self.list(node) == others)
            #expect(try forget(doomed, in: node).messages == 0)
        }
    }

    @Test("what an address began and is masqueraded can stay", .kernel)
    func masqueraded() throws {
        try inNode { node in
            try Self.begin(["-s 10.9.0.2 -d 192.0.2.2 -p udp --sport 99 --dport 7 -n 192.0.2.1"], in: node)
            let kept = try Self.list(node)
            try Self.begin(Self.own.filter { $0.contains("192.0.2") }, in: node)
            let answer = try forget([Self.red: .init(tag: 1, keepsMasqueraded: true)], in: node)
            #expect(answer.refusals == [])
            #expect(try Self.list(node) == kept)
        }
    }

    @Test(
        "more than go by one send; one that is gone meanwhile is no refusal, and another one is told",
        .kernel
    )
    func batches() throws {
        try inNode { node in
            try Self.begin(
                (1...130).map { "-s 10.9.0.2 -d 192.0.2.2 -p udp --sport \($0) --dport 7" },
                in: node
            )
            let gone = MessageHook(sendsBatches: true) { _ in .noSuchFileOrDirectory }
            #expect(try forget([Self.red: .init(tag: 5)], in: node, hook: gone).refusals == [])
            #expect(try Self.list(node).count == 130)
            let busy = MessageHook(sendsBatches: true) { _ in .busy }
            let refusals = try forget([Self.red: .init(tag: 5)], in: node, hook: busy).refusals
            #expect(refusals.count == 130 && Set(refusals) == [Refusal(tag: 5, errno: .busy)])
            #expect(try forget([Self.red: .init(tag: 5)], in: node).refusals == [])
            #expect(try Self.list(node) == [])
        }
    }

    @Test("a kernel that can't list connections is none only where it tracks some", .kernel)
    func unknownSubsystem() throws {
        try inNode { node in
            func forget() throws -> [Refusal] {
                try node.inside {
                    // No kernel has this one.
                    var tracking = try ConnectionTracking(subsystem: 99)
                    return try tracking.forget([Self.red: .init(tag: 1)])
                }
            }
            #expect(try forget() == [])
            try Self.begin(Self.others, in: node)
            #expect(throws: SystemCallError("list", on: "tracked connections", .notSupported)) {
                try forget()
            }
        }
    }
}
