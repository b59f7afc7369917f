import Glibc
import LinuxSystem
import NetworkTesting
import Testing

/// What a command in a sandbox is, sees, and is not.
@Suite("weft exec", .kernel)
struct ExecTests {
    /// The example with its three sandboxes, applied.
    private static func withExample(_ body: (Station) throws -> Void) throws {
        try Station.with { station in
            try station.succeed("apply", "\(Program.root)/examples/wordpress.yaml")
            try body(station)
        }
    }

    @Test("finds the names of the sandbox's networks and links, and reaches what they name")
    func names() throws {
        try Self.withExample { station in
            let own = try station.exec("wordpress", ["getent", "ahostsv4", "blog"]).output()
            #expect(own.hasPrefix("172.18.0."))
            for name in ["mysql", "mysql.back", "db"] {
                let found = try station.exec("wordpress", ["getent", "ahostsv4", name]).output()
                #expect(found.hasPrefix("172.18.0.3 "), "\(name)")
            }
            let visitor = try station.exec("wordpress", ["getent", "ahostsv4", "visitor.front"]).output()
            #expect(visitor.hasPrefix("172.19.0."))
            try station.exec("wordpress", ["ping", "-qc1", "mysql"]).output()
            // Who shares no network is not named either.
            let file = "\(station.node.runtimeDirectory)/sandboxes/mysql/hosts"
            let hosts = try station.exec("mysql", ["cat", "/etc/hosts"]).output()
            #expect(try hosts == AtomicFile.read(file))
            #expect(hosts.contains("wordpress") && !hosts.contains("visitor"))
            let resolver = try station.exec("mysql", ["cat", "/etc/resolv.conf"]).output()
            let written = "\(station.node.runtimeDirectory)/sandboxes/mysql/resolv.conf"
            #expect(try resolver == AtomicFile.read(written))
        }
    }

    @Test("has the links of the sandbox, in /sys too, and the variables of its links besides its own")
    func surroundings() throws {
        try Self.withExample { station in
            #expect(try station.exec("wordpress", ["ls", "/sys/class/net"]).output() == "eth0\neth1\nlo\n")
            let command = station.exec("wordpress", ["env"]).with(environment: [
                "CALLER": "1", "DB_NAME": "x",
            ])
            let variables = Set(try command.output().split(separator: "\n").map(String.init))
            #expect(
                variables.isSuperset(of: [
                    "CALLER=1", "DB_NAME=/wordpress/db", "DB_PORT=tcp://172.18.0.3:3306",
                    "DB_PORT_3306_TCP=tcp://172.18.0.3:3306", "DB_PORT_3306_TCP_ADDR=172.18.0.3",
                    "DB_PORT_3306_TCP_PORT=3306", "DB_PORT_3306_TCP_PROTO=tcp",
                ])
            )
            let others = try station.exec("mysql", ["env"]).output()
            #expect(!others.contains("DB_"))
        }
    }

    @Test("leaves no trace: no mount outside, nothing on the node")
    func noTrace() throws {
        try Self.withExample { station in
            let before = try WholeDump.take(of: station.node)
            try station.exec("wordpress", ["true"]).output()
            let mounts = try String(decoding: FileReader.readAll("/proc/self/mountinfo"), as: UTF8.self)
            #expect(!mounts.contains("/sandboxes/wordpress/"))
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("has the command's status")
    func status() throws {
        let cases: [(String, Int32)] = [
            ("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -PIPE $$", 141),
        ]
        try Self.withExample { station in
            for (script, status) in cases {
                let result = try station.exec("wordpress", ["sh", "-c", script]).start().wait()
                #expect(result.status == status, "\(script)")
                #expect(result.output.isEmpty && result.errors.isEmpty)
            }
        }
    }

    @Test("says in a sentence why there is no command: 127 if it is not found, 126 if it can't be run")
    func noCommand() throws {
        try Self.withExample { station in
            let script = "\(station.directory)/script"
            try AtomicFile.write(script, "#!/nowhere/sh\n", mode: 0o755)
            let cases: [(String, Int32, String)] = [
                (
                    "no-such-command", 127,
                    "there is no command 'no-such-command'\n  hint: it is looked for in the directories that PATH lists"
                ),
                ("/nowhere/sh", 127, "there is no command '/nowhere/sh'"),
                (script, 127, "cannot run 'DIR/script': the program that it is to be run by is missing"),
                ("/etc/hosts", 126, "cannot run '/etc/hosts': Permission denied (EACCES)"),
                ("/tmp", 126, "cannot run '/tmp': Permission denied (EACCES)"),
            ]
            for (command, status, words) in cases
            where command != "/etc/hosts" || access("/etc/hosts", X_OK) != 0 {
                let result = try station.exec("wordpress", [command, "argument"]).result()
                #expect(result.status == status)
                #expect(result.output.isEmpty)
                #expect(station.normal(result.errors) == "error: \(words)\n")
            }
        }
    }

    @Test("becomes the command: a signal sent to it is the command's")
    func signals() throws {
        try Self.withExample { station in
            let running = try station.exec("wordpress", ["sleep", "60"]).start()
            #expect(Eventually.holds { ProcessTable.commandName(of: running.pid) == "sleep" })
            let namespace = try NamespaceHandle.open(path: station.node.path(of: "wordpress")).identity
            #expect(try NamespaceHandle.open(pid: running.pid).identity == namespace)
            #expect(try Listing.names(in: "/proc/\(running.pid)/task") == ["\(running.pid)"])
            try running.send(SIGTERM)
            #expect(try running.wait().status == 143)
        }
    }

    @Test("hands on what a process inherits: descriptors, signals, mask, directory, user, priority")
    func inherits() throws {
        try Self.withExample { station in
            // What tests beside this one have open is closed.
            let script = """
                for file in /proc/$$/fd/*; do
                    number=${file##*/}; if ((number > 2)); then eval "exec $number>&-"; fi
                done
                cd /usr; umask 027; trap '' USR1; exec 7</dev/zero
                exec nice -n 3 setpriv --pdeathsig SIGKILL "$@" \
                sh -c 'for file in /proc/$$/fd/*; do readlink $file; done; pwd; nice
                umask; exec env --list-signal-handling setpriv --dump'
                """
            let bare = Command(["bash", "-c", script, "bash", "env"])
            let inside = Command(["bash", "-c", script, "bash"] + station.exec("wordpress", []).arguments)
            let (wanted, found) = try (bare.result(), inside.result())
            // The streams are files of their own each time.
            func comparable(_ text: String) -> String { text.replacing(/\/tmp\/wt-\w+/, with: "stream") }
            #expect(comparable(found.output) == comparable(wanted.output))
            let begin = String(repeating: "stream (deleted)\n", count: 3) + "/dev/zero\n/usr\n3\n0027\n"
            #expect(comparable(wanted.output).hasPrefix(begin))
            #expect(wanted.output.contains("Parent death signal: KILL"))
            #expect(found.errors == wanted.errors && wanted.errors == "USR1       (10): IGNORE\n")
        }
    }

    @Test(
        "reads and writes what weft was given, byte for byte; so are its arguments, whatever they look like"
    )
    func streams() throws {
        try Self.withExample { station in
            let copied = try station.exec("wordpress", ["cat"]).reading("one\n\u{0}two").result()
            #expect(copied.output == "one\n\u{0}two" && copied.errors.isEmpty)
            let words = ["--help", "--netns", "x", "--", "", "a b", "-q"]
            let listed = try station.exec("wordpress", ["printf", "[%s]"] + words).output()
            #expect(listed == "[--help][--netns][x][--][][a b][-q]")
            // No UTF-8, which would not come through a string.
            let line = (station.exec("wordpress", ["printf", "%s"]).arguments + ["$'\\xff\\xfe'"]).joined(
                separator: " "
            )
            #expect(try Command(["bash", "-c", "\(line) | od -An -tx1"]).output() == " ff fe\n")
        }
    }

    @Test("has the terminal", .enabled(if: Command.exists("script"), "needs script"))
    func terminal() throws {
        try Self.withExample { station in
            let line = station.exec("wordpress", ["tty"]).arguments.joined(separator: " ")
            let terminal = try Command(["script", "-qec", line, "/dev/null"]).output()
            #expect(terminal.hasPrefix("/dev/pts/"))
        }
    }

    @Test("sees what an apply writes into the hosts file while it runs")
    func hostsRewritten() throws {
        try Self.withExample { station in
            // It is busy until it finds the name.
            let search = ["timeout", "60", "sh", "-c", "until grep -q latecomer /etc/hosts; do :; done"]
            let running = try station.exec("wordpress", search).start()
            #expect(Eventually.holds { ProcessTable.commandName(of: running.pid) == "timeout" })
            let example = try #require(try AtomicFile.read("\(Program.root)/examples/wordpress.yaml"))
            try station.succeed(
                "apply",
                document: example.replacing(
                    "{ network: back, address: [172.18.0.3, \"fd00:18::3\"] }",
                    with: "{ network: back, address: [172.18.0.3, \"fd00:18::3\"], aliases: [latecomer] }"
                )
            )
            #expect(try running.wait().status == 0)
        }
    }
}

extension Station {
    /// The command that runs a command in a sandbox of the node.
    func exec(_ sandbox: String, _ command: [String]) -> Command {
        Command([Program.path, "exec", sandbox] + place + ["--"] + command)
    }
}
