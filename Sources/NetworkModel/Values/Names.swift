/// Why a text is no name.
package struct InvalidName: Error, Hashable, Sendable {
    /// What is wrong and what would be right, without the name itself.
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// The name of a link: at most 15 bytes, as the kernel's `dev_valid_name()` has it.
package struct InterfaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 15 bytes, zeros behind the name, the first byte highest: a value that is copied and compared as two numbers,
    /// for there are hundreds of thousands of them.
    package let high: UInt64
    /// The last seven bytes of them.
    package let low: UInt64

    /// The name's text.
    package var text: String {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Takes at most 15 bytes; what is behind them is left out.
    private init(bytes: UnsafeBufferPointer<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        for (offset, byte) in bytes.prefix(15).enumerated() {
            if offset < 8 {
                words.0 |= UInt64(byte) << UInt64(56 - 8 * offset)
            } else {
                words.1 |= UInt64(byte) << UInt64(56 - 8 * (offset - 8))
            }
        }
        (high, low) = words
    }

    /// Checks `text` and takes it.
    ///
    /// Kernel: `net/core/dev.c`, `dev_valid_name()`. A `%` is refused besides, for the kernel would replace
    /// `%d` by a number of its choice.
    package init(_ text: String) throws(InvalidName) {
        var text = text
        switch text.withUTF8({ Self.checked($0) }) {
        case .success(let name): self = name
        case .failure(let reason): throw reason
        }
    }

    /// Checks a name and takes it, as ``init(_:)`` does, from the bytes of its UTF-8.
    package static func checked(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<InterfaceName, InvalidName> {
        guard bytes.count > 0 else {
            return .failure(InvalidName(reason: "an interface name has at least one character"))
        }
        guard bytes.count <= 15 else {
            let reason = "an interface name has at most 15 bytes, this one has \(bytes.count)"
            return .failure(InvalidName(reason: reason))
        }
        guard bytes.count > 2 || bytes.contains(where: { $0 != UInt8(ascii: ".") }) else {
            return .failure(InvalidName(reason: "an interface name can't be '.' or '..'"))
        }
        guard !bytes.contains(where: isForbidden) else {
            let reason = "an interface name has no space, control character, '/', ':' or '%'"
            return .failure(InvalidName(reason: reason))
        }
        return .success(InterfaceName(bytes: bytes))
    }

    /// Takes a name that the kernel gave, which is therefore valid.
    package init(fromKernel text: String) {
        var text = text
        self = text.withUTF8 { InterfaceName(bytes: $0) }
    }

    private static func isForbidden(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...32, 127, UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "%"): true
        default: false
        }
    }

    package static func < (left: InterfaceName, right: InterfaceName) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    package var description: String { text }
}

/// The name of a network namespace: a file name in `/run/netns`.
package struct NamespaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name's text.
    package let text: String

    /// Checks `text` and takes it: one path component of at most 100 bytes, so that a mark can hold it, that `ip netns` takes too.
    package init(_ text: String) throws(InvalidName) {
        guard !text.isEmpty else { throw InvalidName(reason: "a namespace name has at least one character") }
        guard text.utf8.count <= 255 else {
            throw InvalidName(
                reason: "a namespace name has at most 255 bytes, this one has \(text.utf8.count)"
            )
        }
        guard text != ".", text != "..", !text.utf8.contains(UInt8(ascii: "/")) else {
            throw InvalidName(reason: "a namespace name is a file name: no '/', not '.' or '..'")
        }
        guard !text.utf8.contains(where: { $0 <= 32 || $0 == 127 }) else {
            throw InvalidName(reason: "a namespace name has no space or control character")
        }
        guard text.utf8.first != UInt8(ascii: "-") else {
            throw InvalidName(
                reason: "a namespace name can't begin with '-': 'ip netns' would take it for an option"
            )
        }
        self.text = text
    }

    package static func < (left: NamespaceName, right: NamespaceName) -> Bool { left.text < right.text }

    package var description: String { text }
}

/// Where a link, a route or a sysctl is: in the node's own namespace or in a named one.
package enum Place: Hashable, Sendable, Comparable {
    /// The namespace that Weft was started for: the host's, or the one that `--netns` names.
    case node
    /// A namespace by its name in `/run/netns`.
    case namespace(NamespaceName)

    /// The namespace's name; `nil` for the node's own.
    package var name: NamespaceName? {
        switch self {
        case .node: nil
        case .namespace(let name): name
        }
    }

    package static func < (left: Place, right: Place) -> Bool {
        switch (left, right) {
        case (.node, .node), (.namespace, .node): false
        case (.node, .namespace): true
        case (.namespace(let first), .namespace(let second)): first < second
        }
    }
}

/// What a link is known by: its place and its name there.
package struct LinkID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var place: Place
    package var name: InterfaceName

    package init(_ name: InterfaceName, in place: Place) {
        self.place = place
        self.name = name
    }

    package static func < (left: LinkID, right: LinkID) -> Bool {
        (left.place, left.name) < (right.place, right.name)
    }

    /// `br9`, or `lab1/eth0` for a link in a namespace.
    package var description: String {
        place.name.map { "\($0)/\(name)" } ?? name.text
    }
}
