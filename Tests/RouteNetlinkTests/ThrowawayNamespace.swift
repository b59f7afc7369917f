import Foundation
import LinuxSystem
import Netlink
import NetworkModel

/// A network namespace that only the test's thread is in, and that dies with it.
enum ThrowawayNamespace {
    /// True if namespaces can be made.
    static var isAvailable: Bool { geteuid() == 0 }

    /// Runs `body` in a new namespace.
    ///
    /// Expectations belong outside: there the test is known.
    static func run<Value>(_ body: () throws -> Value) throws -> Value {
        try DedicatedThread.run(named: "test") {
            try NamespaceHandle.unshareNew()
            return try body()
        }
    }

    /// Makes another namespace, and a socket in it.
    static func second() throws -> SecondNamespace {
        try DedicatedThread.run(named: "test 2") {
            try NamespaceHandle.unshareNew()
            return SecondNamespace(handle: try .current(), socket: try .route())
        }
    }
}

/// A namespace besides the one that a test is in.
struct SecondNamespace: ~Copyable {
    let handle: NamespaceHandle
    var socket: NetlinkSocket

    /// Runs `body` in it.
    func run<Value>(_ body: () throws -> Value) throws -> Value {
        try DedicatedThread.run(named: "test 2") {
            try handle.enter()
            return try body()
        }
    }
}

/// A command failed.
struct CommandFailure: Error {
    var command: String
    var output: String
}

/// Runs a command of the shell in the calling thread's namespace, and returns what it prints.
@discardableResult
func shell(_ command: String) throws -> String {
    guard let stream = popen("{ \(command)\n} 2>&1", "r") else { throw Errno.current }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&buffer, 1, buffer.count, stream)
        if count == 0 { break }
        output += buffer[..<count]
    }
    let text = String(decoding: output, as: UTF8.self)
    if pclose(stream) != 0 { throw CommandFailure(command: command, output: text) }
    return text
}

/// What iproute2 says, in the calling thread's namespace.
func judge(_ command: String) throws -> JSON {
    JSON(try JSONSerialization.jsonObject(with: Data(try shell(command).utf8)))
}

/// A JSON value.
///
/// What is missing is `nil` all the way down.
struct JSON {
    let value: Any?

    init(_ value: Any?) { self.value = value }

    subscript(key: String) -> JSON { JSON((value as? [String: Any])?[key]) }
    subscript(position: Int) -> JSON {
        let array = value as? [Any] ?? []
        return JSON(position < array.count ? array[position] : nil)
    }
    var elements: [JSON] { (value as? [Any] ?? []).map { JSON($0) } }
    var text: String? { value as? String }
    var int: Int? { (value as? NSNumber)?.intValue }
    var bool: Bool? { (value as? NSNumber)?.boolValue }
}

// MARK: - Short names for tests

func name(_ text: String) -> InterfaceName { InterfaceName(fromKernel: text) }

func mac(_ number: UInt64) -> MACAddress { MACAddress(bits: 0x0200_0000_0000 + number) }

func ip(_ text: String) throws -> IPAddress {
    guard let address = IPAddress(text) else { throw CommandFailure(command: "IPAddress", output: text) }
    return address
}

func prefix(_ text: String, _ length: UInt8) throws -> Prefix {
    Prefix(containing: try ip(text), length: length)
}

func link(_ text: String, _ kind: LinkKind, mac number: UInt64, in place: Place = .node) -> Link {
    Link(LinkID(name(text), in: place), kind: kind, mac: mac(number), purpose: "test")
}

func veth(_ near: String, _ far: String, mac number: UInt64) -> (near: Link, far: Link) {
    (
        link(near, .veth(peer: LinkID(name(far), in: .node)), mac: number),
        link(far, .veth(peer: LinkID(name(near), in: .node)), mac: number + 1)
    )
}

/// The kernel said no.
struct Refused: Error {
    let refusal: Refusal
}

extension NetlinkSocket {
    /// Sends a batch that `build` fills.
    ///
    /// - Throws: The first refusal.
    mutating func apply(_ build: (inout MessageBatch) throws -> Void) throws {
        if let refusal = try attempt(build).first { throw Refused(refusal: refusal) }
    }

    /// Sends a batch that `build` fills, and returns what is refused.
    mutating func attempt(_ build: (inout MessageBatch) throws -> Void) throws -> [Refusal] {
        var batch = MessageBatch()
        try build(&batch)
        return try transact(&batch)
    }
}
