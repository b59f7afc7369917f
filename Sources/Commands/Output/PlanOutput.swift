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
        let changes = plan.changes.lazy.filter(\.isCounted)
        for change in changes.prefix(limit) { print("\(change.verb.sign) \(change)", change.verb.color) }
        let count = plan.changes.countedCount
        if count > limit { print(Self.more(count - limit)) }
    }

    /// Tells changes, a line each, where they are not the result.
    mutating func note(_ title: String, _ changes: [Change]) {
        note(title)
        let limit = options.verbose ? .max : Self.shownChanges
        for change in changes.lazy.filter(\.isCounted).prefix(limit) { note("\(change.verb.sign) \(change)") }
        let count = changes.countedCount
        if count > limit { note(Self.more(count - limit)) }
    }

    private static func more(_ count: Int) -> String { "… and \(count) more ('--verbose' prints all)" }

    /// Prints how many changes of each verb a plan has.
    mutating func print(summaryOf plan: Plan) {
        let counts = plan.summary
        print(
            "\(counts[.create] ?? 0) to create, \(counts[.change] ?? 0) to change, "
                + "\(counts[.remake] ?? 0) to make anew, \(counts[.delete] ?? 0) to delete"
        )
    }
}

extension [Change] {
    /// How many of them a person counts.
    fileprivate var countedCount: Int { indices.count { self[$0].isCounted } }
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
        changes("changes", plan.changes, plan.belongings)
        object("summary") { object in
            for verb in Change.Verb.allCases { object.member(verb.rawValue, plan.summary[verb] ?? 0) }
        }
        array("warnings", documentWarnings.map(\.description) + plan.warnings.map(\.description)) {
            $0.value($1)
        }
    }

    /// A member that lists changes, those left out that nobody counts.
    mutating func changes(_ key: String, _ changes: [Change], _ belongings: Belongings) {
        array(key, changes.filter(\.isCounted)) { $0.change($1, belongings.owner(of: $1.operation)) }
    }

    private mutating func change(_ change: Change, _ owner: Belongings.Owner) {
        object { object in
            object.member("verb", change.verb.rawValue)
            object.member("object", change.operation.objectKind)
            object.member("name", change.operation.objectName)
            object.member("namespace", change.operation.place.name?.text)
            object.member("sandbox", owner.sandbox)
            object.member("network", owner.network)
            object.member("reason", change.reason)
            switch change.verb {
            case .create:
                object.side("from", [])
                object.side("to", change.operation.attributes)
            case .delete:
                object.side("from", change.operation.attributes)
                object.side("to", [])
            case .change, .remake:
                object.side("from", change.differences.map { ($0.attribute, $0.from) })
                object.side("to", change.differences.map { ($0.attribute, $0.to) })
            }
        }
    }

    /// Attributes as they are or as they shall be; `null` where there are none to tell.
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

    /// A whole result that says why there is no other: the members of `check`.
    mutating func errors(_ errors: [Complaint], warnings: [Complaint] = []) {
        object { object in
            object.member("schema", 1)
            object.array("errors", errors) { $0.complaint($1) }
            object.array("warnings", warnings) { $0.complaint($1) }
        }
    }

    private mutating func complaint(_ complaint: Complaint) {
        object { object in
            object.member("file", complaint.file.isEmpty ? nil : complaint.file)
            object.member("line", complaint.line)
            object.member("column", complaint.column)
            object.member("path", complaint.path)
            object.member("message", complaint.message)
            object.member("hint", complaint.hint)
        }
    }
}

extension Planner.Operation {
    /// The attributes of what is made or goes, by their names in documents; none for what has only a name.
    fileprivate var attributes: [(String, String?)] {
        let known: [ObjectAttributes.Attribute] =
            switch self {
            case .createLink(let creation):
                ObjectAttributes.link(creation.link, peer: creation.peer)
                    + creation.settings.map(Self.attribute)
            case .createNamespace(_, let settings): settings.map(Self.attribute)
            case .addAddress(let address, let link), .replaceAddress(let address, let link),
                .deleteAddress(let address, let link, _):
                ObjectAttributes.address(address, on: link)
            case .addRoute(let route), .replaceRoute(_, let route), .deleteRoute(let route):
                ObjectAttributes.route(route)
            case .replaceNeighbour(let neighbour), .deleteNeighbour(let neighbour):
                ObjectAttributes.neighbour(neighbour)
            case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
                ObjectAttributes.forwarding(entry)
            case .firewall(let order): order.attributes
            case .markNamespace, .deleteNamespace, .changeLink, .deleteLink, .addPrefixRoute, .announce,
                .writeSysctl, .restoreSysctl, .writeFile, .deleteFile:
                []
            }
        return known.map { ($0.name, $0.value) }
    }

    /// `sysctls.net.ipv4.ip_forward`.
    private static func attribute(_ sysctl: Sysctl) -> ObjectAttributes.Attribute {
        ("sysctls.\(sysctl.key)", sysctl.value)
    }
}
