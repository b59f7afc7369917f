import NetworkModel
import NetworkTesting

/// A change of one object of a document that the kernel can make in place, without any other.
enum SingleEdit: String, CaseIterable {
    case mtu, mac, purpose, portOption, bridgeOption, tunnelOption, addressGeneration
    case newNamespace, newBridge, newAddress, newRoute, newNeighbour, newForwarding, newSetting
    case routeMTU, neighbourMAC, destination, setting
    case noRoute, noNeighbour, noForwarding
    case newFirewall, newFirewallEntry, firewallEntry, noFirewallEntry

    /// Makes the change; returns how the object's name begins, or `nil` if there is no such object.
    func apply(to state: inout NodeState, using random: inout SeededGenerator) -> String? {
        switch self {
        case .mtu, .mac, .purpose, .portOption, .bridgeOption, .tunnelOption, .addressGeneration:
            return changeLink(of: &state, using: &random)
        case .newNamespace, .newBridge, .newAddress, .newRoute, .newNeighbour, .newForwarding, .newSetting:
            return add(to: &state, using: &random)
        case .routeMTU, .neighbourMAC, .destination, .setting:
            return changeEntry(of: &state, using: &random)
        case .noRoute, .noNeighbour, .noForwarding:
            return remove(from: &state, using: &random)
        case .newFirewall, .newFirewallEntry, .firewallEntry, .noFirewallEntry:
            return changeFirewall(of: &state, using: &random)
        }
    }

    private func changeFirewall(of state: inout NodeState, using random: inout SeededGenerator) -> String? {
        guard let firewall = state.firewall else {
            guard self == .newFirewall else { return nil }
            state.firewall = FirewallState()
            state.firewall?.vxlanPorts = []
            return "tables"
        }
        let bridges = firewall.bridges.keys.sorted()
        let ports = firewall.ports.keys.sorted()
        switch self {
        case .newFirewallEntry:
            let free = state.links.keys.filter { $0.place == .node && firewall.ports[$0.name] == nil }
            let names = free.map(\.name).filter { firewall.bridges[$0] == nil }.sorted()
            guard let name = names.randomElement(using: &random) else { return nil }
            state.firewall?.ports[name] = FirewallState.Port(mac: PlannerStates.stationMAC(9))
            return name.text
        case .firewallEntry where Bool.random(using: &random):
            guard let name = bridges.randomElement(using: &random) else { return nil }
            state.firewall?.bridges[name]?.reachesOutside.toggle()
            return name.text
        case .firewallEntry:
            guard let name = ports.randomElement(using: &random) else { return nil }
            state.firewall?.ports[name]?.addresses.append(IPAddress(ipv4: 0x0a63_0007))
            return name.text
        case .noFirewallEntry:
            guard let name = (bridges + ports).randomElement(using: &random) else { return nil }
            state.firewall?.bridges[name] = nil
            state.firewall?.ports[name] = nil
            return name.text
        default: return nil
        }
    }

    private func changeLink(of state: inout NodeState, using random: inout SeededGenerator) -> String? {
        let fitting = state.links.values.filter { isFitting($0, state) }.sorted { $0.id < $1.id }
        guard var link = fitting.randomElement(using: &random) else { return nil }
        switch self {
        case .mtu: link.mtu = MTU(bytes: 1290)
        case .mac: link.mac = MACAddress(bits: 0x0200_0000_7777)
        case .purpose: link.purpose = "another"
        case .portOption: link.port.hairpin.toggle()
        case .addressGeneration: link.addressGeneration = link.addressGeneration == .none ? .eui64 : .none
        case .bridgeOption:
            guard case .bridge(var bridge) = link.kind else { return nil }
            bridge.ageingTime = 12345
            link.kind = .bridge(bridge)
        case .tunnelOption:
            guard case .vxlan(var vxlan) = link.kind else { return nil }
            vxlan.ageing = 1234
            link.kind = .vxlan(vxlan)
        default: return nil
        }
        state.links[link.id] = link
        return "\(link.id)"
    }

    private func isFitting(_ link: Link, _ state: NodeState) -> Bool {
        let isParent = state.links.values.contains { $0.kind.parent == link.id.name }
        switch self {
        case .mtu: return link.mtu?.carriesIPv6 == true && link.master == nil && !isParent
        case .mac: return !state.neighbours.contains { $0.link == link.id }
        case .portOption: return link.master != nil
        case .addressGeneration:
            return (link.addressGeneration == .none || !link.isUp) && LinkSizes(state).hasIPv6(link.id)
        case .bridgeOption: return link.kind.isBridge
        case .tunnelOption:
            guard case .vxlan = link.kind else { return false }
            return true
        default: return true
        }
    }

    private func add(to state: inout NodeState, using random: inout SeededGenerator) -> String? {
        let name = PlannerStates.name("br7")
        let id = LinkID(name, in: .node)
        let links = state.links.values.filter { $0.isUp }.map(\.id).sorted()
        switch self {
        case .newNamespace:
            guard let new = try? NamespaceName("violet") else { return nil }
            state.namespaces.insert(new)
            return "violet"
        case .newBridge:
            state.links[id] = Link(
                id,
                kind: .bridge(Bridge()),
                mac: MACAddress(bits: 0x0200_0000_0777),
                purpose: "new"
            )
            return "br7"
        case .newSetting:
            let key = Sysctl.Key(path: "net/ipv4/tcp_fin_timeout", in: .node)
            guard !state.sysctls.contains(where: { $0.key == key }) else { return nil }
            state.sysctls.append(Sysctl(key, value: "17"))
            return "net.ipv4.tcp_fin_timeout"
        default: break
        }
        guard let link = links.randomElement(using: &random) else { return nil }
        switch self {
        case .newAddress:
            // One that is announced is not alone: the link forgets its neighbours with that.
            let notify = Sysctl.Key(path: "net/ipv4/conf/\(link.name)/arp_notify", in: link.place)
            guard !state.sysctls.contains(where: { $0.key == notify && $0.value != "0" }) else { return nil }
            state.links[link]?.addresses.append(
                InterfaceAddress(IPAddress(ipv4: 0x0a63_0001), prefixLength: 24)
            )
            return "10.99.0.1/24 dev \(link)"
        case .newRoute:
            var route = Route(
                to: Prefix(containing: IPAddress(ipv4: 0x0a62_0000), length: 16),
                in: link.place
            )
            route.device = link.name
            state.routes.insert(route, at: 0)
            return "10.98.0.0/16 dev \(link.name)"
        case .newNeighbour:
            state.neighbours.append(
                Neighbour(IPAddress(ipv4: 0x0a63_0007), mac: PlannerStates.stationMAC(9), on: link)
            )
            return "10.99.0.7 dev \(link)"
        default:
            guard state.links[link]?.master != nil else { return nil }
            state.forwarding.append(ForwardingEntry(PlannerStates.stationMAC(9), on: link, table: .bridge))
            return "\(PlannerStates.stationMAC(9)) dev \(link)"
        }
    }

    private func changeEntry(of state: inout NodeState, using random: inout SeededGenerator) -> String? {
        switch self {
        case .routeMTU:
            guard let position = state.routes.indices.randomElement(using: &random) else { return nil }
            state.routes[position].mtu = MTU(bytes: 1313)
            return ""
        case .neighbourMAC:
            guard let position = state.neighbours.indices.randomElement(using: &random) else { return nil }
            state.neighbours[position].mac = PlannerStates.stationMAC(8)
            return "\(state.neighbours[position].address) dev \(state.neighbours[position].link)"
        case .destination:
            let fitting = state.forwarding.indices.filter { position in
                let entry = state.forwarding[position]
                return entry.table == .own && entry.mac != .zero && !entry.mac.isMulticast
            }
            guard let position = fitting.randomElement(using: &random) else { return nil }
            state.forwarding[position].destination = IPAddress(ipv4: 0xac10_0177)
            return "\(state.forwarding[position].mac) dev \(state.forwarding[position].link)"
        default:
            let fitting = state.sysctls.indices.filter { !state.sysctls[$0].key.path.hasSuffix("forward") }
            guard let position = fitting.randomElement(using: &random) else { return nil }
            state.sysctls[position].value = "77"
            return state.sysctls[position].key.description
        }
    }

    private func remove(from state: inout NodeState, using random: inout SeededGenerator) -> String? {
        switch self {
        case .noRoute:
            // A route that others' gateways are reached by is not alone.
            let fitting = state.routes.indices.filter { !state.routes[$0].destination.isHost }
            guard let position = fitting.randomElement(using: &random) else { return nil }
            state.routes.remove(at: position)
            return ""
        case .noNeighbour:
            guard let position = state.neighbours.indices.randomElement(using: &random) else { return nil }
            let neighbour = state.neighbours.remove(at: position)
            return "\(neighbour.address) dev \(neighbour.link)"
        default:
            guard let position = state.forwarding.indices.randomElement(using: &random) else { return nil }
            let entry = state.forwarding.remove(at: position)
            return "\(entry.mac) dev \(entry.link)"
        }
    }
}
