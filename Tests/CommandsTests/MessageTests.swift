import Glibc
import LinuxSystem
import NetworkTesting
import Testing

/// Every message that an operator may meet at night, word for word.
@Suite("A message", .kernel)
struct MessageTests {
    @Test("of a rollback says what failed, on what, in the kernel's words, and what was undone")
    func rollback() throws {
        try Station.with { station in
            let document = """
                weft: 1
                node:
                  namespaces: [NODE.red]
                  links: { br9: { type: bridge, addresses: [10.9.0.1/24] } }
                  routes: [ { to: 10.8.0.0/16, via: 10.77.0.1 } ]
                """
            let result = try station.run("apply", document: document)
            #expect(result.status == 1)
            #expect(result.output.isEmpty)
            #expect(
                station.normal(result.errors) == """
                    error: cannot create route 10.8.0.0/16 via 10.77.0.1: Nexthop has invalid gateway \
                    (ENETUNREACH, Network is unreachable)
                      hint: the gateway must be on-link: through an address of one of the links, \
                    or with 'onlink: true' and 'dev'
                    undone, this node is as it was before:
                    - delete link 'br9'
                    - delete namespace 'NODE.red'

                    """
            )
            let again = try station.run(
                "apply",
                document: "weft: 1\nnode: { routes: [ { to: 10.8.0.0/16, via: 10.77.0.1 } ] }\n"
            )
            #expect(again.errors.hasSuffix("nothing had to be undone: this node is as it was before\n"))
        }
    }

    @Test("of '--keep-going' says what failed and what is still to be done; the rest is done")
    func keepGoing() throws {
        try Station.with { station in
            try station.addForeignLink("d0", address: "10.5.0.1/24")
            try station.node.run("ip link add taker link d0 type macvlan mode passthru")
            let document = """
                weft: 1
                node:
                  links:
                    br9: { type: bridge, addresses: [10.9.0.1/24] }
                    mv0: { type: macvlan, parent: d0, mode: bridge, addresses: [10.5.0.7/24] }
                  routes: [ { to: 10.8.0.0/16, dev: mv0 }, { to: 10.7.0.0/16, via: 10.9.0.2 } ]
                """
            let result = try station.run("apply", document: document, "--keep-going")
            #expect(result.status == 1)
            #expect(
                result.errors == """
                    error: cannot create macvlan link 'mv0' (on 'd0', mode bridge, mtu 1500) \
                    (EINVAL, Invalid argument)
                      hint: 'd0' may have macvlan links of another mode: one in mode passthru must be alone on its parent
                    kept going: 3 of 6 changes made; still to be done:
                    + create macvlan link 'mv0' (on 'd0', mode bridge, mtu 1500)
                    + create address 10.5.0.7/24 on link 'mv0'
                    + create route 10.8.0.0/16 dev mv0

                    """
            )
            #expect(try station.node.ipJSON("route show proto 87")[0]["dst"] == "10.7.0.0/16")
            let json = try station.run("apply", document: document, "--keep-going", "--format", "json")
            #expect(json.status == 1)
            #expect(try json.json["rolledBack"] == false)
            #expect(try json.json["applied"] == 0)
            #expect(try json.json["remaining"].elements.map(\.["object"]) == ["link", "address", "route"])
            // When the reason is gone, the rest is done.
            try station.node.run("ip link delete taker")
            #expect(try station.run("apply", document: document).status == 0)
        }
    }

    @Test("of a name that is taken says what has it")
    func takenNames() throws {
        try Station.with { station in
            try station.addForeignLink("d0", address: "10.5.0.1/24")
            try station.node.run("ip link add vx1 type vxlan id 9 dstport 4789 local 10.5.0.1")
            try station.node.run("ip route add 10.8.0.0/16 via 10.5.0.9")
            try Command(["ip", "netns", "add", "\(station.node.name).red"]).output()
            let document = """
                weft: 1
                node:
                  namespaces: [NODE.red]
                  links:
                    d0: { type: bridge }
                    mv0: { type: macvlan, parent: nope }
                    vx9: { type: vxlan, vni: 9, local: 10.5.0.1 }
                  routes: [ { to: 10.8.0.0/16, via: 10.5.0.8 } ]
                """
            let before = try WholeDump.take(of: station.node)
            let result = try station.run("apply", document: document)
            #expect(result.status == 1)
            // All that is in the way, not only the first.
            let errors = station.normal(result.errors).split(separator: "\n").filter {
                $0.hasPrefix("error: ")
            }
            #expect(
                Set(errors.map(String.init)) == [
                    "error: cannot create link 'd0': the name is taken by a veth link that is not Weft's",
                    "error: cannot create namespace 'NODE.red': "
                        + "/run/netns has one of this name that is not this node's",
                    "error: cannot create macvlan link 'mv0': there is no link 'nope' on this node",
                    "error: cannot create vxlan link 'vx9': VNI 9 at UDP port 4789 is taken by link 'vx1', "
                        + "which is not Weft's",
                    "error: cannot add route 10.8.0.0/16 via 10.5.0.8: table main has a route to 10.8.0.0/16 with metric 0 "
                        + "that is not Weft's (protocol boot via 10.5.0.9 dev d0)",
                ]
            )
            let hints = result.errors.split(separator: "\n").filter { $0.hasPrefix("  hint: ") }
            #expect(hints.count == errors.count, "each says what to do")
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    @Test("of a namespace that is none says so")
    func noNamespace() throws {
        try Station.with { station in
            let path = try station.write(ExitStatusTests.bridge)
            for command in [["plan", path], ["apply", path], ["show"], ["destroy"]] {
                let missing = try Command([Program.path] + command + ["--netns", "\(station.node.name)-x"])
                    .result()
                #expect(missing.status == 1)
                #expect(
                    station.normal(missing.errors) == """
                        error: there is no network namespace '/run/netns/NODE-x'
                          hint: 'ip netns list' shows those that have names

                        """
                )
            }
            let file = try Program.run("show", "--netns", path)
            #expect(file.status == 1)
            #expect(
                station.normal(file.errors) == """
                    error: 'DIR/state.yaml' is not a network namespace
                      hint: '--netns' takes a name in /run/netns, or the path of a namespace's file

                    """
            )
        }
    }

    @Test("of a runtime directory that is none says so, and nothing was changed")
    func runtimeDirectory() throws {
        try Station.with { station in
            let document = "weft: 1\nnode: { namespaces: [NODE.red], links: { br9: { type: bridge } } }\n"
            let path = try station.write(document)
            let before = try WholeDump.take(of: station.node)
            let hint =
                "  hint: it must be a directory that can be made and written; '--runtime-dir' names another one\n"
            for (directory, reason) in [
                (path, "open 'DIR/state.yaml': Not a directory (ENOTDIR)"),
                ("/proc/weft", "mkdir '/proc/weft': No such file or directory (ENOENT)"),
            ] {
                let arguments = ["apply", "--netns", station.node.name, "--runtime-dir", directory, path]
                let result = try Command([Program.path] + arguments).result()
                #expect(result.status == 1)
                let message =
                    "error: cannot use the runtime directory '\(station.normal(directory))': \(reason)\n"
                #expect(station.normal(result.errors) == message + hint)
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }

    /// A way to a runtime directory, and what is wrong with it.
    enum Unsafe: String, CaseIterable, Sendable {
        case forAll = "chmod 0777 DIR/a"
        case forGroup = "chmod 0775 DIR/a"
        case others = "chown 4242 DIR/a"
        case belowForAll = "mkdir DIR/a/b; chmod 0777 DIR/a"
        case belowOthers = "mkdir DIR/a/b; chown 4242 DIR/a"
        case notThereBelowForAll = "mkdir DIR/a/c; chmod 0777 DIR/a/c"
        case linkOfOthers = "mkdir DIR/d; rmdir DIR/a; ln -s d DIR/a; chown -h 4242 DIR/a"
        case linkOverForAll = "mkdir DIR/d DIR/d/e; chmod 0777 DIR/d; rmdir DIR/a; ln -s ../DIR/d/e DIR/a"

        /// Where it is said to be, and why it is refused.
        var refusal: (directory: String, reason: String) {
            switch self {
            case .forAll: ("DIR/a", "others may write to 'DIR/a' (mode 0777)")
            case .forGroup: ("DIR/a", "others may write to 'DIR/a' (mode 0775)")
            case .others: ("DIR/a", "'DIR/a' belongs to user 4242")
            case .belowForAll: ("DIR/a/b", "others may write to 'DIR/a' (mode 0777)")
            case .belowOthers: ("DIR/a/b", "'DIR/a' belongs to user 4242")
            case .notThereBelowForAll: ("DIR/a/c/new", "others may write to 'DIR/a/c' (mode 0777)")
            case .linkOfOthers: ("DIR/a", "'DIR/a' belongs to user 4242")
            case .linkOverForAll: ("DIR/a", "others may write to 'DIR/d' (mode 0777)")
            }
        }
    }

    @Test(
        "of a runtime directory that others may write to says whose it is, and nothing was changed",
        arguments: Unsafe.allCases
    )
    func unsafeRuntimeDirectory(way: Unsafe) throws {
        try Station.with { station in
            let path = try station.write("weft: 1\nnode: { links: { br9: { type: bridge } } }\n")
            try AtomicFile.makeDirectories("\(station.directory)/a")
            let script = way.rawValue.replacing("../DIR", with: station.directory)
                .replacing("DIR", with: station.directory)
            try Command(["sh", "-ec", script]).output()
            let directory = way.refusal.directory.replacing("DIR", with: station.directory)
            let before = try WholeDump.take(of: station.node)
            let files = try Listing.tree(station.directory)
            for arguments in [
                ["apply", path], ["plan", path], ["show"], ["destroy"], ["exec", "red", "--", "true"],
            ] {
                let place = ["--netns", station.node.name, "--runtime-dir", directory]
                let result = try Command([Program.path, arguments[0]] + place + arguments.dropFirst())
                    .result()
                #expect(result.status == 1)
                #expect(
                    station.normal(result.errors) == """
                        error: cannot use the runtime directory '\(way.refusal.directory)': \(way.refusal.reason)
                          hint: name one with '--runtime-dir' that only root may write to, as well as what is above it

                        """
                )
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
            #expect(try Listing.tree(station.directory) == files)
        }
    }

    @Test("a runtime directory below one that is sticky, and by a symbolic link of root's, is taken")
    func stickyRuntimeDirectory() throws {
        try Station.with { station in
            let path = try station.write("weft: 1\nnode: { namespaces: [NODE.red] }\n")
            let place = "\(station.directory)/sticky"
            try Command([
                "sh", "-ec",
                "mkdir \(place); chmod 1777 \(place); ln -s sticky/own \(station.directory)/link",
            ])
            .output()
            for (directory, isMade) in [("\(place)/own", true), ("\(station.directory)/link", false)] {
                let options = ["--netns", station.node.name, "--runtime-dir", directory]
                if !isMade { try AtomicFile.makeDirectories("\(place)/own") }
                try Command([Program.path, "apply"] + options + [path]).output()
                #expect(try Listing.names(in: "\(place)/own") == ["registry"])
                try Command([Program.path, "destroy"] + options).output()
            }
        }
    }

    @Test(
        "of a registry that can't be read says what to do, and nothing was changed",
        arguments: ["", "hello\n"]
    )
    func registry(text: String) throws {
        try Station.with { station in
            let path = try station.write(
                "weft: 1\nnode: { namespaces: [NODE.red], links: { br9: { type: bridge } } }\n"
            )
            try station.succeed("apply", path)
            let registry = "\(station.node.runtimeDirectory)/registry"
            try AtomicFile.write(registry, text)
            let before = try WholeDump.take(of: station.node)
            for command in [["plan", path], ["apply", path], ["show"], ["destroy"]] {
                let result = try station.command(command[0], Array(command.dropFirst())).result()
                #expect(result.status == 1)
                #expect(
                    station.normal(result.errors) == """
                        error: cannot read the registry: RUNTIME/registry:1 is not a line that this version of Weft writes
                          hint: remove the file: namespaces are found again by their marks; \
                        only what settings were before is lost with it

                        """
                )
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
            // The advice is good.
            try AtomicFile.removeFileIfExists(registry)
            #expect(try station.succeed("plan", path) == "nothing to change\n")
            try station.succeed("destroy")
            #expect(try station.node.namespaces().isEmpty)
        }
    }

    @Test("of an empty document asks for '--allow-empty', which then removes everything")
    func emptyDocument() throws {
        try Station.with { station in
            try station.succeed("apply", document: ExitStatusTests.bridge)
            for document in ["weft: 1\n", "weft: 1\nnode: {}\n", "weft: 1\nnode: { links: {} }\n"] {
                let result = try station.run("apply", document: document)
                #expect(result.status == 1)
                #expect(
                    result.errors == """
                        error: the document has no objects: applying it would remove everything that Weft made on this node
                          hint: if that is meant, use '--allow-empty', or 'weft destroy'

                        """
                )
            }
            #expect(try station.succeed("show").contains("br9"))
            #expect(
                try station.succeed("apply", document: "weft: 1\n", "--allow-empty").hasPrefix(
                    "- delete link 'br9'\n"
                )
            )
            #expect(try station.succeed("show") == "Weft holds nothing on this node\n")
        }
    }

    @Test("about the document's path names it")
    func documentPaths() throws {
        try Station.with { station in
            let missing = try station.run("apply", "\(station.directory)/missing.yaml")
            #expect(missing.status == 65)
            #expect(
                station.normal(missing.errors)
                    == "DIR/missing.yaml: it can't be read: No such file or directory\n"
            )
            let empty = try station.run("check", station.directory)
            #expect(empty.status == 65)
            #expect(
                station.normal(empty.errors)
                    == "DIR: the directory has no documents; a document is a file *.yaml, *.yml or *.json\n"
            )
            // Every document of a directory, merged.
            _ = try station.write("weft: 1\nnode: { links: { br1: { type: bridge } } }\n", as: "a.yaml")
            _ = try station.write(
                "{ \"weft\": 1, \"node\": { \"links\": { \"br2\": { \"type\": \"bridge\" } } } }",
                as: "b.json"
            )
            _ = try station.write("not read", as: "c.txt")
            let plan = try station.succeed("plan", station.directory)
            #expect(plan.contains("'br1'") && plan.contains("'br2'"))
            // Standard input.
            let input = station.command("plan", ["-"]).reading(ExitStatusTests.bridge)
            #expect(try input.output().hasPrefix("+ create bridge link 'br9'"))
            let bad = try station.command("plan", ["-"]).reading("weft: 3\n").result()
            #expect(bad.status == 65 && bad.errors.hasPrefix("-:1:7: weft: "))
        }
    }
}
