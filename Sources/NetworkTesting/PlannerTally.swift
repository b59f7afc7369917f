/// How often each thing came up in a run of generated cases; what never did is a hole in the test.
package struct PlannerTally: Sendable {
    private var counts: [String: Int]

    /// Starts with everything that is to come up at least once.
    package init(expecting labels: [String]) {
        counts = Dictionary(labels.map { ($0, 0) }, uniquingKeysWith: { first, _ in first })
    }

    package mutating func count(_ label: String) {
        counts[label, default: 0] += 1
    }

    /// What was to come up and never did.
    package var missing: [String] {
        counts.filter { $0.value == 0 }.keys.sorted()
    }

    /// One line for each thing.
    package var report: String {
        counts.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }.joined(separator: "\n")
    }
}
