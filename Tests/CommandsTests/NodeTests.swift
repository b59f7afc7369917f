import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("Which node is meant", .kernel)
struct NodeTests {
    private static let document = """
        weft: 1
        node:
          namespaces: [NODE.red]
          links:
            br9: { type: bridge, addresses: [10.9.0.1/24] }
            v0: { type: veth, master: br9, peer: { name: eth0, namespace: NODE.red, addresses: [10.9.0.2/24] } }
          sysctls: { net.ipv4.tcp_keepalive_probes: 7 }
        """

    @Test("is the same by name, by the namespace of a process, and from inside")
    func oneNode() throws {
        try Station.with { station in
            let path = try station.write(Self.document)
            let process = try station.node.command(["sleep", "60"]).start()
            defer { _ = try? process.end() }
            let file = "/proc/\(process.pid)/ns/net"
            let wanted = try NamespaceHandle.open(path: station.node.path()).identity
            #expect(try Eventually.holds { try NamespaceHandle.open(path: file).identity == wanted })
            try Command([Program.path, "apply", path, "--netns", file]).output()
            let shown = try Command([Program.path, "show", "--netns", station.node.name]).output()
            #expect(station.normal(shown).contains("\nnamespace NODE.red\n"))
            for command in [
                Command([Program.path, "plan", path, "--netns", station.node.name]),
                Command([Program.path, "plan", path, "--netns", station.node.path()]),
                Command([Program.path, "plan", path, "--netns", file]),
                station.node.command([Program.path, "plan", path]),
            ] {
                #expect(try command.output() == "nothing to change\n")
            }
            let destroyed = try station.node.command([Program.path, "destroy"]).output()
            #expect(station.normal(destroyed).contains("- delete namespace 'NODE.red'\n"))
            #expect(access("/run/weft/\(station.node.name)", F_OK) != 0)
        }
    }

    @Test(
        "is none that Weft made for another: by name, by path and from inside it is refused, and told whose it is"
    )
    func nested() throws {
        try Station.with { station in
            let path = try station.write(Self.document)
            try station.succeed("apply", path)
            let before = try WholeDump.take(of: station.node)
            let inner = station.node.fullName(of: "red")
            let directory = ["--runtime-dir", "\(station.directory)/inner"]
            for command in [["plan", path], ["apply", path], ["destroy"], ["show"]] {
                let weft = [Program.path] + command + directory
                for result in [
                    try Command(weft + ["--netns", inner]).result(),
                    try Command(weft + ["--netns", "/proc/self/root/run/netns/\(inner)"]).result(),
                    try station.node.command(weft, in: "red").result(),
                ] {
                    #expect(result.status == 1)
                    #expect(result.output.isEmpty)
                    #expect(
                        station.normal(result.errors) == """
                            error: the namespace 'NODE.red' was made by Weft for node NODE: it can't be a node itself
                              hint: state what it shall hold in the document of node NODE, with 'namespace: NODE.red'; 'weft show' of that node tells what it holds now

                            """
                    )
                }
            }
            #expect(access("\(station.directory)/inner", F_OK) != 0)
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("may be gone: 'destroy' removes what was left of it and forgets it, and says so")
    func gone() throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document)
            try Command(["ip", "netns", "delete", station.node.name]).output()
            defer { _ = try? Command(["ip", "netns", "add", station.node.name]).output() }
            let destroyed = try station.run("destroy")
            #expect(destroyed.status == 0)
            #expect(
                station.normal(destroyed.output).hasPrefix("- delete link 'eth0' in namespace 'NODE.red'\n")
                    || station.normal(destroyed.output).hasPrefix("- delete namespace 'NODE.red'\n")
            )
            #expect(
                destroyed.errors
                    == "the node is gone, and what was in it; what was left of it elsewhere is removed and forgotten\n"
            )
            #expect(try station.node.namespaces() == [])
            #expect(access(station.node.runtimeDirectory, F_OK) != 0)
            // Of a node that nobody knows there is nothing to forget.
            let again = try station.run("destroy")
            #expect(again.status == 1)
            #expect(
                station.normal(again.errors).hasPrefix(
                    "error: there is no network namespace '/run/netns/NODE'\n"
                )
            )
        }
    }

    @Test("is another one if it was made again under its name: nothing is put back there")
    func madeAgain() throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document)
            try Command(["ip", "netns", "delete", station.node.name]).output()
            try Command(["ip", "netns", "add", station.node.name]).output()
            // The value that Weft wrote, by another hand.
            try station.node.inside { try SysctlFile.write("net/ipv4/tcp_keepalive_probes", "7") }
            let destroyed = try station.succeed("destroy")
            #expect(station.normal(destroyed).contains("- delete namespace 'NODE.red'\n"))
            #expect(!destroyed.contains("tcp_keepalive_probes"))
            #expect(try station.node.inside { try SysctlFile.read("net/ipv4/tcp_keepalive_probes") } == "7")
        }
    }

    @Test("may be locked by anybody: who is not root is named with the user")
    func lockedByUser() throws {
        try Station.with { station in
            let path = try station.write("weft: 1\nnode: { links: { br9: { type: bridge } } }\n")
            let someone = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            let holder = try Command(someone + ["flock", "--no-fork", station.node.path(), "sleep", "60"])
                .start()
            let namespace = try NamespaceHandle.open(path: station.node.path()).identity
            #expect(try Eventually.holds { try NodeLock.holder(of: namespace)?.command == "sleep" })
            let who = "'sleep' (process \(holder.pid) of user 'nobody', uid 65534)"
            let words =
                "it is not root's, and so hardly a Weft: see what it is, and end it if it does not let go\n"
            let refused = try station.run("apply", path, "--no-wait")
            #expect(refused.status == 75)
            #expect(refused.errors == "error: the node is locked by \(who)\n  hint: \(words)")
            let waiting = try station.command("apply", [path]).start()
            let note = "waiting for \(who), which locks this node; \(words)"
            #expect(try Eventually.holds { try waiting.errorsSoFar() == note })
            _ = try holder.end()
            #expect(try waiting.wait().status == 0)
        }
    }
}
