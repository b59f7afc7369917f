import NetworkModel
import NetworkTesting
import Planner
import Testing

/// What holds of every plan, tried on generated nodes and documents.
@Suite("Laws of planning")
struct PlanLaws {
    /// A generated case that can be planned.
    private struct Tried {
        var seed: UInt64
        var tried: PlannerCase
        var plan: Plan
    }

    /// The cases of this run, made once.
    private static let cases: Result<[Tried], Broken> = {
        let first = Randomness.seed(for: "laws of planning")
        var cases: [Tried] = []
        var run: UInt64 = 0
        while cases.count < Randomness.runs(usual: 1000) {
            let seed = first &+ run
            run += 1
            do {
                var worlds = PlannerWorlds(seed: seed)
                let tried = try worlds.make()
                guard let plan = try? tried.plan() else { continue }
                cases.append(Tried(seed: seed, tried: tried, plan: plan))
            } catch {
                return .failure(Broken("no case of WEFT_SEED=\(seed) WEFT_RUNS=1:\n\(error)"))
            }
        }
        return .success(cases)
    }()

    /// Tries a law on every case.
    private func forEachCase(_ body: (inout PlannerCase, Plan, UInt64) throws -> Void) throws {
        for var item in try Self.cases.get() {
            do {
                try body(&item.tried, item.plan, item.seed)
            } catch {
                Issue.record("see it again with WEFT_SEED=\(item.seed) WEFT_RUNS=1\n\(error)")
                return
            }
        }
    }

    @Test("a plan carried out leaves nothing to do")
    func converges() throws {
        var tally = PlannerTally(expecting: PlannerTally.labelsOfPlans)
        try forEachCase { tried, plan, _ in
            tally.count(plan, for: tried)
            let before = tried.kernel.state
            do {
                try tried.kernel.carryOut(plan)
            } catch {
                throw Broken("\(error)\nfrom\n\(before.text)\nto \(tried.desired.links)")
            }
            tried.kernel.forgetRecords(except: tried.desired)
            let after = try tried.plan()
            guard !after.isEmpty else { return }
            throw Broken(
                "\(after.text)\nafter\n\(plan.text)\nfrom\n\(before.text)\nnow\n\(tried.kernel.state.text)"
            )
        }
        tally.check()
    }

    @Test(
        "what a plan takes away can go first: nothing more is to go then, and the rest leaves nothing to do"
    )
    func removalsFirst() throws {
        var count = 0
        try forEachCase { tried, plan, _ in
            let removals = plan.removals
            guard !removals.isEmpty else { return }
            count += 1
            guard removals.changes.allSatisfy({ $0.verb == .delete && plan.changes.contains($0) }) else {
                throw Broken("not all removals:\n\(removals.text)")
            }
            try tried.kernel.carryOut(removals)
            let rest = try tried.plan()
            guard rest.removals.isEmpty else {
                throw Broken("\(rest.removals.text)\nis left of\n\(plan.text)\nafter\n\(removals.text)")
            }
            try tried.kernel.carryOut(rest)
            tried.kernel.forgetRecords(except: tried.desired)
            let after = try tried.plan()
            guard after.isEmpty else {
                throw Broken("\(after.text)\nafter\n\(removals.text)\nand\n\(rest.text)")
            }
        }
        #expect(count > 0)
    }

    @Test("a plan is refused for each way in which a stranger's object can be in the way")
    func refusals() throws {
        let first = Randomness.seed(for: "refusals")
        let ways = [
            "stands on it", "its bridge has the address", "the name is taken", "not Weft's (protocol",
        ]
        var tally = PlannerTally(expecting: ways)
        for run in 0..<Randomness.runs(usual: 1000) {
            var worlds = PlannerWorlds(seed: first &+ UInt64(run))
            let tried = try worlds.make()
            do throws(PlanRefusal) {
                _ = try tried.plan()
            } catch {
                for problem in error.problems {
                    for way in ways where problem.message.contains(way) { tally.count(way) }
                }
            }
        }
        tally.check()
    }

    @Test("no stranger's object is ever in a plan")
    func strangersAreLeftAlone() throws {
        try forEachCase { tried, plan, _ in
            for change in plan.changes {
                guard let offence = change.operation.offence(against: tried.kernel.state, tried.desired)
                else { continue }
                throw Broken("\(offence)\n\(change)\nfrom\n\(tried.kernel.state.text)")
            }
        }
    }

    @Test("strangers' links, routes and namespaces are as before")
    func strangersAreAsBefore() throws {
        try forEachCase { tried, plan, _ in
            let before = tried.kernel.strangers
            let origin = tried
            try tried.kernel.carryOut(plan)
            let lost = before.subtracting(tried.kernel.strangers).filter { !plan.tells(of: $0, origin) }
            guard lost.isEmpty else { throw Broken("lost: \(lost.sorted())\n\(plan.text)") }
        }
    }

    @Test("the same input gives the same bytes, whatever the order of what has none")
    func isStable() throws {
        try forEachCase { tried, plan, seed in
            var random = SeededGenerator(seed: seed)
            let state = tried.kernel.observed(for: tried.desired)
            let again = try Plan(
                from: state.rebuilt(using: &random),
                to: tried.desired.rebuilt(using: &random)
            )
            guard again == plan else {
                let differing = zip(plan.changes, again.changes).filter { $0 != $1 }
                throw Broken(
                    "\(plan.text)\nand then\n\(again.text)\n\(plan.warnings) \(again.warnings)\n\(differing)"
                )
            }
            let back = NodeState(restoring: state, node: "n")
            let backAgain = NodeState(restoring: state.rebuilt(using: &random), node: "n")
            guard back == backAgain else { throw Broken("what is restored differs") }
            let rollback = try Plan(from: state, to: back, options: PlanOptions(isRollback: true))
            let rollbackAgain = try Plan(from: state, to: backAgain, options: PlanOptions(isRollback: true))
            guard rollback == rollbackAgain else { throw Broken("a rollback differs") }
        }
    }

    @Test("from a state to itself there is nothing to do")
    func stateToItself() throws {
        try forEachCase { tried, _, _ in
            guard tried.isWellFormed else { return }
            let itself = NodeState(restoring: tried.kernel.observed(), node: "n")
            let plan = try Plan(
                from: tried.kernel.observed(for: itself),
                to: itself,
                options: PlanOptions(isRollback: true)
            )
            guard plan.isEmpty else { throw Broken("\(plan.text)\nfrom\n\(tried.kernel.state.text)") }
        }
    }

    @Test("a rollback from any point of a plan gives what was before")
    func rollsBack() throws {
        try forEachCase { tried, plan, seed in
            var random = SeededGenerator(seed: seed)
            let before = tried.kernel.observed(for: tried.desired)
            let back = NodeState(restoring: before, node: "n")
            let options = PlanOptions(isRollback: true)
            for count in [Int.random(in: 0...plan.changes.count, using: &random), plan.changes.count] {
                var kernel = tried.kernel
                try kernel.carryOut(plan, count: count)
                let middle = kernel.state
                let rollback = try Plan(from: kernel.observed(for: back), to: back, options: options)
                let refusals = kernel.carryOutKeepingOn(rollback)
                // What was broken before may be such that the kernel does not take it again.
                guard refusals.allSatisfy({ !tried.isWellFormed && $0.code != "FOREIGN" }) else {
                    throw Broken(
                        "\(refusals)\nin\n\(rollback.text)\nafter \(count) of\n\(plan.text)\nto\n\(middle.text)"
                    )
                }
                guard refusals.isEmpty else { continue }
                let remaining = try Plan(from: kernel.observed(for: back), to: back, options: options)
                guard remaining.isEmpty else {
                    throw Broken(
                        "\(remaining.text)\nremains of\n\(rollback.text)\nafter \(count) of\n\(plan.text)"
                    )
                }
                // What strangers have put in the place of Weft's meanwhile stays.
                guard tried.isWellFormed, rollback.leftOut.isEmpty else { continue }
                let changed = kernel.observed(for: tried.desired).differences(from: before)
                guard changed.allSatisfy({ $0.isOfStranger(in: tried.kernel, before) }) else {
                    throw Broken(
                        "\(changed)\nis otherwise after\n\(rollback.text)\nafter \(count) of\n\(plan.text)\nfrom\n"
                            + before.text
                    )
                }
                let was = tried.kernel.weftsOwn(recordedOn: tried.kernel)
                let difference = kernel.weftsOwn(recordedOn: tried.kernel).symmetricDifference(was)
                guard difference.isEmpty else {
                    throw Broken("\(difference.sorted())\nafter \(count) of\n\(plan.text)")
                }
            }
        }
    }

    @Test("deletions come last, but for those that others wait for")
    func deletionsComeLast() throws {
        try forEachCase { tried, plan, _ in
            var isRemoving = false
            for change in plan.changes {
                var isDeletion = change.isDeletion
                // Those of addresses whose link goes too are not counted, and are deletions all the same.
                if case .deleteAddress(_, let link, _) = change.operation, tried.desired.links[link] == nil {
                    isDeletion = true
                }
                if isDeletion {
                    let isEarly = change.operation.mayGoEarly(in: plan, tried)
                    if !isEarly { isRemoving = true }
                } else if isRemoving, !change.comesBack {
                    throw Broken("'\(change)' comes after a deletion\n\(plan.text)")
                }
            }
        }
    }

    @Test("an address that moves is never on both links")
    func isNeverTwice() throws {
        try forEachCase { tried, plan, seed in
            try Self.checkIsNeverTwice(&tried.kernel, plan, to: tried.desired)
            // And from a node that has come to rest.
            var states = PlannerStates(seed: seed)
            let next = states.near(tried.desired).withoutGateways(ownedBy: tried.kernel)
            guard let plan = try? Plan(from: tried.kernel.observed(for: next), to: next) else { return }
            try Self.checkIsNeverTwice(&tried.kernel, plan, to: next)
        }
    }

    /// Carries a plan out, and looks at each address that comes to a link whether another has it that shall not keep it.
    private static func checkIsNeverTwice(
        _ kernel: inout ModelKernel,
        _ plan: Plan,
        to desired: NodeState
    ) throws {
        let before = kernel
        kernel.intend(plan)
        for change in plan.changes {
            try kernel.carryOut(change.operation)
            guard case .addAddress(let new, let link) = change.operation else { continue }
            // What was on both before is not made worse.
            let wasThere = before.link(link)?.addresses.contains { $0.value.address == new.address }
            guard wasThere != true else { continue }
            for place in kernel.places {
                for other in kernel.state[place]?.links ?? [] where other.has(new.address) {
                    let id = LinkID(other.name, in: place)
                    let stays = desired.links[id]?.addresses.contains { $0.address == new.address } ?? false
                    guard id == link || stays || !other.isManaged else {
                        throw Broken("'\(change)' while '\(id)' has it\n\(plan.text)")
                    }
                }
            }
        }
    }

    @Test("a change of one object leaves all others alone")
    func leavesOthersAlone() throws {
        let first = Randomness.seed(for: "leaves others alone")
        var tally = PlannerTally(expecting: SingleEdit.allCases.map(\.rawValue))
        for run in 0..<Randomness.runs(usual: 1200) {
            let seed = first &+ UInt64(run)
            var worlds = PlannerWorlds(seed: seed)
            let converged = try worlds.makeConverged()
            var random = SeededGenerator(seed: seed)
            guard let edit = SingleEdit.allCases.randomElement(using: &random) else { return }
            var desired = converged.desired
            guard let words = edit.apply(to: &desired, using: &random) else { continue }
            tally.count(edit.rawValue)
            let plan = try Plan(from: converged.kernel.observed(for: desired), to: desired)
            let isAlone = plan.changes.count == 1 && plan.changes[0].operation.objectName.hasPrefix(words)
            guard isAlone else {
                Issue.record("WEFT_SEED=\(seed) WEFT_RUNS=1: \(edit) of \(words):\n\(plan.text)")
                return
            }
        }
        tally.check()
    }
}

/// A law that does not hold.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension ObservedLink {
    /// True if it has an address that is Weft's, and could have it again: none that a stranger's stands behind.
    fileprivate func has(_ address: IPAddress) -> Bool {
        addresses.contains { own in
            own.isManaged && own.value.address == address
                && (address.family == .ipv6
                    || !addresses.contains { !$0.isManaged && $0.value.prefix == own.value.prefix })
        }
    }
}

extension PlannerCase {
    func plan() throws(PlanRefusal) -> Plan { try Plan(from: kernel.observed(for: desired), to: desired) }
}

extension Plan {
    /// A line for each change.
    var text: String { changes.map(\.description).joined(separator: "\n") }
}
