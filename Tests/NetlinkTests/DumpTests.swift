import CMnl
import LinuxSystem
import Netlink
import Testing

@Suite("Dumps and questions", .enabled(if: isRoot, "needs root"))
struct DumpTests {
    /// How many addresses are needed for a dump of several datagrams.
    private static let manyAddresses = 4000

    /// Lists many addresses, and adds another in the middle of each of the first `disturbances` attempts.
    private func dump(disturbances: Int) throws -> (count: Int, restarts: Int, error: NetlinkTransportError?)
    {
        try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var disturber = try NetlinkSocket.route()
            var batch = MessageBatch()
            for number in 0..<Self.manyAddresses { batch.append(RawMessage.addAddress(number), tag: number) }
            let refusals = try disturber.transact(&batch)
            precondition(refusals.isEmpty)
            var count = 0
            var restarts = 0
            do {
                try socket.dump(
                    RawMessage.askAddresses,
                    restart: {
                        count = 0
                        restarts += 1
                    },
                    body: { _, _ in
                        count += 1
                        guard count == 1, restarts <= disturbances else { return }
                        batch.append(RawMessage.addAddress(10_000 + restarts), tag: 0)
                        _ = try disturber.transact(&batch)
                    }
                )
                return (count, restarts, nil)
            } catch let error as NetlinkTransportError {
                return (count, restarts, error)
            }
        }
    }

    @Test("an undisturbed dump is whole at once")
    func whole() throws {
        let seen = try dump(disturbances: 0)
        #expect(seen.error == nil)
        #expect(seen.count == Self.manyAddresses)
        #expect(seen.restarts == 1)
    }

    @Test("an interrupted dump is repeated from its start")
    func interrupted() throws {
        let seen = try dump(disturbances: 2)
        #expect(seen.error == nil)
        #expect(seen.count == Self.manyAddresses + 2)
        #expect(seen.restarts == 3)
    }

    @Test("a dump that is interrupted every time is an error, never a short list")
    func neverWhole() throws {
        let seen = try dump(disturbances: 1000)
        #expect(seen.error == .interruptedDump(attempts: NetlinkSocket.dumpAttempts))
        #expect(seen.restarts == NetlinkSocket.dumpAttempts)
    }

    @Test("what the reader throws comes out, and the socket can be used again")
    func readerThrows() throws {
        struct Stop: Error {}
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var batch = MessageBatch()
            for number in 0..<Self.manyAddresses { batch.append(RawMessage.addAddress(number), tag: number) }
            _ = try socket.transact(&batch)
            var hasStopped = false
            do {
                try socket.dump(RawMessage.askAddresses, restart: {}) { _, _ in throw Stop() }
            } catch is Stop {
                hasStopped = true
            }
            var count = 0
            try socket.dump(RawMessage.askAddresses, restart: { count = 0 }) { _, _ in count += 1 }
            return (hasStopped, count)
        }
        #expect(seen == (true, Self.manyAddresses))
    }

    @Test("a dump that is refused says why")
    func refused() throws {
        let error = try inThrowawayNamespace { () -> NetlinkTransportError? in
            var socket = try NetlinkSocket.route()
            var header = ifaddrmsg()
            header.ifa_prefixlen = 3  // strict checking takes no such filter
            let message = RawMessage.message(Int(RTM_GETADDR), RawMessage.bytes(of: header))
            let request = message.withUnsafeBytes { NetlinkRequest($0) }
            do {
                try socket.dump(request, restart: {}) { _, _ in }
                return nil
            } catch let error as NetlinkTransportError {
                return error
            }
        }
        guard case .refused(.invalidArgument, let sentence?)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(sentence.contains("Invalid values in header"))
    }

    @Test("a single object is got, or the reason why not")
    func single() throws {
        let seen = try inThrowawayNamespace { () -> (UInt16, Int, NetlinkTransportError?) in
            var socket = try NetlinkSocket.route()
            let answer = try socket.get(RawMessage.askLink(1)) { ($0, $1.count) }
            do {
                try socket.get(RawMessage.askLink(77)) { _, _ in }
                return (answer.0, answer.1, nil)
            } catch let error as NetlinkTransportError {
                return (answer.0, answer.1, error)
            }
        }
        #expect(seen.0 == UInt16(RTM_NEWLINK))
        #expect(seen.1 > 100)
        #expect(seen.2 == .refused(.noSuchDevice, kernelMessage: nil))
    }

    @Test("many questions are answered, each by itself", arguments: [0, 1, 64, 65, 300])
    func each(count: Int) throws {
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var batch = MessageBatch()
            for tag in 0..<count { batch.append(RawMessage.getLink(1), tag: tag) }
            var answers = 0
            try socket.getEach(&batch) { type, _ in if Int(type) == Int(RTM_NEWLINK) { answers += 1 } }
            return (answers: answers, isEmpty: batch.isEmpty, sent: socket.messagesSent)
        }
        #expect(seen.answers == count)
        #expect(seen.isEmpty)
        // None of them could change anything.
        #expect(seen.sent == 0)
    }

    private struct Unwanted: Error {}

    @Test(
        "a question that is refused is told, and so is an answer that nobody wants: the next conversation begins anew"
    )
    func broken() throws {
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            func attempt(
                _ indexes: [Int32],
                refusing: Int? = nil
            ) throws -> (error: (any Error)?, answers: Int) {
                var batch = MessageBatch()
                for index in indexes { batch.append(RawMessage.getLink(index), tag: 0) }
                var answers = 0
                do {
                    try socket.getEach(&batch) { _, _ in
                        if answers == refusing { throw Unwanted() }
                        answers += 1
                    }
                } catch {
                    return (error, answers)
                }
                return (nil, answers)
            }
            return try [
                attempt([1, 77, 1]), attempt([1, 1, 1]), attempt([1, 1, 77]), attempt([1, 1]),
                attempt([1, 1, 1], refusing: 1), attempt([1]),
            ]
        }
        for refused in [seen[0], seen[2]] {
            guard case .refused(let errno, _)? = refused.error as? NetlinkTransportError else {
                Issue.record("\(refused)")
                continue
            }
            #expect(errno == .noSuchDevice)
        }
        #expect(seen[4].error is Unwanted)
        #expect(seen.map(\.answers) == [1, 3, 2, 2, 1, 1])
        for whole in [seen[1], seen[3], seen[5]] { #expect(whole.error == nil) }
    }
}
