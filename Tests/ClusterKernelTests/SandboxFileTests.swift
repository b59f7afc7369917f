import Compiler
import Glibc
import LinuxSystem
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("Files of a document's sandboxes", .kernel, .serialized)
struct SandboxFileTests {
    private static func path(_ name: String, of sandbox: String, on bench: ClusterBench) -> String {
        "\(bench.node.runtimeDirectory)/sandboxes/\(sandbox)/\(name)"
    }

    private static func inode(_ path: String) throws -> UInt {
        var status = stat()
        try checked("stat", on: path) { stat(path, &status) }
        return UInt(status.st_ino)
    }

    @Test("a file is rewritten in place as names come and go: who has it open sees them")
    func inPlace() throws {
        try ClusterBench.with { bench in
            guard try bench.bring(to: .pair, "two") != nil else { return }
            let hosts = Self.path("hosts", of: "web", on: bench)
            let inode = try Self.inode(hosts)
            let open = try OwnedDescriptor.open(hosts, O_RDONLY)
            var more = Cluster.pair
            more.sandboxes.append(Cluster.sandbox("late", on: "back"))
            more.sandboxes[1].endpoints[0].aliases = ["store"]
            for (cluster, why) in [(more, "three"), (Cluster.pair, "two again")] {
                guard try bench.bring(to: cluster, why) != nil else { return }
                #expect(try Self.inode(hosts) == inode, "\(why)")
                let seen = try AtomicFile.read("/proc/self/fd/\(open.rawValue)")
                let now = try AtomicFile.read(hosts)
                #expect(seen == now, "\(why)")
                #expect(seen?.contains("store") == (why == "three"), "\(why)")
            }
        }
    }

    /// What is lost before an apply.
    enum Loss: CaseIterable {
        case runtimeDirectory
        /// A restart of the host: nothing is left but what is in `/etc`.
        case allButOverlays
    }

    @Test("what is left in /etc/netns is taken over, or goes with its sandbox", arguments: Loss.allCases)
    func leftOver(_ loss: Loss) throws {
        try ClusterBench.with { bench in
            guard try bench.bring(to: .pair, "before") != nil else { return }
            switch loss {
            case .runtimeDirectory: try AtomicFile.removeTree(bench.node.runtimeDirectory)
            case .allButOverlays:
                let overlays = try Self.overlays(of: bench)
                try bench.destroy()
                for (directory, name, target) in overlays {
                    try AtomicFile.makeDirectories(directory)
                    try checked("symlink", on: directory) { symlink(target, "\(directory)/\(name)") }
                }
            }
            var single = Cluster.pair
            single.sandboxes.removeLast()
            guard try bench.bring(to: single, "after the loss") != nil else { return }
            let left = try Listing.names(in: "/etc/netns").filter { $0.hasPrefix("\(bench.node.name).") }
            #expect(left == [bench.node.fullName(of: "web")])
            try bench.destroy()
            #expect(try Listing.names(in: "/etc/netns").filter { $0.hasPrefix("\(bench.node.name).") } == [])
        }
    }

    /// The links in `/etc/netns`, by directory and name, and where they lead.
    private static func overlays(
        of bench: ClusterBench
    ) throws -> [(directory: String, name: String, target: String)] {
        try ["web", "db"].flatMap { sandbox in
            let directory = "/etc/netns/\(bench.node.fullName(of: sandbox))"
            return try Listing.names(in: directory).map { name in
                (directory, name, try #require(Listing.target(of: "\(directory)/\(name)")))
            }
        }
    }

    @Test("a file of somebody else's is refused, word for word, and left alone", arguments: [true, false])
    func foreign(_ isLink: Bool) throws {
        try ClusterBench.with { bench in
            let directory = "/etc/netns/\(bench.node.fullName(of: "web"))"
            try AtomicFile.makeDirectories(directory)
            if isLink {
                try checked("symlink", on: directory) { symlink("/etc/hosts", "\(directory)/hosts") }
            } else {
                try AtomicFile.write("\(directory)/hosts", "10.0.0.1 mine\n")
            }
            let before = try WholeDump.take(of: bench.node)
            let state = try bench.compile(Cluster.pair.yaml).state
            for attempt in [{ _ = try bench.weft().plan(state) }, { _ = try bench.weft().apply(state) }] {
                let refusal = #expect(throws: PlanRefusal.self) { try attempt() }
                let sentence =
                    "cannot give sandbox 'web' its own 'hosts': '\(directory)/hosts' is there, and is not Weft's"
                #expect(refusal?.problems.map(\.message) == [sentence])
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: bench.node)) == [])
        }
    }
}
