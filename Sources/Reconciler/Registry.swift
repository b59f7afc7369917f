internal import LinuxSystem
internal import NetworkModel

/// What Weft must remember of a node because the kernel can't: which namespaces it is about to make, and what settings
/// were before it changed them.
///
/// Kept in the file `registry` of the runtime directory, a line for each thing, fields parted by tabs. It is written
/// before what it tells of is done, so that whoever comes after a crash knows what may have been done.
struct Registry: Hashable, Sendable {
    /// The namespaces that are Weft's.
    var namespaces: [NamespaceName: Presence] = [:]
    /// The settings that Weft changed.
    var sysctls: [Sysctl.Key: RecordedSysctl] = [:]

    /// How sure it is that a namespace is there.
    enum Presence: String, Hashable, Sendable {
        /// It is about to be made: the name was free, and what is found there now is Weft's, marked or not.
        case intended
        /// It was made and marked.
        case made
    }

    private static let header = "weft registry 1"

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
        for (offset, line) in text.split(separator: "\n").enumerated() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let isKnown = offset == 0 ? line == header : registry.read(fields)
            guard isKnown else { throw UnreadableRegistry(path: path, line: offset + 1) }
        }
        return registry
    }

    /// Takes one line in; false if it is none that is known.
    private mutating func read(_ fields: [String]) -> Bool {
        switch (fields.first, fields.count) {
        case ("namespace", 3):
            guard let name = try? NamespaceName(fields[1]), let presence = Presence(rawValue: fields[2])
            else {
                return false
            }
            namespaces[name] = presence
            return true
        case ("sysctl", 5):
            let place: Place
            if fields[1].isEmpty {
                place = .node
            } else if let name = try? NamespaceName(fields[1]) {
                place = .namespace(name)
            } else {
                return false
            }
            sysctls[Sysctl.Key(path: fields[2], in: place)] = RecordedSysctl(
                before: fields[3],
                written: fields[4]
            )
            return true
        default:
            return false
        }
    }

    /// Writes the registry whole, or leaves the old one.
    func save(to runtimeDirectory: String) throws(SystemCallError) {
        try AtomicFile.makeDirectories(runtimeDirectory, mode: 0o755)
        try AtomicFile.write(Self.path(in: runtimeDirectory), text, mode: 0o600)
    }

    private var text: String {
        var lines = [Self.header]
        for (name, presence) in namespaces.sorted(by: { $0.key < $1.key }) {
            lines.append("namespace\t\(name)\t\(presence.rawValue)")
        }
        for (key, record) in sysctls.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "sysctl\t\(key.place.name?.text ?? "")\t\(key.path)\t\(record.before)\t\(record.written)"
            )
        }
        return lines.joined(separator: "\n") + "\n"
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
