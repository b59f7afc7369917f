import ClusterModel
import Document
import Foundation
import LinuxSystem
import NetworkTesting
import Testing

/// The commands of the README are run as they stand there, and answer what stands there.
///
/// The names in it are fixed, so it has a `/run`, an `/etc`, a network and processes of its own, and is a host as far as
/// Weft can see: the test can run twice at once.
@Suite("The README", .kernel)
struct ReadmeTests {
    /// A command of a `console` block, and what it answers.
    private struct Step {
        var command: String
        var answer: [String] = []
    }

    private static func steps(in page: String) -> [Step] {
        var steps: [Step] = []
        for block in page.matches(of: /(?s)```console\n(.*?)```/) {
            for line in block.1.split(separator: "\n") {
                if line.hasPrefix("$ ") {
                    steps.append(Step(command: String(line.dropFirst(2))))
                } else if !steps.isEmpty {
                    steps[steps.count - 1].answer.append(String(line))
                }
            }
        }
        return steps
    }

    @Test("does what it says")
    func commandsWork() throws {
        let page = try #require(try AtomicFile.read("\(Program.root)/README.md"))
        let steps = Self.steps(in: page)
        #expect(steps.count >= 5)
        #expect(steps.contains { $0.command.contains("weft apply") })
        let marker = "=== end of"
        let script =
            """
            set -e
            mount -t tmpfs tmpfs /run
            cp -a /etc /run/etc
            mount --bind /run/etc /etc
            mkdir /run/netns
            mount --bind /run/netns /run/netns
            mount --make-shared /run/netns
            ip link set lo up
            hostname node1
            cd '\(Program.root)'
            PATH='\(Program.parent(of: Program.path))':$PATH
            sudo() { "$@"; }

            """ + steps.map { "\($0.command)\necho '\(marker)' $?\n" }.joined()
        let result = try Command([
            "unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc",
            "--propagation",
            "private",
            "bash", "-c", script,
        ])
        .result()
        #expect(result.status == 0, "\(result)")
        #expect(result.errors.isEmpty)
        let answers = result.output.components(separatedBy: marker)
        #expect(answers.count == steps.count + 1)
        for (step, answer) in zip(steps, answers) where step.command.contains("weft") {
            let lines = answer.split(separator: "\n").filter { $0 != " 0" }.map(String.init)
            #expect(lines.map(Self.withoutTimes) == step.answer.map(Self.withoutTimes), "\(step.command)")
        }
        #expect(answers.last == " 0\n")
    }

    @Test("lists what is not supported yet, all of it and nothing else")
    func unsupported() throws {
        let page = try #require(try AtomicFile.read("\(Program.root)/README.md"))
        let section = try #require(page.firstMatch(of: /(?s)\n## Not supported yet\n\n[^\n]*\n\n(.*?)\n\n/)).1
        let listed = section.split(separator: "\n").compactMap {
            $0.firstMatch(of: /^- `([^`]+)`/).map { String($0.1) }
        }
        let raw = Set(DocumentObject.allCases.flatMap(\.unsupportedAttributes).map(\.name))
        let known = UnsupportedPart.Kind.allCases.map(\.rawValue) + raw
        #expect(listed.sorted() == known.sorted())
    }

    private static func withoutTimes(_ line: String) -> String {
        line.replacing(/\d+\.\d{3} s/, with: "… s").replacing(/[\d.\/]+ ms/, with: "… ms")
    }

    @Test("has its examples as they stand under examples, less their comments")
    func examples() throws {
        let page = try #require(try AtomicFile.read("\(Program.root)/README.md"))
        let blocks = page.matches(of: /(?s)```yaml\n(.*?)```/).map { $0.1.split(separator: "\n") }
        let examples = try ["wordpress", "two-nodes", "two-namespaces"].map { name in
            let example = try #require(try AtomicFile.read("\(Program.root)/examples/\(name).yaml"))
            return example.split(separator: "\n").filter {
                !$0.allSatisfy(\.isWhitespace) && !$0.drop(while: \.isWhitespace).hasPrefix("#")
            }
        }
        #expect(blocks == examples)
    }
}
