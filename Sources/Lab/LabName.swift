internal import ClusterModel
package import NetworkModel
package import Reconciler

/// What a lab is called, and what follows from that: the names of its namespaces, and where Weft keeps what it must remember.
///
/// No name of a lab, a node or a sandbox has a dot, so `LAB.NODE.SANDBOX` can't be read in two ways.
package struct LabName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Checks `text` and takes it.
    ///
    /// - Throws: ``InvalidName`` if it is none.
    package init(_ text: String) throws(InvalidName) {
        self.text = try Name<LabName>(text).text
    }

    /// The lab whose underlay is in the namespace `namespace`; `nil` if it is none's.
    package init?(underlay namespace: String) {
        let end = ".\(Self.underlay)"
        guard namespace.hasSuffix(end), let name = try? LabName(String(namespace.dropLast(end.count))) else {
            return nil
        }
        self = name
    }

    package var description: String { text }

    /// The node that stands for the wire between nodes; no node of a document can have its name.
    package static let underlay = "underlay"
    /// The node that stands for the world outside; no node of a document can have its name.
    package static let gateway = "gateway"
    /// The names that are a lab's own.
    package static let reserved = [gateway, underlay]

    /// The name of a node's namespace in `/run/netns`: `LAB.NODE`.
    package func namespace(of node: String) -> String { "\(text).\(node)" }

    /// What the names of all of the lab's namespaces begin with.
    package var prefix: String { "\(text)." }

    /// Where the lab's own record is.
    package var directory: String { "\(Self.allLabs)/\(text)" }

    /// Where the records of all labs are.
    package static let allLabs = "/run/weft/labs"

    /// The longest name of a node's namespace, in bytes: its mark names its owner as well.
    static let longestNodeNamespace = 95
    /// The longest name of another namespace, in bytes.
    static let longestNamespace = 100

    /// A node of the document, as its own Weft has it.
    ///
    /// - Throws: What looking for its namespace refuses.
    package func node(_ name: String) throws -> Node {
        let namespace = namespace(of: name)
        return Node(
            name: name,
            netns: namespace,
            identity: .named(namespace),
            runtimeDirectory: nil
        )
    }

    /// The node on which the underlay is made: the namespace that holds the wire.
    package func underlayNode() throws -> Node {
        var node = try node(Self.underlay)
        node.mark = .underlay
        return node
    }
}
