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
        var lines: [String] = []
        for name in [nil] + names.map(Optional.some) {
            var answers = try Answers(of: node.fullName(of: name))
            // One that never settles shows in the test's own differences.
            if waits {
                _ = try Eventually.holds {
                    if answers.areSettled { return true }
                    answers = try Answers(of: node.fullName(of: name))
                    return answers.areSettled
                }
            }
            lines += answers.lines
            lines += try NftablesView(of: node, in: name).lines.map { "\(answers.place) \($0)" }
            lines += try node.inside(name) { try sysctls() }.map { "\(answers.place) sysctl: \($0)" }
        }
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

/// What iproute2 says of one namespace.
private struct Answers {
    /// The namespace's name.
    let place: String
    private var answers: [(title: String, objects: [JSON])] = []

    /// What is asked, and which family it is of: one process for all of the same family, for processes are what takes time.
    private static let questions: [(family: String?, lines: [(title: String, line: String)])] = [
        (
            nil,
            [
                ("link", "link show"), ("address", "addr show"), ("neighbour", "neigh show nud permanent"),
                ("proxy", "neigh show proxy"),
            ]
        ),
        ("-4", [("route", "route show table all"), ("rule", "rule show")]),
        ("-6", [("route", "route show table all"), ("rule", "rule show")]),
    ]

    /// Asks.
    init(of place: String) throws {
        self.place = place
        for (family, questions) in Self.questions {
            let words = ["ip"] + (family.map { [$0] } ?? []) + ["-n", place, "-json", "-d", "-batch", "-"]
            let text = questions.map(\.line).joined(separator: "\n") + "\n"
            let output = try Command(words).reading(text).output()
            // One line for each question.
            let answers = output.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }
            guard answers.count == questions.count else { throw Unreadable(text: output) }
            for (question, answer) in zip(questions, answers) {
                self.answers.append((question.title, try JSON(text: String(answer)).elements))
            }
        }
        let entries = try JSON(text: Command(["bridge", "-n", place, "-json", "-d", "fdb", "show"]).output())
        answers.append(("fdb", entries.elements.filter(Self.isLasting)))
    }

    /// `ip` answered more or fewer questions than it was asked.
    struct Unreadable: Error, CustomStringConvertible {
        let text: String
        var description: String { "ip answered: \(text)" }
    }

    /// One line for each object.
    var lines: [String] {
        answers.flatMap { title, objects in
            // Rules and routes have an order that matters and is the kernel's; link and address order is the index.
            objects.map { "\(place) \(title): \(Volatile.removed(from: $0).description)" }
        }
    }

    /// False while the kernel has yet to follow a carrier, or to find out whether an IPv6 address is taken:
    /// addresses and routes come by themselves then.
    var areSettled: Bool {
        let links = answers.first { $0.title == "address" }?.objects ?? []
        return links.allSatisfy { link in
            // Without a carrier nothing follows, and an address stays tentative for as long as that lasts.
            guard link["flags"].elements.contains("LOWER_UP") else { return true }
            return link["operstate"] != "DOWN" && link["operstate"] != "LOWERLAYERDOWN"
                && !link["addr_info"].elements.contains { $0["tentative"] == true }
        }
    }

    /// True for an FDB entry that somebody set, as against one that was learnt.
    private static func isLasting(_ entry: JSON) -> Bool {
        entry["state"] == "permanent" || entry["state"] == "static"
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
