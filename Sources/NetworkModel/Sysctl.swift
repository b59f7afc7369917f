/// A setting below `/proc/sys/net`, in one network namespace.
///
/// Equivalent to `sysctl -w KEY=VALUE`.
package struct Sysctl: Hashable, Sendable {
    /// The setting and where it is.
    package var key: Key
    /// Its value, with runs of white space as one space, as the kernel's tables read.
    package var value: String

    package init(_ key: Key, value: String) {
        self.key = key
        self.value = value
    }

    /// True if two texts are one value to the kernel: `0x2` is `2`.
    package static func isSame(_ left: String, _ right: String) -> Bool {
        if left == right { return true }
        let (left, right) = (left.split(separator: " "), right.split(separator: " "))
        return left.count == right.count
            && zip(left, right).allSatisfy { first, second in
                if first == second { return true }
                guard let number = number(first) else { return false }
                return number == Self.number(second)
            }
    }

    /// The number that a text is to the kernel: decimal, or with `0x` hexadecimal.
    private static func number(_ text: Substring) -> Int64? {
        let number = text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : Int64(text)
        return number
    }

    /// The identity of a setting.
    package struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
        package var place: Place
        /// The path below `/proc/sys`: `net/ipv4/conf/eth0.1/forwarding`.
        package var path: String

        package init(path: String, in place: Place) {
            self.place = place
            self.path = path
        }

        package static func < (left: Key, right: Key) -> Bool {
            (left.place, left.path) < (right.place, right.path)
        }

        /// The name as `sysctl` prints it: dots for slashes, and a slash where a component has a dot.
        package var description: String {
            String(path.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
        }
    }
}
