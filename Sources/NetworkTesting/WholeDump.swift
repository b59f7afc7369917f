import LinuxSystem

/// All that can be seen of a node, as text: two that are equal mean that nothing was changed in between.
///
/// Left out is what changes by itself: statistics, timers, ages, what was learnt, whether a carrier is seen
/// yet.
package struct WholeDump: Hashable, Sendable, CustomStringConvertible {
    /// One line for each object, beginning with where it is: `wt-x.red route: {…}`.
    package let lines: [String]

    package var description: String { lines.joined(separator: "\n") }

    /// Reads everything of a node and of namespaces of it.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - namespaces: Which namespaces of it; all that have names, if none are given.
    ///   - waits: Whether to wait until the kernel has settled.
    /// - Returns: The dump.
    /// - Throws: ``CommandFailure`` if something cannot be asked.
    package static func take(
        of node: ThrowAwayNode,
        namespaces: [String]? = nil,
        waits: Bool = true
    ) throws -> WholeDump {
        let names = try namespaces ?? node.mountedNamespaces()
        if waits {
            let places = [node.fullName()] + names.map { node.fullName(of: $0) }
            // One that never settles shows in the test's own differences.
            _ = try Eventually.holds { try places.allSatisfy(isSettled) }
        }
        var lines = try dump(of: node, namespace: nil)
        for name in names { lines += try dump(of: node, namespace: name) }
        for entry in try NamespaceDirectory.standard.list() where entry.name.hasPrefix(node.name) {
            lines.append("/run/netns/\(entry.name): \(entry.kind)")
        }
        for name in try Listing.names(in: "/etc/netns") where name.hasPrefix(node.name) {
            lines.append("/etc/netns/\(name)")
            lines += try Listing.tree("/etc/netns/\(name)")
        }
        lines += try Listing.tree(node.runtimeDirectory)
        return WholeDump(lines: lines)
    }

    /// What is in one and not in the other, a line each: `- gone`, `+ come`; nothing if they are equal.
    package static func diff(_ old: WholeDump, _ new: WholeDump) -> [String] {
        var balance: [String: Int] = [:]
        for line in old.lines { balance[line, default: 0] -= 1 }
        for line in new.lines { balance[line, default: 0] += 1 }
        var differences: [String] = []
        for line in (Set(old.lines).union(new.lines)).sorted() {
            let count = balance[line, default: 0]
            differences += Array(repeating: "\(count < 0 ? "-" : "+") \(line)", count: abs(count))
        }
        return differences
    }

    /// Everything of one namespace.
    private static func dump(of node: ThrowAwayNode, namespace: String?) throws -> [String] {
        let place = node.fullName(of: namespace)
        var lines: [String] = []
        for (title, arguments) in questions {
            let text = try Command(arguments.map { $0 == "NETNS" ? place : $0 }).output()
            let answer = try JSON(text: text).elements.filter { title != "fdb" || isLasting($0) }
            let objects = answer.map { Volatile.removed(from: $0).description }
            // Rules and routes have an order that matters and is the kernel's; link and address order is the
            // index.
            lines += objects.map { "\(place) \(title): \($0)" }
        }
        if Command.exists("nft") {
            let ruleset = try node.run("nft list ruleset", in: namespace)
            lines += ruleset.split(separator: "\n").map { "\(place) nft: \($0)" }
        }
        lines += try node.inside(namespace) { try sysctls() }.map { "\(place) sysctl: \($0)" }
        return lines
    }

    /// False while the kernel has yet to follow a carrier, or to find out whether an IPv6 address is taken:
    /// addresses and routes come by themselves then.
    private static func isSettled(_ place: String) throws -> Bool {
        let links = try JSON(text: Command(["ip", "-n", place, "-json", "addr", "show"]).output())
        return links.elements.allSatisfy { link in
            // Without a carrier nothing follows, and an address stays tentative for as long as that lasts.
            guard link["flags"].elements.contains("LOWER_UP") else { return true }
            return link["operstate"] != "DOWN" && link["operstate"] != "LOWERLAYERDOWN"
                && !link["addr_info"].elements.contains { $0["tentative"] == true }
        }
    }

    /// What is asked of every namespace.
    private static let questions: [(String, [String])] = [
        ("link", ["ip", "-n", "NETNS", "-json", "-d", "link", "show"]),
        ("address", ["ip", "-n", "NETNS", "-json", "-d", "addr", "show"]),
        ("route", ["ip", "-n", "NETNS", "-json", "-d", "-4", "route", "show", "table", "all"]),
        ("route", ["ip", "-n", "NETNS", "-json", "-d", "-6", "route", "show", "table", "all"]),
        ("rule", ["ip", "-n", "NETNS", "-json", "-4", "rule", "show"]),
        ("rule", ["ip", "-n", "NETNS", "-json", "-6", "rule", "show"]),
        ("neighbour", ["ip", "-n", "NETNS", "-json", "neigh", "show", "nud", "permanent"]),
        ("proxy", ["ip", "-n", "NETNS", "-json", "neigh", "show", "proxy"]),
        ("fdb", ["bridge", "-n", "NETNS", "-json", "-d", "fdb", "show"]),
    ]

    /// True for an FDB entry that somebody set, as against one that was learnt.
    private static func isLasting(_ entry: JSON) -> Bool {
        entry["state"] == "permanent" || entry["state"] == "static"
    }

    /// Every setting of the calling thread's namespace that can be read.
    private static func sysctls() throws -> [String] {
        try ["net/ipv4", "net/ipv6"].flatMap(settings(below:))
    }

    private static func settings(below path: String) throws -> [String] {
        var lines: [String] = []
        for name in try Listing.names(in: "/proc/sys/\(path)") {
            let child = "\(path)/\(name)"
            do {
                lines.append("\(child) = \(try SysctlFile.read(child))")
            } catch  where error.errno == .isADirectory {
                lines += try settings(below: child)
            } catch {
                // Write only, or not set yet, such as stable_secret.
            }
        }
        return lines
    }
}

extension ThrowAwayNode {
    /// The namespaces of the node that are mounted: those that were interrupted half-way cannot be looked
    /// into.
    fileprivate func mountedNamespaces() throws -> [String] {
        try NamespaceDirectory.standard.list().compactMap { entry in
            guard case .namespace = entry.kind, entry.name.hasPrefix("\(name).") else { return nil }
            return String(entry.name.dropFirst(name.count + 1))
        }
    }
}

/// What changes by itself in the answers of `ip` and `bridge`.
private enum Volatile {
    /// Members of objects, wherever they are.
    private static let keys: Set<String> = [
        "operstate", "hello_timer", "tcn_timer", "topology_change_timer", "gc_timer", "hold_timer",
        "message_age_timer", "forward_delay_timer", "topology_change", "topology_change_detected",
        "topology_change_ack", "config_pending", "expires", "age", "used", "updated",
        "preferred_life_time", "valid_life_time", "tentative",
    ]

    /// Words in lists of flags.
    private static let flags: Set<JSON> = ["NO-CARRIER", "LOWER_UP", "linkdown"]

    static func removed(from value: JSON) -> JSON {
        switch value {
        case .object(let members):
            var kept: [String: JSON] = [:]
            for (key, member) in members where !keys.contains(key) {
                // A port's state follows its carrier; elsewhere `state` is somebody's choice.
                if key == "info_slave_data", case .object(var port) = member {
                    port["state"] = nil
                    kept[key] = removed(from: .object(port))
                } else {
                    kept[key] = removed(from: member)
                }
            }
            return .object(kept)
        case .array(let elements):
            return .array(elements.filter { !flags.contains($0) }.map(removed))
        case .null, .bool, .int, .double, .string:
            return value
        }
    }
}
