// Planning takes time in proportion to what there is: plans 2,000 and 8,000 objects of each kind, and fails where four
// times as many take more than eight times as long; the square would be sixteen.
//
// The time is the processor's, and the least of several turns, so that what else the machine does counts for little.
import Glibc
import NetworkModel
import Planner

let few = 2000
let factor = 4
let turns = 5
let limit = 8.0

/// Plans that many objects away, of another kind, and as they are; returns the processor's time in milliseconds.
func time(_ many: Many, _ count: Int) throws -> Double {
    let old = many.state(count, variant: 0)
    let new = many.state(count, variant: 1)
    var settled = many.node(holding: old, count)
    for sysctl in old.sysctls + new.sysctls { settled.sysctls[sysctl.key] = "0" }
    let begin = processorTime()
    _ = try Plan(from: settled, to: old)
    _ = try Plan(from: settled, to: new)
    _ = try Plan(from: settled, to: NodeState(node: "n"))
    return processorTime() - begin
}

func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

/// A number with one digit behind the point, right-aligned.
func column(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    let text = "\(tenths / 10).\(tenths % 10)"
    return String(repeating: " ", count: max(0, 10 - text.count)) + text
}

var passed: [String] = []
print("planning          \(few) ms   \(few * factor) ms     ratio")
for many in Many.allCases {
    var least = Double.infinity
    var most = Double.infinity
    for _ in 0..<turns {
        least = min(least, try time(many, few))
        most = min(most, try time(many, few * factor))
    }
    let name = many.rawValue + String(repeating: " ", count: max(0, 14 - many.rawValue.count))
    print(name + column(least) + column(most) + column(most / least))
    if most / least > limit { passed.append(many.rawValue) }
}
guard passed.isEmpty else {
    print("planning takes more than \(limit) times as long for \(factor) times as many: \(passed)")
    exit(1)
}
