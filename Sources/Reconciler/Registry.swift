internal import LinuxSystem
internal import NetworkModel

/// What Weft must remember of a node because the kernel can't: which namespaces it is about to make, and what settings
/// were before it changed them.
///
/// Kept in the file `registry` of the runtime directory, a line for each thing, fields parted by tabs. It is written
/// before what it tells of is done, so that whoever comes after a crash knows what may have been done.
struct Registry: Hashable, Sendable {
    /// When it was written: nothing of another boot of the kernel is left, and its numbers mean others by now.
    var boot = Self.currentBoot
    /// The node that it is of, as marks have it; empty in none that is read.
    var owner = ""
    /// Whose it is of the two that may have something on the node; see ``Mark``.
    var mark = Mark.node
    /// Which namespace the node is: one that was made again under its name has nothing of what was in the old one.
    var nodeCookie: UInt64 = 0
    /// True if Weft made the runtime directory, and so removes it.
    var madeDirectory = false
    /// The names of the namespaces that Weft made or is about to make, and which namespaces they are, where they are made.
    var namespaces: [NamespaceName: UInt64?] = [:]
    /// The namespaces of others in which Weft has something, or is about to.
    var adopted: [NamespaceName: Adopted] = [:]
    /// The places where Weft has neighbours, or is about to: the kernel looks through those of all namespaces to list those
    /// of one, so that a thousand namespaces are not asked in vain.
    var neighbours: Set<Place> = []
    /// How the rules of the firewall that Weft has on the node, or is about to have, were listed when they were intact; empty as
    /// long as nobody knows.
    ///
    /// `nil` where there is none: nftables need not be asked.
    var firewall: String?
    /// True if it tells of nothing.
    var isEmpty: Bool {
        namespaces.isEmpty && adopted.isEmpty && neighbours.isEmpty && sysctls.isEmpty && firewall == nil
    }

    /// The settings that Weft changed.
    var sysctls: [Sysctl.Key: RecordedSysctl] = [:]

    /// A namespace of somebody else's.
    struct Adopted: Hashable, Sendable {
        /// Where it was found.
        var path: String
        /// Which one it is.
        var cookie: UInt64
    }

    private static let header = "weft registry 3"

    /// The kernel's own number of this boot; empty where it can't be read.
    static let currentBoot = (try? SysctlFile.read("kernel/random/boot_id")) ?? ""

    /// The file's path in a runtime directory.
    static func path(in runtimeDirectory: String) -> String { "\(runtimeDirectory)/registry" }

    /// Reads the registry of a runtime directory; `nil` if there is none.
    ///
    /// - Throws: ``UnreadableRegistry``, or ``SystemCallError`` for whatever reading refuses.
    static func load(from runtimeDirectory: String) throws -> Registry? {
        let path = path(in: runtimeDirectory)
        guard let text = try AtomicFile.read(path) else { return nil }
        // An empty file tells of no namespaces; taken at its word it would make strangers of all there are.
        guard !text.isEmpty else { throw UnreadableRegistry(path: path, line: 1) }
        var registry = Registry()
        // By bytes: there are many lines, and Swift's characters are dear.
        for (offset, line) in text.utf8.split(separator: UInt8(ascii: "\n")).enumerated() {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
                .map { String(Substring($0)) }
            let isKnown = offset == 0 ? fields == [header] : registry.read(fields)
            guard isKnown else { throw UnreadableRegistry(path: path, line: offset + 1) }
        }
        return registry
    }

    /// Takes one line in; false if it is none that is known.
    private mutating func read(_ fields: [String]) -> Bool {
        switch (fields.first, fields.count) {
        case ("boot", 2):
            boot = fields[1]
            return true
        case ("node", 3):
            guard let cookie = UInt64(fields[2]) else { return false }
            owner = fields[1]
            nodeCookie = cookie
            return true
        case ("class", 2):
            guard let mark = Mark.allCases.first(where: { $0.registryWord == fields[1] }) else {
                return false
            }
            self.mark = mark
            return true
        case ("directory", 2):
            madeDirectory = fields[1] == "made"
            return madeDirectory
        case ("namespace", 3):
            guard let name = try? NamespaceName(fields[1]) else { return false }
            let cookie = UInt64(fields[2])
            namespaces[name] = .some(cookie)
            return cookie != nil || fields[2].isEmpty
        case ("adopted", 4):
            guard let name = try? NamespaceName(fields[1]), let cookie = UInt64(fields[2]) else {
                return false
            }
            adopted[name] = Adopted(path: fields[3], cookie: cookie)
            return true
        case ("firewall", 2):
            firewall = fields[1]
            return true
        case ("neighbours", 2):
            guard let place = Self.place(fields[1]) else { return false }
            neighbours.insert(place)
            return true
        case ("sysctl", 5):
            guard let place = Self.place(fields[1]), fields[2].hasPrefix("net/") else { return false }
            sysctls[Sysctl.Key(path: fields[2], in: place)] = RecordedSysctl(
                before: fields[3],
                written: fields[4]
            )
            return true
        default:
            return false
        }
    }

    /// A place by the name of its namespace; empty for the node's own.
    private static func place(_ field: String) -> Place? {
        field.isEmpty ? .node : (try? NamespaceName(field)).map { .namespace($0) }
    }

    /// Writes the registry whole, or leaves the old one.
    func save(to runtimeDirectory: String) throws(SystemCallError) {
        for attempt in 1... {
            var registry = self
            do {
                if try AtomicFile.makeDirectories(runtimeDirectory, mode: 0o755) {
                    registry.madeDirectory = true
                }
                try AtomicFile.write(Self.path(in: runtimeDirectory), registry.text, mode: 0o600)
                return
            } catch  where error.errno == .noSuchFileOrDirectory && attempt < Self.mostAttempts {
                // Who has just destroyed another node takes the directories of both away as long as they are empty.
                continue
            }
        }
    }

    /// More nodes than are destroyed at once.
    private static let mostAttempts = 100

    private var text: String {
        var lines = [
            Self.header, "boot\t\(boot)", "node\t\(owner)\t\(nodeCookie)", "class\t\(mark.registryWord)",
        ]
        if madeDirectory { lines.append("directory\tmade") }
        for (name, cookie) in namespaces.sorted(by: { $0.key < $1.key }) {
            lines.append("namespace\t\(name)\t\(cookie.map { "\($0)" } ?? "")")
        }
        for (name, other) in adopted.sorted(by: { $0.key < $1.key }) {
            lines.append("adopted\t\(name)\t\(other.cookie)\t\(other.path)")
        }
        if let firewall { lines.append("firewall\t\(firewall)") }
        for place in neighbours.sorted() { lines.append("neighbours\t\(place.name?.text ?? "")") }
        for (key, record) in sysctls.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "sysctl\t\(key.place.name?.text ?? "")\t\(key.path)\t\(record.before)\t\(record.written)"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Mark {
    /// What the registry calls the class.
    fileprivate var registryWord: String {
        switch self {
        case .node: "node"
        case .underlay: "underlay"
        }
    }
}

/// The registry's text is not one that this version writes.
package struct UnreadableRegistry: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    /// The first line that is not understood, counted from 1.
    package let line: Int

    package var description: String {
        "cannot read the registry: \(path):\(line) is not a line that this version of Weft writes"
    }

    /// What can be done about it.
    package var hint: String {
        "remove the file: namespaces are found again by their marks; only what settings were before is lost with it"
    }
}
