/// A key that a mapping of the document may have: what its value looks like and what it does.
///
/// The decoder reads by these and ``DocumentSchema`` writes them out, so neither knows a key that the other does not.
package struct Attribute: Sendable {
    /// The key.
    package let name: String
    /// What its value looks like.
    package let form: Form
    /// What it does, with units.
    package let summary: String
    /// What is taken if the key is not there, in words or as written.
    package let fallback: String?
    /// True if the key must be there.
    package let isRequired: Bool
    /// Words that users of other tools would try.
    let synonyms: [String]

    init(
        _ name: String,
        _ form: Form,
        _ summary: String,
        default fallback: String? = nil,
        isRequired: Bool = false,
        synonyms: [String] = []
    ) {
        self.name = name
        self.form = form
        self.summary = summary
        self.fallback = fallback
        self.isRequired = isRequired
        self.synonyms = synonyms
    }
}

/// What the value of a key looks like.
package enum Form: Sendable {
    /// `true`, `yes`, `on` or `false`, `no`, `off`.
    case boolean
    /// A whole number, decimal or hexadecimal, with its unit.
    case number(ClosedRange<UInt64>, unit: String)
    /// The number or the name of a routing table.
    case table
    /// One of some words.
    case choice([String])
    /// Any text of at most so many bytes.
    case text(maximumBytes: Int)
    /// Any text, of any number of lines.
    case content
    /// The name of a link.
    case interfaceName
    /// The name of a namespace.
    case namespaceName
    /// A link-layer address.
    case mac
    /// An IPv4 or IPv6 address.
    case address
    /// ADDRESS/LENGTH, without host bits.
    case prefix
    /// A name that a user gave.
    case name(NameForm)
    /// The path of a file.
    case path
    /// A text without white space.
    case word
    /// A port of a node, and the sandbox's behind it: `127.0.0.1:8443:443/tcp`.
    case publishedPort
    /// A port: `3306/tcp`.
    case port
    /// `none`, or as ``eachFamily(_:)`` of addresses.
    case gateway
    /// A value, or a list of one for each family.
    indirect case eachFamily(Form)
    /// A list of values.
    indirect case values(Form)
    /// A mapping from nodes to values.
    indirect case byNode(Form)
    /// An address with the length of its prefix.
    case interfaceAddress
    /// A prefix, an address, or `default`.
    case destination
    /// A mapping with certain keys.
    case object(DocumentObject)
    /// A list of such mappings.
    case list(DocumentObject)
    /// A list of such mappings, each of which may be written as the value of one key alone.
    indirect case shortList(DocumentObject, short: Form)
    /// A mapping from names to such mappings.
    case named(DocumentObject, name: NameForm)
    /// A mapping from the names of settings to their values.
    case sysctls
    /// Not supported yet.
    case unsupported

    /// What the names of a mapping look like.
    package enum NameForm: Sendable {
        /// Names of nodes.
        case node
        /// Names of links, or `NAMESPACE/NAME`.
        case link
        /// Names of links of the node's own namespace, which the firewall can name.
        case nodeLink
        /// Names of networks.
        case network
        /// Names of sandboxes.
        case sandbox
        /// Other names of sandboxes.
        case alias
    }
}

/// The mappings of a document that have certain keys.
package enum DocumentObject: String, Sendable, CaseIterable {
    case document
    case declaredNode
    case hostNode
    case namespace
    case bridge
    case veth
    case vxlan
    case macvlan
    case peer
    case bridgePort
    case address
    case route
    case neighbour
    case forwardingEntry
    case file
    case firewall
    case firewallBridge
    case firewallPort
    case underlay
    case network
    case networkOptions
    case builtInBridge
    case sandbox
    case endpoint
    case sandboxRoute
    case sandboxLink
    case sandboxDNS

    /// The links of the document, by type.
    static let linkTypes: [DocumentObject] = [.bridge, .veth, .vxlan, .macvlan]

    /// The keys that it may have, those not supported yet left out.
    package var attributes: [Attribute] {
        allAttributes.filter { attribute in
            if case .unsupported = attribute.form { return false }
            return true
        }
    }

    /// The keys that are known, and not supported yet.
    package var unsupportedAttributes: [Attribute] {
        allAttributes.filter { attribute in
            if case .unsupported = attribute.form { return true }
            return false
        }
    }

    private var allAttributes: [Attribute] {
        switch self {
        case .document: DocumentKey.index.attributes
        case .declaredNode: NodeKey.index.attributes
        case .hostNode: NodeKey.allCases.filter(\.isRaw).map(\.attribute)
        case .namespace: NamespaceKey.index.attributes
        case .bridge: LinkKey.attributes(of: .bridge)
        case .veth: LinkKey.attributes(of: .veth)
        case .vxlan: LinkKey.attributes(of: .vxlan)
        case .macvlan: LinkKey.attributes(of: .macvlan)
        case .peer: LinkKey.attributes(of: .peer)
        case .bridgePort: BridgePortKey.index.attributes
        case .address: AddressKey.index.attributes
        case .route: RouteKey.index.attributes
        case .neighbour: NeighbourKey.index.attributes
        case .forwardingEntry: ForwardingKey.index.attributes
        case .file: FileKey.index.attributes
        case .firewall: FirewallKey.index.attributes
        case .firewallBridge: FirewallBridgeKey.index.attributes
        case .firewallPort: FirewallPortKey.index.attributes
        case .underlay: UnderlayKey.index.attributes
        case .network: NetworkKey.index.attributes
        case .networkOptions: NetworkOptionKey.index.attributes
        case .builtInBridge: BuiltInBridgeKey.index.attributes
        case .sandbox: SandboxKey.index.attributes
        case .endpoint: EndpointKey.index.attributes
        case .sandboxRoute: SandboxRouteKey.index.attributes
        case .sandboxLink: SandboxLinkKey.index.attributes
        case .sandboxDNS: SandboxDNSKey.index.attributes
        }
    }
}
