import Compiler
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Sandboxes with processes", .kernel, .serialized)
struct RemovalTests {
    @Test(
        "a removed sandbox is off the network at once, though a process lives in it; one of its name is a fresh one"
    )
    func removed() throws {
        try ClusterBench.with { bench in
            guard try bench.bring(to: .pair, "both") != nil else { return }
            let process = try bench.node.command(["sleep", "300"], in: "db").start()
            defer { _ = try? process.end() }
            let isThere = try Eventually.holds {
                try AtomicFile.read("/proc/\(process.pid)/comm") == "sleep\n"
            }
            #expect(isThere)
            let inside = "/proc/\(process.pid)/ns/net"
            let first = try NamespaceHandle.open(path: inside).identity

            var single = Cluster.pair
            single.sandboxes.removeLast()
            try Self.expectPlan(for: single, on: bench)
            guard try bench.bring(to: single, "without 'db'") != nil else { return }
            try Self.expectNothing(of: "db", on: bench)
            #expect(try Self.links(inside) == ["lo"])
            #expect(try AtomicFile.read("/proc/\(process.pid)/comm") == "sleep\n")

            guard try bench.bring(to: .pair, "with 'db' again") != nil else { return }
            let second = try NamespaceHandle.open(path: bench.node.path(of: "db")).identity
            #expect(first != second)
            #expect(try NamespaceHandle.open(path: inside).identity == first)
            #expect(try Exchange(.pair, on: bench).problems() == [])
            #expect(try Self.links(inside) == ["lo"])
        }
    }

    /// The plan says how many processes run there, and takes the links away before the name.
    private static func expectPlan(for cluster: Cluster, on bench: ClusterBench) throws {
        let plan = try bench.weft().plan(bench.compile(cluster.yaml).state)
        var links: [Int] = []
        var names: [Int] = []
        for (position, change) in plan.changes.enumerated() {
            switch change.operation {
            case .deleteLink: links.append(position)
            case .deleteNamespace(_, let count):
                names.append(position)
                #expect(count == 1)
                #expect(change.reason == "1 process still runs there, cut off from the network")
            default: break
            }
        }
        #expect(names.count == 1 && !links.isEmpty, "\(plan.changes)")
        #expect(links.allSatisfy { $0 < names.first ?? 0 }, "\(plan.changes)")
    }

    /// Neither name nor files of a sandbox are left.
    private static func expectNothing(of sandbox: String, on bench: ClusterBench) throws {
        #expect(try !bench.node.namespaces().contains(sandbox))
        #expect(try !Listing.names(in: "/etc/netns").contains(bench.node.fullName(of: sandbox)))
        #expect(try !Listing.names(in: "\(bench.node.runtimeDirectory)/sandboxes").contains(sandbox))
    }

    /// The links in the namespace at a path.
    private static func links(_ path: String) throws -> [String] {
        let text = try Command(["nsenter", "--net=\(path)", "--", "ip", "-json", "link", "show"]).output()
        return try JSON(text: text).elements.compactMap { $0["ifname"].string }
    }
}
