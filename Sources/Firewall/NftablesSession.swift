internal import CNftables
package import LinuxSystem
private import Synchronization

/// Held during each call of libnftables: its data types are counted without locks, for all sessions of a process together.
///
/// nftables 1.0.6, `src/datatype.c`, `datatype_get()`. Without this two threads at once do not come to an end [measured].
private let library = Mutex(())

/// What nftables would not do, or could not tell.
package struct NftablesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// nftables' own words, without `Error:` and without the command.
    package let message: String
    /// What the kernel answered, where the words tell.
    package let errno: Errno?

    package var description: String { "nftables: \(message)" }
}

/// A conversation with nftables, in the network namespace of the thread that began it, whatever the thread does later.
///
/// libnftables, which `nft` is made of: what it refuses changes nothing, for all commands of one call are one transaction.
struct NftablesSession: ~Copyable {
    private let context: OpaquePointer

    /// - Throws: ``NftablesError`` where there is no memory.
    init() throws(NftablesError) {
        let made = library.withLock { _ in nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) }
        guard let context = made else {
            throw NftablesError(message: "no memory", errno: .outOfMemory)
        }
        guard nft_ctx_buffer_output(context) == 0, nft_ctx_buffer_error(context) == 0 else {
            library.withLock { _ in nft_ctx_free(context) }
            throw NftablesError(message: "no memory", errno: .outOfMemory)
        }
        nft_ctx_output_set_flags(context, Self.json)
        self.context = context
    }

    // Names of services and protocols are the machine's own; numbers are the same everywhere.
    private static let json = UInt32(NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL)
    private static let textWithHandles = UInt32(NFT_CTX_OUTPUT_HANDLE)
    private static let textWithoutElements = UInt32(NFT_CTX_OUTPUT_TERSE)

    deinit {
        library.withLock { _ in nft_ctx_free(context) }
    }

    /// Carries out commands, all or none of them, and returns what they print: JSON.
    ///
    /// Equivalent to: `nft -j -f -`.
    ///
    /// - Throws: ``NftablesError``; then nothing was done.
    @discardableResult
    func run(_ commands: String) throws(NftablesError) -> String {
        let result = library.withLock { _ in commands.withCString { nft_run_cmd_from_buffer(context, $0) } }
        // Both buffers begin anew when they are read.
        let output = nft_ctx_get_output_buffer(context).map { String(cString: $0) } ?? ""
        let complaint = nft_ctx_get_error_buffer(context).map { String(cString: $0) } ?? ""
        guard result == 0 else { throw NftablesError(complaint: complaint) }
        return output
    }

    /// Carries out a command that lists, and returns what it prints for people, with the numbers of what is listed.
    ///
    /// Equivalent to: `nft -a COMMAND`.
    ///
    /// - Throws: ``NftablesError``.
    func text(_ command: String) throws(NftablesError) -> String {
        try run(command, printing: Self.textWithHandles)
    }

    private func run(_ command: String, printing flags: UInt32) throws(NftablesError) -> String {
        nft_ctx_output_set_flags(context, flags)
        defer { nft_ctx_output_set_flags(context, Self.json) }
        return try run(command)
    }
}

extension NftablesSession {
    /// The tables that there are, each as `inet weft`.
    ///
    /// As text, for what ``hasTableOfOneFlag(_:)`` says.
    ///
    /// Equivalent to: `nft list tables`.
    ///
    /// - Throws: ``NftablesError``.
    func tables() throws(NftablesError) -> [String] {
        let list = try run("list tables", printing: Self.textWithoutElements)
        return list.split(separator: "\n").map { String($0.drop { $0 != " " }.dropFirst()) }
    }

    /// True if a table that a command lists has one flag (`dormant`, `owner`), over which a listing as JSON may end the process.
    ///
    /// libnftables up to 1.0.6, Debian 12's, writes a single flag from memory that it has freed, and frees it once more
    /// (`src/json.c`, `table_flags_json()`) [measured: "corrupted double-linked list"]; of several it does not. Whoever needs no
    /// such version any more needs none of this.
    ///
    /// Equivalent to: `nft -t COMMAND`.
    ///
    /// - Throws: ``NftablesError``.
    func hasTableOfOneFlag(_ command: String) throws(NftablesError) -> Bool {
        // The flags stand behind the table's name, before all else of it.
        var isAtTable = false
        for line in try run(command, printing: Self.textWithoutElements).split(separator: "\n") {
            if isAtTable, line.hasPrefix("\tflags "), !line.contains(",") { return true }
            isAtTable = line.hasPrefix("table ")
        }
        return false
    }
}

extension NftablesError {
    /// Of several errors the first: the others follow from it.
    fileprivate init(complaint: String) {
        let line = complaint.split(separator: "\n").first { $0.contains("Error: ") } ?? Substring(complaint)
        let words = line.firstRange(of: "Error: ").map { line[$0.upperBound...] } ?? line
        message = String(words)
        errno = Errno.inWords(message)
    }
}

extension Errno {
    /// The error whose sentence a text ends with: libnftables gives no other account of it.
    fileprivate static func inWords(_ text: String) -> Errno? {
        (1...CInt(133)).lazy.map(Errno.init).first { text.hasSuffix($0.sentence) }
    }
}
