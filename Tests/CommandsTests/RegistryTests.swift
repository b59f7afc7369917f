import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("What Weft keeps outside the kernel", .kernel)
struct RegistryTests {
    private static let pair = """
        weft: 1
        node:
          namespaces: [NODE.red]
          links:
            br9: { type: bridge, addresses: [10.9.0.1/24] }
            v0: { type: veth, master: br9, peer: { name: eth0, namespace: NODE.red, addresses: [10.9.0.2/24] } }
        """

    @Test("may be lost: the marks in the kernel tell what is Weft's")
    func lost() throws {
        try Station.with { station in
            let before = try WholeDump.take(of: station.node)
            let path = try station.write(Self.pair)
            try station.succeed("apply", path)
            try AtomicFile.removeTree(station.node.runtimeDirectory)
            #expect(try station.succeed("plan", path) == "nothing to change\n")
            #expect(try station.succeed("show").contains("namespace \(station.node.name).red\n"))
            let destroyed = try station.succeed("destroy")
            #expect(station.normal(destroyed).contains("- delete namespace 'NODE.red'\n"))
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("is written again by an apply that has nothing else to do")
    func restored() throws {
        try Station.with { station in
            let path = try station.write(Self.pair)
            try station.succeed("apply", path)
            let registry = "\(station.node.runtimeDirectory)/registry"
            let text = try #require(try AtomicFile.read(registry))
            #expect(station.normal(text).contains("namespace\tNODE.red"))
            try AtomicFile.removeTree(station.node.runtimeDirectory)
            try station.succeed("apply", path)
            #expect(try AtomicFile.read(registry) == text)
        }
    }

    @Test("goes with what it tells of")
    func removed() throws {
        try Station.with { station in
            let path = try station.write(Self.pair)
            try station.succeed("apply", path)
            #expect(try Listing.names(in: station.node.runtimeDirectory) == ["registry"])
            try station.succeed("destroy")
            #expect(access(station.node.runtimeDirectory, F_OK) != 0)

            // Without '--runtime-dir' it is below /run/weft.
            try Command([Program.path, "apply", "--netns", station.node.name, path]).output()
            #expect(try Listing.names(in: "/run/weft/\(station.node.name)") == ["registry"])
            try Command([Program.path, "destroy", "--netns", station.node.name]).output()
            #expect(access("/run/weft/\(station.node.name)", F_OK) != 0)
        }
    }

    @Test(
        "in another directory than destroy is told of is found by the links in /etc/netns, and another node's is not"
    )
    func otherDirectory() throws {
        let document = """
            weft: 1
            networks: { back: { driver: bridge, subnets: [10.77.0.0/24] } }
            sandboxes: { web: { endpoints: [{ network: back }] } }
            """
        try Station.with { first in
            try Station.with { second in
                func weft(_ command: String, on station: Station, _ more: String...) throws -> CommandResult {
                    try Command([Program.path, command, "--netns", station.node.name] + more).result()
                }
                // Of the links those that lead to the other one's directory come first.
                let stations = [first, second].sorted { $0.directory > $1.directory }
                // What Weft turns on it leaves on: here it is on.
                for station in stations { try station.node.run("sysctl -q -w net.ipv4.ip_forward=1") }
                let before = try stations.map { try WholeDump.take(of: $0.node) }
                let own = stations.map { "\($0.directory)/own" }
                for (station, directory) in zip(stations, own) {
                    let result = try weft(
                        "apply",
                        on: station,
                        "--runtime-dir",
                        directory,
                        station.write(document)
                    )
                    #expect(result.status == 0, "\(result)")
                    #expect(try Listing.names(in: directory) == ["registry", "sandboxes"])
                }
                for (station, directory) in zip(stations, own) {
                    let result = try weft("destroy", on: station)
                    #expect(result.status == 0, "\(result)")
                    #expect(
                        result.errors
                            == "what was on record of this node was in '\(directory)', and is removed there\n"
                    )
                    #expect(
                        try Listing.names(in: "/etc/netns").filter { $0.hasPrefix(station.node.name) } == []
                    )
                    #expect(try !Listing.names(in: station.directory).contains("own"))
                    guard station.node.name == stations[0].node.name else { continue }
                    #expect(try Listing.names(in: own[1]) == ["registry", "sandboxes"])
                    #expect(
                        try Listing.names(in: "/etc/netns/\(stations[1].node.name).web") == [
                            "hosts", "resolv.conf",
                        ]
                    )
                }
                for (station, dump) in zip(stations, before) {
                    #expect(WholeDump.diff(dump, try WholeDump.take(of: station.node)) == [])
                }
            }
        }
    }

    @Test("is refused in another version's form, with what to do")
    func otherVersion() throws {
        try Station.with { station in
            let path = try station.write(Self.pair)
            try station.succeed("apply", path)
            let registry = "\(station.node.runtimeDirectory)/registry"
            let text = try #require(try AtomicFile.read(registry))
            try AtomicFile.write(registry, text.replacing("registry 3", with: "registry 2"))
            for command in [["plan", path], ["apply", path], ["show"], ["destroy"]] {
                let result = try station.command(command[0], Array(command.dropFirst())).result()
                #expect(result.status == 1)
                #expect(
                    station.normal(result.errors) == """
                        error: cannot read the registry: RUNTIME/registry:1 is not a line that this version of Weft writes
                          hint: remove the file: namespaces are found again by their marks; only what settings were before is lost with it

                        """
                )
            }
            try AtomicFile.removeFileIfExists(registry)
            #expect(try station.succeed("plan", path) == "nothing to change\n")
        }
    }

    @Test("of another boot tells of nothing that is left: numbers are given anew")
    func otherBoot() throws {
        try Station.with { station in
            let path = try station.write(Self.pair)
            try station.succeed("apply", path)
            let registry = "\(station.node.runtimeDirectory)/registry"
            let text = try #require(try AtomicFile.read(registry))
            let boot = try SysctlFile.read("kernel/random/boot_id")
            #expect(text.contains("\nboot\t\(boot)\n"))
            try Command(["ip", "-n", station.node.fullName(of: "red"), "link", "set", "lo", "alias", ""])
                .output()
            #expect(try station.succeed("plan", path).hasPrefix("~ change namespace '"))
            try AtomicFile.write(registry, text.replacing(boot, with: "another"))
            let refused = try station.run("plan", path)
            #expect(station.normal(refused.errors).hasPrefix("error: cannot create namespace 'NODE.red': "))
        }
    }

    @Test("does not take a directory away that was there before Weft")
    func ownDirectory() throws {
        try Station.with { station in
            try AtomicFile.makeDirectories(station.node.runtimeDirectory)
            try station.succeed("apply", document: Self.pair)
            try station.succeed("destroy")
            #expect(try Listing.names(in: station.node.runtimeDirectory) == [])
            #expect(access(station.node.runtimeDirectory, F_OK) == 0)
        }
    }

    @Test("does not make a stranger's namespace Weft's that took the place of Weft's")
    func replaced() throws {
        try Station.with { station in
            let path = try station.write(Self.pair)
            try station.succeed("apply", path)
            let name = "\(station.node.name).red"
            try Command(["ip", "netns", "delete", name]).output()
            try Command(["ip", "netns", "add", name]).output()
            try station.node.run("ip link add precious type bridge", in: "red")
            let stranger = try NamespaceHandle.open(path: station.node.path(of: "red")).identity

            let plan = try station.run("plan", path)
            #expect(plan.status == 1)
            #expect(
                station.normal(plan.errors).hasPrefix(
                    "error: cannot create namespace 'NODE.red': /run/netns has one of this name that is not this node's\n"
                )
            )
            let destroy = try station.succeed("destroy")
            #expect(destroy.hasPrefix("- delete link 'br9'\n"))
            #expect(!destroy.contains("namespace"))
            #expect(try NamespaceHandle.open(path: station.node.path(of: "red")).identity == stranger)
            #expect(try station.node.ipJSON("link show precious", in: "red")[0]["ifname"] == "precious")
        }
    }

    @Test("of two nodes with the same document does not mix")
    func twoNodes() throws {
        let document = "weft: 1\nnode: { links: { br9: { type: bridge, addresses: [10.9.0.1/24] } } }\n"
        try Station.with { one in
            try Station.with { two in
                try one.succeed("apply", document: document)
                try two.succeed("apply", document: document)
                let before = try WholeDump.take(of: two.node)
                try one.succeed("destroy")
                #expect(WholeDump.diff(before, try WholeDump.take(of: two.node)).isEmpty)
                #expect(try two.succeed("plan", document: document) == "nothing to change\n")
            }
        }
    }

    @Test("of two nodes that want a namespace of one name: the second is refused, the first stays as it is")
    func oneNamespace() throws {
        try Station.with { one in
            try Station.with { two in
                let path = try one.write(Self.pair)
                try one.succeed("apply", path)
                let before = try WholeDump.take(of: one.node)
                let refused = try two.run("apply", path)
                #expect(refused.status == 1)
                #expect(one.normal(refused.errors).hasPrefix("error: cannot create namespace 'NODE.red': "))
                #expect(try two.run("destroy").status == 0)
                #expect(WholeDump.diff(before, try WholeDump.take(of: one.node)).isEmpty)
            }
        }
    }

    @Test("of nodes whose paths end alike does not mix: the namespaces of processes")
    func nodesOfProcesses() throws {
        try Station.with { one in
            try Station.with { two in
                let nodes = [one, two]
                let processes = try nodes.map { try $0.node.command(["sleep", "60"]).start() }
                defer { for process in processes { _ = try? process.end() } }
                let places = try zip(nodes, processes).map { station, process in
                    let path = "/proc/\(process.pid)/ns/net"
                    let wanted = try NamespaceHandle.open(path: station.node.path()).identity
                    #expect(try Eventually.holds { try NamespaceHandle.open(path: path).identity == wanted })
                    return ["--netns", path]
                }
                let path = try one.write(Self.pair)
                try Command([Program.path, "apply", path] + places[0]).output()
                let before = try WholeDump.take(of: one.node)
                #expect(
                    try Command([Program.path, "show"] + places[1]).output()
                        == "Weft holds nothing on this node\n"
                )
                let destroyed = try Command([Program.path, "destroy"] + places[1]).output()
                #expect(destroyed.hasPrefix("nothing to change"))
                #expect(WholeDump.diff(before, try WholeDump.take(of: one.node)).isEmpty)
                let removed = try Command([Program.path, "destroy"] + places[0]).output()
                #expect(one.normal(removed).contains("- delete namespace 'NODE.red'\n"))
            }
        }
    }
}

@Suite("A namespace that is no longer wanted", .kernel)
struct RemovedNamespaceTests {
    private static let with = """
        weft: 1
        node:
          namespaces: [NODE.red]
          links:
            br9: { type: bridge, addresses: [10.9.0.1/24] }
            v0: { type: veth, master: br9, peer: { name: eth0, namespace: NODE.red, addresses: [10.9.0.2/24] } }
        """
    private static let without = ExitStatusTests.bridge

    @Test("is off the network at once; processes in it are counted, and live on", arguments: [1, 3])
    func processes(count: Int) throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.with)
            let identity = try NamespaceHandle.open(path: station.node.path(of: "red")).identity
            let processes = try (0..<count).map { _ in
                try station.node.command(["sleep", "60"], in: "red").start()
            }
            defer { for process in processes { _ = try? process.end() } }
            #expect(
                try Eventually.holds { try ProcessTable.countProcesses(in: [identity]) == [identity: count] }
            )

            let words = count == 1 ? "1 process still runs" : "\(count) processes still run"
            let lines = """
                - delete link 'v0' with its other end 'eth0' in namespace 'NODE.red'
                - delete namespace 'NODE.red': \(words) there, cut off from the network

                """
            let plan = try station.succeed("plan", document: Self.without)
            // Links go first: nothing reaches the processes any more, although they hold the namespace.
            #expect(station.normal(plan).hasPrefix(lines))
            #expect(station.normal(try station.succeed("apply", document: Self.without)).hasPrefix(lines))

            #expect(try station.node.namespaces().isEmpty)
            for process in processes {
                let path = "/proc/\(process.pid)/ns/net"
                #expect(try NamespaceHandle.open(path: path).identity == identity)
                let links = try Command(["nsenter", "--net=\(path)", "ip", "-json", "link"]).output()
                #expect(try JSON(text: links).elements.map(\.["ifname"]) == ["lo"])
                #expect(kill(process.pid, 0) == 0)
            }
        }
    }
}
