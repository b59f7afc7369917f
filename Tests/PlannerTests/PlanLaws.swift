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
            let before = tried.kernel.state
            do {
                try tried.kernel.carryOut(plan)
            } catch {
                throw Broken("\(error)\nfrom\n\(before.text)")
            }
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

extension ObservedState {
    /// What Weft sees, a line for each thing.
    var text: String {
        var lines: [String] = []
        for place in [.node] + namespaces.keys.sorted().map(Place.namespace) {
            guard let namespace = self[place] else { continue }
            lines.append("[\(place.name?.text ?? "node")]")
            for link in namespace.links {
                lines.append("\(link.name) \(link.index) \(link.isManaged ? "ours" : "foreign") up=\(link.isUp) mtu=\(link.mtu) master=\(link.master?.text ?? "") \(link.kind)")
                lines += link.addresses.map { "    \($0.value) \($0.value.scope) proto \($0.protocolNumber)\($0.value.hasNoPrefixRoute ? " noprefixroute" : "")" }
            }
            lines += namespace.routes.map { "route \($0.value.type) \($0.value.destination) \($0.value.gateway?.description ?? "") \($0.value.device?.text ?? "") table \($0.value.table) metric \($0.value.metric) src \($0.value.source?.description ?? "") proto \($0.protocolNumber)" }
            lines += namespace.neighbours.map { "neigh \($0.value.address) \($0.value.link) proto \($0.protocolNumber)" }
            lines += namespace.forwarding.map { "fdb \($0.mac) \($0.link) \($0.table) \($0.destination?.description ?? "") \($0.state) \($0.vni?.description ?? "") \($0.port ?? 0)" }
        }
        return lines.joined(separator: "\n")
    }
}
