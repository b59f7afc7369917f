import Glibc
import LinuxSystem
import NetworkTesting
import Testing

/// What a lab does when something is in its way, or ends it.
@Suite("weft lab, when something goes wrong", .kernel)
struct LabFailureTests {
    @Test("exec finds a place by its short name, and says what else there is")
    func exec() throws {
        try LabStation.with { lab in
            try lab.up(LabTests.wire)
            #expect(try lab.exec("web", "false").result().status == 1)
            #expect(try lab.command("exec", ["db", "--", "sh", "-c", "exit 7"]).result().status == 7)
            let killed = try lab.command("exec", ["node2", "--", "sh", "-c", "kill -TERM $$"]).start().wait()
            #expect(killed.status == 143)
            let both = try lab.exec("node1", "true").result()
            #expect(both.status == 1)
            #expect(
                lab.normal(both.errors) == """
                    error: 'node1' is more than one thing in lab 'LAB'
                      hint: say which: 'node/node1' or 'sandbox/node1'

                    """
            )
            func addresses(_ place: String) throws -> String {
                try lab.exec(place, "hostname -I").output()
            }
            #expect(try addresses("sandbox/node1") == "172.18.0.9 \n")
            #expect(try addresses("node1.node1") == "172.18.0.9 \n")
            #expect(try addresses("node/node1").hasPrefix("172.16.1.1 "))
            // A sandbox with its node's network is the node.
            #expect(try addresses("old") == addresses("node2"))
            #expect(try lab.exec("raw", "ls /sys/class/net").output() == "lo\n")
            #expect(try lab.exec("underlay", "ls /sys/class/net").output().contains("node2.ens5\n"))
            let unknown = try lab.exec("wob", "true").result()
            #expect(unknown.status == 1)
            #expect(
                lab.normal(unknown.errors) == """
                    error: lab 'LAB' has no node or sandbox 'wob'
                      hint: did you mean 'web'?

                    """
            )
            let nothing = try lab.run("exec", "web")
            #expect(nothing.status == 64)
            #expect(
                nothing.errors.hasPrefix(
                    "Error: The command is missing, which stands behind '--': weft lab exec web -- COMMAND\n"
                )
            )
        }
    }

    @Test(
        "a lab's name without '--name' is refused, with how to say it",
        arguments: [("status", "nc1", "nc1"), ("down", "nc1", "nc1"), ("status", "a.b", "LAB")]
    )
    func surplus(command: String, word: String, name: String) throws {
        let refused = try Program.run("lab", command, word)
        #expect(refused.status == 64)
        #expect(
            refused.errors.hasPrefix(
                "Error: Unexpected argument '\(word)': which lab is meant, '--name \(name)' says.\n"
            )
        )
    }

    @Test("refuses documents that no lab can be made of, and names that none can have")
    func refusals() throws {
        try LabStation.with { lab in
            let path = try lab.write("networks: { a: { driver: bridge, subnets: [10.9.0.0/24] } }\n")
            let none = try lab.run("up", path)
            #expect(none.status == 1)
            #expect(
                none.errors == """
                    error: nodes: the document names no nodes: it is for one host, whichever that is
                      hint: a lab is made of 'nodes', each with its 'address'

                    """
            )
            #expect(try lab.run("up", lab.write("nodes: 1\n")).status == 65)
            let name = try Program.run("lab", "up", path, "--name", "A.b")
            #expect(name.status == 64)
            #expect(
                name.errors.hasPrefix(
                    "Error: 'A.b' can't be the name of a lab: a name is 1 through 63 of a-z, 0-9, - and _, "
                )
            )
            #expect(try lab.remains() == [])
        }
    }

    @Test("takes nobody's name: that of a namespace which is no lab's is refused, and left alone by down")
    func foreignNames() throws {
        try LabStation.with { lab in
            try Command(["ip", "netns", "add", "\(lab.name).underlay"]).output()
            let path = try lab.write(LabTests.wire)
            let refused = try lab.run("up", path)
            #expect(refused.status == 1)
            #expect(
                lab.normal(refused.errors) == """
                    error: '/run/netns/LAB.underlay' is there already, and was not made by 'weft lab'
                      hint: give the lab another name with '--name'

                    """
            )
            try lab.succeed("down")
            #expect(try lab.remains() == ["/run/netns/\(lab.name).underlay"])
            try Command(["ip", "netns", "delete", "\(lab.name).underlay"]).output()
            // One that is called like a node is no node of the lab's, whatever is in it.
            try Command(["ip", "netns", "add", "\(lab.name).node2"]).output()
            let taken = try lab.run("up", path)
            #expect(taken.status == 1)
            #expect(
                lab.normal(taken.errors).hasPrefix(
                    "error: underlay: cannot create namespace 'LAB.node2': /run/netns has one of this name"
                )
            )
            try lab.succeed("down")
            #expect(try lab.remains() == ["/run/netns/\(lab.name).node2"])
        }
    }

    @Test(
        "what holds the nodes is no node: 'weft' without 'lab' is refused there, by all its commands, and changes nothing"
    )
    func underlayIsNoNode() throws {
        try LabStation.with { lab in
            let path = try lab.write("node: { links: { br9: { type: bridge } } }\n", as: "plain.yaml")
            let home = "\(lab.name).underlay"
            try lab.up(LabTests.wire)
            let commands = [
                ["destroy"], ["show"], ["apply", path], ["plan", path],
                ["exec", "\(lab.name).node1", "--", "true"],
            ]
            for command in commands {
                let split = command.firstIndex(of: "--") ?? command.endIndex
                let words = command[..<split] + ["--netns", home] + command[split...]
                let refused = try Command([Program.path] + words).result()
                #expect(refused.status == 1, "\(command)")
                #expect(
                    lab.normal(refused.errors) == """
                        error: 'LAB.underlay' is what a lab has its nodes and the wire between them in: it can't be a node itself
                          hint: 'weft lab status --name LAB' shows the lab, 'weft lab down --name LAB' removes it

                        """,
                    "\(command)"
                )
            }
            #expect(lab.normal(try lab.up(LabTests.wire)) == "lab 'LAB' is up: nothing to change (TIME)\n")
            // The nodes in it are nodes like any others.
            let node = try Program.run("show", "--netns", "\(lab.name).node1")
            #expect(node.status == 0)
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test("a lab takes nothing for its own that 'weft apply' made in a namespace of that name")
    func underlayOfNode() throws {
        try LabStation.with { lab in
            let path = try lab.write("node: { namespaces: [\(lab.name).own] }\n", as: "plain.yaml")
            let home = "\(lab.name).underlay"
            try lab.up(LabTests.wire)
            // With the record lost nothing there is 'weft apply's own.
            try AtomicFile.removeTree("/run/weft/\(home)")
            let made = try Program.run("apply", path, "--netns", home)
            #expect(made.status == 0, "\(made.errors)")
            let refused = try lab.run("up", lab.write(LabTests.wire))
            #expect(refused.status == 1)
            #expect(
                lab.normal(refused.errors) == """
                    error: 'LAB.underlay' has what 'weft apply' made there: it can't be what a lab has its nodes in
                      hint: 'weft show --netns LAB.underlay' tells what that is, 'weft destroy --netns LAB.underlay' removes it

                    """
            )
            try Command([Program.path, "destroy", "--netns", home]).output()
            #expect(lab.normal(try lab.up(LabTests.wire)).hasPrefix("lab 'LAB' is up: "))
            try lab.exec("web", "ping -qc1 -W2 172.16.1.130").output()
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test("a node that is in the way of the document keeps no other from its own, and is told of")
    func oneNodeFails() throws {
        try LabStation.with { lab in
            try lab.up(LabTests.moved)
            try lab.behind("node2", "link add br-side type bridge")
            let changed =
                LabTests.moved + """

                      late: { node: node1, endpoints: [ { network: local, address: 172.18.0.10 } ] }
                      side: { node: node2, endpoints: [ { network: side } ] }
                    """
            let text = changed.replacing(
                "sandboxes:",
                with: "  side: { driver: bridge, subnets: [172.19.0.0/24] }\nsandboxes:"
            )
            let result = try lab.run("up", lab.write(text))
            #expect(result.status == 1)
            let errors = lab.normal(result.errors)
            #expect(errors.contains("error: node2: cannot create link 'br-side': the name is taken"))
            #expect(
                errors.contains("error: lab 'LAB' is not all there ('node2'); the rest of it is left up\n")
            )
            #expect(errors.hasSuffix("hint: 'weft lab up' goes on from there, 'weft lab down' removes it\n"))
            #expect(result.output.isEmpty)
            try lab.behind("node2", "link delete br-side")
            try lab.up(text)
            try lab.exec("late", "ping -qc1 -W2 172.18.0.9").output()
            // What others have in the lab goes with it.
            try lab.behind("node2", "link add link br-side name theirs type macvlan mode bridge")
            try lab.behind("underlay", "link add link underlay name theirs type macvlan mode bridge")
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test("one at a time: the second waits, or with --no-wait exits with 75")
    func lock() throws {
        try LabStation.with { lab in
            let path = try lab.write(LabTests.wire)
            let lock = "/run/weft/labs/\(lab.name)/lock"
            try AtomicFile.makeDirectories("/run/weft/labs/\(lab.name)")
            let holder = try Command(["flock", "--no-fork", lock, "sleep", "60"]).start()
            #expect(Eventually.holds { (try? lab.run("up", path, "--no-wait").status) == 75 })
            let busy = try lab.run("down", "--no-wait")
            #expect(busy.status == 75)
            #expect(
                lab.normal(busy.errors).contains(/error: lab 'LAB' is locked by 'sleep' \(process \d+\)\n/)
            )
            let waiting = try lab.command("up", [path]).start()
            #expect(
                Eventually.holds {
                    (try? waiting.errorsSoFar().contains("which changes lab '\(lab.name)'\n")) ?? false
                }
            )
            try holder.send(SIGTERM)
            _ = try holder.wait()
            #expect(try waiting.wait().status == 0)
        }
    }

    @Test("down cleans up without the record, and when all of /run/weft of it is lost")
    func lostRecord() throws {
        try LabStation.with { lab in
            try lab.up(LabTests.vpc)
            for path in try lab.remains() where path.hasPrefix("/run/weft/") {
                try AtomicFile.removeTree(path)
            }
            let status = try lab.run("status")
            #expect(status.status == 0)
            #expect(
                lab.normal(status.errors).hasPrefix(
                    "warning: what lab 'LAB' was made from is not on record: what it shall be is not known\n"
                )
            )
            #expect(status.output.matches(of: /not wanted/).count == 4)
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test("killed at any instant, of up or of down: down leaves nothing, and up goes on")
    func kills() throws {
        var random = SeededGenerator(seed: Randomness.seed(for: "lab kills"))
        let documents = [LabTests.wire, LabTests.moved, LabTests.vpc]
        var killed = 0
        for round in 0..<Randomness.runs(usual: 12) {
            try LabStation.with { lab in
                let before = try LabStation.machine()
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let text = documents[Int.random(in: 0..<3, using: &random)]
                    killed += try kill(lab.command("up", [lab.write(text)]), &random) ? 1 : 0
                }
                if round % 3 == 0 { killed += try kill(lab.command("down"), &random) ? 1 : 0 }
                if round % 2 == 0 { try lab.up(documents[Int.random(in: 0..<3, using: &random)]) }
                try lab.succeed("down")
                #expect(try lab.remains() == [], "round \(round)")
                #expect(try LabStation.machine() == before)
            }
        }
        #expect(killed > 0)
    }

    /// Kills a command after up to 300 ms; false if it had ended before.
    private func kill(_ command: Command, _ random: inout SeededGenerator) throws -> Bool {
        let limit = Double(Int.random(in: 1...300, using: &random)) / 1000
        let result = try Command(["timeout", "-s", "KILL", "\(limit)"] + command.arguments).result()
        return result.status == 137 || result.status == 124
    }
}
