package import Document
package import LinuxSystem

/// What Weft must remember of a lab: the document that it was made from, in `/run/weft/labs/LAB`.
///
/// It is written before anything of the lab is made, and removed after everything is gone.
package struct LabRecord: Sendable {
    private let lab: LabName

    package init(of lab: LabName) {
        self.lab = lab
    }

    private var lockPath: String { "\(lab.directory)/lock" }
    private var documentPath: String { "\(lab.directory)/document" }

    /// Locks the lab: what is done to all of its nodes nobody else is to come between.
    ///
    /// - Throws: `LockIsHeld`, `UntrustedPath` where others than root may write, or `SystemCallError`.
    package func lock(wait: Bool, onWait: (NodeLock.Holder?) -> Void) throws -> FileLock {
        try TrustedPath.check(lab.directory)
        return try FileLock.acquire(lockPath, of: "lab '\(lab)'", wait: wait, onWait: onWait)
    }

    /// Writes down the document.
    ///
    /// - Throws: `SystemCallError`.
    package func save(_ sources: [Source]) throws {
        var bytes = Array("\(Self.header)\n".utf8)
        for source in sources {
            bytes += "file\t\(source.name.utf8.count)\t\(source.bytes.count)\n".utf8
            bytes += source.name.utf8
            bytes += source.bytes
        }
        try AtomicFile.write(documentPath, bytes, mode: 0o600)
    }

    private static let header = "weft lab 1"

    /// The document that the lab was made from last; `nil` if none is on record.
    ///
    /// - Throws: ``UnreadableLabRecord``, `UntrustedPath` or `SystemCallError`.
    package func load() throws -> [Source]? {
        try TrustedPath.check(lab.directory)
        let bytes: [UInt8]
        do {
            bytes = try FileReader.readAll(documentPath, limit: 1 << 30)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
        guard let sources = Self.sources(in: bytes) else { throw UnreadableLabRecord(path: documentPath) }
        return sources
    }

    /// Reads what ``save(_:)`` writes; `nil` if it is anything else.
    private static func sources(in bytes: [UInt8]) -> [Source]? {
        var rest = bytes[...]
        guard line(from: &rest) == header else { return nil }
        var sources: [Source] = []
        while !rest.isEmpty {
            guard let source = source(from: &rest) else { return nil }
            sources.append(source)
        }
        return sources
    }

    /// Takes one text off the front.
    private static func source(from bytes: inout ArraySlice<UInt8>) -> Source? {
        let fields = (line(from: &bytes) ?? "").split(separator: "\t")
        guard fields.count == 3, fields[0] == "file" else { return nil }
        let lengths = fields.dropFirst().compactMap { Int($0) }
        guard lengths.count == 2, lengths.allSatisfy({ (0...bytes.count).contains($0) }) else { return nil }
        let (name, text) = (bytes.prefix(lengths[0]), bytes.dropFirst(lengths[0]).prefix(lengths[1]))
        guard text.count == lengths[1] else { return nil }
        bytes = bytes.dropFirst(lengths[0] + lengths[1])
        return Source(name: String(decoding: name, as: UTF8.self), bytes: Array(text))
    }

    /// Takes a line off the front; `nil` at the end.
    private static func line(from bytes: inout ArraySlice<UInt8>) -> String? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: bytes[..<end], as: UTF8.self)
        bytes = bytes[(end + 1)...]
        return line
    }

    /// Forgets the lab; whoever waits for its lock begins anew.
    ///
    /// - Throws: `SystemCallError`.
    package func forget() throws {
        try AtomicFile.removeFileIfExists(documentPath)
        try AtomicFile.removeFileIfExists(lockPath)
        // The directories that hold those of all labs go with the last of them.
        for directory in [lab.directory, LabName.allLabs, "/run/weft"] {
            try AtomicFile.removeDirectoryIfEmpty(directory)
        }
    }
}

/// What is on record of a lab is not what this version writes.
package struct UnreadableLabRecord: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String

    package var description: String {
        "cannot read '\(path)': it is not a lab's record of this version of Weft"
    }

    /// What can be done about it.
    package var hint: String { "'weft lab down' removes the lab without it" }
}
