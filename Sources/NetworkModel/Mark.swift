/// What makes an object of the kernel Weft's.
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
package enum Mark {
    /// The link group of Weft's links: `weft` in ASCII.
    ///
    /// `IFLA_GROUP`.
    package static let linkGroup: UInt32 = 0x7765_6674

    /// The protocol number of Weft's routes, addresses and neighbours.
    ///
    /// `rtm_protocol`, `IFA_PROTO`, `NDA_PROTOCOL`.
    package static let protocolNumber: UInt8 = 87

    /// What every alias of Weft's begins with.
    package static let aliasPrefix = "weft:"

    /// The longest text that ``alias(for:)`` takes, in bytes: the kernel's `IFALIASZ` less the prefix and the NUL.
    package static let longestPurpose = 255 - 5

    /// The alias of a link that serves `purpose`.
    ///
    /// `IFLA_IFALIAS`.
    package static func alias(for purpose: String) -> String {
        aliasPrefix + purpose
    }

    /// What a link is for, if its alias is one of Weft's.
    package static func purpose(fromAlias alias: String) -> String? {
        alias.hasPrefix(aliasPrefix) ? String(alias.dropFirst(aliasPrefix.count)) : nil
    }

    /// The groups that links are moved into to be deleted together, by one request.
    ///
    /// A link found in one of them is what an interrupted deletion left; it still bears its alias.
    package static let deletionGroups: ClosedRange<UInt32> = 0x7765_6400...0x7765_64ff

    /// True if a link is Weft's: it has the group from its first instant, or it was about to be deleted by Weft.
    package static func isManaged(linkGroup group: UInt32, alias: String) -> Bool {
        group == linkGroup || (deletionGroups.contains(group) && alias.hasPrefix(aliasPrefix))
    }

    /// The alias of `lo` in a namespace of Weft's.
    ///
    /// - Parameters:
    ///   - name: The name of the namespace in `/run/netns`.
    ///   - owner: The node, by the name that `--netns` gives it, or by the inode of its namespace: what is started in
    ///     another namespace without `--netns` is another node, although it sees the same `/run`.
    /// - Returns: The whole alias, of at most 255 bytes.
    package static func namespaceAlias(for name: NamespaceName, of owner: String) -> String {
        // The kernel takes 255 bytes: the name has at most 100 of them, and so has the owner here.
        "\(aliasPrefix)namespace \(name) of \(String(decoding: owner.utf8.prefix(100), as: UTF8.self))"
    }
}
