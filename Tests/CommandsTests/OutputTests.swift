import LinuxSystem
import NetworkTesting
import Testing

@Suite("Text output", .kernel)
struct OutputTests {
    private static let bridge = ExitStatusTests.bridge
    private static let escape = "\u{1b}["

    @Test("is results on standard output and talk on standard error")
    func streams() throws {
        try Station.with { station in
            let plan = try station.run("plan", document: Self.bridge)
            #expect(
                plan.output == """
                    + create bridge link 'br9' (mtu 1500)
                    + create address 10.9.0.1/24 on link 'br9'
                    2 to create, 0 to change, 0 to make anew, 0 to delete

                    """
            )
            #expect(plan.errors.isEmpty)
            let apply = try station.run("apply", document: Self.bridge)
            let end = /2 created, 0 changed, 0 made anew, 0 deleted; verified; \d+\.\d{3} s\n$/
            #expect(apply.output.hasPrefix("+ create bridge link 'br9' (mtu 1500)\n+ create address"))
            #expect(apply.output.contains(end))
            #expect(apply.errors.isEmpty)
            let again = try station.run("apply", document: Self.bridge)
            #expect(again.output.wholeMatch(of: /nothing to change \(\d+\.\d{3} s\)\n/) != nil)
            let show = try station.run("show")
            #expect(
                station.normal(show.output).contains(
                    /^node NODE\n  br9  bridge  up    mtu 1500  02:[0-9a-f:]{14}  10\.9\.0\.1\/24\n$/
                )
            )
        }
    }

    @Test("of '--quiet' is what was asked for, and nothing else")
    func quiet() throws {
        try Station.with { station in
            #expect(try station.succeed("check", document: Self.bridge, "--quiet").isEmpty)
            #expect(try station.succeed("plan", document: Self.bridge, "-q").contains("create bridge link"))
            let apply = try station.run("apply", document: Self.bridge, "--quiet")
            #expect(apply.status == 0 && apply.output.isEmpty && apply.errors.isEmpty)
            #expect(try station.succeed("show", "--quiet").contains("br9"))
            let failure = try station.run("apply", document: "weft: 1\n", "--quiet")
            #expect(failure.status == 1 && failure.errors.hasPrefix("error: "))
            let destroy = try station.run("destroy", "-q")
            #expect(destroy.status == 0 && destroy.output.isEmpty && destroy.errors.isEmpty)
        }
    }

    @Test("has colours when they are asked for, and no others when they are not")
    func colours() throws {
        try Station.with { station in
            let path = try station.write(Self.bridge)
            let coloured = try station.succeed("plan", path, "--color", "always")
            #expect(
                coloured.hasPrefix("\(Self.escape)32m+ create bridge link 'br9' (mtu 1500)\(Self.escape)0m\n")
            )
            for choice in ["auto", "never"] {
                #expect(try !station.succeed("plan", path, "--color", choice).contains(Self.escape))
            }
            #expect(
                try !station.succeed("plan", path, "--color", "always", "--format", "json").contains(
                    Self.escape
                )
            )
            let asked = station.command("plan", [path, "--color", "always"]).with(environment: [
                "NO_COLOR": "1"
            ])
            #expect(try asked.output() == coloured)

            try station.node.run("ip link add br9 type bridge")
            let error = try station.run("plan", path, "--color", "always").errors
            #expect(error.hasPrefix("\(Self.escape)31merror:\(Self.escape)0m cannot create link 'br9'"))
        }
    }

    @Test(
        "is coloured on a terminal, unless NO_COLOR says no",
        .enabled(if: Command.exists("script"), "needs script")
    )
    func terminal() throws {
        try Station.with { station in
            let line = station.command("plan", [try station.write(Self.bridge)]).arguments.joined(
                separator: " "
            )
            let terminal = Command(["script", "-qec", line, "/dev/null"])
            #expect(try terminal.with(environment: ["NO_COLOR": ""]).output().contains(Self.escape))
            #expect(try !terminal.with(environment: ["NO_COLOR": "1"]).output().contains(Self.escape))
        }
    }

    /// A document of so many neighbours on one bridge.
    private static func neighbours(_ count: Int) -> String {
        var text = "weft: 1\nnode:\n  links: { br9: { type: bridge } }\n  neighbours:\n"
        for number in 0..<count {
            let (high, low) = (number / 250, number % 250 + 1)
            let mac = "02:00:00:00:\(hex(high)):\(hex(low))"
            text += "    - { dev: br9, address: 10.9.\(high).\(low), mac: \"\(mac)\" }\n"
        }
        return text
    }

    private static func hex(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    @Test("of a plan is all of it; of an apply 200 changes and a count, unless '--verbose'")
    func manyChanges() throws {
        try Station.with { station in
            let path = try station.write(Self.neighbours(300))
            #expect(try station.succeed("plan", path).split(separator: "\n").count == 302)
            let lines = try station.succeed("apply", path).split(separator: "\n")
            #expect(lines.count == 202)
            #expect(lines[200] == "… and 101 more ('--verbose' prints all)")
            #expect(lines[201].hasPrefix("301 created, 0 changed"))
            try station.succeed("destroy")
            #expect(try station.succeed("apply", path, "--verbose").split(separator: "\n").count == 302)
            let json = try station.run("destroy", "--format", "json").json
            #expect(json["verified"] == true)
        }
    }

    @Test("has ten of very many warnings of a document, and how many more there are; of 'check' all")
    func manyWarnings() throws {
        // Sixty addresses, nearly all of a range, of which few can have their first candidate.
        let sandboxes = (1...60).map { "  s\($0): { endpoints: [ { network: back } ] }\n" }.joined()
        let text = """
            weft: 1
            networks: { back: { driver: bridge, subnets: [10.60.0.0/26] } }
            sandboxes:
            \(sandboxes)
            """
        try Station.with { station in
            func warnings(_ result: CommandResult) -> [Substring] {
                result.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
            }
            let all = warnings(try station.run("check", document: text))
            #expect(all.count > 20)
            let told = warnings(try station.run("plan", document: text))
            #expect(told.prefix(10) == all.prefix(10))
            #expect(told.dropFirst(10) == ["warning: \(all.count - 10) more warnings of the document"])
        }
    }

    @Test("may go to a reader that leaves: what was to be done is done, and the status says so")
    func brokenPipe() throws {
        try Station.with { station in
            let path = try station.write(Self.neighbours(3000))
            for command in ["plan", "apply --verbose"] {
                let words = command.split(separator: " ").map(String.init)
                let line = station.command(words[0], words.dropFirst() + [path]).arguments.joined(
                    separator: " "
                )
                let shell = "\(line) | head -1; echo ${PIPESTATUS[0]}"
                let result = try Command(["bash", "-c", shell]).result()
                #expect(result.output == "+ create bridge link 'br9' (mtu 1500)\n0\n")
                #expect(result.errors.isEmpty)
            }
            #expect(try station.succeed("plan", path) == "nothing to change\n")
        }
    }

    @Test("that can't be written is a failure")
    func fullDisk() throws {
        try Station.with { station in
            let line = station.command("plan", [try station.write(Self.bridge)]).arguments.joined(
                separator: " "
            )
            let result = try Command(["bash", "-c", "\(line) > /dev/full"]).result()
            #expect(result.status == 1)
            #expect(result.errors == "error: cannot write the results: No space left on device (ENOSPC)\n")
        }
    }
}
