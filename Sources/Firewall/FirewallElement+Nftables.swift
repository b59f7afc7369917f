internal import NetworkModel

extension FirewallElement {
    /// The set that it is an element of.
    var set: SetName {
        switch self {
        case .network: .networks
        case .within: .within
        case .outside: .outside
        case .masqueraded: .masqueraded
        case .reachable: .reachable
        case .subnet(_, let prefix): prefix.family == .ipv4 ? .subnets4 : .subnets6
        case .port: .ports
        case .mac: .macs
        case .sender(_, _, let address): address.family == .ipv4 ? .senders4 : .senders6
        case .vxlanPort: .vxlanPorts
        case .unforgotten(let address): address.family == .ipv4 ? .unforgotten4 : .unforgotten6
        }
    }

    /// The element as nft's commands have it: `"br-back" . 172.18.0.0/24`.
    var expression: String {
        switch self {
        case .network(let name), .outside(let name), .masqueraded(let name), .reachable(let name),
            .port(let name):
            "\"\(name)\""
        case .within(let name): "\"\(name)\" . \"\(name)\""
        case .subnet(let name, let prefix): "\"\(name)\" . \(prefix)"
        case .mac(let name, let mac): "\"\(name)\" . \(mac)"
        case .sender(let name, let mac, let address): "\"\(name)\" . \(mac) . \(address)"
        case .vxlanPort(let port): "\(port)"
        case .unforgotten(let address): "\(address)"
        }
    }

    /// Reads an element of a set as `nft -j` lists it; `nil` if Weft would not write it.
    init?(_ json: JSONValue, in set: SetName) {
        let parts = json["concat"]?.items ?? [json]
        if set == .vxlanPorts {
            guard let port = parts.first?.integer.flatMap(UInt16.init(exactly:)) else { return nil }
            self = .vxlanPort(port)
            return
        }
        if set == .unforgotten4 || set == .unforgotten6 {
            guard let address = parts.first?.text.flatMap(IPAddress.init) else { return nil }
            self = .unforgotten(address)
            return
        }
        guard let name = parts.first?.text.flatMap({ try? InterfaceName($0) }) else { return nil }
        let rest = Array(parts.dropFirst())
        switch (set, rest.count) {
        case (.networks, 0): self = .network(name)
        case (.outside, 0): self = .outside(name)
        case (.masqueraded, 0): self = .masqueraded(name)
        case (.reachable, 0): self = .reachable(name)
        case (.ports, 0): self = .port(name)
        case (.within, 1):
            guard rest[0].text == name.text else { return nil }
            self = .within(name)
        case (.subnets4, 1), (.subnets6, 1):
            guard let prefix = Prefix(rest[0]) else { return nil }
            self = .subnet(name, prefix)
        case (.macs, 1):
            guard let mac = rest[0].text.flatMap(MACAddress.init) else { return nil }
            self = .mac(name, mac)
        case (.senders4, 2), (.senders6, 2):
            guard let mac = rest[0].text.flatMap(MACAddress.init),
                let address = rest[1].text.flatMap(IPAddress.init)
            else { return nil }
            self = .sender(name, mac, address)
        default: return nil
        }
    }
}

extension Prefix {
    /// Reads a range as `nft -j` lists it: an address of its own is one without a length.
    init?(_ json: JSONValue) {
        if let address = json.text.flatMap(IPAddress.init) {
            self.init(containing: address, length: address.family.width)
            return
        }
        guard let prefix = json["prefix"], let address = prefix["addr"]?.text.flatMap(IPAddress.init),
            let length = prefix["len"]?.integer.flatMap(UInt8.init(exactly:)), length <= address.family.width
        else { return nil }
        self.init(containing: address, length: length)
    }
}
