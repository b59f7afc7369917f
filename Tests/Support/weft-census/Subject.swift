import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Synchronization

/// What is counted before and after.
enum Subject: String {
    /// An apply, a refused one that is rolled back, and a destroy.
    case applies
    /// Files and directories, written and removed.
    case files
    /// Names in a directory of namespaces, made and removed.
    case names
    /// Namespaces, opened and refused.
    case handles
    /// Threads that return and threads that throw.
    case threads
    /// One descriptor that is forgotten, so that a count is seen to find it.
    case forgetful

    func perform() throws {
        switch self {
        case .applies: try performApplies()
        case .files: try performFiles()
        case .names: try performNames()
        case .handles: try performHandles()
        case .threads: try performThreads()
        case .forgetful: try checked("open") { open("/dev/null", O_RDONLY) }
        }
    }

    /// Something was done otherwise than the count is meant to be of.
    private struct Unexpected: Error {
        let what: String
    }

    private func require(_ condition: Bool, _ what: String) throws {
        guard condition else { throw Unexpected(what: what) }
    }

    private func performApplies() throws {
        try ThrowAwayNode.with("census-") { node in
            _ = try ForeignWorld(on: node)
            let pools = StatePools(
                node: "n",
                prefix: "\(node.name).",
                parents: ForeignWorld.parents,
                hasVLANFiltering: false
            )
            let scenario = FaultScenario(pools)
            func weft(_ hook: StepHook? = nil) -> Reconciler {
                Reconciler(
                    node: Node(
                        name: "n",
                        namespace: .init(name: node.name, path: node.path()),
                        runtimeDirectory: node.runtimeDirectory
                    ),
                    hook: hook
                )
            }
            try require(weft().apply(scenario.first).isDone, "the first apply")
            let steps = Atomic(0)
            let hook = StepHook { _ in steps.add(1, ordering: .relaxed).newValue == 20 ? .busy : nil }
            try require(weft(hook).apply(scenario.second).isRolledBack == true, "the rollback")
            try require(weft().destroy().isDone, "the destroy")
        }
    }

    private func performFiles() throws {
        try ThrowAwayDirectory.with { directory in
            try AtomicFile.makeDirectories("\(directory)/a/b")
            try AtomicFile.write("\(directory)/a/b/file", "")
            try require(AtomicFile.read("\(directory)/a/b/file") == "", "the file")
            try AtomicFile.removeTree("\(directory)/a")
        }
    }

    private func performNames() throws {
        let directory = NamespaceDirectory.standard
        try directory.prepare()
        try DedicatedThread.run(named: "census") { try directory.create("red") }
        try require(directory.list().map(\.name) == ["red"], "the list")
        try directory.remove("red")
    }

    private func performHandles() throws {
        _ = try NamespaceHandle.current().identity
        do {
            _ = try NamespaceHandle.open(path: "/").identity
        } catch is NotANetworkNamespace {
            return
        }
        throw Unexpected(what: "a directory was taken for a namespace")
    }

    private func performThreads() throws {
        try DedicatedThread.run(named: "census") {}
        do {
            try DedicatedThread.run(named: "census") { throw Unexpected(what: "meant") }
        } catch is Unexpected {
            return
        }
        throw Unexpected(what: "a thread's error was lost")
    }
}
