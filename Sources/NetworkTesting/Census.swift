import LinuxSystem

/// What this process and the machine hold of what is easily forgotten.
///
/// The count is exact, so nobody else may do anything meanwhile: it is taken by a program of its own, which runs in
/// network and mount namespaces of its own. See ``differences(_:)``.
package struct Census: Hashable, Sendable {
    /// Open descriptors, as `/proc/self/fd` shows them: `7 → net:[4026531833]`.
    package let descriptors: [String]
    /// Threads, by number and name.
    package let threads: [String]
    /// Names in `/run/netns`.
    package let namespaces: [String]
    /// Links of the calling thread's namespace.
    package let links: [String]
    /// Mounts in `/run`.
    package let mounts: [String]

    /// Counts now.
    package static func take() throws -> Census {
        let links = try AtomicFile.read("/proc/thread-self/net/dev") ?? ""
        return Census(
            descriptors: try Listing.names(in: "/proc/self/fd").compactMap { number in
                Listing.target(of: "/proc/self/fd/\(number)").map { "\(number) → \($0)" }
            },
            threads: try Listing.names(in: "/proc/self/task").compactMap { thread in
                try? AtomicFile.read("/proc/self/task/\(thread)/comm").map { "\(thread) \($0.dropLast())" }
            },
            namespaces: try NamespaceDirectory.standard.list().map(\.name),
            links: links.split(separator: "\n").dropFirst(2).map { line in
                String(line.prefix { $0 != ":" }.trimmingPrefix(while: \.isWhitespace))
            },
            // Others' elsewhere come and go in this mount namespace too: with the directories that they are on.
            mounts: (try AtomicFile.read("/proc/thread-self/mountinfo") ?? "").split(separator: "\n").filter {
                $0.split(separator: " ").dropFirst(4).first?.hasPrefix("/run") == true
            }.map(String.init)
        )
    }

    /// What is held after `body` and not before, or the other way round, a line each.
    ///
    /// What is held once and for all, by the first use of something, is not counted: `body` runs once before. A thread
    /// that was joined stands in `/proc` until the kernel has buried it, which is waited for.
    package static func differences(_ body: () throws -> Void) throws -> [String] {
        try body()
        let before = try take()
        try body()
        _ = try Eventually.holds(within: 2) { try take().threads == before.threads }
        return before.differences(to: try take())
    }

    private func differences(to other: Census) -> [String] {
        let parts: [(String, KeyPath<Census, [String]>)] = [
            ("descriptor", \.descriptors), ("thread", \.threads), ("namespace", \.namespaces),
            ("link", \.links), ("mount", \.mounts),
        ]
        return parts.flatMap { name, part in
            let (old, new) = (self[keyPath: part], other[keyPath: part])
            return new.filter { !old.contains($0) }.map { "one more \(name): \($0)" }
                + old.filter { !new.contains($0) }.map { "one \(name) less: \($0)" }
        }
    }

    /// Has a case of `weft-census` counted, in namespaces of its own; returns what that wrote: nothing if all is as before.
    ///
    /// - Throws: ``CommandFailure`` if the count did not come to its end.
    package static func taken(of name: String) throws -> String {
        // The names of `/run` are its own too, and the kernel takes all away with the last process.
        let world = """
            umount --recursive --lazy /run/netns 2>/dev/null
            mount -t tmpfs tmpfs /run && mkdir /run/netns && exec "$@"
            """
        let arguments = [
            "unshare", "--mount", "--net", "--propagation", "private", "--", "sh", "-c", world, "sh",
            try BuiltProgram.path(of: "weft-census"), name,
        ]
        return try Command(arguments).output()
    }
}
