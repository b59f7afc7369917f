import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Files of sandboxes", .enabled(if: KernelTests.isAvailable))
struct SandboxFileTests {
    private func state(
        _ node: ThrowAwayNode,
        _ files: [(sandbox: String, namespace: String, text: String)]
    ) throws -> NodeState {
        var state = NodeState(node: "n")
        for name in ["red", "blue"] { state.namespaces.insert(try NamespaceName("\(node.name).\(name)")) }
        state.files = try files.map { file in
            SandboxFile(
                SandboxFile.Key(.hosts, of: file.sandbox),
                namespace: try NamespaceName("\(node.name).\(file.namespace)"),
                content: SandboxFile.Content(Array(file.text.utf8))
            )
        }
        return state
    }

    /// What a process sees that is started by `ip netns exec`.
    private func hosts(_ node: ThrowAwayNode, _ namespace: String) throws -> String {
        try Command(["ip", "netns", "exec", "\(node.name).\(namespace)", "cat", "/etc/hosts"]).output()
    }

    @Test("are laid over the node's for their namespaces, and change hands")
    func overlays() throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            try apply(bench, try state(node, [("a", "red", "one\n"), ("b", "blue", "two\n")]))
            #expect(try hosts(node, "red") == "one\n" && hosts(node, "blue") == "two\n")
            try apply(bench, try state(node, [("a", "blue", "one\n"), ("b", "red", "two\n")]))
            #expect(try hosts(node, "red") == "two\n" && hosts(node, "blue") == "one\n")
            try apply(bench, try state(node, [("c", "red", "three\n")]))
            #expect(try hosts(node, "red") == "three\n")
            #expect(
                try Listing.names(in: "/etc/netns").filter { $0.hasPrefix(node.name) } == ["\(node.name).red"]
            )
            try bench.destroy("all")
            #expect(try Listing.names(in: "/etc/netns").filter { $0.hasPrefix(node.name) } == [])
        }
    }

    @Test("are written in place: who has one open sees what comes")
    func inPlace() throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            try apply(bench, try state(node, [("a", "red", "a long first text\n")]))
            let path = "\(node.runtimeDirectory)/sandboxes/a/hosts"
            let before = try Command(["stat", "-c", "%i", path]).output()
            try apply(bench, try state(node, [("a", "red", "short\n")]))
            #expect(try Command(["stat", "-c", "%i", path]).output() == before)
            #expect(try AtomicFile.read(path) == "short\n")
            try bench.destroy("all")
        }
    }

    @Test(
        "that a sandbox's processes made odd are put right, and hinder nothing",
        arguments: ["large", "directory", "link"]
    )
    func odd(kind: String) throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            let state = try state(node, [("a", "red", "one\n")])
            try apply(bench, state)
            let path = "\(node.runtimeDirectory)/sandboxes/a/hosts"
            let oddities = [
                "large": ["truncate", "-s", "100M", path],
                "directory": ["sh", "-c", "rm \(path); mkdir -p \(path)/x"],
                "link": ["ln", "-sf", "/etc/shadow", path],
            ]
            try Command(try #require(oddities[kind])).output()
            #expect(try bench.weft().plan(state).changes.map { "\($0.verb)" } == ["change"])
            try apply(bench, state)
            #expect(try AtomicFile.read(path) == "one\n")
            try Command(try #require(oddities[kind])).output()
            try bench.destroy("all")
        }
    }

    @Test("of others in /etc/netns are left alone, and refused")
    func foreign() throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            let directory = "/etc/netns/\(node.name).red"
            defer { try? AtomicFile.removeTree(directory) }
            try AtomicFile.makeDirectories(directory)
            try AtomicFile.write("\(directory)/hosts", "mine\n")
            let state = try state(node, [("a", "red", "one\n")])
            let refusal = #expect(throws: PlanRefusal.self) { try bench.weft().plan(state) }
            #expect(
                refusal?.description
                    == "cannot give sandbox 'a' its own 'hosts': '\(directory)/hosts' is there, and is not Weft's"
            )
            #expect(try AtomicFile.read("\(directory)/hosts") == "mine\n")
        }
    }

    @Test("are not laid behind a symbolic link: it is refused, and what it leads to is as it was")
    func linkedDirectory() throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            let link = "/etc/netns/\(node.name).red"
            let elsewhere = "/run/\(node.name)-elsewhere"
            defer {
                try? AtomicFile.removeTree(link)
                try? AtomicFile.removeTree(elsewhere)
            }
            try AtomicFile.makeDirectories("/etc/netns")
            try AtomicFile.makeDirectories(elsewhere)
            let state = try state(node, [("a", "red", "one\n"), ("b", "blue", "two\n")])
            let other = [("a", "blue", "one\n")]
            for target in [elsewhere, "/nowhere"] {
                try Command(["ln", "-sfn", target, link]).output()
                let refusal = #expect(throws: PlanRefusal.self) { try bench.weft().apply(state) }
                #expect(
                    refusal?.problems.map(\.message) == [
                        "cannot give sandbox 'a' its own files: '\(link)' is no directory, and is not Weft's; a symbolic link "
                            + "is not followed"
                    ]
                )
                // What a link of Weft's own would look like there is nothing of Weft's either.
                let hosts = "\(node.runtimeDirectory)/sandboxes/a/hosts"
                if target == elsewhere { try Command(["ln", "-sfn", hosts, "\(elsewhere)/hosts"]).output() }
                try apply(bench, try self.state(node, other))
                try bench.destroy("without it")
                #expect(try Command(["readlink", link]).output() == "\(target)\n")
            }
            #expect(try Listing.names(in: elsewhere) == ["hosts"])
        }
    }

    @Test("come back whole when an apply fails at any step")
    func rollback() throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            try apply(bench, try state(node, [("a", "red", "one\n"), ("b", "blue", "two\n")]))
            let before = try WholeDump.take(of: node)
            let after = try state(node, [("a", "blue", "three\n"), ("c", "red", "four\n")])
            for step in 1... {
                let counter = StepCounter(failingAt: step)
                let report = try bench.weft(hook: counter.hook).apply(after)
                if report.isDone { break }
                #expect(report.isRolledBack == true, "step \(step): \(report.rollbackFailures)")
                #expect(WholeDump.diff(before, try WholeDump.take(of: node)) == [], "step \(step)")
            }
            try bench.destroy("all")
        }
    }

    @Test("that a rollback can't restore are told: nobody is told that all is as it was")
    func notRestored() throws {
        try ThrowAwayNode.with("files-") { node in
            let bench = Workbench(node)
            try apply(bench, try state(node, [("a", "red", "one\n"), ("b", "blue", "two\n")]))
            let after = try state(node, [("a", "red", "three\n"), ("b", "blue", "four\n")])
            // The second writing fails, and so does all that the rollback writes.
            let counter = StepCounter(failingFrom: 2)
            let report = try bench.weft(hook: counter.hook).apply(after)
            #expect(report.isRolledBack == false)
            #expect(
                report.rollbackFailures.contains {
                    $0.description.contains("restore file 'hosts' of sandbox 'a'")
                }
            )
            try bench.destroy("all")
        }
    }

    private func apply(_ bench: Workbench, _ state: NodeState) throws {
        let report = try bench.weft().apply(state)
        for failure in report.failures + report.rollbackFailures { Issue.record("\(failure)") }
        #expect(try bench.weft().plan(state).isEmpty)
    }
}
