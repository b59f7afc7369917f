package import NetworkModel

/// A name that a user gives to a node, a network, a sandbox or an alias; `Bearer` keeps these apart.
///
/// 1 through 63 of `a-z 0-9 - _`, beginning with a letter or digit: a label of DNS, and a part of file names.
package struct Name<Bearer>: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name's text.
    package let text: String

    /// Checks `text` and takes it.
    package init(_ text: String) throws(InvalidName) {
        guard Self.isValid(text.utf8) else {
            throw InvalidName(
                reason: "a name is 1 through 63 of a-z, 0-9, - and _, and begins with a letter or digit"
            )
        }
        self.text = text
    }

    /// Takes a text that is known to be no name, for what else is wrong with its bearer to be found.
    package init(unchecked text: String) {
        self.text = text
    }

    private static func isValid(_ text: String.UTF8View) -> Bool {
        guard let first = text.first, text.count <= 63 else { return false }
        return isLetterOrDigit(first)
            && text.allSatisfy {
                isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    @inlinable package static func < (left: Name, right: Name) -> Bool { left.text < right.text }
    @inlinable package static func == (left: Name, right: Name) -> Bool { left.text == right.text }
    @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    package var description: String { text }
}

/// The name of a node.
package typealias NodeName = Name<ClusterNode>
/// The name of a network.
package typealias NetworkName = Name<Network>
/// The name of a sandbox.
package typealias SandboxName = Name<Sandbox>
/// Another name of a sandbox, on one network or for one other sandbox.
package typealias AliasName = Name<SandboxLink>
