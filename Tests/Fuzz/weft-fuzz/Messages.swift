import Firewall
import NetworkModel
import RouteNetlink

@testable import Netlink

private let names: [Int32: InterfaceName] = [
    10: InterfaceName(fromKernel: "br0"), 11: InterfaceName(fromKernel: "v0"),
    12: InterfaceName(fromKernel: "v1"),
    13: InterfaceName(fromKernel: "vx0"), 14: InterfaceName(fromKernel: "mv0"),
]

/// Reads bytes as each kind of answer, and as a datagram of several; whatever they are, they are read or refused.
///
/// The bytes are libFuzzer's own, with nothing behind them: AddressSanitizer sees whoever reads on.
func tryMessage(_ bytes: UnsafeRawBufferPointer) -> CInt {
    var linkNames = LinkNames(names)
    let bridge = ObservedLink(InterfaceName(fromKernel: "br0"), index: 10, kind: .bridge(Bridge()))
    let tunnel = ObservedLink(
        InterfaceName(fromKernel: "vx0"),
        index: 13,
        kind: .vxlan(VXLAN(vni: VNI(number: 9)))
    )
    var links = ForwardingLinks([bridge, tunnel], in: .node)
    let decoders: [() throws -> Void] = [
        { _ = try decodeLink(bytes, mark: .node)?.resolved(here: names, node: names) },
        { _ = try decodeAddress(bytes, mark: .node) },
        { _ = try decodeRoute(bytes, in: .node, names: &linkNames, mark: .node) },
        { _ = try decodeNeighbour(bytes, in: .node, names: &linkNames, mark: .node) },
        { _ = try decodeForwarding(bytes, links: &links) },
        { try tryConnection(bytes) },
        { try tryDatagram(bytes) },
    ]
    for decode in decoders {
        do {
            try decode()
        } catch {
            // Malformed, which is an answer.
        }
    }
    return 0
}

/// What is read as a connection makes one message, which names a tuple: without it, the kernel would forget everything.
private func tryConnection(_ bytes: UnsafeRawBufferPointer) throws {
    let connection = try TrackedConnection(bytes)
    precondition(connection.original.source.family == connection.original.destination.family)
    var batch = MessageBatch()
    batch.appendForget(connection, tag: 0)
    let message = batch.message(at: 0)
    message.withUnsafeBytes { bytes in
        var attributes = NetlinkAttributes(bytes, after: 20)
        precondition(attributes.next()?.type == 1, "a connection is forgotten by its tuple")
        while attributes.next() != nil {}
        precondition(!attributes.isMalformed, "what is sent is well-formed")
    }
}

private func tryDatagram(_ bytes: UnsafeRawBufferPointer) throws {
    var messages = ReceivedMessages(bytes)
    var total = 0
    while let message = try messages.next() {
        total += message.payload.count
        precondition(total <= bytes.count, "the messages are longer than their datagram")
        _ = Verdict(error: message)
        _ = Verdict(done: message)
    }
}
