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
        case .part(_, let prefix): prefix.family == .ipv4 ? .parts4 : .parts6
        case .range(let prefix): prefix.family == .ipv4 ? .ranges4 : .ranges6
        case .tunnel: .tunnels
        case .node(let address): address.family == .ipv4 ? .nodes4 : .nodes6
        case .port: .ports
        case .mac: .macs
        case .sender(_, _, let address): address.family == .ipv4 ? .senders4 : .senders6
        case .target: .targets6
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
        case .subnet(let name, let prefix), .part(let name, let prefix): "\"\(name)\" . \(prefix)"
        case .range(let prefix): "\(prefix)"
        case .tunnel(let vni, let port): "\(port) . \(vni)"
        case .node(let address): "\(address)"
        case .mac(let name, let mac): "\"\(name)\" . \(mac)"
        case .sender(let name, let mac, let address): "\"\(name)\" . \(mac) . \(address)"
        case .target(let name, let address): "\"\(name)\" . \(address.number)"
        case .vxlanPort(let port): "\(port)"
        case .unforgotten(let address): "\(address)"
        }
    }

    /// Reads an element of a set as `nft -j` lists it; `nil` if Weft would not write it.
    init?(_ json: JSONValue, in set: SetName) {
        let parts = json["concat"]?.items ?? [json]
        guard set.isOfLinks else {
            guard let element = Self.ofNoLink(parts, in: set) else { return nil }
            self = element
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
        case (.parts4, 1), (.parts6, 1):
            guard let prefix = Prefix(rest[0]) else { return nil }
            self = .part(name, prefix)
        case (.macs, 1):
            guard let mac = rest[0].text.flatMap(MACAddress.init) else { return nil }
            self = .mac(name, mac)
        case (.senders4, 2), (.senders6, 2):
            guard let mac = rest[0].text.flatMap(MACAddress.init),
                let address = rest[1].text.flatMap(IPAddress.init)
            else { return nil }
            self = .sender(name, mac, address)
        case (.targets6, 1):
            guard let address = IPAddress(number: rest[0]) else { return nil }
            self = .target(name, address)
        default: return nil
        }
    }
}

extension FirewallElement {
    /// Reads an element of a set that is about no link.
    private static func ofNoLink(_ parts: [JSONValue], in set: SetName) -> FirewallElement? {
        switch (set, parts.count) {
        case (.vxlanPorts, 1): parts[0].integer.flatMap(UInt16.init(exactly:)).map { .vxlanPort($0) }
        case (.ranges4, 1), (.ranges6, 1): Prefix(parts[0]).map { .range($0) }
        case (.nodes4, 1), (.nodes6, 1): parts[0].text.flatMap { IPAddress($0) }.map { .node($0) }
        case (.unforgotten4, 1), (.unforgotten6, 1):
            parts[0].text.flatMap { IPAddress($0) }.map { .unforgotten($0) }
        case (.tunnels, 2):
            if let port = parts[0].integer.flatMap(UInt16.init(exactly:)),
                let number = parts[1].integer.flatMap(UInt32.init(exactly:)), VNI.range.contains(number)
            {
                .tunnel(VNI(number: number), port: port)
            } else {
                nil
            }
        default: nil
        }
    }
}

extension SetName {
    /// True if each element begins with the name of a link.
    fileprivate var isOfLinks: Bool {
        switch self {
        case .ports, .macs, .senders4, .senders6, .targets6, .networks, .within, .outside, .reachable,
            .masqueraded, .subnets4, .subnets6, .parts4, .parts6:
            true
        case .ranges4, .ranges6, .vxlanPorts, .tunnels, .nodes4, .nodes6, .unforgotten4, .unforgotten6: false
        }
    }
}

extension IPAddress {
    /// An IPv6 address as nft lists the bits of a packet: a number.
    fileprivate var number: String {
        // Digits of the high half, and 16 of the low one.
        let low = String(low, radix: 16)
        return "0x" + String(high, radix: 16) + String(repeating: "0", count: 16 - low.count) + low
    }

    /// Reads an IPv6 address as `nft -j` lists the bits of a packet: what has more than 63 of them as text, in hexadecimal.
    fileprivate init?(number json: JSONValue) {
        if let number = json.integer.flatMap(UInt64.init(exactly:)) {
            self.init(ipv6High: 0, low: number)
            return
        }
        guard let text = json.text, text.hasPrefix("0x"), text.utf8.count <= 2 + 32 else { return nil }
        let digits = text.dropFirst(2)
        guard let low = UInt64(digits.suffix(16), radix: 16) else { return nil }
        let rest = digits.dropLast(16)
        guard let high = rest.isEmpty ? 0 : UInt64(rest, radix: 16) else { return nil }
        self.init(ipv6High: high, low: low)
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
