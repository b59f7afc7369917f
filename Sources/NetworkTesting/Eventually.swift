import Foundation

/// What comes true by itself, soon.
package enum Eventually {
    /// Asks again and again until `condition` holds; false if it does not within `seconds`.
    package static func holds(within seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        while try !condition() {
            if Date() > end { return false }
            Thread.sleep(forTimeInterval: 0.002)
        }
        return true
    }
}
