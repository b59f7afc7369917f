internal import CMnl
internal import CNetlinkRoute
internal import Glibc
internal import Netlink
internal import NetworkModel

/// A request that is written in place, for what there are hundreds of thousands of: routes, neighbours, FDB entries.
///
/// libnl makes objects of such a thing and of its every address, and clears a page for its message: together that takes
/// longer than the kernel does to look the route up. What is written here is byte for byte what libnl would have written.
struct SmallRequest: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer
    private var count: Int

    /// Room for the largest: a route with every attribute there is.
    fileprivate static let capacity = 256

    fileprivate init(
        in memory: UnsafeMutableRawBufferPointer,
        type: Int,
        flags: Int,
        header: some BitwiseCopyable
    ) {
        self.memory = memory
        count = MemoryLayout<nlmsghdr>.size
        var message = nlmsghdr()
        message.nlmsg_type = UInt16(type)
        message.nlmsg_flags = UInt16(flags)
        memory.storeBytes(of: message, as: nlmsghdr.self)
        withUnsafeBytes(of: header) { append($0) }
    }

    /// The message from its `nlmsghdr` on.
    fileprivate var bytes: UnsafeRawBufferPointer {
        memory.storeBytes(of: UInt32(count), as: UInt32.self)
        return UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    /// Puts a number as it is.
    @inline(__always)
    mutating func put(_ type: Int, _ value: some BitwiseCopyable) {
        withUnsafeBytes(of: value) { put(type, bytes: $0) }
    }

    /// Puts 4 or 16 bytes.
    mutating func put(_ type: Int, _ address: IPAddress) {
        address.withNetworkBytes { put(type, bytes: $0) }
    }

    /// Puts 6 bytes.
    mutating func put(_ type: Int, _ mac: MACAddress) {
        mac.withNetworkBytes { put(type, bytes: $0) }
    }

    /// Puts the attributes that `body` puts into a nest.
    mutating func nest(_ type: Int, _ body: (inout SmallRequest) -> Void) {
        let start = count
        put(type | Int(NLA_F_NESTED), bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        body(&self)
        memory.storeBytes(of: UInt16(count - start), toByteOffset: start, as: UInt16.self)
    }

    @inline(__always)
    private mutating func put(_ type: Int, bytes: UnsafeRawBufferPointer) {
        let attribute = nlattr(
            nla_len: UInt16(MemoryLayout<nlattr>.size + bytes.count),
            nla_type: UInt16(type)
        )
        withUnsafeBytes(of: attribute) { append($0) }
        append(bytes)
    }

    /// Appends bytes, and zeros up to a multiple of 4.
    @inline(__always)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let padded = (bytes.count + 3) & ~3
        precondition(count + padded <= memory.count, "a small request has room for every attribute there is")
        if padded > bytes.count {
            memory.storeBytes(of: 0, toByteOffset: count + padded - 4, as: UInt32.self)
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + bytes.count]).copyMemory(from: bytes)
        count += padded
    }
}

extension MessageBatch {
    /// Adds a small request.
    ///
    /// - Parameters:
    ///   - type: `RTM_NEWROUTE` and its like.
    ///   - flags: `NLM_F_CREATE` and its like.
    ///   - header: The fixed header of the message's family.
    ///   - tag: What a refusal of it is to be told by.
    ///   - body: Puts the attributes.
    mutating func appendSmall(
        _ type: Int,
        flags: Int,
        header: some BitwiseCopyable,
        tag: Int,
        _ body: (inout SmallRequest) -> Void
    ) {
        withUnsafeTemporaryAllocation(byteCount: SmallRequest.capacity, alignment: 8) { memory in
            var request = SmallRequest(in: memory, type: type, flags: flags, header: header)
            body(&request)
            append(request.bytes, tag: tag)
        }
    }
}
