internal import ArgumentParser
internal import Document
internal import Lab
internal import NetworkModel
internal import Planner

/// Shows how a lab is.
struct LabStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a lab is, beside the document that it was made from.",
        usage: "weft lab status [<options>]",
        discussion: """
            A line for each node: 'in place' if it is as the document of the last 'weft lab up' says, 'differs' if \
            something was changed since or is still to be done, 'missing' if its namespace is not there, 'not wanted' \
            if the document has none of that name. With '--verbose' every change that 'weft lab up' would make, below its node.

            Exit status: 0 if there is a lab, however it is; 1 if there is none.
            """
    )

    @OptionGroup var surplus: LabSurplus
    @OptionGroup var lab: LabOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            try CommandFailure.checkPrivilege(to: "look into a lab")
            let laboratory = try lab.resolve()
            guard try laboratory.exists() else { throw CommandFailure.noLab(laboratory.name) }
            let document = try laboratory.record.load().map { sources in
                try LabDocument(Document.load(sources), in: laboratory.name)
            }
            if document == nil {
                console.warning(
                    "what lab '\(laboratory.name)' was made from is not on record: what it shall be is not known",
                    hint: "'weft lab up' with its document writes it down"
                )
            }
            let nodes = try laboratory.status(of: document)
            if console.isJSON {
                console.print { $0.status(of: nodes, in: laboratory.name) }
            } else {
                console.print(statusOf: nodes)
                if !output.verbose, nodes.contains(where: { !$0.changes.isEmpty }) {
                    console.note("'weft lab status --name \(laboratory.name) --verbose' lists the changes")
                }
            }
        }
    }
}

extension CommandFailure {
    /// There is nothing of a lab.
    static func noLab(_ lab: LabName) -> CommandFailure {
        CommandFailure(
            message: "there is no lab '\(lab)'",
            hint: "'weft lab up PATH' makes one; '--name' says which is meant",
            status: ExitStatus.failed
        )
    }
}

extension Console {
    fileprivate mutating func print(statusOf nodes: [LabNodeStatus]) {
        let rows = nodes.map { [$0.name, $0.stateText, $0.addressText, $0.sandboxes.joined(separator: " ")] }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for (node, row) in zip(nodes, rows) {
            var line = ""
            for (column, text) in row.enumerated() {
                line +=
                    column < 3 ? text + String(repeating: " ", count: widths[column] - text.count + 2) : text
            }
            while line.last == " " { line.removeLast() }
            print(line, node.color)
            for problem in node.problems { print("  \(problem)") }
            guard options.verbose else { continue }
            for change in node.changes { print("  \(change.verb.sign) \(change)", change.verb.color) }
        }
    }
}

extension LabNodeStatus {
    fileprivate var stateText: String {
        switch state {
        case .inPlace: "in place"
        case .differs(let count?): count == 1 ? "differs (1 change)" : "differs (\(count) changes)"
        case .differs(nil): "differs"
        case .missing: "missing"
        case .unwanted: "not wanted"
        }
    }

    fileprivate var addressText: String {
        addresses.isEmpty ? "-" : addresses.map(\.description).joined(separator: " ")
    }

    fileprivate var color: Console.Color? {
        switch state {
        case .inPlace: nil
        case .differs, .unwanted: .yellow
        case .missing: .red
        }
    }
}

extension JSONWriter {
    fileprivate mutating func status(of nodes: [LabNodeStatus], in lab: LabName) {
        object { object in
            object.member("schema", 1)
            object.member("lab", lab.text)
            object.array("nodes", nodes) { $0.status(of: $1, in: lab) }
        }
    }

    private mutating func status(of node: LabNodeStatus, in lab: LabName) {
        object { object in
            object.member("name", node.name)
            object.member("namespace", lab.namespace(of: node.name))
            object.member("role", node.role.rawValue)
            object.array("addresses", node.addresses.map(\.description)) { $0.value($1) }
            switch node.state {
            case .inPlace: object.member("state", "in place")
            case .differs: object.member("state", "differs")
            case .missing: object.member("state", "missing")
            case .unwanted: object.member("state", "not wanted")
            }
            if case .differs(let count?) = node.state {
                object.member("changes", count)
            } else {
                object.member("changes", node.state == .inPlace ? 0 : nil as Int?)
            }
            object.array("sandboxes", node.sandboxes) { $0.value($1) }
            object.array("problems", node.problems) { $0.value($1) }
        }
    }
}
