/// What makes an object of the kernel Weft's, and one class of Weft's own.
///
/// This file alone writes and reads marks.
///
/// | object | mark |
/// | --- | --- |
/// | link | the group ``linkGroup``, and an alias that begins with ``aliasPrefix`` |
/// | address, on Weft's links | the protocol ``protocolNumber`` |
/// | route | the protocol ``protocolNumber`` |
/// | neighbour, on Weft's links | permanent, and the protocol ``protocolNumber`` |
/// | FDB entry | that it stands on a link of Weft's, and is static or permanent |
/// | namespace | the alias of its `lo` |
///
/// There are two classes, for one namespace may hold what two of Weft's users made: a laboratory makes a namespace
/// that is to be a node, and gives it its way to the underlay; the node's own Weft works inside. What is of one class is
/// a stranger's to the other.
package enum Mark: Hashable, Sendable, CaseIterable {
    /// What Weft makes on a node.
    case node
    /// What stands for the world around nodes: their namespaces, and their links to each other.
    case underlay

    /// The link group of Weft's links: `weft` in ASCII; `wefu` for those of the underlay.
    ///
    /// `IFLA_GROUP`.
    package var linkGroup: UInt32 {
        switch self {
        case .node: 0x7765_6674
        case .underlay: 0x7765_6675
        }
    }

    /// The protocol number of Weft's routes, addresses and neighbours.
    ///
    /// `rtm_protocol`, `IFA_PROTO`, `NDA_PROTOCOL`.
    package var protocolNumber: UInt8 {
        switch self {
        case .node: 87
        case .underlay: 88
        }
    }

    /// What every alias of Weft's begins with; none of the prefixes begins with another.
    package var aliasPrefix: String {
        switch self {
        case .node: "weft:"
        case .underlay: "weft-underlay:"
        }
    }

    /// The longest text that ``alias(for:)`` takes, in bytes: the kernel's `IFALIASZ` less the prefix and the NUL.
    package var longestPurpose: Int { 255 - aliasPrefix.utf8.count }

    /// The alias of a link that serves `purpose`.
    ///
    /// `IFLA_IFALIAS`.
    package func alias(for purpose: String) -> String {
        aliasPrefix + purpose
    }

    /// What a link is for, if its alias is one of Weft's.
    package func purpose(fromAlias alias: String) -> String? {
        alias.hasPrefix(aliasPrefix) ? String(alias.dropFirst(aliasPrefix.count)) : nil
    }

    /// The groups that links are moved into to be deleted together, by one request.
    ///
    /// A link found in one of them is what an interrupted deletion left; it bears an alias of Weft's.
    package var deletionGroups: ClosedRange<UInt32> {
        switch self {
        case .node: 0x7765_6400...0x7765_64ff
        case .underlay: 0x7765_6500...0x7765_65ff
        }
    }

    /// True if a link is Weft's: it has the group from its first instant, or it was about to be deleted by Weft.
    package func isManaged(linkGroup group: UInt32, alias: String) -> Bool {
        group == linkGroup || (deletionGroups.contains(group) && alias.hasPrefix(aliasPrefix))
    }
}

// MARK: - Namespaces

extension Mark {
    /// The alias of `lo` in a namespace of Weft's.
    ///
    /// - Parameters:
    ///   - name: The name of the namespace in `/run/netns`.
    ///   - owner: The node, by its name in `/run/netns`, or by the inode of its namespace: what is another namespace is
    ///     another node, although it sees the same `/run`.
    /// - Returns: The whole alias, of at most 255 bytes.
    package func namespaceAlias(for name: NamespaceName, of owner: String) -> String {
        // The kernel takes 255 bytes: the name has at most 100 of them, and so has the owner here.
        "\(aliasPrefix)\(Self.namespaceWord)\(name)\(Self.ownerWord)"
            + String(decoding: owner.utf8.prefix(100), as: UTF8.self)
    }

    /// The name and the owner in the alias of `lo`, if it is one that ``namespaceAlias(for:of:)`` writes.
    package func namespace(fromAlias alias: String) -> (name: String, owner: String)? {
        guard let words = purpose(fromAlias: alias), words.hasPrefix(Self.namespaceWord) else { return nil }
        let rest = words.dropFirst(Self.namespaceWord.count)
        // No name of a namespace of Weft's has a space.
        guard let space = rest.firstIndex(of: " "), rest[space...].hasPrefix(Self.ownerWord) else {
            return nil
        }
        return (String(rest[..<space]), String(rest[space...].dropFirst(Self.ownerWord.count)))
    }

    /// The alias of `lo` in a namespace that stands for a node of this class and was made for nothing else.
    ///
    /// - Parameter name: Its name in `/run/netns`.
    /// - Returns: The whole alias.
    package func homeAlias(of name: String) -> String { "\(aliasPrefix)home \(name)" }

    private static let namespaceWord = "namespace "
    private static let ownerWord = " of "
}
