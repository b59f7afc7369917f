package import NetworkModel

/// Holds a node against a state, as iproute2, nft and `/proc` show it.
///
/// Nothing of Weft's planning, netlink or nftables is used.
///
/// Looked at is every attribute of the state; what is missing, what is there besides and bears Weft's marks, and what
/// differs. What the state leaves open is compared with what the kernel would choose, where that can be said.
package struct KernelOracle: Sendable {
    private let node: ThrowAwayNode
    private let state: NodeState

    /// The marks, stated once more and not taken from the code under test.
    enum Marks {
        static let group = "2003134068"
        static let groupName = "weft"
        static let number = "87"
        static let name = "weft"
    }

    /// Compares a node with what it shall be.
    ///
    /// - Returns: A line for each difference; none if the node is as it shall be.
    package static func differences(of node: ThrowAwayNode, from state: NodeState) throws -> [String] {
        let oracle = KernelOracle(node: node, state: state)
        var lines = try oracle.namespaceDifferences()
        for place in oracle.places { lines += try oracle.differences(at: place) }
        lines += try firewallDifferences(of: node, from: state)
        return try lines + fileDifferences(of: node, from: state)
    }

    /// The node and its namespaces that shall be.
    private var places: [Place] { [.node] + state.namespaces.sorted().map { .namespace($0) } }

    /// Namespaces by name: those of the state and no others, each with `lo` up and marked.
    private func namespaceDifferences() throws -> [String] {
        let wanted = Set(state.namespaces.map { String($0.text.dropFirst(node.name.count + 1)) })
        let present = Set(try node.namespaces().filter { !$0.hasPrefix("foreign") })
        return wanted.subtracting(present).sorted().map { "namespace \($0): missing" }
            + present.subtracting(wanted).sorted().map { "namespace \($0): not wanted" }
    }

    private func differences(at place: Place) throws -> [String] {
        guard let view = try KernelView(of: node, at: place) else { return [] }
        var list = Differences(place: place.name.map { "\($0)/" } ?? "")
        if let name = place.name { compareLoopback(view, name, &list) }
        for link in state.links.values.filter({ $0.id.place == place }).sorted(by: { $0.id < $1.id }) {
            compare(link, view, &list)
        }
        findStrayLinks(view, place, &list)
        compareAddresses(view, place, &list)
        compareRoutes(view, place, &list)
        compareNeighbours(view, place, &list)
        compareForwarding(view, place, &list)
        for sysctl in state.sysctls where sysctl.key.place == place {
            list.note("sysctl \(sysctl.key)", sysctl.value, try view.sysctl(sysctl.key.path))
        }
        return list.lines
    }

    private func compareLoopback(_ view: KernelView, _ name: NamespaceName, _ list: inout Differences) {
        let loopback = view.links["lo"] ?? .null
        list.note("lo up", "true", "\(loopback["flags"].elements.contains("UP"))")
        list.note("lo alias", "weft:namespace \(name) of node \(node.name)", loopback["ifalias"].string)
    }

    // MARK: Addresses

    private func compareAddresses(_ view: KernelView, _ place: Place, _ list: inout Differences) {
        for (name, addresses) in view.addresses {
            let id = LinkID(InterfaceName(fromKernel: name), in: place)
            var wanted = state.links[id]?.addresses ?? []
            for shown in addresses {
                let text = "\(shown["local"].string ?? "?")/\(shown["prefixlen"].int ?? -1)"
                let isMarked = view.protocols.contains("\(view.links[name]?["ifindex"].int ?? 0) \(text)")
                guard let index = wanted.firstIndex(where: { $0.description == text }) else {
                    if isMarked { list.add("address \(text) on \(name): not wanted") }
                    continue
                }
                compare(wanted.remove(at: index), shown, isMarked, "address \(text) on \(name)", &list)
            }
            for address in wanted { list.add("address \(address) on \(name): missing") }
            compareLinkLocal(id, addresses, &list)
        }
    }

    private func compare(
        _ address: InterfaceAddress,
        _ shown: JSON,
        _ isMarked: Bool,
        _ what: String,
        _ list: inout Differences
    ) {
        list.note("\(what) marked", "true", "\(isMarked)")
        if address.address.family == .ipv4 {
            list.note("\(what) scope", address.scope.rawValue, shown["scope"].string)
        }
        list.note("\(what) nodad", "\(address.skipsDuplicateDetection)", "\(shown["nodad"].bool ?? false)")
        list.note(
            "\(what) noprefixroute",
            "\(address.hasNoPrefixRoute)",
            "\(shown["noprefixroute"].bool ?? false)"
        )
        list.note("\(what) lifetime", "4294967295", "\(shown["valid_life_time"].int ?? 0)")
        list.note("\(what) taken", "false", "\(shown["dadfailed"].bool ?? false)")
    }

    /// With `addrgenmode none` a link has no link-local address from the kernel; with `eui64` it has, when it is up.
    private func compareLinkLocal(_ id: LinkID, _ addresses: [JSON], _ list: inout Differences) {
        guard let link = state.links[id] else { return }
        let own = Set(link.addresses.map { $0.address.description })
        let isThere = addresses.contains { shown in
            shown["family"] == "inet6" && shown["scope"] == "link"
                && !own.contains(shown["local"].string ?? "")
        }
        if link.addressGeneration == .none, isThere {
            list.add("link-local address on \(id.name): not wanted")
        }
    }

    // MARK: Routes

    private func compareRoutes(_ view: KernelView, _ place: Place, _ list: inout Differences) {
        var shown = view.routes.filter { Self.isWefts($0.json) }
        for route in state.routes where route.place == place {
            let what = "route \(route.destination) table \(route.table) metric \(route.metric)"
            let matches = shown.indices.filter { shown[$0].isOf(route.key) }
            guard let index = matches.first else {
                list.add("\(what): missing")
                continue
            }
            compare(route, shown.remove(at: index).json, what, &list)
        }
        for extra in shown { list.add("route \(extra.json): not wanted") }
    }

    private static func isWefts(_ object: JSON) -> Bool {
        object["protocol"] == .string(Marks.number) || object["protocol"] == .string(Marks.name)
    }

    private func compare(_ route: Route, _ shown: JSON, _ what: String, _ list: inout Differences) {
        list.note("\(what) type", route.type.rawValue, shown["type"].string ?? "unicast")
        list.note("\(what) via", route.gateway?.description, shown["gateway"].string)
        if let device = route.device { list.note("\(what) dev", device.text, shown["dev"].string) }
        list.note("\(what) src", route.source?.description, shown["prefsrc"].string)
        list.note("\(what) mtu", route.mtu?.description, shown["metrics"][0]["mtu"].int.map { "\($0)" })
        list.note("\(what) onlink", "\(route.isOnLink)", "\(shown["flags"].elements.contains("onlink"))")
        guard route.destination.family == .ipv4 else { return }
        let derived: AddressScope =
            switch route.type {
            case .local: .host
            case .unicast where route.gateway == nil: .link
            case .unicast, .blackhole, .unreachable, .prohibit, .throw: .global
            }
        list.note("\(what) scope", (route.scope ?? derived).rawValue, shown["scope"].string)
    }

    // MARK: Neighbours

    private func compareNeighbours(_ view: KernelView, _ place: Place, _ list: inout Differences) {
        var shown = view.neighbours.filter(Self.isWefts)
        for neighbour in state.neighbours where neighbour.link.place == place {
            let what = "neighbour \(neighbour.address) on \(neighbour.link.name)"
            let match = shown.firstIndex { entry in
                entry["dst"].string == neighbour.address.description
                    && entry["dev"].string == neighbour.link.name.text
            }
            guard let match else {
                list.add("\(what): missing")
                continue
            }
            let entry = shown.remove(at: match)
            list.note("\(what) mac", neighbour.mac.description, entry["lladdr"].string)
            list.note("\(what) state", "PERMANENT", entry["state"][0].string)
        }
        for extra in shown { list.add("neighbour \(extra): not wanted") }
    }
}

extension KernelOracle {
    // MARK: FDB

    private func compareForwarding(_ view: KernelView, _ place: Place, _ list: inout Differences) {
        var shown = view.forwarding.filter { isOnWeftsLink($0, view) && !isMadeByKernel($0, view) }
        for entry in state.forwarding where entry.link.place == place {
            let what = "fdb \(entry.mac) \(entry.table.rawValue) on \(entry.link.name) vlan \(entry.vlan)"
            let match = shown.firstIndex { isShown($0, entry) }
            guard let match else {
                list.add("\(what) dst \(entry.destination?.description ?? "none"): missing")
                continue
            }
            let found = shown.remove(at: match)
            list.note("\(what) dst", entry.destination?.description, found["dst"].string)
            list.note("\(what) state", entry.state.rawValue, found["state"].string)
            list.note("\(what) vni", entry.vni?.description, found["vni"].int.map { "\($0)" })
            list.note("\(what) port", entry.port.map { "\($0)" }, found["port"].int.map { "\($0)" })
        }
        for extra in shown { list.add("fdb \(extra): not wanted") }
    }

    /// True if an entry is the one of the state, whatever it says: of the zero MAC there is one for each destination.
    private func isShown(_ shown: JSON, _ entry: ForwardingEntry) -> Bool {
        let isOwn = shown["flags"].elements.contains("self") || shown["ifname"] == shown["master"]
        return shown["mac"].string == entry.mac.description && shown["ifname"].string == entry.link.name.text
            && isOwn == (entry.table == .own) && (shown["vlan"].int ?? 0) == Int(entry.vlan)
            && (entry.mac != .zero || shown["dst"].string == entry.destination?.description)
    }

    private func isOnWeftsLink(_ entry: JSON, _ view: KernelView) -> Bool {
        guard entry["state"] == "permanent" || entry["state"] == "static" else { return false }
        return entry["ifname"].string.flatMap { view.links[$0] }.map(Self.isMarked) ?? false
    }

    /// True for what comes with a link: its own MAC and its bridge's at the bridge, groups it listens to, the `remote` of
    /// a VXLAN link.
    private func isMadeByKernel(_ entry: JSON, _ view: KernelView) -> Bool {
        guard let name = entry["ifname"].string, let link = view.links[name] else { return false }
        let kind = link["linkinfo"]["info_kind"].string
        if kind == "vxlan", entry["flags"].elements.contains("self") {
            let data = link["linkinfo"]["info_data"]
            let remotes = ["remote", "remote6", "group", "group6"].map { data[$0] }.filter { !$0.isNull }
            return entry["mac"] == "00:00:00:00:00:00" && remotes.contains(entry["dst"])
                && entry["vni"].isNull
                && entry["port"].isNull
        }
        if entry["flags"].elements.contains("self"), kind != "bridge" || !entry["master"].isNull {
            return true
        }
        if entry["flags"].elements.contains("self"), Self.isGroup(entry["mac"].string ?? "") { return true }
        let bridge = entry["master"].string.flatMap { view.links[$0] } ?? .null
        return entry["state"] == "permanent"
            && (entry["mac"] == link["address"] || entry["mac"] == bridge["address"])
    }

    private static func isGroup(_ mac: String) -> Bool {
        mac.hasPrefix("33:33:") || mac.hasPrefix("01:00:5e:")
    }

    static func isMarked(_ link: JSON) -> Bool {
        link["group"] == .string(Marks.group) || link["group"] == .string(Marks.groupName)
    }

    private func findStrayLinks(_ view: KernelView, _ place: Place, _ list: inout Differences) {
        for (name, link) in view.links.sorted(by: { $0.key < $1.key }) where Self.isMarked(link) {
            if state.links[LinkID(InterfaceName(fromKernel: name), in: place)] == nil {
                list.add("link \(name): not wanted")
            }
        }
    }

    // MARK: Links

    private func compare(_ link: Link, _ view: KernelView, _ list: inout Differences) {
        let name = link.id.name.text
        guard let shown = view.links[name] else { return list.add("link \(name): missing") }
        list.note("link \(name) type", link.kind.name, shown["linkinfo"]["info_kind"].string)
        list.note("link \(name) marked", "true", "\(Self.isMarked(shown))")
        list.note("link \(name) up", "\(link.isUp)", "\(shown["flags"].elements.contains("UP"))")
        let mtu = link.mtu ?? LinkSizes(state).size(of: link.id)
        list.note("link \(name) mtu", "\(mtu)", shown["mtu"].int.map { "\($0)" })
        list.note("link \(name) mac", link.mac.description, shown["address"].string)
        list.note("link \(name) master", link.master?.text, shown["master"].string)
        list.note("link \(name) alias", "weft:\(link.purpose)", shown["ifalias"].string)
        if mtu.bytes >= 1280 {
            list.note(
                "link \(name) addrgenmode",
                link.addressGeneration.rawValue,
                shown["inet6_addr_gen_mode"].string
            )
        }
        if let index = link.index {
            list.note("link \(name) index", "\(index)", shown["ifindex"].int.map { "\($0)" })
        }
        if link.master != nil {
            compare(link.port, shown["linkinfo"]["info_slave_data"], "link \(name)", &list)
        }
        let data = shown["linkinfo"]["info_data"]
        switch link.kind {
        case .bridge(let bridge): compare(bridge, data, "bridge \(name)", &list)
        case .vxlan(let vxlan): compare(vxlan, data, "vxlan \(name)", &list)
        case .macvlan(let macvlan):
            list.note("macvlan \(name) mode", macvlan.mode.rawValue, data["mode"].string)
            compareLower(macvlan.parent, shown, view, "macvlan \(name) parent", &list)
        case .veth(let peer):
            compareLower(peer.name, shown, view, "veth \(name) peer", at: peer.place, &list)
        }
    }

    /// `ip` names what is here, and numbers what is elsewhere.
    private func compareLower(
        _ wanted: InterfaceName,
        _ shown: JSON,
        _ view: KernelView,
        _ what: String,
        at place: Place = .node,
        _ list: inout Differences
    ) {
        if let name = shown["link"].string {
            list.note(what, "\(place.name?.text ?? "")/\(wanted)", "\(view.place.name?.text ?? "")/\(name)")
        } else {
            let index: Int?
            do {
                index = try KernelView.index(of: wanted.text, at: place, on: node)
            } catch {
                return list.add("\(what): \(error)")
            }
            list.note(what, index.map { "index \($0)" }, shown["link_index"].int.map { "index \($0)" })
            list.note("\(what) elsewhere", "true", "\(place != view.place)")
        }
    }

    private func compare(_ bridge: Bridge, _ shown: JSON, _ what: String, _ list: inout Differences) {
        let numbers: [(String, Int)] = [
            ("stp_state", bridge.stpState ? 1 : 0), ("priority", Int(bridge.priority)),
            ("forward_delay", Int(bridge.forwardDelay)), ("hello_time", Int(bridge.helloTime)),
            ("max_age", Int(bridge.maxAge)), ("ageing_time", Int(bridge.ageingTime)),
            ("vlan_filtering", bridge.vlanFiltering ? 1 : 0),
            ("vlan_default_pvid", Int(bridge.vlanDefaultPVID)),
            ("mcast_snooping", bridge.multicastSnooping ? 1 : 0),
            ("mcast_querier", bridge.multicastQuerier ? 1 : 0),
            ("nf_call_iptables", bridge.callsIPTables ? 1 : 0),
            ("nf_call_ip6tables", bridge.callsIP6Tables ? 1 : 0),
            ("nf_call_arptables", bridge.callsARPTables ? 1 : 0),
        ]
        for (key, value) in numbers {
            // `ip` leaves the PVID out where the bridge does not filter; `/sys` is not looked into for it.
            if key == "vlan_default_pvid", shown[key].isNull { continue }
            list.note("\(what) \(key)", "\(value)", shown[key].int.map { "\($0)" })
        }
        let mask = shown["group_fwd_mask"].string ?? ""
        let digits = mask.hasPrefix("0x") ? String(mask.dropFirst(2)) : mask
        list.note(
            "\(what) group_fwd_mask",
            "\(bridge.groupForwardMask)",
            Int(digits, radix: 16).map { "\($0)" }
        )
    }

    private func compare(_ port: BridgePort, _ shown: JSON, _ what: String, _ list: inout Differences) {
        let flags: [(String, Bool)] = [
            ("hairpin", port.hairpin), ("guard", port.guardsBPDU), ("root_block", port.blocksRoot),
            ("fastleave", port.fastLeave), ("learning", port.learning), ("flood", port.unicastFlood),
            ("mcast_flood", port.multicastFlood), ("bcast_flood", port.broadcastFlood),
            ("neigh_suppress", port.neighbourSuppression), ("isolated", port.isolated),
        ]
        for (key, value) in flags { list.note("\(what) \(key)", "\(value)", shown[key].bool.map { "\($0)" }) }
        if let cost = port.cost { list.note("\(what) cost", "\(cost)", shown["cost"].int.map { "\($0)" }) }
        list.note("\(what) priority", "\(port.priority)", shown["priority"].int.map { "\($0)" })
    }

    private func compare(_ vxlan: VXLAN, _ shown: JSON, _ what: String, _ list: inout Differences) {
        func number(_ key: String) -> String? { shown[key].int.map { "\($0)" } }
        func flag(_ key: String) -> String { "\(shown[key].bool ?? false)" }
        list.note("\(what) vni", "\(vxlan.vni)", number("id"))
        list.note("\(what) local", vxlan.local?.description, shown["local"].string ?? shown["local6"].string)
        let remote =
            shown["remote"].string ?? shown["remote6"].string ?? shown["group"].string
            ?? shown["group6"].string
        list.note("\(what) remote", vxlan.remote?.description, remote)
        compareUnderlay(vxlan, shown, what, &list)
        list.note("\(what) port", "\(vxlan.port)", number("port"))
        list.note("\(what) learning", "\(vxlan.learning)", flag("learning"))
        list.note("\(what) ttl", "\(vxlan.ttl)", number("ttl") ?? "0")
        let tos = shown["tos"].string.map { $0 == "inherit" ? "1" : $0 } ?? "0"
        let digits = tos.hasPrefix("0x") ? Int(tos.dropFirst(2), radix: 16) : Int(tos)
        list.note("\(what) tos", "\(vxlan.tos)", digits.map { "\($0)" })
        list.note("\(what) ageing", "\(vxlan.ageing)", number("ageing") ?? "0")
        list.note("\(what) proxy", "\(vxlan.proxy)", flag("proxy"))
        list.note("\(what) udpcsum", "\(vxlan.udpChecksum)", flag("udp_csum"))
        list.note("\(what) udp6zerocsumtx", "\(vxlan.udpZeroChecksum6Transmit)", flag("udp_zero_csum6_tx"))
        list.note("\(what) udp6zerocsumrx", "\(vxlan.udpZeroChecksum6Receive)", flag("udp_zero_csum6_rx"))
    }

    /// In another namespace than the node's `ip` shows the number of the underlay, or a name that this number has there.
    private func compareUnderlay(_ vxlan: VXLAN, _ shown: JSON, _ what: String, _ list: inout Differences) {
        let isNamedHere = list.place.isEmpty
        guard let underlay = vxlan.underlay else {
            return list.note("\(what) dev", nil, isNamedHere ? shown["link"].string : nil)
        }
        if isNamedHere {
            list.note("\(what) dev", underlay.text, shown["link"].string)
        } else {
            list.note(
                "\(what) dev",
                "some",
                shown["link"].isNull && shown["link_index"].isNull ? nil : "some"
            )
        }
    }
}

/// Differences of one place, as they are found.
struct Differences {
    /// What stands before every line: nothing for the node.
    let place: String
    private(set) var lines: [String] = []

    init(place: String) { self.place = place }

    mutating func add(_ line: String) { lines.append(place + line) }

    mutating func note(_ what: String, _ wanted: String?, _ present: String?) {
        guard wanted != present else { return }
        add("\(what): is \(present ?? "none"), shall be \(wanted ?? "none")")
    }
}
