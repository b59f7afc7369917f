internal import Document
internal import LinuxSystem
internal import NetworkModel
internal import Planner
internal import Reconciler

extension Console {
    /// How many changes `apply` prints before it only counts them, unless all are asked for.
    static let shownChanges = 200

    /// Prints the changes of a plan, a line each.
    mutating func print(changesOf plan: Plan, atMost limit: Int = .max) {
        var shown = 0
        for change in plan.changes where change.isCounted {
            if shown == limit { break }
            print("\(change.verb.sign) \(change)", change.verb.color)
            shown += 1
        }
        let total = plan.summary.values.reduce(0, +)
        if total > shown { print("… and \(total - shown) more ('--verbose' prints all)") }
    }

    /// Prints how many changes of each verb a plan has.
    mutating func print(summaryOf plan: Plan) {
        let counts = plan.summary
        print(
            "\(counts[.create] ?? 0) to create, \(counts[.change] ?? 0) to change, "
                + "\(counts[.remake] ?? 0) to make anew, \(counts[.delete] ?? 0) to delete"
        )
    }
}

extension Change.Verb {
    /// The sign before a line: `+`, `~`, `±` or `-`.
    var sign: String {
        switch self {
        case .create: "+"
        case .change: "~"
        case .remake: "±"
        case .delete: "-"
        }
    }

    var color: Console.Color {
        switch self {
        case .create: .green
        case .change: .yellow
        case .remake: .magenta
        case .delete: .red
        }
    }
}

extension JSONWriter {
    /// The members that `plan` and `apply` have in common.
    mutating func plan(_ plan: Plan, node: String, documentWarnings: [Complaint]) {
        member("schema", 1)
        member("node", node)
        array("changes", plan.changes.filter(\.isCounted)) { $0.change($1) }
        object("summary") { object in
            for verb in Change.Verb.allCases { object.member(verb.rawValue, plan.summary[verb] ?? 0) }
        }
        array("warnings", documentWarnings.map(\.description) + plan.warnings) { $0.value($1) }
    }

    private mutating func change(_ change: Change) {
        object { object in
            object.member("verb", change.verb.rawValue)
            object.member("object", change.operation.objectKind)
            object.member("name", change.operation.objectName)
            object.member("namespace", change.operation.place.name?.text)
            object.member("sandbox", nil as String?)
            object.member("network", nil as String?)
            object.member("reason", change.reason)
            object.side("from", change.differences.map { ($0.attribute, $0.from) })
            object.side("to", change.differences.map { ($0.attribute, $0.to) })
        }
    }

    /// The attributes that differ, as they are or as they shall be; `null` where nothing is to be compared.
    private mutating func side(_ key: String, _ attributes: [(String, String?)]) {
        guard !attributes.isEmpty else { return member(key, nil as String?) }
        object(key) { object in
            for (attribute, value) in attributes { object.member(attribute, value) }
        }
    }

    mutating func failure(_ failure: ApplyFailure) {
        object { object in
            object.member("operation", failure.operation)
            object.member("object", failure.object)
            object.member("errno", failure.errno?.name)
            object.member("kernel", failure.sentence)
            object.member("hint", failure.hint)
        }
    }

    mutating func complaint(_ complaint: Complaint) {
        object { object in
            object.member("file", complaint.file)
            object.member("line", complaint.line)
            object.member("column", complaint.column)
            object.member("path", complaint.path)
            object.member("message", complaint.message)
            object.member("hint", complaint.hint)
        }
    }
}
