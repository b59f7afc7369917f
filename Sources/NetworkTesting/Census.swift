import LinuxSystem
package import Testing

/// What this process and the machine hold of what is easily forgotten.
package struct Census: Hashable, Sendable, CustomStringConvertible {
    /// Open descriptors, as `/proc/self/fd` shows them: `7 → net:[4026531833]`.
    package let descriptors: [String]
    /// Threads, by name.
    package let threads: [String]
    /// Names in `/run/netns`.
    package let namespaces: [String]
    /// Links of the calling thread's namespace.
    package let links: [String]

    /// Counts now.
    package static func take() throws -> Census {
        Census(
            descriptors: try Listing.names(in: "/proc/self/fd").compactMap { number in
                Listing.target(of: "/proc/self/fd/\(number)").map { "\(number) → \($0)" }
            },
            threads: try Listing.names(in: "/proc/self/task").compactMap { thread in
                try? AtomicFile.read("/proc/self/task/\(thread)/comm").map { "\(thread) \($0.dropLast())" }
            },
            namespaces: try NamespaceDirectory.standard.list().map(\.name),
            links: try (AtomicFile.read("/proc/thread-self/net/dev") ?? "").split(separator: "\n").dropFirst(
                2
            )
            .map { String($0.prefix { $0 != ":" }).trimmingPrefix(while: \.isWhitespace) }.map(String.init)
        )
    }

    package var description: String {
        "\(descriptors.count) descriptors, \(threads.count) threads, \(namespaces.count) namespaces, "
            + "\(links.count) links"
    }

    /// Runs `body`, and records an issue if more is held afterwards than before.
    ///
    /// Other tests run in the same process and on the same machine. So `body` runs several times, and what
    /// counts is what grows with every run; the outputs of programs that other tests run just now do not. With `repeating: 1` nothing may grow at all, which only a
    /// run with `--no-parallel` can promise.
    package static func assertUnchanged(
        repeating count: Int = 32,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) throws {
        try body()
        let before = try take()
        for _ in 0..<count { try body() }
        let after = try take()
        let parts: [(String, KeyPath<Census, [String]>)] = [
            ("descriptors", \.descriptors), ("threads", \.threads), ("namespaces", \.namespaces),
            ("links", \.links),
        ]
        for (name, part) in parts {
            let (old, now) = (before[keyPath: part].filter(counts), after[keyPath: part].filter(counts))
            let more = now.count - old.count
            guard more >= max(1, count) else { continue }
            let new = Set(now).subtracting(old).sorted()
            Issue.record(
                "\(more) more \(name) after \(count) runs: \(new.joined(separator: ", "))",
                sourceLocation: sourceLocation
            )
        }
    }

    /// False for what a running program of another test writes to, which ``Command`` holds meanwhile.
    private static func counts(_ item: String) -> Bool {
        !(item.contains("/tmp/wt-") && item.hasSuffix("(deleted)"))
    }
}
