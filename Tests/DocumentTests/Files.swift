import Document
import Glibc

/// Files beside the tests.
enum Files {
    /// The folder that this file is in.
    static let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
        separator: "/"
    )

    /// The names, without `.yaml`, of the documents in a folder beside the tests, sorted.
    static func documents(in name: String) -> [String] {
        guard let directory = opendir("\(folder)/\(name)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let file = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if file.hasSuffix(".yaml") { names.append(String(file.dropLast(5))) }
        }
        return names.sorted()
    }

    /// The bytes of a file beside the tests; `nil` if there is none.
    static func read(_ name: String) -> [UInt8]? {
        guard let file = fopen("\(folder)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes
    }

    /// The text of a file beside the tests.
    static func text(_ name: String) -> String? {
        read(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes a file.
    static func write(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { return }
        defer { fclose(file) }
        fputs(text, file)
    }

    /// Calls `body` with a folder that is there until it returns.
    static func withFolder(_ files: [String: String], _ body: (String) throws -> Void) rethrows {
        var template = Array("/tmp/weft-document-XXXXXX".utf8CString)
        let path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
        }
        for (name, text) in files { write(text, to: "\(path)/\(name)") }
        defer {
            for name in files.keys { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        try body(path)
    }
}

/// What is wrong with a text, a line for each complaint; empty if nothing is.
func complaints(_ text: String, name: String = "a.yaml") -> String {
    complaints([Source(name: name, text: text)])
}

/// What is wrong with the texts, a line for each complaint; empty if nothing is.
func complaints(_ sources: [Source]) -> String {
    do throws(DocumentErrors) {
        _ = try Document.load(sources)
        return ""
    } catch {
        return error.complaints.map { "\($0)\n" }.joined()
    }
}
