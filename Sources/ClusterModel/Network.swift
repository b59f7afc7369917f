package import NetworkModel

/// A set of endpoints that reach each other.
package struct Network: Named, Hashable, Sendable {
    package let name: NetworkName
    /// What makes it, with the options of its kind.
    package var driver: Driver
    /// Its addresses, one range of each family; at least one.
    package var subnets: PerFamily<Prefix>
    /// Who forwards for it.
    package var gateway = Gateway.automatic
    /// The part of each subnet from which addresses are assigned; of a family without one all of it.
    package var ranges = PerFamily<Prefix>()
    /// No default route leads out of it.
    package var isInternal = false
    /// Whether what leaves for the outside bears the node's address, where it is stated.
    package var statedMasquerade: Bool?
    /// A wire and nothing else, with no address on the host side: such networks may overlap others.
    package var isIsolated = false
    /// The largest packet that its links carry; `nil`: what the underlay allows.
    package var mtu: MTU?
    /// Whether names are resolved on it, where it is stated.
    package var statedDNS: Bool?
    /// The nodes that carry it, where they are stated.
    package var nodes: [NodeName]?
    /// The name of its bridge, where it is stated.
    package var interface: InterfaceName?

    package init(_ name: NetworkName, driver: Driver, subnets: PerFamily<Prefix>) {
        self.name = name
        self.driver = driver
        self.subnets = subnets
    }

    /// Whether what leaves for the outside bears the node's address.
    package var masquerades: Bool {
        if let statedMasquerade { return statedMasquerade }
        switch driver {
        case .bridge, .routed, .overlay: return !isInternal && !isIsolated
        case .macvlan: return false
        }
    }

    /// Whether names are resolved on it.
    package var hasDNS: Bool { statedDNS ?? !isBuiltInBridge }

    /// True for the network that every node has for itself.
    package var isBuiltInBridge: Bool { name == Self.builtInBridgeName }
}

extension Network {
    /// What makes a network, with the options of its kind.
    package enum Driver: Hashable, Sendable {
        /// A bridge on one node.
        case bridge
        /// A prefix for each node, and routes between them.
        case routed(Routed)
        /// One subnet over all nodes, by VXLAN.
        case overlay(Overlay)
        /// Endpoints on the underlay's own wire.
        case macvlan(Macvlan)

        /// The word for it.
        package var kind: Kind {
            switch self {
            case .bridge: .bridge
            case .routed: .routed
            case .overlay: .overlay
            case .macvlan: .macvlan
            }
        }

        /// The drivers by name.
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            case bridge, routed, overlay, macvlan

            /// Whether a bridge joins the endpoints of a node.
            package var hasBridge: Bool {
                switch self {
                case .bridge, .routed, .overlay: true
                case .macvlan: false
                }
            }
        }
    }

    /// The options of a routed network.
    package struct Routed: Hashable, Sendable {
        package var prefixes: NodePrefixes
        package var via: Via

        package init(prefixes: NodePrefixes = .assigned(length: PerFamily()), via: Via = .nodes) {
            self.prefixes = prefixes
            self.via = via
        }

        /// Which part of the subnets each node has.
        package enum NodePrefixes: Hashable, Sendable {
            /// Assigned, of these lengths; of a family without one ``defaultLength(of:)``.
            case assigned(length: PerFamily<UInt8>)
            /// These, one of each family for a node.
            case stated([NodeName: PerFamily<Prefix>])
        }

        /// Who holds the routes.
        package enum Via: String, Hashable, Sendable, CaseIterable {
            /// Every node that carries the network has one to each peer.
            case nodes
            /// Nodes of role router alone.
            case router
        }

        /// The length of a node's prefix where none is stated: 24 for IPv4, 64 for IPv6.
        package static func defaultLength(of family: AddressFamily) -> UInt8 {
            switch family {
            case .ipv4: 24
            case .ipv6: 64
            }
        }
    }

    /// The options of an overlay.
    package struct Overlay: Hashable, Sendable {
        /// The network identifier, where it is stated.
        package var statedVNI: VNI?
        /// The UDP port.
        package var port: UInt16 = 4789
        /// Frames to all are sent to every node that carries the network.
        package var floods = false
        /// Learns where addresses are from what comes in, besides what is programmed.
        package var learns = false

        package init() {}
    }

    /// The options of a macvlan network.
    package struct Macvlan: Hashable, Sendable {
        /// The link of the node whose wire it shares; `nil`: the one that joins the node to the underlay.
        package var parent: InterfaceName?
        /// Whom endpoints reach among those of the same node.
        package var mode = NetworkModel.Macvlan.Mode.bridge

        package init() {}
    }

    /// Who forwards for a network.
    package enum Gateway: Hashable, Sendable {
        /// The first address of the subnet on each node; for macvlan nobody.
        case automatic
        /// Nobody: there is no default route.
        case none
        /// These addresses; for a family without one as ``automatic``.
        case addresses(PerFamily<IPAddress>)
    }
}

extension Network {
    package static let builtInBridgeName = NetworkName(unchecked: "bridge")
    package static let hostName = NetworkName(unchecked: "host")
    package static let noneName = NetworkName(unchecked: "none")

    /// The names of the networks that are always there.
    package static let builtInNames = [builtInBridgeName, hostName, noneName]

    /// What the built-in bridge has where no subnets are stated: 172.17.0.0/16.
    package static let builtInBridgeSubnet = Prefix(containing: IPAddress(ipv4: 0xac11_0000), length: 16)

    /// The network that every node has for itself: no DNS, names by link only.
    package static func builtInBridge(subnets: PerFamily<Prefix>? = nil) -> Network {
        Network(builtInBridgeName, driver: .bridge, subnets: subnets ?? PerFamily(ipv4: builtInBridgeSubnet))
    }
}
