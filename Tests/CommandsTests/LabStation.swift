import Foundation
import Glibc
import LinuxSystem
import NetworkTesting

/// A lab of an unused name, for the time of a test.
struct LabStation {
    let name: String
    /// For documents.
    let directory: String

    /// Chooses a name, runs `body`, and takes away whatever bears the name, whether or not the program would.
    static func with<Result>(_ body: (LabStation) throws -> Result) throws -> Result {
        try ThrowAwayDirectory.with { directory in
            let random = String(UInt64.random(in: 0..<(1 << 40)), radix: 36)
            let lab = LabStation(name: "wt-lab-\(random)", directory: directory)
            defer { lab.remove() }
            return try body(lab)
        }
    }

    /// Writes a document.
    func write(_ text: String, as name: String = "lab.yaml") throws -> String {
        let path = "\(directory)/\(name)"
        try AtomicFile.write(path, "weft: 1\n\(text)")
        return path
    }

    /// The command that runs `weft lab COMMAND` on this lab.
    func command(_ command: String, _ arguments: [String] = []) -> Command {
        Command([Program.path, "lab", command, "--name", name] + arguments)
    }

    /// Runs `weft lab COMMAND` on this lab.
    func run(_ command: String, _ arguments: String...) throws -> CommandResult {
        try self.command(command, arguments).result()
    }

    /// Runs `weft lab COMMAND`, which must succeed.
    @discardableResult
    func succeed(_ command: String, _ arguments: String...) throws -> String {
        try self.command(command, arguments).output()
    }

    /// Brings the lab to a document of this text.
    @discardableResult
    func up(_ text: String, _ arguments: String...) throws -> String {
        try command("up", [write(text)] + arguments).output()
    }

    /// The command that runs a command in a place of the lab.
    func exec(_ place: String, _ line: String) -> Command {
        command("exec", [place, "--"] + line.split(separator: " ").map(String.init))
    }

    /// Changes something behind Weft's back in a node, or in a namespace of one.
    func behind(_ node: String, _ line: String) throws {
        try Command(["ip", "-n", "\(name).\(node)"] + line.split(separator: " ").map(String.init)).output()
    }

    /// A text of the program, with `LAB` for the name, and without times.
    func normal(_ text: String) -> String {
        text.replacing(directory, with: "DIR").replacing(name, with: "LAB").replacing(
            /\d+\.\d{3} s/,
            with: "TIME"
        )
    }

    /// Whatever bears the lab's name: namespaces, files, directories.
    func remains() throws -> [String] {
        try ["/run/netns", "/run/weft", "/run/weft/labs", "/etc/netns"].flatMap { directory in
            try Listing.names(in: directory).filter { $0 == name || $0.hasPrefix("\(name).") }
                .map { "\(directory)/\($0)" }
        }
    }

    /// What the machine's own network is, which no lab touches.
    static func machine() throws -> [String] {
        try ["link show", "address show", "-4 route show table all", "-6 route show table all"].map { line in
            let words = line.split(separator: " ").map(String.init)
            return try Command(["ip", "-json"] + words).output()
                .replacing(/"(valid|preferred)_life_time":\d+/, with: "")
        } + [Command(["nft", "list", "tables"]).output()]
    }

    private func remove() {
        for path in (try? remains()) ?? [] {
            if path.hasPrefix("/run/netns/") {
                try? NamespaceDirectory.standard.remove(String(path.dropFirst("/run/netns/".count)))
            } else {
                try? AtomicFile.removeTree(path)
            }
        }
    }
}
