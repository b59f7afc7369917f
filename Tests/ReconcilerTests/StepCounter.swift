import LinuxSystem
import Reconciler
import Synchronization

/// Makes steps fail by their number: one of them, or all from one on.
final class StepCounter: Sendable {
    private let count = Atomic<Int>(0)
    private let failing: ClosedRange<Int>

    init(failingAt step: Int) {
        failing = step...step
    }

    init(failingFrom step: Int) {
        failing = step...Int.max
    }

    var hook: StepHook {
        StepHook { [self] _ in
            failing.contains(count.add(1, ordering: .relaxed).newValue) ? .noBufferSpace : nil
        }
    }
}
