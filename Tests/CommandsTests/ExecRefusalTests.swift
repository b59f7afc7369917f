import Glibc
import LinuxSystem
import NetworkTesting
import Testing

/// What 'weft exec' does not do, and how it says so.
@Suite("weft exec refuses", .kernel)
struct ExecRefusalTests {
    private static let document = """
        weft: 1
        networks: { back: { driver: bridge, subnets: [172.18.0.0/24] } }
        sandboxes:
          wordpress: { endpoints: [ { network: back } ] }
          mysql: { endpoints: [ { network: back } ] }
        """

    @Test("what is no sandbox of the node, with the name that is nearest or those that there are")
    func unknown() throws {
        try Station.with { station in
            let none = try station.exec("web", ["true"]).result()
            #expect(none.status == 1)
            #expect(
                none.errors
                    == "error: this node has no sandbox 'web'\n  hint: it has none; it may be on another node\n"
            )
            try station.succeed("apply", document: Self.document)
            // A namespace that others made is none, although it is called like one.
            try Command(["ip", "netns", "add", station.node.fullName(of: "web")]).output()
            let elsewhere = "it has 'mysql', 'wordpress'; it may be on another node"
            for (name, hint) in [
                ("wordpres", "did you mean 'wordpress', or is it on another node?"), ("web", elsewhere),
                ("../wordpress", elsewhere), ("", elsewhere),
            ] {
                let result = try station.exec(name, ["true"]).result()
                #expect(result.status == 1)
                #expect(result.output.isEmpty)
                #expect(result.errors == "error: this node has no sandbox '\(name)'\n  hint: \(hint)\n")
            }
            let json = Command(
                [Program.path, "exec", "web"] + station.place + ["--format", "json", "--", "true"]
            )
            #expect(try json.result().json["errors"][0]["message"] == "this node has no sandbox 'web'")
        }
    }

    @Test("to do it without privileges: the status is 77", arguments: PrivilegeTests.ways)
    func privileges(way: [String]) throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document)
            let result = try Command(way + station.exec("wordpress", ["true"]).arguments).result()
            #expect(result.status == 77)
            #expect(result.output.isEmpty)
            #expect(
                result.errors == """
                    error: not permitted to enter a sandbox of this node: CAP_NET_ADMIN and CAP_SYS_ADMIN missing
                      hint: run as root, for example with sudo

                    """
            )
        }
    }

    @Test("to guess what the command is: it stands behind '--'")
    func usage() throws {
        for arguments in [["web"], ["web", "--"]] {
            let result = try Command([Program.path, "exec"] + arguments).result()
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(
                result.errors.hasPrefix(
                    "Error: The command is missing, which stands behind '--': weft exec web -- COMMAND\n"
                )
            )
        }
        for arguments in [["web", "ping"], ["web", "ping", "-c1", "db"], ["--quiet", "web", "ping", "db"]] {
            let result = try Command([Program.path, "exec"] + arguments).result()
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(
                result.errors.hasPrefix(
                    "Error: The command stands behind '--', which is missing before 'ping': weft exec web -- ping …\n"
                )
            )
        }
        let surplus = try Program.run("exec", "web", "true", "--", "true")
        #expect(surplus.status == 64)
        #expect(surplus.errors.hasPrefix("Error: Unexpected argument 'true'\n"))
    }

    @Test(
        "nothing that is of raw objects: their namespaces have their names, and the files that they are given"
    )
    func rawObjects() throws {
        try Station.with { station in
            try station.succeed(
                "apply",
                document: """
                    weft: 1
                    node:
                      namespaces: [NODE.red, NODE.blue]
                      files: [ { sandbox: painter, name: hosts, namespace: NODE.blue, content: "10.0.0.1\\tcanvas\\n" } ]
                    """
            )
            for name in ["red", station.node.fullName(of: "red")] {
                let result = try station.exec(name, ["ls", "/sys/class/net"]).result()
                #expect(result.output == "lo\n" && result.errors.isEmpty, "\(result)")
            }
            // Without files of its own it has the node's.
            let own = try AtomicFile.read("/etc/hosts")
            #expect(try station.exec("red", ["cat", "/etc/hosts"]).output() == own)
            for name in ["painter", "blue"] {
                let result = try station.exec(name, ["getent", "hosts", "canvas"]).result()
                #expect(result.output.hasPrefix("10.0.0.1"), "\(result)")
            }
        }
    }

    @Test("no namespace that somebody else made and the document adopts, as long as it is the one")
    func adopted() throws {
        try Station.with { station in
            try Command(["ip", "netns", "add", station.node.fullName(of: "theirs")]).output()
            let path = station.node.path(of: "theirs")
            let text =
                Self.document
                + "\n  legacy: { netns: \(path), endpoints: [ { network: back, interface: net0 } ] }\n"
            try station.succeed("apply", document: text)
            let listed = try station.exec("legacy", ["ls", "/sys/class/net"]).result()
            #expect(listed.output == "lo\nnet0\n" && listed.errors.isEmpty, "\(listed)")
            try station.exec("legacy", ["ping", "-qc1", "mysql"]).output()
            try Command(["ip", "netns", "delete", station.node.fullName(of: "theirs")]).output()
            try Command(["ip", "netns", "add", station.node.fullName(of: "theirs")]).output()
            let other = try station.exec("legacy", ["true"]).result()
            #expect(other.status == 1)
            #expect(other.errors.hasPrefix("error: this node has no sandbox 'legacy'\n"), "\(other)")
        }
    }

    @Test("to make a file on the node: without '/etc/hosts' there it says what is left out, and goes on")
    func nodeWithoutHosts() throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document)
            let copy = "\(station.directory)/etc"
            try Command(["cp", "-a", "/etc", copy]).output()
            try AtomicFile.removeFileIfExists("\(copy)/hosts")
            let line = (station.exec("wordpress", ["cat", "/etc/resolv.conf"]).arguments).joined(
                separator: " "
            )
            let script = "mount --bind \(copy) /etc && \(line)"
            let unshare = ["unshare", "--mount", "--propagation", "private", "bash", "-c"]
            let result = try Command(unshare + [script]).result()
            #expect(result.status == 0)
            let wanted =
                "warning: this node has no '/etc/hosts' for the sandbox's to be laid over: continuing without it\n"
            #expect(result.errors == wanted)
            let resolver = "\(station.node.runtimeDirectory)/sandboxes/wordpress/resolv.conf"
            #expect(try result.output == AtomicFile.read(resolver))
            #expect(access("\(copy)/hosts", F_OK) != 0)
        }
    }

    @Test("nothing where a file of the sandbox's is gone, and says so")
    func missingFile() throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document)
            let file = "\(station.node.runtimeDirectory)/sandboxes/wordpress/hosts"
            try AtomicFile.removeFileIfExists(file)
            let result = try station.exec("wordpress", ["true"]).result()
            #expect(result.status == 0)
            #expect(
                station.normal(result.errors) == """
                    warning: there is no 'RUNTIME/sandboxes/wordpress/hosts': continuing without it
                      hint: 'weft apply' writes it anew

                    """
            )
            try station.succeed("apply", document: Self.document)
            #expect(try station.exec("wordpress", ["true"]).result().errors.isEmpty)
        }
    }
}
