package import NetworkModel

extension Change: CustomStringConvertible {
    /// An order to a colleague, with the reason: `change link 'br9': mtu 1500 → 1450`.
    package var description: String {
        var text = order
        let details = differences.map(\.description) + (reason.map { [$0] } ?? [])
        if !details.isEmpty { text += ": " + details.joined(separator: ", ") }
        return text
    }

    /// The order alone: `create bridge link 'br9' (mtu 1500)`.
    package var order: String { "\(verb == .remake ? "make anew" : verb.rawValue) \(operation.objectWords)" }
}

extension Difference: CustomStringConvertible {
    /// `mtu 1500 → 1450`.
    package var description: String { "\(attribute) \(words(for: from)) → \(words(for: to))" }

    private func words(for value: String?) -> String {
        guard let value, !value.isEmpty else { return "none" }
        return value
    }
}

extension Operation {
    /// What kind of object it is about, as the JSON output has it.
    package var objectKind: String {
        switch self {
        case .createNamespace, .markNamespace, .deleteNamespace: "namespace"
        case .createLink, .changeLink, .deleteLink, .announce: "link"
        case .addAddress, .replaceAddress, .deleteAddress: "address"
        case .addPrefixRoute: "route"
        case .addRoute, .replaceRoute, .deleteRoute: "route"
        case .replaceNeighbour, .deleteNeighbour: "neighbour"
        case .addForwarding, .replaceForwarding, .deleteForwarding: "fdb"
        case .writeSysctl, .restoreSysctl: "sysctl"
        case .writeFile, .deleteFile: "file"
        case .firewall: "firewall"
        }
    }

    /// The object's name, as the JSON output has it.
    package var objectName: String {
        switch self {
        case .createNamespace(let name, _), .markNamespace(let name), .deleteNamespace(let name, _): name.text
        case .createLink(let creation): creation.link.id.description
        case .changeLink(_, let link): link.id.description
        case .deleteLink(let id, _, _), .announce(let id, _): id.description
        case .addAddress(let address, let link), .replaceAddress(let address, let link),
            .deleteAddress(let address, let link, _):
            "\(address) dev \(link)"
        case .addPrefixRoute(let address, let link): "\(address.prefix) dev \(link.name)"
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route): route.summary
        case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            "\(neighbour.address) dev \(neighbour.link)"
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            "\(entry.mac) dev \(entry.link) \(entry.table.rawValue)\(entry.destination.map { " dst \($0)" } ?? "")"
        case .writeSysctl(let sysctl, _), .restoreSysctl(let sysctl, _): sysctl.key.description
        case .writeFile(let file): file.key.description
        case .deleteFile(let key, _): key.description
        case .firewall(let order): order.objectName
        }
    }

    /// Where the object is.
    package var place: Place {
        switch self {
        case .createNamespace(let name, _), .markNamespace(let name), .deleteNamespace(let name, _):
            .namespace(name)
        case .createLink(let creation): creation.link.id.place
        case .changeLink(_, let link): link.id.place
        case .deleteLink(let id, _, _), .announce(let id, _): id.place
        case .addAddress(_, let link), .replaceAddress(_, let link), .deleteAddress(_, let link, _),
            .addPrefixRoute(_, let link):
            link.place
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route): route.place
        case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            neighbour.link.place
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            entry.link.place
        case .writeSysctl(let sysctl, _), .restoreSysctl(let sysctl, _): sysctl.key.place
        case .writeFile, .deleteFile, .firewall: .node
        }
    }

    /// The object in the operator's words: `bridge link 'br9' (mtu 1500)`, `route 10.8.0.0/16 via 10.9.0.2 in namespace 'red'`.
    package var objectWords: String {
        let place = NodePlanner.words(for: place)
        switch self {
        case .createNamespace(let name, let settings) where !settings.isEmpty:
            return "namespace '\(name)' (\(settings.counted))"
        case .createNamespace(let name, _), .markNamespace(let name), .deleteNamespace(let name, _):
            return "namespace '\(name)'"
        case .createLink(let creation): return "\(creation.words)\(place)"
        case .changeLink(_, let link): return "\(link.kind.name) link '\(link.id.name)'\(place)"
        case .deleteLink(let id, _, let peer):
            let other =
                peer.map { " with its other end '\($0.name)'\(NodePlanner.words(for: $0.place))" } ?? ""
            return "link '\(id.name)'\(place)\(other)"
        case .addAddress(let address, let link), .replaceAddress(let address, let link),
            .deleteAddress(let address, let link, _):
            return "address \(address) on link '\(link.name)'\(place)"
        case .addPrefixRoute(let address, let link):
            return "route \(address.prefix) dev \(link.name) src \(address.address)\(place)"
        case .announce(let id, _): return "announcement of link '\(id.name)'\(place)"
        case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
            return "route \(route.summary)\(place)"
        case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
            return
                "neighbour \(neighbour.address) at \(neighbour.mac) on link '\(neighbour.link.name)'\(place)"
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            return "fdb entry \(entry.summary) on link '\(entry.link.name)'\(place)"
        case .writeSysctl(let sysctl, _), .restoreSysctl(let sysctl, _):
            return "setting \(sysctl.key) = \(sysctl.value)\(place)"
        case .writeFile(let file): return "file '\(file.key.name.rawValue)' of sandbox '\(file.key.sandbox)'"
        case .deleteFile(let key, _): return "file '\(key.name.rawValue)' of sandbox '\(key.sandbox)'"
        case .firewall(let order): return order.objectWords
        }
    }
}

extension LinkCreation {
    fileprivate var words: String {
        var details: [String] = []
        if let peer {
            let place = NodePlanner.words(for: peer.id.place)
            details.append("pair with '\(peer.id.name)'\(place)")
        }
        switch link.kind {
        case .vxlan(let vxlan):
            details.append("vni \(vxlan.vni), port \(vxlan.port)")
            if let local = vxlan.local { details.append("local \(local)") }
            if let remote = vxlan.remote { details.append("remote \(remote)") }
            if let underlay = vxlan.underlay { details.append("dev '\(underlay)'") }
        case .macvlan(let macvlan): details.append("on '\(macvlan.parent)', mode \(macvlan.mode)")
        case .bridge, .veth: break
        }
        if let master = link.master { details.append("port of '\(master)'") }
        if let mtu = link.mtu { details.append("mtu \(mtu)") }
        if !link.isUp { details.append("down") }
        if !settings.isEmpty { details.append(settings.counted) }
        return "\(link.kind.name) link '\(link.id.name)' (\(details.joined(separator: ", ")))"
    }
}

extension [Sysctl] {
    /// `1 setting`.
    fileprivate var counted: String { count == 1 ? "1 setting" : "\(count) settings" }
}

extension Route {
    /// The route as `ip route` writes it, without its place: `unreachable 10.8.0.0/16 metric 42`.
    package var summary: String {
        var words: [String] = []
        if type != .unicast { words.append(type.rawValue) }
        // 'default' alone is that of IPv4; with a gateway there is no doubt.
        let isDefault = destination.length == 0 && (destination.family == .ipv4 || gateway != nil)
        words.append(isDefault ? "default" : destination.description)
        if let gateway { words.append("via \(gateway)") }
        if let device { words.append("dev \(device)") }
        if table != Self.mainTable { words.append("table \(table)") }
        if metric != (destination.family == .ipv6 ? Self.defaultIPv6Metric : 0) {
            words.append("metric \(metric)")
        }
        if let source { words.append("src \(source)") }
        if let mtu { words.append("mtu \(mtu)") }
        if isOnLink { words.append("onlink") }
        return words.joined(separator: " ")
    }
}

extension ForwardingEntry {
    /// The entry as `bridge fdb` writes it, without its link.
    package var summary: String {
        var words = ["\(mac)"]
        if let destination { words.append("dst \(destination)") }
        if let vni { words.append("vni \(vni)") }
        if let port { words.append("port \(port)") }
        if vlan != 0 { words.append("vlan \(vlan)") }
        words.append(table.rawValue)
        words.append(state.rawValue)
        return words.joined(separator: " ")
    }
}
