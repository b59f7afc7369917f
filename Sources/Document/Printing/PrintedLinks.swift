internal import NetworkModel

/// The links of a state as they are to be written.
enum PrintedLinks {
    private typealias Entry = PrintedEntry

    /// The links by name; of a veth pair the end that comes first, with the other one in it.
    static func entries(of state: NodeState) -> [PrintedEntry] {
        let shown = state.links.values.filter { isShown($0, in: state) }.sorted { $0.id < $1.id }
        var counts: [InterfaceName: Int] = [:]
        for link in shown { counts[link.id.name, default: 0] += 1 }
        return shown.map { link in
            // A mapping has a key once: of links in several namespaces with one name the key says which it is.
            let isAmbiguous = counts[link.id.name, default: 0] > 1
            return (
                isAmbiguous ? link.id.description : link.id.name.text, .block(entries(of: link, in: state))
            )
        }
    }

    private static func isShown(_ link: Link, in state: NodeState) -> Bool {
        guard case .veth(let peer) = link.kind, state.links[peer] != nil else { return true }
        return link.id < peer
    }

    static func entries(of link: Link, in state: NodeState) -> [PrintedEntry] {
        var entries: [Entry] = [(LinkKey.type.name, .text(link.kind.name))]
        entries += common(link)
        switch link.kind {
        case .bridge(let bridge): entries += options(bridge)
        case .vxlan(let vxlan): entries += options(vxlan)
        case .macvlan(let macvlan):
            entries.append((LinkKey.parent.name, .text(macvlan.parent.text)))
            entries.append((LinkKey.mode.name, .text(macvlan.mode.rawValue)))
        case .veth(let peer):
            guard let other = state.links[peer] else { break }
            entries.append(
                (LinkKey.peer.name, .block([(LinkKey.name.name, .text(peer.name.text))] + common(other)))
            )
        }
        return entries
    }

    private static func common(_ link: Link) -> [Entry] {
        var entries: [Entry] = []
        if let name = link.id.place.name { entries.append((LinkKey.namespace.name, .text(name.text))) }
        if let master = link.master { entries.append((LinkKey.master.name, .text(master.text))) }
        entries.append((LinkKey.up.name, .boolean(link.isUp)))
        if let mtu = link.mtu { entries.append((LinkKey.mtu.name, .natural(mtu.bytes))) }
        entries.append((LinkKey.mac.name, .text(link.mac.description)))
        entries.append((LinkKey.addrgenmode.name, .text(link.addressGeneration.rawValue)))
        entries.append((LinkKey.alias.name, .text(link.purpose)))
        if !link.addresses.isEmpty {
            entries.append(
                (LinkKey.addresses.name, .lines(link.addresses.map { .mapping(Self.entries(of: $0)) }))
            )
        }
        if link.master != nil { entries.append((LinkKey.bridgeSlave.name, .mapping(options(link.port)))) }
        return entries
    }

    static func entries(of value: InterfaceAddress) -> [PrintedEntry] {
        var entries: [Entry] = [(AddressKey.address.name, .text(value.description))]
        switch value.address.family {
        case .ipv4: entries.append((AddressKey.scope.name, .text(value.scope.rawValue)))
        case .ipv6: entries.append((AddressKey.nodad.name, .boolean(value.skipsDuplicateDetection)))
        }
        entries.append((AddressKey.noprefixroute.name, .boolean(value.hasNoPrefixRoute)))
        return entries
    }

    private static func options(_ bridge: Bridge) -> [Entry] {
        [
            (LinkKey.stpState.name, .boolean(bridge.stpState)),
            (LinkKey.priority.name, .natural(bridge.priority)),
            (LinkKey.forwardDelay.name, .natural(bridge.forwardDelay)),
            (LinkKey.helloTime.name, .natural(bridge.helloTime)),
            (LinkKey.maxAge.name, .natural(bridge.maxAge)),
            (LinkKey.ageingTime.name, .natural(bridge.ageingTime)),
            (LinkKey.groupForwardMask.name, .natural(bridge.groupForwardMask)),
            (LinkKey.vlanFiltering.name, .boolean(bridge.vlanFiltering)),
            (LinkKey.vlanDefaultPVID.name, .natural(bridge.vlanDefaultPVID)),
            (LinkKey.multicastSnooping.name, .boolean(bridge.multicastSnooping)),
            (LinkKey.multicastQuerier.name, .boolean(bridge.multicastQuerier)),
            (LinkKey.callsIPTables.name, .boolean(bridge.callsIPTables)),
            (LinkKey.callsIP6Tables.name, .boolean(bridge.callsIP6Tables)),
            (LinkKey.callsARPTables.name, .boolean(bridge.callsARPTables)),
        ]
    }

    private static func options(_ vxlan: VXLAN) -> [Entry] {
        var entries: [Entry] = [(LinkKey.vni.name, .natural(vxlan.vni.number))]
        if let local = vxlan.local { entries.append((LinkKey.local.name, .text(local.description))) }
        if let remote = vxlan.remote { entries.append((LinkKey.remote.name, .text(remote.description))) }
        if let underlay = vxlan.underlay { entries.append((LinkKey.dev.name, .text(underlay.text))) }
        return entries + [
            (LinkKey.port.name, .natural(vxlan.port)),
            (LinkKey.learning.name, .boolean(vxlan.learning)),
            (LinkKey.ttl.name, .natural(vxlan.ttl)),
            (LinkKey.tos.name, .natural(vxlan.tos)),
            (LinkKey.ageing.name, .natural(vxlan.ageing)),
            (LinkKey.proxy.name, .boolean(vxlan.proxy)),
            (LinkKey.udpChecksum.name, .boolean(vxlan.udpChecksum)),
            (LinkKey.udpZeroChecksum6Transmit.name, .boolean(vxlan.udpZeroChecksum6Transmit)),
            (LinkKey.udpZeroChecksum6Receive.name, .boolean(vxlan.udpZeroChecksum6Receive)),
        ]
    }

    private static func options(_ port: BridgePort) -> [Entry] {
        let cost: [Entry] = port.cost.map { [(BridgePortKey.cost.name, .natural($0))] } ?? []
        return cost + [
            (BridgePortKey.priority.name, .natural(port.priority)),
            (BridgePortKey.hairpin.name, .boolean(port.hairpin)),
            (BridgePortKey.guardsBPDU.name, .boolean(port.guardsBPDU)),
            (BridgePortKey.blocksRoot.name, .boolean(port.blocksRoot)),
            (BridgePortKey.fastLeave.name, .boolean(port.fastLeave)),
            (BridgePortKey.learning.name, .boolean(port.learning)),
            (BridgePortKey.unicastFlood.name, .boolean(port.unicastFlood)),
            (BridgePortKey.multicastFlood.name, .boolean(port.multicastFlood)),
            (BridgePortKey.broadcastFlood.name, .boolean(port.broadcastFlood)),
            (BridgePortKey.neighbourSuppression.name, .boolean(port.neighbourSuppression)),
            (BridgePortKey.isolated.name, .boolean(port.isolated)),
        ]
    }
}
