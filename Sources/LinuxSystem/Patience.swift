internal import Glibc

/// How long something is asked for again and again, where nothing tells that it has come true.
///
/// For such things only: what has an event is waited for by that.
package struct Patience {
    /// The longest time between two questions, in milliseconds.
    private static let longestPause: CInt = 200

    private let end: Int
    private var pause: CInt = 10

    /// Begins now, and lasts for so long.
    package init(for limit: Duration) {
        end = Self.now + Int(limit / .milliseconds(1))
    }

    /// Waits until it is time to ask again, or a signal comes: first for 10 ms, then for ever longer; false, at once, when
    /// there is no time left.
    package mutating func lasts() -> Bool {
        guard Self.now < end else { return false }
        // Interrupted or not: whoever asks looks for signals too.
        _ = poll(nil, 0, pause)
        pause = min(2 * pause, Self.longestPause)
        return true
    }

    /// Milliseconds since some moment; no clock that anybody sets.
    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
