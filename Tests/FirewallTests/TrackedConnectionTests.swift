import Firewall
import Netlink
import NetworkModel
import NetworkTesting
import Testing

@Suite("What the kernel says of a connection")
struct TrackedConnectionTests {
    private static let recorded = [
        RecordedMessages.masqueradedConnection, RecordedMessages.zonedConnection,
        RecordedMessages.connection6,
    ]

    @Test("the ends of a connection, and of its answers")
    func ends() throws {
        try RecordedMessages.masqueradedConnection.withUnsafeBytes { bytes in
            let connection = try TrackedConnection(bytes)
            #expect(connection.original.source == IPAddress("10.9.0.2"))
            #expect(connection.original.destination == IPAddress("192.0.2.2"))
            #expect(connection.reply.source == IPAddress("192.0.2.2"))
            #expect(connection.reply.destination == IPAddress("192.0.2.1"))
            #expect(connection.isMasqueraded(connection.original.source))
            #expect(!connection.isMasqueraded(connection.original.destination))
        }
        try RecordedMessages.connection6.withUnsafeBytes { bytes in
            let connection = try TrackedConnection(bytes)
            #expect(connection.original.source == IPAddress("fd00::2"))
            #expect(connection.reply.source == IPAddress("fd01::2"))
            #expect(!connection.isMasqueraded(connection.original.source))
        }
    }

    @Test("what it is deleted by: tuple, number, and zone where it has one")
    func deletion() throws {
        let header = "0000 0201 0000 0000 0000 0000 0000"
        let tuple =
            "14000180 08000100 %s 08000200 c0000202 1c000280 05000100 11000000 06000200 1e610000 06000300 1e610000"
        func expected(_ length: String, _ source: String, _ rest: String) -> String {
            let text = "\(length)\(header)02000000 34000180 \(tuple.replacing("%s", with: source)) \(rest)"
            return text.filter { $0 != " " }
        }
        #expect(
            try Self.deletion(of: RecordedMessages.masqueradedConnection)
                == expected("5000", "0a090002", "08000c00 41f26630")
        )
        #expect(
            try Self.deletion(of: RecordedMessages.zonedConnection)
                == expected("5800", "0a080002", "08000c00 689f5b42 06001200 00070000")
        )
    }

    @Test("a message that is cut off is malformed, wherever")
    func short() {
        for message in Self.recorded {
            // Behind both tuples there is nothing that a connection could not do without.
            let tuples = 4 + 2 * Int(message[4])
            for length in 0..<tuples {
                #expect(throws: NetlinkTransportError.malformed, "\(length) bytes") {
                    try Array(message.prefix(length)).withUnsafeBytes { _ = try TrackedConnection($0) }
                }
            }
        }
    }

    @Test(
        "no mutation of a message traps, and what is still a connection is deleted by a tuple",
        arguments: 0..<4
    )
    func mutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var outcomes = [0, 0]
        for round in 0..<20_000 {
            var message = Self.recorded[round % Self.recorded.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: 0..<min(160, message.count), using: &random)
                message[position] = [0, 1, 3, 4, 5, 127, 128, 255].randomElement(using: &random) ?? 0
            }
            if round % 5 == 0 { message.removeLast(Int.random(in: 0..<message.count, using: &random)) }
            guard let text = try? Self.deletion(of: message) else {
                outcomes[1] += 1
                continue
            }
            outcomes[0] += 1
            // Without CTA_TUPLE_ORIG the kernel would forget every connection.
            #expect(text.dropFirst(44).prefix(4) == "0180", "\(text)")
        }
        #expect(outcomes.allSatisfy { $0 > 100 }, "\(outcomes)")
    }

    private static func deletion(of message: [UInt8]) throws -> String {
        var batch = MessageBatch()
        try message.withUnsafeBytes { batch.appendForget(try TrackedConnection($0), tag: 0) }
        return batch.message(at: 0).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
