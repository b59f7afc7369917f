import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("A file that is there whole or not at all")
struct AtomicFileTests {
    @Test("is made, replaced and read, with the mode that is asked for")
    func writes() throws {
        try ThrowAwayDirectory.with { directory in
            let path = "\(directory)/file"
            #expect(try AtomicFile.read(path) == nil)
            try AtomicFile.write(path, "one", mode: 0o666)
            #expect(try AtomicFile.read(path) == "one")
            #expect(try Command(["stat", "-c", "%a", path]).output() == "666\n")
            try AtomicFile.write(path, "two", mode: 0o600)
            #expect(try AtomicFile.read(path) == "two")
            #expect(try Listing.tree(directory) == ["\(path) 600 \"two\""])
        }
    }

    @Test("keeps what an opener of the old one has")
    func isReplaced() throws {
        try ThrowAwayDirectory.with { directory in
            let path = "\(directory)/file"
            try AtomicFile.write(path, "old")
            let old = try OwnedDescriptor.open(path, O_RDONLY)
            try AtomicFile.write(path, "new and longer")
            #expect(try FileReader.readAll(descriptor: old.rawValue, named: path) == Array("old".utf8))
        }
    }

    @Test("is whole whenever it is read, though many write it at once")
    func isWhole() async throws {
        let directory = "/run/wt-\(UInt64.random(in: .min ... .max))"
        try AtomicFile.makeDirectories(directory)
        defer { try? AtomicFile.removeTree(directory) }
        let path = "\(directory)/file"
        let texts = ["a", "b", "c", "d"].map { String(repeating: $0, count: 100_000) }
        try AtomicFile.write(path, texts[0])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for text in texts {
                group.addTask { for _ in 0..<50 { try AtomicFile.write(path, text) } }
            }
            for _ in 0..<100 {
                let contents = try AtomicFile.read(path) ?? ""
                #expect(texts.contains(contents))
            }
            try await group.waitForAll()
        }
        #expect(try Listing.names(in: directory) == ["file"])
    }

    @Test("of a killed writer is replaced by the next, and removed with the file")
    func replacesLeftOver() throws {
        try ThrowAwayDirectory.with { directory in
            let path = "\(directory)/file"
            let temporary = AtomicFile.temporaryPath(for: path)
            #expect(temporary == "\(directory)/.file.new")
            try Command(["touch", temporary]).output()
            try AtomicFile.write(path, "text")
            #expect(try Listing.names(in: directory) == ["file"])

            try Command(["touch", temporary]).output()
            try AtomicFile.removeFileIfExists(path)
            try AtomicFile.removeFileIfExists(path)
            #expect(try Listing.names(in: directory).isEmpty)
        }
    }

    @Test("names what is missing")
    func namesMissing() {
        #expect(throws: SystemCallError("open", on: "/run/wt-none", .noSuchFileOrDirectory)) {
            try AtomicFile.write("/run/wt-none/file", "")
        }
    }
}

@Suite("Directories")
struct DirectoryTests {
    @Test("are made with those above them, and again")
    func makes() throws {
        try ThrowAwayDirectory.with { directory in
            try AtomicFile.makeDirectories("\(directory)/a/b/c", mode: 0o750)
            try AtomicFile.makeDirectories("\(directory)/a/b/c", mode: 0o700)
            #expect(try Command(["stat", "-c", "%a", "\(directory)/a/b/c"]).output() == "750\n")
            try AtomicFile.write("\(directory)/file", "")
            #expect(throws: SystemCallError("mkdir", on: "\(directory)/file", .notADirectory)) {
                try AtomicFile.makeDirectories("\(directory)/file/d")
            }
        }
    }

    @Test("are removed with all that is in them, but not what links lead to")
    func removes() throws {
        try ThrowAwayDirectory.with { directory in
            let outside = "\(directory)/outside"
            let tree = "\(directory)/tree"
            try AtomicFile.makeDirectories(outside)
            try AtomicFile.write("\(outside)/kept", "")
            try AtomicFile.makeDirectories("\(tree)/a/b")
            try AtomicFile.write("\(tree)/a/b/file", "")
            try Command(["ln", "-s", outside, "\(tree)/a/link"]).output()
            try Command(["ln", "-s", outside, "\(directory)/link"]).output()
            try AtomicFile.removeTree(tree)
            try AtomicFile.removeTree(tree)
            try AtomicFile.removeTree("\(directory)/link")
            #expect(try Listing.tree(directory) == ["\(outside)/ 755", "\(outside)/kept 644 \"\""])
        }
    }

    @Test("are not entered where something is mounted", .kernel)
    func stopsAtMounts() throws {
        try ThrowAwayDirectory.with { directory in
            let mounted = "\(directory)/tree/mounted"
            try AtomicFile.makeDirectories(mounted)
            try Command(["mount", "-t", "tmpfs", "none", mounted]).output()
            defer { _ = try? Command(["umount", mounted]).result() }
            try AtomicFile.write("\(mounted)/kept", "")
            #expect(throws: SystemCallError("rmdir", on: mounted, .busy)) {
                try AtomicFile.removeTree("\(directory)/tree")
            }
            #expect(try AtomicFile.read("\(mounted)/kept") == "")
        }
    }

    @Test("leave no descriptor open", .kernel)
    func leavesNothing() throws {
        #expect(try Census.taken(of: "files") == "")
    }
}

@Suite("Reading whole files")
struct FileReaderTests {
    @Test("stops at the limit, and not before")
    func hasLimit() throws {
        try ThrowAwayDirectory.with { directory in
            let path = "\(directory)/file"
            try AtomicFile.write(path, String(repeating: "x", count: 40_000))
            #expect(try FileReader.readAll(path, limit: 40_000).count == 40_000)
            #expect(throws: SystemCallError("read", on: path, .fileTooLarge)) {
                try FileReader.readAll(path, limit: 39_999)
            }
            #expect(throws: SystemCallError("read", on: "/dev/zero", .fileTooLarge)) {
                try FileReader.readAll("/dev/zero", limit: 1 << 20)
            }
        }
    }

    @Test("says what cannot be read")
    func refuses() {
        #expect(throws: SystemCallError("open", on: "/run/wt-none", .noSuchFileOrDirectory)) {
            try FileReader.readAll("/run/wt-none")
        }
        #expect(throws: SystemCallError("read", on: "/", .isADirectory)) { try FileReader.readAll("/") }
    }
}

@Suite("This process and machine")
struct MachineTests {
    @Test("a host has a name")
    func hostName() throws {
        #expect(try Command(["uname", "-n"]).output() == "\(HostName.current)\n")
    }

    @Test("the limit of open files is raised to the hard one at least")
    func openFiles() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let hard = limit.rlim_max
        let raised = ResourceLimits.raiseOpenFiles()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(limit.rlim_cur == raised)
        #expect(raised >= hard)
        #expect(ResourceLimits.raiseOpenFiles() == raised)
    }

    @Test("privileges are those in effect", .kernel)
    func privilege() throws {
        #expect(Privilege.hasNetAdmin)
        #expect(Privilege.missingCapabilities.isEmpty)
        #expect(Privilege.Capability.allCases.map(\.description) == ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"])
    }
}
