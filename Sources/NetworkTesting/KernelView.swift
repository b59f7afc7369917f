import Foundation
import Glibc
import LinuxSystem
import NetworkModel

/// What iproute2 and `/proc` show of one place of a node.
struct KernelView {
    let place: Place
    /// `ip -d link`, by name.
    private(set) var links: [String: JSON] = [:]
    /// `ip -d addr`, by the link's name.
    private(set) var addresses: [String: [JSON]] = [:]
    private(set) var routes: [ShownRoute] = []
    private(set) var neighbours: [JSON] = []
    private(set) var forwarding: [JSON] = []
    /// `IFINDEX ADDRESS/LENGTH` of each address that bears Weft's protocol, which iproute2 6.1 can't show.
    private(set) var protocols: Set<String> = []
    private let node: ThrowAwayNode
    private let namespace: String?

    /// - Returns: `nil` if the place is a namespace that is not there.
    init?(of node: ThrowAwayNode, at place: Place) throws {
        self.node = node
        self.place = place
        namespace = place.name.map { String($0.text.dropFirst(node.name.count + 1)) }
        if let namespace, try !node.namespaces().contains(namespace) { return nil }
        let full = node.fullName(of: namespace)
        let batch = ["link show", "addr show", "neigh show nud permanent"].joined(separator: "\n") + "\n"
        let answers = try Command(["ip", "-n", full, "-json", "-d", "-batch", "-"]).reading(batch).output()
        let parts = try answers.split(separator: "\n").filter { !$0.isEmpty }.map {
            try JSON(text: String($0))
        }
        guard parts.count >= 2 else { throw Unreadable(text: answers) }
        for link in parts[0].elements { if let name = link["ifname"].string { links[name] = link } }
        for link in parts[1].elements {
            if let name = link["ifname"].string { addresses[name] = link["addr_info"].elements }
        }
        neighbours = parts.count > 2 ? parts[2].elements : []
        for family in [AddressFamily.ipv4, .ipv6] {
            let text = try Command("ip -n \(full) -json -d -\(family.rawValue) route show table all").output()
            routes += try JSON(text: text).elements.map { ShownRoute(json: $0, family: family) }
        }
        forwarding = try JSON(text: Command("bridge -n \(full) -json -d fdb show").output()).elements
        protocols = try node.inside(namespace) { try AddressProtocols.marked(with: 87) }
    }

    /// What `ip` wrote is not what was asked for.
    struct Unreadable: Error, CustomStringConvertible {
        let text: String
        var description: String { "ip answered: \(text)" }
    }

    /// A setting's value, with runs of white space as one space; `nil` if there is no such setting.
    func sysctl(_ path: String) throws -> String? {
        try node.inside(namespace) {
            guard let text = try? String(contentsOfFile: "/proc/sys/\(path)", encoding: .utf8) else {
                return nil
            }
            return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
    }

    /// The interface index of a link.
    static func index(of name: String, at place: Place, on node: ThrowAwayNode) throws -> Int? {
        let namespace = place.name.map { String($0.text.dropFirst(node.name.count + 1)) }
        return try node.ipJSON("link show dev \(name)", in: namespace)[0]["ifindex"].int
    }
}

/// A route as `ip` shows it.
struct ShownRoute {
    let json: JSON
    let family: AddressFamily

    /// True if it has this key.
    func isOf(_ key: Route.Key) -> Bool {
        guard key.destination.family == family, Int(key.metric) == json["metric"].int ?? 0 else {
            return false
        }
        let table =
            json["table"].string.map { $0 == "main" ? "254" : $0 } ?? json["table"].int.map { "\($0)" }
            ?? "254"
        guard table == "\(key.table)" else { return false }
        let shown = json["dst"].string ?? ""
        if key.destination.length == 0 { return shown == "default" }
        return shown == (key.destination.isHost ? "\(key.destination.address)" : "\(key.destination)")
    }
}

/// Reads who added each address, from the kernel's bytes: iproute2 before 6.3 does not show it.
enum AddressProtocols {
    /// `IFINDEX ADDRESS/LENGTH` of each address of the calling thread's namespace with this `IFA_PROTO`.
    static func marked(with number: UInt8) throws -> Set<String> {
        let descriptor = try checked("socket", on: "AF_NETLINK") {
            socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0)
        }
        defer { close(descriptor) }
        // nlmsghdr: length 24, RTM_GETADDR (22), NLM_F_REQUEST | NLM_F_DUMP (0x301), sequence 1; ifaddrmsg: all families.
        let question: [UInt8] = [24, 0, 0, 0, 22, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        try checked("send", on: "AF_NETLINK") { CInt(send(descriptor, question, question.count, 0)) }
        var found: Set<String> = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = try checked("recv", on: "AF_NETLINK") {
                CInt(recv(descriptor, &buffer, buffer.count, 0))
            }
            var offset = 0
            while offset + 16 <= Int(count) {
                let length = number32(buffer, offset)
                let type = Int(buffer[offset + 4]) | Int(buffer[offset + 5]) << 8
                if type == 3 || type == 2 || length < 16 { return found }
                if let line = line(buffer[offset + 16..<offset + length], number) { found.insert(line) }
                offset += (length + 3) & ~3
            }
        }
    }

    private static func number32(_ bytes: some RandomAccessCollection<UInt8>, _ offset: Int) -> Int {
        let start = bytes.index(bytes.startIndex, offsetBy: offset)
        return bytes[start...].prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// One message: `ifaddrmsg` (family, length, flags, scope, index) and attributes.
    private static func line(_ message: ArraySlice<UInt8>, _ wanted: UInt8) -> String? {
        let bytes = Array(message)
        var local: [UInt8]?
        var any: [UInt8]?
        var proto: UInt8 = 0
        var offset = 8
        while offset + 4 <= bytes.count {
            let length = Int(bytes[offset]) | Int(bytes[offset + 1]) << 8
            guard length >= 4, offset + length <= bytes.count else { break }
            let payload = Array(bytes[offset + 4..<offset + length])
            switch bytes[offset + 2] {
            case 1: any = payload  // IFA_ADDRESS
            case 2: local = payload  // IFA_LOCAL
            case 11: proto = payload.first ?? 0  // IFA_PROTO
            default: break
            }
            offset += (length + 3) & ~3
        }
        guard proto == wanted, let address = local ?? any else { return nil }
        var text = [CChar](repeating: 0, count: 64)
        inet_ntop(address.count == 4 ? AF_INET : AF_INET6, address, &text, 64)
        let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(number32(bytes, 4)) \(name)/\(bytes[1])"
    }
}
