internal import Glibc

/// A text to read, and what it is called in complaints.
package struct Source: Sendable {
    /// The file's name, as complaints say it.
    package var name: String
    /// The text: UTF-8.
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }
}

/// Reads the files that a path means.
enum DocumentSources {
    /// The texts of a file, of each `*.yaml`, `*.yml` and `*.json` in a directory, or of standard input (`-`).
    static func read(path: String) throws(DocumentErrors) -> [Source] {
        do throws(Complaint) {
            guard path != "-" else { return [try read(descriptor: STDIN_FILENO, name: path)] }
            guard let names = try names(inDirectory: path) else { return [try read(file: path)] }
            var sources: [Source] = []
            for name in names {
                sources.append(try read(file: path.hasSuffix("/") ? path + name : "\(path)/\(name)"))
            }
            return sources
        } catch {
            throw DocumentErrors([error])
        }
    }

    /// The names of a directory's documents in byte order; `nil` if the path is none.
    private static func names(inDirectory path: String) throws(Complaint) -> [String]? {
        guard let directory = opendir(path) else {
            guard errno == ENOTDIR else { throw failure(path, errno) }
            return nil
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) else {
                continue
            }
            names.append(name)
        }
        guard !names.isEmpty else {
            throw Complaint(
                file: path,
                message: "the directory has no documents",
                hint: "a document is a file *.yaml, *.yml or *.json"
            )
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func read(file path: String) throws(Complaint) -> Source {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        return try read(descriptor: descriptor, name: path)
    }

    /// Reads to the end, but not much more than a document may have.
    private static func read(descriptor: Int32, name: String) throws(Complaint) -> Source {
        var bytes: [UInt8] = []
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > 0 {
            bytes.reserveCapacity(min(Int(status.st_size), TreeReader.byteLimit) + 1)
        }
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { chunk.deallocate() }
        while bytes.count <= TreeReader.byteLimit {
            let count = Glibc.read(descriptor, chunk.baseAddress, chunk.count)
            if count < 0 {
                let code = errno
                guard code == EINTR else { throw failure(name, code) }
                continue
            }
            guard count > 0 else { break }
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
        }
        return Source(name: name, bytes: bytes)
    }

    /// Why a file can't be read, in the system's words.
    private static func failure(_ path: String, _ code: Int32) -> Complaint {
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return Complaint(file: path, message: "it can't be read: \(words)")
    }
}
