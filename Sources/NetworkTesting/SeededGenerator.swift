import Foundation

/// Random numbers that come again with the same seed: SplitMix64.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// How tests that try things at random are told what to try, and how often.
package enum Randomness {
    /// The seed: `WEFT_SEED`, a number; one made up for `WEFT_SEED=random`; else the same at every run.
    ///
    /// The usual run tries what it tried before, so that it fails for what was changed and for nothing else; to look for
    /// what nobody has seen yet there is `make explore`. Either way the seed is printed, so that a failure can be seen again.
    ///
    /// - Parameter test: Who asks, for the printed line.
    /// - Returns: The seed, the same for every caller of a run that was given one.
    package static func seed(for test: String) -> UInt64 {
        let asked = ProcessInfo.processInfo.environment["WEFT_SEED"]
        let seed =
            asked.flatMap { UInt64($0) } ?? (asked == "random" ? UInt64.random(in: .min ... .max) : usual)
        print("\(test): WEFT_SEED=\(seed)")
        return seed
    }

    /// The seed of usual runs.
    private static let usual: UInt64 = 20_261_121

    /// How many times to try: `WEFT_RUNS`, or `usual`.
    package static func runs(usual: Int) -> Int {
        ProcessInfo.processInfo.environment["WEFT_RUNS"].flatMap { Int($0) } ?? usual
    }
}
