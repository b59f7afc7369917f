internal import ClusterModel
internal import NetworkModel

/// The networks of a cluster.
extension Decoder {
    mutating func network(_ entry: NamedEntry, into draft: inout DocumentDraft) {
        let name: NetworkName = definedName(entry, "a network")
        guard name != Network.hostName, name != Network.noneName else {
            return complain(
                at: entry.key,
                "network '\(name)' is always there, and can't be defined",
                hint: "leave it out"
            )
        }
        guard let node = entry.values.first, let mapping = mapping(node) else {
            draft.excuses.networks.insert(name)
            return
        }
        if name == Network.builtInBridgeName {
            let fields = fields(mapping, BuiltInBridgeKey.self)
            let subnets = fields[.subnets].map { prefixes($0, "a subnet") }
            draft.networks.append(Network.builtInBridge(subnets: subnets))
            return
        }
        let fields = fields(mapping, NetworkKey.self)
        require(.driver, .subnets, in: fields)
        let kind = choice(.driver, fields, Network.Driver.Kind.self)
        if let kind { checkKeys(of: fields, kind) }
        let subnets = fields[.subnets].map { prefixes($0, "a subnet") } ?? PerFamily()
        // What else is wrong is found also where the driver is not known.
        let driver = driver(kind ?? .bridge, fields)
        var network = Network(name, driver: driver, subnets: subnets)
        networkOptions(fields, &network)
        guard kind != nil, !subnets.isEmpty else {
            draft.excuses.networks.insert(name)
            return
        }
        draft.networks.append(network)
    }

    /// Complains of keys that belong to other drivers.
    private mutating func checkKeys(of fields: Fields<NetworkKey>, _ kind: Network.Driver.Kind) {
        for key in fields.present where !key.drivers.contains(kind) {
            complain(
                at: fields.key(key),
                "a network with driver \(kind.rawValue) has no '\(key.name)'",
                hint: "it belongs to driver " + key.drivers.map(\.rawValue).joined(separator: ", ")
            )
        }
    }

    private mutating func driver(_ kind: Network.Driver.Kind, _ fields: Fields<NetworkKey>) -> Network.Driver
    {
        let options = fields[.options].flatMap { networkOptionFields($0, kind) }
        switch kind {
        case .bridge: return .bridge
        case .routed: return .routed(routed(fields))
        case .overlay:
            var overlay = Network.Overlay()
            overlay.statedVNI = number32(.vni, fields).map { VNI(number: $0) }
            if let options {
                if let floods = boolean(.flood, options) { overlay.floods = floods }
                if let learns = boolean(.learning, options) { overlay.learns = learns }
                if let port = number(.port, options) { overlay.port = UInt16(truncatingIfNeeded: port) }
            }
            return .overlay(overlay)
        case .macvlan:
            var macvlan = Network.Macvlan()
            macvlan.parent = interfaceName(.parent, fields)
            if let options, let mode = choice(.mode, options, Macvlan.Mode.self) { macvlan.mode = mode }
            return .macvlan(macvlan)
        }
    }

    private mutating func networkOptionFields(
        _ node: Int,
        _ kind: Network.Driver.Kind
    ) -> Fields<NetworkOptionKey>? {
        guard NetworkKey.options.drivers.contains(kind), let mapping = mapping(node) else { return nil }
        let own = NetworkOptionKey.allCases.filter { $0.driver == kind }
        let fields = fields(mapping, NetworkOptionKey.self, known: own.map(\.attribute))
        for key in fields.present where key.driver != kind {
            complain(
                at: fields.key(key),
                "driver \(kind.rawValue) has no option '\(key.name)'",
                hint: "it belongs to driver \(key.driver.rawValue)"
            )
        }
        return fields
    }

    private mutating func routed(_ fields: Fields<NetworkKey>) -> Network.Routed {
        var routed = Network.Routed()
        if let via = choice(.via, fields, Network.Routed.Via.self) { routed.via = via }
        if let stated = fields[.nodeSubnets] {
            if fields[.nodePrefix] != nil {
                complain(
                    at: fields.key(.nodePrefix),
                    "'nodeSubnets' says what the nodes have, at \(tree.position(of: fields.key(.nodeSubnets)))",
                    hint: "leave out one of them"
                )
            }
            routed.prefixes = .stated(nodeSubnets(stated))
        } else if let lengths = fields[.nodePrefix] {
            routed.prefixes = .assigned(length: nodePrefixes(lengths, fields[.subnets]))
        }
        return routed
    }

    private mutating func nodeSubnets(_ node: Int) -> [NodeName: PerFamily<Prefix>] {
        guard let mapping = mapping(node) else { return [:] }
        var subnets: [NodeName: PerFamily<Prefix>] = [:]
        for entry in named([mapping], isMerging: false) {
            guard let value = entry.values.first else { continue }
            subnets[NodeName(unchecked: entry.name)] = prefixes(value, "a prefix of the node")
        }
        return subnets
    }

    /// The lengths of prefixes: one for each subnet, in their order.
    private mutating func nodePrefixes(_ node: Int, _ subnets: Int?) -> PerFamily<UInt8> {
        var lengths = PerFamily<UInt8>()
        let items = items(node)
        var families: [AddressFamily] = []
        for item in subnets.map({ tree.items($0) }) ?? [] {
            let text = tree.resolve(item)
            guard tree.nodes[text].shape == .plain || tree.nodes[text].shape == .quoted else {
                return lengths
            }
            families.append(tree.string(of: text).contains(":") ? .ipv6 : .ipv4)
        }
        if !items.isEmpty, items.count != families.count, !families.isEmpty {
            complain(
                at: node,
                "the network has \(families.count) subnet\(families.count == 1 ? "" : "s"), and 'nodePrefix' \(items.count)",
                hint: "write one for each subnet, in their order"
            )
        }
        for (item, family) in zip(items, families) {
            let length = number(item, in: 1...UInt64(family.width - 2), unit: "bits")
            lengths[family] = length.map { UInt8(truncatingIfNeeded: $0) }
        }
        return lengths
    }

    /// What networks of all drivers have.
    private mutating func networkOptions(_ fields: Fields<NetworkKey>, _ network: inout Network) {
        if let node = fields[.gateway] { network.gateway = gateway(node) }
        if let node = fields[.range] { network.ranges = prefixes(node, "a range") }
        if let isInternal = boolean(.isInternal, fields) { network.isInternal = isInternal }
        if let isIsolated = boolean(.isIsolated, fields) { network.isIsolated = isIsolated }
        network.statedMasquerade = boolean(.masquerade, fields)
        network.statedDNS = boolean(.dns, fields)
        network.mtu = number32(.mtu, fields).map { MTU(bytes: $0) }
        if fields[.interface] != nil {
            network.interface = interfaceName(.interface, fields)
            if let node = fields[.interface], let name = network.interface {
                refuseKernelsOwn(name, at: node)
            }
        }
        if let node = fields[.nodes], let list = list(node) {
            _ = items(list)
            network.nodes = elements(of: list) { $0.reference($1, "the name of a node") }
        }
    }

    /// Complains of a name that the kernel keeps for itself.
    mutating func refuseKernelsOwn(_ name: InterfaceName, at node: Int) {
        guard ["lo", "all", "default"].contains(name.text) else { return }
        complain(at: node, "'\(name)' can't be a link's name: the kernel keeps it for itself")
    }

    private mutating func gateway(_ node: Int) -> Network.Gateway {
        let value = tree.resolve(node)
        let isText = tree.nodes[value].shape == .plain || tree.nodes[value].shape == .quoted
        if isText, tree.string(of: value) == "none" { return .none }
        return .addresses(addresses(node, "a gateway"))
    }
}
