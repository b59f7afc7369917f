import LinuxSystem
import NetworkTesting
import Testing

@Suite("A mount namespace", .kernel)
struct MountNamespaceTests {
    @Test("has files laid over others, of which nobody outside sees anything; what is written later is seen")
    func lays() throws {
        try ThrowAwayNode.with { node in
            try ThrowAwayDirectory.with { directory in
                let (own, over) = ("\(directory)/own", "\(directory)/over")
                try AtomicFile.write(own, "one")
                try AtomicFile.write(over, "node's")
                let seen = try node.inside {
                    try MountNamespace.unshareNew()
                    try MountNamespace.lay(own, over: over)
                    let first = try AtomicFile.read(over)
                    try FileInPlace.write(own, [Array("another".utf8)[...]])
                    return try [first, AtomicFile.read(over)]
                }
                #expect(seen == ["one", "another"])
                #expect(try AtomicFile.read(over) == "node's")
            }
        }
    }

    @Test("takes no file for a place that is not there, and makes none")
    func missing() throws {
        try ThrowAwayNode.with { node in
            try ThrowAwayDirectory.with { directory in
                try AtomicFile.write("\(directory)/own", "one")
                let target = "\(directory)/nothing"
                #expect(throws: SystemCallError("mount --bind", on: target, .noSuchFileOrDirectory)) {
                    try node.inside {
                        try MountNamespace.unshareNew()
                        try MountNamespace.lay("\(directory)/own", over: target)
                    }
                }
                #expect(try Listing.names(in: directory) == ["own"])
            }
        }
    }

    @Test("sees what is unmounted outside, so that a namespace's name can be taken away")
    func followsOutside() throws {
        try ThrowAwayNode.with { node in
            try node.run("ip netns add \(node.fullName(of: "red"))")
            let left = try node.inside {
                try MountNamespace.unshareNew()
                try NamespaceDirectory.standard.remove(node.fullName(of: "red"))
                return try String(decoding: FileReader.readAll("/proc/thread-self/mountinfo"), as: UTF8.self)
            }
            #expect(!left.contains("/\(node.fullName(of: "red")) "))
        }
    }

    @Test(
        "shows the links of its network in /sys, and what else is mounted there; nothing is changed outside"
    )
    func sysfs() throws {
        try ThrowAwayNode.with { node in
            try node.run("ip link add only-here type bridge")
            let below = try Listing.names(in: "/sys/fs/cgroup")
            let outside = try Self.sysfsMounts("self")
            try #require(!outside.isEmpty, "there is no /sys")
            let (links, cgroups, twice) = try node.inside {
                try MountNamespace.unshareNew()
                let before = try Listing.names(in: "/sys/class/net")
                #expect(!before.contains("only-here"))
                try MountNamespace.showLinksInSysfs()
                let seen = try (Listing.names(in: "/sys/class/net"), Listing.names(in: "/sys/fs/cgroup"))
                // Where the network is the same, there is nothing to do.
                let mounts = try Self.sysfsMounts("thread-self")
                try MountNamespace.showLinksInSysfs()
                return try (seen.0, seen.1, Self.sysfsMounts("thread-self") == mounts)
            }
            #expect(links == ["lo", "only-here"])
            #expect(cgroups == below)
            #expect(twice)
            #expect(try Self.sysfsMounts("self") == outside)
        }
    }

    private static func sysfsMounts(_ process: String) throws -> [String] {
        try String(decoding: FileReader.readAll("/proc/\(process)/mountinfo"), as: UTF8.self)
            .split(separator: "\n").filter { $0.contains(" - sysfs ") }.map(String.init)
    }
}

@Suite("A table of mounts")
struct MountTableTests {
    @Test("has numbers, paths with signs that had to be written otherwise, kinds and flags")
    func reads() {
        let text = #"""
            22 27 0:22 / /sys rw,relatime - sysfs sysfs rw
            24 30 0:22 / /sys ro,nosuid,nodev,noexec,relatime shared:7 master:1 - sysfs sysfs rw
            31 24 0:28 / /sys/fs/a\040b\134c rw,noatime - tmpfs tmpfs rw
            broken
            """#
        let table = MountTable(Array(text.utf8))
        #expect(table.all.map(\.number) == [22, 24, 31])
        #expect(table.all.map(\.parent) == [27, 30, 24])
        #expect(table.all.map(\.kind) == ["sysfs", "sysfs", "tmpfs"])
        #expect(table.all[2].path == #"/sys/fs/a b\c"#)
        // As mount(2) has them: 1 read-only, 2 nosuid, 4 nodev, 8 noexec, 1024 noatime.
        #expect(table.all.map(\.flags) == [0, 15, 1024])
        #expect(table.last(on: "/sys")?.number == 24)
        #expect(table.last(on: "/proc") == nil)
    }
}
