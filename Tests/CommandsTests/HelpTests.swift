import Commands
import LinuxSystem
import NetworkTesting
import Testing

@Suite("The help")
struct HelpTests {
    static let commands = WeftCommand.commandNames

    @Test("of weft, word for word")
    func root() throws {
        let result = try Program.run("--help")
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
        #expect(
            result.output == """
                OVERVIEW: Makes the network of a node what a document says, and nothing else.

                One document says which namespaces, links, addresses, routes, neighbours, FDB
                entries and settings a node shall have. 'weft plan' shows what differs, 'weft
                apply' makes it so, all or nothing, and reads it back. Only what Weft made is
                ever changed or removed.

                Exit status: 0 done; 1 failed; 2 'plan --detailed-exitcode' found changes; 64
                wrong usage; 65 bad document; 75 another weft is at work ('--no-wait'); 77 not
                permitted.

                USAGE: weft <command> [<options>]

                OPTIONS:
                  --version               Show the version.
                  -h, --help              Show help information.

                SUBCOMMANDS:
                  check                   Read a document and say everything that is wrong with
                                          it.
                  compile                 Print the state of this node that a document asks
                                          for, with every default made explicit.
                  plan                    Show what apply would change, and change nothing.
                  apply                   Make this node what a document says, all or nothing,
                                          and read it back.
                  destroy                 Remove everything that Weft made on this node.
                  show                    Show what Weft holds in this kernel now.
                  exec                    Run a command in a sandbox.
                  pin                     Write the assigned addresses into the document, so
                                          that they stay.
                  routes                  Print the routes that a VPC's router must be given:
                                          prefix, next hop, node.

                  See 'weft help <subcommand>' for detailed help.

                """
        )
        // Without a word the help is what is wanted.
        #expect(try Program.run().output == result.output)
    }

    @Test("of each command fits a terminal, tells what it does, and is found three ways", arguments: commands)
    func eachCommand(name: String) throws {
        let result = try Program.run(name, "--help")
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
        #expect(result.output.contains("\nUSAGE: weft \(name) "))
        for line in result.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        #expect(try Program.run("help", name).output == result.output)
        #expect(try Program.run(name, "-h").output == result.output)
        // A paragraph is broken where the line is full, and nowhere else.
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        let overview = lines.prefix { !$0.hasPrefix("USAGE") }
        for (line, next) in zip(overview.dropFirst(2), overview.dropFirst(3))
        where !line.isEmpty && !next.isEmpty {
            let word = next.prefix { $0 != " " }
            #expect(line.count + 1 + word.count >= 80 || line.hasSuffix("."), "\(line)")
        }
    }

    @Test("lists no option that is refused", arguments: commands)
    func optionsWork(name: String) throws {
        for option in try Self.options(of: name) {
            // Followed by nothing an option may want a value or a document, but it is known.
            let result = try Program.run(name, option, "--unknown-to-all")
            #expect(result.status == 64)
            #expect(!result.errors.contains("Unknown option '\(option)'"))
        }
    }

    /// The long options that a command's help lists, without `--help` and `--version`.
    static func options(of command: String) throws -> Set<String> {
        let lines = try Program.run(command, "--help").output.split(separator: "\n").filter {
            $0.hasPrefix("  -")
        }
        let words = lines.compactMap { $0.split(separator: " ").first { $0.hasPrefix("--") } }
        return Set(words.map(String.init)).subtracting(["--help", "--version"])
    }
}
