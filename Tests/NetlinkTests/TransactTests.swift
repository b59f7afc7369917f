import CMnl
import LinuxSystem
import Netlink
import Synchronization
import Testing

@Suite("Batches", .enabled(if: isRoot, "needs root"))
struct TransactTests {
    @Test("a refusal stops nothing, and bears the tag of its message", arguments: [1, 2, 64, 65, 200])
    func refusals(count: Int) throws {
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var batch = MessageBatch()
            // Every third message names a link that is not there.
            for tag in 0..<count {
                batch.append(tag % 3 == 1 ? RawMessage.raise(77) : RawMessage.addAddress(tag), tag: tag)
            }
            let refusals = try socket.transact(&batch)
            var addresses = 0
            try socket.dump(RawMessage.askAddresses, restart: { addresses = 0 }) { _, _ in addresses += 1 }
            return (
                refusals: refusals, addresses: addresses, isEmpty: batch.isEmpty, sent: socket.messagesSent
            )
        }
        let refused = (0..<count).filter { $0 % 3 == 1 }
        #expect(seen.refusals.map(\.tag) == refused)
        #expect(seen.refusals.allSatisfy { $0.errno == .noSuchDevice })
        #expect(seen.addresses == count - refused.count)
        #expect(seen.isEmpty)
        #expect(seen.sent == count)
    }

    @Test("the kernel's own sentence and the attribute it objects to come along")
    func extendedAcknowledgement() throws {
        let refusals = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var batch = MessageBatch()
            var header = ifaddrmsg()
            header.ifa_family = UInt8(AF_INET)
            header.ifa_prefixlen = 33
            header.ifa_index = 1
            let address = RawMessage.attribute(Int(IFA_LOCAL), [10, 0, 0, 1])
            batch.append(RawMessage.message(Int(RTM_NEWADDR), RawMessage.bytes(of: header) + address), tag: 7)
            // A link's name is a string of at most 16 bytes.
            let name = RawMessage.attribute(Int(IFLA_IFNAME), Array(repeating: 97, count: 40))
            let link = RawMessage.bytes(of: ifinfomsg()) + name
            batch.append(RawMessage.message(Int(RTM_NEWLINK), link), tag: 8)
            return try socket.transact(&batch)
        }
        #expect(refusals.map(\.tag) == [7, 8])
        #expect(refusals.first?.errno == .invalidArgument)
        #expect(refusals.first?.kernelMessage == "ipv4: Invalid prefix length")
        #expect(refusals.last?.kernelMessage?.isEmpty == false)
        #expect(refusals.last?.attributeOffset == 32)
        #expect(refusals.last?.attributeType == UInt16(IFLA_IFNAME))
    }

    @Test("an empty batch sends nothing")
    func empty() throws {
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var batch = MessageBatch()
            return (try socket.transact(&batch).count, socket.messagesSent)
        }
        #expect(seen == (0, 0))
    }

    @Test(
        "a hook sees every message before it is sent, and can refuse it in the kernel's stead",
        arguments: [true, false]
    )
    func hook(sendsBatches: Bool) throws {
        let types = Mutex<[UInt16]>([])
        let hook = MessageHook(sendsBatches: sendsBatches) { type in
            types.withLock { types in
                types.append(type)
                return types.count == 2 ? .outOfMemory : nil
            }
        }
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route(hook: hook)
            var batch = MessageBatch()
            for tag in 0..<4 { batch.append(RawMessage.addAddress(tag), tag: tag) }
            batch.append(RawMessage.raise(77), tag: 4)
            let refusals = try socket.transact(&batch)
            var addresses = 0
            try socket.dump(RawMessage.askAddresses, restart: { addresses = 0 }) { _, _ in addresses += 1 }
            return (refusals: refusals, addresses: addresses, sent: socket.messagesSent)
        }
        #expect(
            seen.refusals == [Refusal(tag: 1, errno: .outOfMemory), Refusal(tag: 4, errno: .noSuchDevice)]
        )
        #expect(seen.addresses == 3)
        #expect(seen.sent == 5)
        let new = [UInt16(RTM_NEWADDR), UInt16(RTM_NEWADDR), UInt16(RTM_NEWADDR), UInt16(RTM_NEWADDR)]
        #expect(types.withLock { $0 } == new + [UInt16(RTM_NEWLINK)])
    }

    @Test("a socket belongs to the namespace of the thread that made it, not to that of its user")
    func namespace() throws {
        let seen = try inThrowawayNamespace {
            var socket = try NetlinkSocket.route()
            var batch = MessageBatch()
            batch.append(RawMessage.addAddress(1), tag: 0)
            let refusals = try DedicatedThread.run(named: "other") {
                try NamespaceHandle.unshareNew()
                return try socket.transact(&batch)
            }
            var here = 0
            try socket.dump(RawMessage.askAddresses, restart: { here = 0 }) { _, _ in here += 1 }
            return (refusals.count, here)
        }
        #expect(seen == (0, 1))
    }
}
