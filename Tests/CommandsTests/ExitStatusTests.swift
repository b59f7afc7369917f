import Glibc
import LinuxSystem
import NetworkTesting
import Testing

/// What the exit status tells, as the README promises it.
@Suite("The exit status", .kernel)
struct ExitStatusTests {
    static let bridge = "weft: 1\nnode: { links: { br9: { type: bridge, addresses: [10.9.0.1/24] } } }\n"

    @Test("is 0 when all is done, and when there was nothing to do")
    func done() throws {
        try Station.with { (station) throws in
            #expect(try station.run("apply", document: Self.bridge).status == 0)
            #expect(try station.run("apply", document: Self.bridge).status == 0)
            #expect(try station.run("plan", document: Self.bridge, "--detailed-exitcode").status == 0)
            #expect(try station.run("show").status == 0)
            #expect(try station.run("destroy").status == 0)
            #expect(try station.run("destroy").status == 0)
            #expect(try Program.run("--version").output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        }
    }

    @Test("is 2 of 'plan --detailed-exitcode' if there are changes, 0 without it")
    func changes() throws {
        try Station.with { station in
            #expect(try station.run("plan", document: Self.bridge, "--detailed-exitcode").status == 2)
            #expect(try station.run("plan", document: Self.bridge).status == 0)
            let json = try station.run(
                "plan",
                document: Self.bridge,
                "--detailed-exitcode",
                "--format",
                "json"
            )
            #expect(json.status == 2)
            #expect(try json.json["summary"]["create"] == 2)
        }
    }

    @Test("is 1 if a name is taken by a stranger's link, which stays as it is")
    func foreignName() throws {
        try Station.with { station in
            try station.node.run("ip link add br9 type bridge")
            let before = try WholeDump.take(of: station.node)
            for command in ["plan", "apply"] {
                let result = try station.run(command, document: Self.bridge)
                #expect(result.status == 1)
                #expect(result.output.isEmpty)
                #expect(
                    result.errors.hasPrefix(
                        "error: cannot create link 'br9': the name is taken by a bridge link"
                    )
                )
            }
            #expect(try station.run("destroy").status == 0)
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("is 1 if the kernel refuses, and then nothing is left of what was done before")
    func kernelRefusal() throws {
        try Station.with { station in
            let before = try WholeDump.take(of: station.node)
            let document = """
                weft: 1
                node:
                  namespaces: [NODE.red]
                  links: { br9: { type: bridge, addresses: [10.9.0.1/24] } }
                  routes: [ { to: 10.8.0.0/16, via: 10.77.0.1 } ]
                  sysctls: { net.ipv4.ip_forward: 1 }
                """
            #expect(try station.run("apply", document: document).status == 1)
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test(
        "is 64 if the words on the command line are wrong",
        arguments: [
            (
                ["aply", "x.yaml"],
                "there is no command 'aply'; the commands are check, compile, plan, apply, destroy, show, exec, pin, routes, lab"
            ),
            (["plan", "--bogus", "x.yaml"], "Unknown option '--bogus'"),
            (["plan"], "Missing expected argument '<path>'"),
            (["check", "x.yaml", "y.yaml"], "Unexpected argument 'y.yaml'"),
            (
                ["apply", "--verbose", "--quiet", "x.yaml"],
                "'--verbose' and '--quiet' contradict each other."
            ),
            (["apply", "--netns", "", "x.yaml"], "'--netns' needs the name of a namespace, or a path."),
            (["apply", "--node", "", "x.yaml"], "'--node' needs a name."),
            (["show", "--runtime-dir", ""], "'--runtime-dir' needs a path."),
            (["show", "--netns"], "Missing value for '--netns <netns>'"),
            (
                ["show", "--format", "xml"],
                "The value 'xml' is invalid for '--format <format>'. Please provide one of 'text' and 'json'."
            ),
            (["destroy", "x.yaml"], "Unexpected argument 'x.yaml'"),
        ]
    )
    func usage(arguments: [String], message: String) throws {
        let result = try Command([Program.path] + arguments).result()
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.first == "Error: \(message)")
        #expect(lines.contains { $0.hasPrefix("Usage: weft ") && $0.count <= 80 })
        #expect(lines.last?.hasSuffix("--help' for more information.") == true)
    }

    @Test(
        "is 65 if the document is bad, and then nothing was done",
        arguments: [
            ("weft: 2\n", "state.yaml:1:7: weft: "), ("", "state.yaml:1:1: the file is empty"),
            ("weft: 1\nnode: { links: { br9: { type: brige } } }\n", "did you mean 'bridge'?"),
            (
                "weft: 1\nnode: { links: { br9: { type: bridge, mtuu: 1 } } }\n",
                "unknown key 'mtuu'; did you mean 'mtu'?"
            ),
            ("weft: 1\nnode: [\n", "state.yaml:"),
            ("weft: 1\nnode: { rules: [] }\n", "not supported yet"),
            ("weft: 1\nnode: { routes: [ { to: default, via: 10.9.0.1, namespace: nix } ] }\n", "nix"),
        ]
    )
    func badDocument(text: String, message: String) throws {
        try Station.with { station in
            let before = try WholeDump.take(of: station.node)
            for command in ["check", "compile", "plan", "apply"] {
                let result = try station.run(command, document: text)
                #expect(result.status == 65)
                #expect(result.output.isEmpty)
                #expect(result.errors.contains(message))
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("is 75 with '--no-wait' while another one holds the node; without, the other is waited for")
    func busy() throws {
        try Station.with { station in
            let me = "'\(ProcessTable.commandName(of: getpid()) ?? "")' (process \(getpid()))"
            let path = try station.write(Self.bridge)
            let lock = try station.node.inside { try HeldLock() }
            let before = try WholeDump.take(of: station.node)
            for command in [
                station.command("apply", [path, "--no-wait"]), station.command("destroy", ["--no-wait"]),
            ] {
                let result = try command.result()
                #expect(result.status == 75)
                #expect(result.output.isEmpty)
                #expect(
                    result.errors == """
                        error: the node is locked by \(me)
                          hint: wait for it to end, or leave out '--no-wait'

                        """
                )
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
            // Who only reads is not kept waiting.
            #expect(try station.run("plan", path).status == 0)

            let waiting = try station.command("apply", [path]).start()
            let note = "waiting for \(me), which changes this node\n"
            #expect(try Eventually.holds { try waiting.errorsSoFar() == note })
            lock.release()
            let result = try waiting.wait()
            #expect(result.status == 0)
            #expect(result.output.hasPrefix("+ create bridge link 'br9'"))
        }
    }

    /// A node's lock, held by this process until it is let go.
    private final class HeldLock {
        private var lock: NodeLock?

        init() throws { lock = try NodeLock.acquire(wait: false) }

        func release() { lock = nil }
    }
}

@Suite("Without privileges", .kernel)
struct PrivilegeTests {
    /// Ways to be without them: as nobody, and as a root that has no capabilities.
    static let ways = [
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
    ].filter { way in (try? Command(way + ["test", "-x", Program.path]).result().status) == 0 }

    @Test("is tried at least one way")
    func thereAreWays() { #expect(!Self.ways.isEmpty) }

    @Test("the status is 77, one sentence says why, and nothing was done", arguments: ways)
    func refuses(way: [String]) throws {
        try Station.with { station in
            let path = try station.write(ExitStatusTests.bridge)
            let before = try WholeDump.take(of: station.node)
            let commands = [
                (station.command("plan", [path]), "read the state of"),
                (station.command("apply", [path]), "change"),
                (station.command("show"), "read the state of"), (station.command("destroy"), "change"),
            ]
            for (command, verb) in commands {
                let result = try Command(way + command.arguments).result()
                #expect(result.status == 77)
                #expect(result.output.isEmpty)
                #expect(
                    result.errors == """
                        error: not permitted to \(verb) this node: CAP_NET_ADMIN and CAP_SYS_ADMIN missing
                          hint: run as root, for example with sudo

                        """
                )
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("documents are checked and compiled all the same", arguments: ways)
    func reads(way: [String]) throws {
        let document = Command(way + [Program.path, "check", "-"]).reading(ExitStatusTests.bridge)
        #expect(try document.output() == "-: no errors\n")
        let text = try Command(way + [Program.path, "compile", "-"]).reading(ExitStatusTests.bridge).output()
        #expect(text.hasPrefix("weft: 1\nnode:\n  links:\n    br9:\n      type: bridge\n"))
        let bad = try Command(way + [Program.path, "apply", "-"]).reading("weft: 7\n").result()
        #expect(bad.status == 65)
    }
}
