import NetworkModel

extension ObservedLink {
    /// What differs between the link as it is and as it shall be, in the order of the document's keys.
    func differences(from link: Link, peer: LinkID?) -> [Difference] {
        var list: [Difference] = []
        Difference.note("type", kind.name, link.kind.name, in: &list)
        Difference.note("up", isUp, link.isUp, in: &list)
        if let wanted = link.mtu { Difference.note("mtu", mtu, wanted, in: &list) }
        Difference.note("mac", mac, Optional(link.mac), in: &list)
        Difference.note("master", master, link.master, in: &list)
        Difference.note("alias", alias, mark.alias(for: link.purpose), in: &list)
        Difference.note("group", words(forGroup: group), words(forGroup: mark.linkGroup), in: &list)
        if let mode = addressGeneration {
            Difference.note("addrgenmode", mode, link.addressGeneration, in: &list)
        }
        if let promotes = link.promotesSecondaries {
            Difference.note("promote_secondaries", promotesSecondaries, promotes, in: &list)
        }
        if link.master != nil, let port, master == link.master {
            port.note(differencesFrom: link.port, in: &list)
        }
        switch (kind, link.kind) {
        case (.bridge(let old), .bridge(let new)): old.note(differencesFrom: new, in: &list)
        case (.vxlan(let old), .vxlan(let new)): old.note(differencesFrom: new, in: &list)
        case (.macvlan(let old), .macvlan(let new)):
            Difference.note("parent", old.parent, new.parent, in: &list)
            Difference.note("mode", old.mode, new.mode, in: &list)
        case (.veth, .veth(let wanted)):
            Difference.note("peer", peer, Optional(wanted), in: &list)
        case (_, .bridge), (_, .veth), (_, .vxlan), (_, .macvlan): break
        }
        return list
    }

    /// A group as a person knows it.
    private func words(forGroup group: UInt32) -> String {
        if group == mark.linkGroup { return "weft" }
        return mark.deletionGroups.contains(group) ? "of a deletion" : "\(group)"
    }
}

extension Bridge {
    func note(differencesFrom new: Bridge, in list: inout [Difference]) {
        Difference.note("stp_state", stpState, new.stpState, in: &list)
        Difference.note("priority", priority, new.priority, in: &list)
        Difference.note("forward_delay", forwardDelay, new.forwardDelay, in: &list)
        Difference.note("hello_time", helloTime, new.helloTime, in: &list)
        Difference.note("max_age", maxAge, new.maxAge, in: &list)
        Difference.note("ageing_time", ageingTime, new.ageingTime, in: &list)
        Difference.note("group_fwd_mask", groupForwardMask, new.groupForwardMask, in: &list)
        Difference.note("vlan_filtering", vlanFiltering, new.vlanFiltering, in: &list)
        Difference.note("vlan_default_pvid", vlanDefaultPVID, new.vlanDefaultPVID, in: &list)
        Difference.note("mcast_snooping", multicastSnooping, new.multicastSnooping, in: &list)
        Difference.note("mcast_querier", multicastQuerier, new.multicastQuerier, in: &list)
        Difference.note("nf_call_iptables", callsIPTables, new.callsIPTables, in: &list)
        Difference.note("nf_call_ip6tables", callsIP6Tables, new.callsIP6Tables, in: &list)
        Difference.note("nf_call_arptables", callsARPTables, new.callsARPTables, in: &list)
    }
}

extension BridgePort {
    func note(differencesFrom new: BridgePort, in list: inout [Difference]) {
        if let wanted = new.cost { Difference.note("bridge_slave.cost", cost, Optional(wanted), in: &list) }
        Difference.note("bridge_slave.priority", priority, new.priority, in: &list)
        Difference.note("bridge_slave.hairpin", hairpin, new.hairpin, in: &list)
        Difference.note("bridge_slave.guard", guardsBPDU, new.guardsBPDU, in: &list)
        Difference.note("bridge_slave.root_block", blocksRoot, new.blocksRoot, in: &list)
        Difference.note("bridge_slave.fastleave", fastLeave, new.fastLeave, in: &list)
        Difference.note("bridge_slave.learning", learning, new.learning, in: &list)
        Difference.note("bridge_slave.flood", unicastFlood, new.unicastFlood, in: &list)
        Difference.note("bridge_slave.mcast_flood", multicastFlood, new.multicastFlood, in: &list)
        Difference.note("bridge_slave.bcast_flood", broadcastFlood, new.broadcastFlood, in: &list)
        Difference.note(
            "bridge_slave.neigh_suppress",
            neighbourSuppression,
            new.neighbourSuppression,
            in: &list
        )
        Difference.note("bridge_slave.isolated", isolated, new.isolated, in: &list)
    }
}

extension VXLAN {
    func note(differencesFrom new: VXLAN, in list: inout [Difference]) {
        Difference.note("vni", vni, new.vni, in: &list)
        Difference.note("local", local, new.local, in: &list)
        Difference.note("remote", remote, new.remote, in: &list)
        Difference.note("dev", underlay, new.underlay, in: &list)
        Difference.note("port", port, new.port, in: &list)
        Difference.note("learning", learning, new.learning, in: &list)
        Difference.note("ttl", ttl, new.ttl, in: &list)
        Difference.note("tos", tos, new.tos, in: &list)
        Difference.note("ageing", ageing, new.ageing, in: &list)
        Difference.note("proxy", proxy, new.proxy, in: &list)
        Difference.note("udpcsum", udpChecksum, new.udpChecksum, in: &list)
        Difference.note("udp6zerocsumtx", udpZeroChecksum6Transmit, new.udpZeroChecksum6Transmit, in: &list)
        Difference.note("udp6zerocsumrx", udpZeroChecksum6Receive, new.udpZeroChecksum6Receive, in: &list)
    }
}
