import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("A file of a person's that is replaced")
struct FileReplacementTests {
    @Test("keeps its mode and what an opener of the old one has; a link to it stays one")
    func replaces() throws {
        try ThrowAwayDirectory.with { directory in
            let path = "\(directory)/file"
            try AtomicFile.write(path, "old", mode: 0o604)
            #expect(symlink("file", "\(directory)/link") == 0)
            let opened = try OwnedDescriptor.open(path, O_RDONLY)
            try FileReplacement.replace("\(directory)/link", Array("old".utf8), by: Array("new".utf8))
            #expect(try AtomicFile.read(path) == "new")
            #expect(try Command(["stat", "-c", "%a %F", path]).output() == "604 regular file\n")
            #expect(try Command(["readlink", "\(directory)/link"]).output() == "file\n")
            #expect(try FileReader.readAll(descriptor: opened.rawValue, named: path) == Array("old".utf8))
        }
    }

    @Test("stays as it is, with nothing beside it, if somebody changed it meanwhile, or if it is no file")
    func refuses() throws {
        try ThrowAwayDirectory.with { directory in
            let path = "\(directory)/file"
            try AtomicFile.write(path, "changed")
            #expect(throws: SystemCallError("replace", on: path, .busy)) {
                try FileReplacement.replace(path, Array("old".utf8), by: Array("new".utf8))
            }
            #expect(try Command(["ls", "-A", directory]).output() == "file\n")
            #expect(try AtomicFile.read(path) == "changed")
            #expect(throws: SystemCallError("replace", on: directory, .invalidArgument)) {
                try FileReplacement.replace(directory, [], by: [])
            }
            #expect(throws: SystemCallError("stat", on: "\(path)2", .noSuchFileOrDirectory)) {
                try FileReplacement.replace("\(path)2", [], by: [])
            }
        }
    }
}
