import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("The processes of a namespace", .kernel)
struct ProcessTableTests {
    @Test("are counted for several namespaces in one scan")
    func counts() throws {
        try ThrowAwayNode.with { one in
            try ThrowAwayNode.with { two in
                let children = try (0..<3).map { _ in try one.command(["sleep", "60"]).start() }
                defer { for child in children { _ = try? child.end() } }
                let first = try NamespaceHandle.open(path: one.path()).identity
                let second = try NamespaceHandle.open(path: two.path()).identity
                let wanted = [first: 3, second: 0]
                #expect(
                    try Eventually.holds { try ProcessTable.countProcesses(in: [first, second]) == wanted }
                )
                let pids = try Command(["ip", "netns", "pids", one.name]).output().split(separator: "\n")
                #expect(pids.count == 3)
            }
        }
    }

    @Test("are not looked for where nothing is asked")
    func countsNothing() throws {
        #expect(try ProcessTable.countProcesses(in: []).isEmpty)
    }

    @Test("have names")
    func names() {
        #expect(ProcessTable.commandName(of: getpid())?.isEmpty == false)
        #expect(ProcessTable.commandName(of: .max) == nil)
    }
}

@Suite("A sysctl", .kernel)
struct SysctlFileTests {
    private let forward = "net/ipv4/ip_forward"

    @Test("is read and written in the calling thread's namespace, and nowhere else")
    func readsAndWrites() throws {
        try ThrowAwayNode.with { node in
            let here = try SysctlFile.read(forward)
            let before = try node.inside { try SysctlFile.read(forward) }
            let other = before == "0" ? "1" : "0"
            try node.inside { try SysctlFile.write(forward, other) }
            #expect(try node.inside { try SysctlFile.read(forward) } == other)
            #expect(try node.run("sysctl -n net.ipv4.ip_forward") == "\(other)\n")
            #expect(try SysctlFile.read(forward) == here)
        }
    }

    @Test("is that of the namespace that a directory was opened in, one after the other of both families")
    func directories() throws {
        let paths = [
            "net/ipv4/conf/default/forwarding", forward, "net/ipv6/conf/all/forwarding",
            "net/ipv4/conf/lo/forwarding", "net/core/somaxconn",
        ]
        try ThrowAwayNode.with { first in
            try ThrowAwayNode.with { second in
                for (node, value) in [(first, "1"), (second, "0")] {
                    try node.inside {
                        var settings = SysctlDirectory()
                        for path in paths.dropLast() { try settings.write(path, value) }
                        #expect(try settings.readIfExists("net/ipv4/conf/wt-none/forwarding") == nil)
                        #expect(try settings.readIfExists("net/wt-none/setting") == nil)
                        #expect(throws: SystemCallError.self) {
                            try settings.readIfExists("net/../vm/swappiness")
                        }
                    }
                }
                for (node, value) in [(first, "1"), (second, "0")] {
                    try node.inside {
                        var settings = SysctlDirectory()
                        for path in paths {
                            let expected = try SysctlFile.read(path)
                            #expect(try settings.readIfExists(path) == expected)
                            if path != paths.last { #expect(expected == value) }
                        }
                    }
                }
            }
        }
    }

    @Test("of several numbers reads with one space between them, and is written so")
    func normalises() throws {
        try ThrowAwayNode.with { node in
            try node.inside {
                try SysctlFile.write("net/ipv4/ip_local_port_range", "20000 30001")
                #expect(try SysctlFile.read("net/ipv4/ip_local_port_range") == "20000 30001")
            }
        }
        #expect(SysctlFile.normalised(" 4096\t131072\t\t6291456\n") == "4096 131072 6291456")
        #expect(SysctlFile.normalised("\n") == "")
    }

    @Test("is there, or not")
    func exists() throws {
        #expect(try SysctlFile.exists(forward))
        #expect(try !SysctlFile.exists("net/ipv4/conf/wt-none/forwarding"))
        #expect(throws: SystemCallError.self) { try SysctlFile.exists("../self/status") }
    }

    @Test("that is wrong says which file and why")
    func refuses() throws {
        try ThrowAwayNode.with { node in
            try node.inside {
                let file = "/proc/sys/net/ipv4/ip_local_port_range"
                #expect(throws: SystemCallError("write", on: file, .invalidArgument)) {
                    try SysctlFile.write("net/ipv4/ip_local_port_range", "x")
                }
            }
        }
        let missing = "/proc/sys/net/ipv4/conf/wt-none/forwarding"
        #expect(throws: SystemCallError("open", on: missing, .noSuchFileOrDirectory)) {
            try SysctlFile.read("net/ipv4/conf/wt-none/forwarding")
        }
        for path in ["../self/status", "net/../../self/status", ""] {
            #expect(throws: SystemCallError("open", on: "/proc/sys/\(path)", .invalidArgument)) {
                try SysctlFile.read(path)
            }
        }
    }
}
