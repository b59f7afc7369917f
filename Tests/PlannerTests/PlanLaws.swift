import NetworkModel
import NetworkTesting
import Planner
import Testing

/// What holds of every plan, tried on generated nodes and documents.
@Suite("Laws of planning")
struct PlanLaws {
    let seed = Randomness.seed(for: "laws of planning")
    let runs = Randomness.runs(usual: 1500)

    /// Tries a law on every case that can be planned.
    private func forEachCase(_ law: String, _ body: (inout PlannerCase, Plan, UInt64) throws -> Void) {
        for run in 0..<runs {
            let seed = seed &+ UInt64(run)
            do {
                var worlds = PlannerWorlds(seed: seed)
                var tried = try worlds.make()
                let plan: Plan
                do {
                    plan = try Plan(from: tried.kernel.observed(for: tried.desired), to: tried.desired)
                } catch {
                    continue
                }
                try body(&tried, plan, seed)
            } catch {
                Issue.record("\(law): WEFT_SEED=\(seed) WEFT_RUNS=1: \(error)")
                return
            }
        }
    }

    @Test("a plan carried out leaves nothing to do")
    func converges() {
        forEachCase("converges") { tried, plan, seed in
            try tried.kernel.carryOut(plan)
            tried.kernel.forgetRecords(except: tried.desired)
            let after = try Plan(from: tried.kernel.observed(for: tried.desired), to: tried.desired)
            guard !after.isEmpty else { return }
            throw Broken(after.text + "\nafter\n" + plan.text)
        }
    }
}

/// A law that does not hold.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension Plan {
    /// A line for each change.
    var text: String { changes.map(\.description).joined(separator: "\n") }
}
