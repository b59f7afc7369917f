package import NetworkModel

/// One step of a plan: one order to the kernel, one line for a person, one record for a machine.
package struct Change: Hashable, Sendable {
    /// What is done, as a person counts it.
    package var verb: Verb
    /// What is done, as the applier carries it out.
    package var operation: Operation
    /// What differs, for a change in place or a remake.
    package var differences: [Difference] = []
    /// Why, where the differences do not say it.
    package var reason: String?
    /// False for the half of a remake that is not counted: the deletion before the creation.
    package var isCounted = true

    package init(
        _ verb: Verb,
        _ operation: Operation,
        differences: [Difference] = [],
        reason: String? = nil,
        isCounted: Bool = true
    ) {
        self.verb = verb
        self.operation = operation
        self.differences = differences
        self.reason = reason
        self.isCounted = isCounted
    }

    /// What is done, as a person counts it.
    package enum Verb: String, Hashable, Sendable, CaseIterable {
        /// It was not there.
        case create
        /// It stays, with other attributes.
        case change
        /// The kernel can't change it in place: it goes, and comes again.
        case remake
        /// It goes.
        case delete
    }
}

/// An attribute that has one value and shall have another.
package struct Difference: Hashable, Sendable {
    /// The attribute, by its name in documents.
    package var attribute: String
    /// The value that is; `nil` for none.
    package var from: String?
    /// The value that shall be; `nil` for none.
    package var to: String?

    package init(_ attribute: String, from: String?, to: String?) {
        self.attribute = attribute
        self.from = from
        self.to = to
    }

    /// Appends to `list` if the values differ.
    static func note<Value: Equatable>(
        _ attribute: String,
        _ from: Value,
        _ to: Value,
        in list: inout [Difference]
    ) {
        guard from != to else { return }
        list.append(Difference(attribute, from: text(of: from), to: text(of: to)))
    }

    /// The text of a value as a document has it; `nil` for an optional that is.
    private static func text<Value>(of value: Value) -> String? {
        guard let optional = value as? any OptionalValue else { return "\(value)" }
        return optional.wrappedText
    }
}

/// An optional of any type, for its text.
private protocol OptionalValue {
    var wrappedText: String? { get }
}

extension Optional: OptionalValue {
    fileprivate var wrappedText: String? { map { "\($0)" } }
}

/// What the applier is to do, with all that it needs to know.
package enum Operation: Hashable, Sendable {
    /// Makes a namespace, marks it, raises its `lo`, writes settings that are not of its links, and names it.
    case createNamespace(NamespaceName, settings: [Sysctl] = [])
    /// Marks a namespace of Weft's again, and raises its `lo`.
    case markNamespace(NamespaceName)
    /// Takes the name away; the kernel frees the namespace when nobody is in it.
    case deleteNamespace(NamespaceName, processCount: Int)
    /// Makes a link, for a veth with its other end, and brings it into its place.
    indirect case createLink(LinkCreation)
    /// Changes what differs, in place.
    indirect case changeLink(from: ObservedLink, to: Link)
    /// Deletes a link, a veth with its other end.
    case deleteLink(LinkID, index: Int32, peer: LinkID?)
    /// Adds an address.
    case addAddress(InterfaceAddress, on: LinkID)
    /// Gives an address other flags, or Weft's mark; or adds it again where the kernel may have dropped it.
    case replaceAddress(InterfaceAddress, on: LinkID)
    /// Deletes an address; `keepsSecondaries` of an IPv4 one whose prefix others stay in.
    case deleteAddress(InterfaceAddress, on: LinkID, keepsSecondaries: Bool)
    /// Adds the kernel's own route to the prefix of an IPv4 address, which somebody took away.
    case addPrefixRoute(InterfaceAddress, on: LinkID)
    /// Tells a link that is up its MAC once more: at that the kernel announces it, with the link's addresses, to the network.
    ///
    /// It does so by the link's settings (``AnnouncingLinks``), and forgets the link's neighbours.
    case announce(LinkID, MACAddress)
    /// Adds a route, exclusively.
    case addRoute(Route)
    /// Replaces Weft's route of the same key; or adds it again where the kernel may have dropped it.
    indirect case replaceRoute(from: Route?, to: Route)
    case deleteRoute(Route)
    /// Adds a neighbour, also in the place of one that was learnt; or changes it.
    case replaceNeighbour(Neighbour)
    case deleteNeighbour(Neighbour)
    case addForwarding(ForwardingEntry)
    case replaceForwarding(ForwardingEntry)
    case deleteForwarding(ForwardingEntry)
    /// Writes a setting; `before` is what it was, and is recorded before the writing.
    case writeSysctl(Sysctl, before: String?)
    /// Writes back what a setting was before Weft changed it, and forgets the record.
    case restoreSysctl(Sysctl, from: String)
    /// Writes a file of a sandbox in place, and lays it over the node's for its namespace, and for no other one.
    indirect case writeFile(SandboxFile)
    /// Removes a file of a sandbox, and the names that it has in `/etc/netns`.
    case deleteFile(SandboxFile.Key, namespaces: Set<NamespaceName>)
    /// Changes the firewall: what comes one after the other is one transaction.
    indirect case firewall(FirewallOrder)
}

/// A link that is to be made, with the interface indexes that it shall have.
package struct LinkCreation: Hashable, Sendable {
    package var link: Link
    package var index: Int32
    /// The other end of a veth pair.
    package var peer: Link?
    package var peerIndex: Int32
    /// The settings of both that are written before they are raised.
    package var settings: [Sysctl] = []

    package init(_ link: Link, index: Int32, peer: Link? = nil, peerIndex: Int32 = 0) {
        self.link = link
        self.index = index
        self.peer = peer
        self.peerIndex = peerIndex
    }
}
