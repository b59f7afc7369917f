package import ClusterModel
package import NetworkModel

/// The world around the nodes of a lab: a node state like any other, for the namespace that holds the wire.
///
/// That has a bridge for the underlay, and one for each other link of nodes that the document takes for given. Each node is a
/// namespace with a link to the wire, the node's addresses on it, and a default route to the document's router. Where the
/// document has none, it is the lab's own gateway: a namespace that has an address in each range and forwards from one to
/// the others, and that has the routes to the parts of routed networks, as the VPC's router has. What is beyond is nobody.
package enum LabUnderlay {
    /// The state of the underlay that a document asks for.
    ///
    /// A pure function, as the compilation of a node is.
    package static func state(of document: LabDocument, in lab: LabName) -> NodeState {
        var builder = UnderlayBuilder(document: document, lab: lab)
        builder.run()
        return builder.state
    }

    /// The link that joins a node to the underlay: the one that is stated, else the parent of a macvlan network on the node's
    /// own range, else `eth0`.
    package static func interface(of node: ClusterNode, in cluster: ClusterState) -> InterfaceName {
        if let interface = node.interface { return interface }
        for network in cluster.networks {
            guard case .macvlan(let options) = network.driver, let parent = options.parent else { continue }
            let isOnWire = node.addresses.values.contains { address in
                network.subnets[address.family]?.contains(address) ?? false
            }
            if isOnWire, carries(node, network, in: cluster) { return parent }
        }
        return InterfaceName(fromKernel: "eth0")
    }

    /// The MTU of all wires: Ethernet's, or what the networks need of which the document states more; and which networks need that.
    static func widestPackets(of cluster: ClusterState) -> (mtu: MTU, networks: [NetworkName]) {
        let tunnels = cluster.nodes.compactMap { $0.tunnelAddress?.family }.map(VXLAN.overhead).max() ?? 0
        let needs = cluster.networks.compactMap { network -> (mtu: MTU, network: NetworkName)? in
            guard let stated = network.mtu else { return nil }
            let overhead = network.driver.kind == .overlay ? tunnels : 0
            return (MTU(bytes: min(stated.bytes + overhead, MTU.range.upperBound)), network.name)
        }
        let widest = needs.map(\.mtu).reduce(.ethernet, max)
        return (widest, needs.filter { $0.mtu == widest }.map(\.network))
    }

    /// True if a node has endpoints of a network, or is stated to carry it.
    static func carries(_ node: ClusterNode, _ network: Network, in cluster: ClusterState) -> Bool {
        if let nodes = network.nodes { return nodes.contains(node.name) }
        return cluster.sandboxes.contains { sandbox in
            sandbox.node == node.name && sandbox.endpoints.contains { $0.network == network.name }
        }
    }
}

/// Makes one underlay.
private struct UnderlayBuilder {
    let document: LabDocument
    let lab: LabName
    let subnets: UnderlaySubnets
    /// Of all wires.
    private let mtu: MTU
    var state: NodeState

    private var home: String { lab.namespace(of: LabName.underlay) }

    /// The bridge of the underlay.
    private static let bridge = InterfaceName(fromKernel: LabName.underlay)

    init(document: LabDocument, lab: LabName) {
        self.document = document
        self.lab = lab
        subnets = UnderlaySubnets(of: document)
        mtu = LabUnderlay.widestPackets(of: document.cluster).mtu
        state = NodeState(node: lab.namespace(of: LabName.underlay))
    }

    mutating func run() {
        addBridge(Self.bridge, purpose: "the wire between the nodes")
        for node in document.cluster.nodes { add(node) }
        if !subnets.gateways.isEmpty { addGateway() }
    }

    private mutating func addBridge(_ name: InterfaceName, purpose: String) {
        var options = Bridge()
        // Who listens to which group nobody asks here; a bridge that waits for answers loses neighbour discovery.
        options.multicastSnooping = false
        let id = LinkID(name, in: .node)
        guard state.links[id] == nil else { return }
        var link = Link(id, kind: .bridge(options), mac: mac(id), purpose: purpose)
        link.mtu = mtu
        link.addressGeneration = .none
        state.links[id] = link
    }

    // MARK: Nodes

    private mutating func add(_ node: ClusterNode) {
        let own = LabUnderlay.interface(of: node, in: document.cluster)
        let addresses = node.addresses.values.map { address in
            interfaceAddress(address, subnets.subnet(of: address)?.length ?? address.family.width)
        }
        let place = addNamespace(node.name.text)
        addLink(own, of: node.name.text, to: Self.bridge, addresses)
        announce(addresses, in: place, own, except: Set(node.objects.state.sysctls.map(\.key.path)))
        for family in AddressFamily.allCases {
            guard let gateway = subnets.nextHop(of: node, family) else { continue }
            var route = Route(to: .all(family), in: place)
            route.gateway = gateway
            route.device = own
            state.routes.append(route)
        }
        for name in othersLinks(of: node).subtracting([own]).sorted() {
            let bridge = InterfaceName(fromKernel: KernelNames.shortened("wire-", name.text))
            addBridge(bridge, purpose: "the wire of \(name)")
            addLink(name, of: node.name.text, to: bridge, [])
        }
    }

    /// The links that the document takes for given on a node: parents of macvlans, underlays of tunnels, devices of routes.
    private func othersLinks(of node: ClusterNode) -> Set<InterfaceName> {
        let objects = node.objects.state
        let stated = Set(objects.links.keys.filter { $0.place == .node }.map(\.name))
        var names = Set(objects.links.values.compactMap(\.kind.parent))
        names.formUnion(objects.routes.filter { $0.place == .node }.compactMap(\.device))
        for network in document.cluster.networks {
            guard case .macvlan(let options) = network.driver, let parent = options.parent,
                LabUnderlay.carries(node, network, in: document.cluster)
            else { continue }
            names.insert(parent)
        }
        return names.subtracting(stated).subtracting([InterfaceName(fromKernel: "lo")])
    }

    // MARK: The gateway

    private mutating func addGateway() {
        let place = addNamespace(LabName.gateway)
        let addresses = subnets.gateways.sorted { $0.key < $1.key }.flatMap { subnet, addresses in
            addresses.map { interfaceAddress($0, subnet.length) }
        }
        let eth0 = InterfaceName(fromKernel: "eth0")
        addLink(eth0, of: LabName.gateway, to: Self.bridge, addresses)
        addRoutes(in: place)
        announce(addresses, in: place, eth0, except: [])
        // It is nobody's node, so that nobody else has a say in this.
        let families = Set(addresses.map(\.address.family))
        if families.contains(.ipv4) { set("net/ipv4/ip_forward", "1", in: place) }
        if families.contains(.ipv6) { set("net/ipv6/conf/all/forwarding", "1", in: place) }
    }

    /// What `weft routes` prints for the VPC's router, which the gateway stands for.
    private mutating func addRoutes(in place: Place) {
        for entry in document.cluster.routerTable(document.assignment) {
            // A node in a range without a free address is none that the gateway reaches.
            guard subnets.subnet(of: entry.nextHop).map({ subnets.gateways[$0] != nil }) ?? false else {
                continue
            }
            var route = Route(to: entry.prefix, in: place)
            route.gateway = entry.nextHop
            state.routes.append(route)
        }
    }

    private mutating func set(_ path: String, _ value: String, in place: Place) {
        state.sysctls.append(Sysctl(Sysctl.Key(path: path, in: place), value: value))
    }

    // MARK: Common

    /// Has the kernel announce what addresses a link has, so that nobody sends to who had one of them before.
    ///
    /// - Parameters:
    ///   - addresses: The link's.
    ///   - place: Where the link is.
    ///   - link: Its name.
    ///   - stated: The settings that the node's own Weft has a say in.
    private mutating func announce(
        _ addresses: [InterfaceAddress],
        in place: Place,
        _ link: InterfaceName,
        except stated: Set<String>
    ) {
        let families = Set(addresses.map(\.address.family))
        var paths: [String] = []
        if families.contains(.ipv4) { paths.append("net/ipv4/conf/\(link)/arp_notify") }
        if families.contains(.ipv6) { paths.append("net/ipv6/conf/\(link)/ndisc_notify") }
        for path in paths where !stated.contains(path) { set(path, "1", in: place) }
    }

    private mutating func addNamespace(_ node: String) -> Place {
        // Names that are too long were refused before.
        guard let name = try? NamespaceName(lab.namespace(of: node)) else { return .node }
        state.namespaces.insert(name)
        return .namespace(name)
    }

    /// A pair from a node to a bridge.
    private mutating func addLink(
        _ name: InterfaceName,
        of node: String,
        to bridge: InterfaceName,
        _ addresses: [InterfaceAddress]
    ) {
        guard let namespace = try? NamespaceName(lab.namespace(of: node)) else { return }
        let inside = LinkID(name, in: .namespace(namespace))
        let port = LinkID(KernelNames.port(of: Name(unchecked: node), name), in: .node)
        var near = Link(port, kind: .veth(peer: inside), mac: mac(port), purpose: "port of \(node)")
        near.master = bridge
        near.mtu = mtu
        near.addressGeneration = .none
        var far = Link(
            inside,
            kind: .veth(peer: port),
            mac: addresses.first.map { mac(of: $0.address) } ?? mac(inside),
            purpose: "way of \(node) to \(bridge)"
        )
        far.mtu = mtu
        far.addressGeneration = .none
        far.addresses = addresses
        if addresses.contains(where: { $0.address.family == .ipv6 }) {
            var own = interfaceAddress(IPAddress(linkLocalFor: far.mac), 64)
            own.scope = .link
            far.addresses.append(own)
        }
        state.links[port] = near
        state.links[inside] = far
    }

    private func interfaceAddress(_ address: IPAddress, _ length: UInt8) -> InterfaceAddress {
        var value = InterfaceAddress(address, prefixLength: length)
        // Nobody else can have it: the wire is the lab's own.
        value.skipsDuplicateDetection = address.family == .ipv6
        return value
    }

    /// Of a link with an address, so that a node keeps it by whatever name it is called.
    private func mac(of address: IPAddress) -> MACAddress {
        // No network has a dot in its name.
        DefaultMAC.mac(of: address, on: NetworkName(unchecked: home))
    }

    private func mac(_ id: LinkID) -> MACAddress { DefaultMAC.mac(of: id, onNode: home) }
}
