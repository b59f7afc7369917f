internal import NetworkModel

/// The kernel objects of one node.
extension Decoder {
    /// Reads a node's kernel objects; what others refer to comes first.
    mutating func kernelObjects(_ fields: MergedFields<NodeKey>, path: String, into draft: inout NodeDraft) {
        for entry in fields[.namespaces] { namespaces(entry.value, into: &draft) }
        links(fields[.links].compactMap { mapping($0.value) }, into: &draft)
        checkLinks(&draft)
        for entry in fields[.routes] { routes(entry.value, into: &draft) }
        for entry in fields[.neighbours] { neighbours(entry.value, into: &draft) }
        for entry in fields[.fdb] { forwarding(entry.value, into: &draft) }
        var seen: [Sysctl.Key: Int] = [:]
        for entry in fields[.sysctls] { sysctls(entry.value, in: .node, seen: &seen, into: &draft) }
        draft.state.sysctls.sort { $0.key < $1.key }
        for entry in fields[.files] { files(entry.value, into: &draft) }
        let firewalls = fields[.firewall].compactMap { mapping($0.value) }
        if !firewalls.isEmpty { firewall(firewalls, into: &draft) }
        for entry in fields[.rules] { complainOfUnsupported(entry.key, "\(path).\(NodeKey.rules.name)") }
    }

    private mutating func namespaces(_ node: Int, into draft: inout NodeDraft) {
        guard let list = list(node) else { return }
        var seen: [String: Int] = [:]
        var cursor = ItemCursor(list, in: tree)
        while let item = cursor.next(in: tree) {
            let value = tree.resolve(item)
            guard tree.nodes[value].shape == .mapping else {
                _ = namespace(item, seen: &seen, into: &draft)
                continue
            }
            let fields = fields(value, NamespaceKey.self)
            require(.name, in: fields)
            let place = fields[.name].flatMap { namespace($0, seen: &seen, into: &draft) }
            if let node = fields[.netns], let path = namespacePath(node), let name = place?.name {
                draft.state.namespaces.remove(name)
                draft.state.adopted[name] = path
            }
            var settings: [Sysctl.Key: Int] = [:]
            if let node = fields[.sysctls] { sysctls(node, in: place, seen: &settings, into: &draft) }
        }
    }

    /// Reads the name of a namespace that Weft is to make.
    private mutating func namespace(
        _ node: Int,
        seen: inout [String: Int],
        into draft: inout NodeDraft
    ) -> Place? {
        guard let value = scalar(node, "the name of a namespace") else { return nil }
        let text = tree.string(of: value)
        if let first = seen[text] {
            complain(
                at: node,
                "namespace '\(text)' is there already, at \(tree.position(of: first))",
                hint: "keep one of them"
            )
            return nil
        }
        seen[text] = node
        do throws(InvalidName) {
            let name = try NamespaceName(text)
            if text == draft.name {
                complain(
                    at: node,
                    "namespace '\(text)' has the name of its node",
                    hint: "give it another name"
                )
            }
            draft.state.namespaces.insert(name)
            draft.places[text] = .namespace(name)
            return .namespace(name)
        } catch {
            draft.excused.insert(text)
            complain(at: node, "'\(shown(value))' can't be a namespace's name: \(error.reason)")
            return nil
        }
    }

    /// The path of a namespace that somebody else made.
    mutating func namespacePath(_ node: Int) -> String? {
        guard let value = scalar(node, "the path of a namespace") else { return nil }
        let path = tree.string(of: value)
        if !path.hasPrefix("/") || path.utf8.contains(where: { $0 < 32 || $0 == 127 }) {
            complain(
                at: node,
                "'\(shown(value))' is no absolute path",
                hint: "a namespace of somebody else's is the file /proc/PID/ns/net, or /run/netns/NAME"
            )
        }
        return path
    }

    /// The place that a `namespace` key names; the node's own where there is none.
    mutating func place<Key: KeySet>(_ key: Key, _ fields: Fields<Key>, in draft: NodeDraft) -> Place? {
        guard let node = fields[key] else { return .node }
        guard let value = scalar(node, "the name of a namespace") else { return nil }
        return place(named: tree.string(of: value), at: node, in: draft)
    }

    /// The place with a name.
    mutating func place(named text: String, at node: Int, in draft: NodeDraft) -> Place? {
        if let place = draft.places[text] { return place }
        guard !draft.excused.contains(text) else { return nil }
        let hint = guess(text) { draft.places.keys.sorted() }
        complain(at: node, "there is no namespace '\(text)'", hint: hint ?? "list it under 'namespaces'")
        return nil
    }

    /// Reads settings; with no place, only for what is wrong with them.
    private mutating func sysctls(
        _ node: Int,
        in place: Place?,
        seen: inout [Sysctl.Key: Int],
        into draft: inout NodeDraft
    ) {
        guard let mapping = mapping(node) else { return }
        var cursor = EntryCursor(mapping, in: tree)
        while let (name, valueNode) = cursor.next(in: tree) {
            let text = tree.string(of: name)
            let value = settingValue(valueNode)
            guard let path = settingPath(name) else { continue }
            let key = Sysctl.Key(path: SysctlName.canonical(path), in: place ?? .node)
            if let first = seen[key] {
                complain(
                    at: name,
                    tree.string(of: first) == text || key.path == path
                        ? "'\(text)' is set already, at \(tree.position(of: first))"
                        : "'\(text)' is 'net.ipv4.ip_forward', which is set already, at \(tree.position(of: first))",
                    hint: "keep one of them"
                )
                continue
            }
            seen[key] = name
            if let value { draft.state.sysctls.append(Sysctl(key, value: value)) }
        }
    }

    /// The path of a setting below `/proc/sys`.
    mutating func settingPath(_ name: Int) -> String? {
        if let path = SysctlName.path(tree.string(of: name)) { return path }
        complain(
            at: name,
            "'\(shown(name))' is no setting below 'net.'",
            hint: "write it as 'net.ipv4.ip_forward' or 'net/ipv4/conf/eth0.1/forwarding'"
        )
        return nil
    }

    /// The value of a setting, with runs of white space as one space.
    mutating func settingValue(_ node: Int) -> String? {
        guard let value = scalar(node, "a value") else { return nil }
        let words = tree.string(of: value).split { $0 == " " || $0 == "\t" }
        let text = words.joined(separator: " ")
        guard !text.isEmpty, !text.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
            complain(at: node, "the value of a setting is one line of text")
            return nil
        }
        return text
    }
}

/// The names of settings.
enum SysctlName {
    /// The path below `/proc/sys`, if `name` is one below `net`.
    ///
    /// As with sysctl(8) the first separator decides: behind a `/` the name is a path as it is; behind a `.` dots
    /// separate, and a `/` stands for a dot in a component.
    static func path(_ name: String) -> String? {
        guard let separator = name.first(where: { $0 == "." || $0 == "/" }) else { return nil }
        let path = separator == "/" ? name : String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        guard components.first == "net", components.count > 1 else { return nil }
        let isPlain = components.allSatisfy { $0 != "" && $0 != "." && $0 != ".." }
        guard isPlain, !path.utf8.contains(where: { $0 <= 32 || $0 == 127 }) else { return nil }
        return path
    }

    /// The path by which a setting with two names is known.
    ///
    /// Kernel: `net/ipv4/devinet.c`, where both are `IPV4_DEVCONF_ALL(net, FORWARDING)`.
    static func canonical(_ path: String) -> String {
        path == "net/ipv4/conf/all/forwarding" ? "net/ipv4/ip_forward" : path
    }
}
