package import NetworkModel

/// The ordered changes that lead from what is observed to what is desired.
///
/// Building a plan reads nothing but its arguments: no clock, no kernel, no randomness, no log. Equal inputs give equal
/// plans, and a converged node gives the empty plan. That is also how the work is verified: there is no second
/// comparison to keep in step with this one.
///
/// The order:
/// 1. what the firewall lets through from now on, and links that must go before others can come: those that are made anew, and
///    holders of a VNI that is wanted;
/// 2. links of the node, then each namespace with its links and what is on them, then what is on the node's links: each time
///    after the settings without which addresses can't come, or others would come with them, and after the deletion of
///    addresses that other links have and shall lose;
/// 3. settings, forwarding of packets last; files of sandboxes;
/// 4. all else that is no longer wanted, for deletions can't be undone: entries, routes, addresses, links, what the firewall lets
///    through no longer, namespaces, of which nothing comes back;
/// 5. what the kernel dropped together with the deleted although it is wanted.
package struct Plan: Hashable, Sendable {
    /// The changes, in the order of their execution.
    package let changes: [Change]
    /// The position from which on things are taken away for good, with what comes back because of that: none of it is
    /// begun before all else has come about.
    package let removalBegins: Int
    /// What a person should know although nothing is changed for it.
    package let warnings: [Warning]
    /// What a rollback leaves out because the node is in its way; of any other plan, nothing.
    package let leftOut: [Problem]
    /// Which sandbox and which network the changed objects belong to.
    package let belongings: Belongings

    /// True if the node is as it shall be.
    package var isEmpty: Bool { changes.isEmpty }

    /// Compares the states and orders what differs.
    ///
    /// - Throws: ``PlanRefusal`` if the node is in the way of the document; it lists every reason. A rollback is never
    ///   refused: it leaves out what the node is in the way of: ``leftOut``.
    package init(
        from observed: ObservedState,
        to desired: NodeState,
        options: PlanOptions = PlanOptions()
    ) throws(PlanRefusal) {
        var planner = NodePlanner(from: observed, to: desired, options: options)
        planner.plan()
        guard planner.problems.isEmpty || options.isRollback else {
            throw PlanRefusal(problems: planner.problems)
        }
        let removalCount = planner.steps.removalCount
        changes = planner.takeChanges()
        removalBegins = changes.count - removalCount
        warnings =
            planner.warnings.map { Warning($0) } + ForeignFirewalls(on: observed, planner.desired).warnings
        leftOut = planner.problems
        belongings = changes.isEmpty ? Belongings() : Belongings(from: observed, to: desired)
    }

    /// The plan less all but the deletion of what is not wanted any more.
    ///
    /// Whoever carries out the same on all nodes first, and then each node's whole plan, has nothing twice meanwhile. What is let
    /// through no longer may stay until then, for nothing comes there any more.
    package var removals: Plan { Plan(removalsOf: self) }

    private init(removalsOf plan: Plan) {
        let leaving = Set(plan.changes.compactMap(\.operation.leavingNamespace))
        changes = plan.changes.filter { change in
            // Of a link that is made anew only what leads into a namespace that goes: nobody there is to stay on the network.
            change.operation.takesAway && (change.isCounted || change.operation.leads(into: leaving))
        }
        removalBegins = 0
        warnings = []
        leftOut = []
        belongings = plan.belongings
    }

    /// How many changes of each verb there are, as a person counts them.
    package var summary: [Change.Verb: Int] {
        // By position: a change is large, and there may be a hundred thousand to copy.
        var counts: [Change.Verb: Int] = [:]
        for verb in Change.Verb.allCases {
            let count = changes.indices.count { changes[$0].isCounted && changes[$0].verb == verb }
            if count > 0 { counts[verb] = count }
        }
        return counts
    }
}

extension Operation {
    /// The namespace that it takes away.
    fileprivate var leavingNamespace: NamespaceName? {
        guard case .deleteNamespace(let name, _) = self else { return nil }
        return name
    }

    /// True if it deletes a link of which one end is in one of some namespaces.
    fileprivate func leads(into namespaces: Set<NamespaceName>) -> Bool {
        guard case .deleteLink(let id, _, let peer) = self else { return false }
        return [id.place, peer?.place].contains { $0?.name.map(namespaces.contains) ?? false }
    }

    /// True if it takes something away that can be seen on the network, or by which somebody is known.
    fileprivate var takesAway: Bool {
        switch self {
        case .deleteNamespace, .deleteLink, .deleteAddress, .deleteRoute, .deleteNeighbour, .deleteForwarding,
            .deleteFile:
            true
        case .createNamespace, .markNamespace, .createLink, .changeLink, .addAddress, .replaceAddress,
            .addPrefixRoute, .announce, .addRoute, .replaceRoute, .replaceNeighbour, .addForwarding,
            .replaceForwarding, .writeSysctl, .restoreSysctl, .writeFile, .firewall:
            false
        }
    }
}

/// What a plan is for, where that makes a difference.
package struct PlanOptions: Hashable, Sendable {
    /// The plan undoes a failed apply: settings that are otherwise never turned off are put back too.
    package var isRollback = false
    /// What the document's networks take on the node: whoever else has it is in the way.
    package var claims: NodeClaims

    package init(isRollback: Bool = false, claims: NodeClaims = NodeClaims()) {
        self.isRollback = isRollback
        self.claims = claims
    }
}

/// The node is in the way of the document: nothing was changed.
package struct PlanRefusal: Error, Hashable, Sendable {
    /// Every reason, in the order of the objects.
    ///
    /// Never empty.
    package let problems: [Problem]
}

extension PlanRefusal: CustomStringConvertible {
    /// Every reason, one after the other.
    package var description: String { problems.map(\.message).joined(separator: "; ") }
}

/// One thing on the node that is in the way of the document.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// What could not be done and what is in the way.
    package let message: String
    /// What can be done about it.
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}

/// What a person should know although nothing is changed for it.
package struct Warning: Hashable, Sendable, CustomStringConvertible {
    package let message: String
    /// What can be done about it, where that is not in the message.
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    /// Both, on one line.
    package var description: String { hint.map { "\(message); \($0)" } ?? message }
}

/// The changes of a plan while it is made, by their stage.
struct Steps {
    /// What the firewall is to let through from now on.
    var firewall: [Change] = []
    /// Links that must go before others can come.
    var clearing: [Change] = []
    var settings: [Change] = []
    var files: [Change] = []
    var removingFiles: [Change] = []
    var removingEntries: [Change] = []
    var removingRoutes: [Change] = []
    var removingAddresses: [Change] = []
    var removingLinks: [Change] = []
    /// What the firewall is to let through no longer.
    var removingFirewall: [Change] = []
    var removingNamespaces: [Change] = []
    var restoring: [Change] = []

    /// How many changes are from the first removal on.
    var removalCount: Int {
        removingEntries.count + removingRoutes.count + removingAddresses.count + removingLinks.count
            + removingFiles.count + removingNamespaces.count + removingFirewall.count + restoring.count
    }
}

extension NodePlanner {
    /// The changes, in the order of their execution, which the planner then has no longer.
    ///
    /// The longest list, which may have a hundred thousand, is not copied change by change: the others are put before and behind it.
    fileprivate mutating func takeChanges() -> [Change] {
        var stages: [[Change]] = []
        var longest = 0
        func take(_ list: inout [Change]) {
            guard !list.isEmpty else { return }
            if !stages.isEmpty, list.count > stages[longest].count { longest = stages.count }
            stages.append([])
            swap(&stages[stages.count - 1], &list)
        }
        take(&steps.firewall)
        take(&steps.clearing)
        for group in groups.indices {
            take(&groups[group].namespaces)
            take(&groups[group].links)
            take(&groups[group].routesThatGo)
            take(&groups[group].settings)
            take(&groups[group].yielding)
            take(&groups[group].contents)
        }
        take(&steps.settings)
        take(&steps.files)
        take(&steps.removingEntries)
        take(&steps.removingRoutes)
        take(&steps.removingAddresses)
        take(&steps.removingLinks)
        take(&steps.removingFirewall)
        take(&steps.removingFiles)
        take(&steps.removingNamespaces)
        take(&steps.restoring)
        guard !stages.isEmpty else { return [] }
        var all: [Change] = []
        swap(&all, &stages[longest])
        for stage in stages[(longest + 1)...] { all += stage }
        all.insert(contentsOf: stages[..<longest].joined(), at: 0)
        return all
    }
}
