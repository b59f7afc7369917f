import LinuxSystem
import NetworkTesting
import Testing

/// Without `--netns` the node is the namespace that the program is started in: the host, mostly.
@Suite("The host", .kernel)
struct HostTests {
    private static let document = """
        weft: 1
        node:
          namespaces: [NODE.blue, NODE.red]
          links:
            br9: { type: bridge, addresses: [10.9.0.1/24] }
            v0: { type: veth, master: br9, peer: { name: eth0, namespace: NODE.blue, addresses: [10.9.0.2/24] } }
            v1: { type: veth, master: br9, peer: { name: eth0, namespace: NODE.red, addresses: [10.9.0.3/24] } }
          routes: [ { to: default, via: 10.9.0.1, namespace: NODE.red } ]
          sysctls: { net.ipv4.conf.all.rp_filter: 2 }
        """

    @Test("is applied to, verified, rolled back and cleared like any node")
    func lives() throws {
        try Station.with { station in
            let path = try station.write(Self.document)
            let before = try WholeDump.take(of: station.node)
            let place = ["--runtime-dir", station.node.runtimeDirectory]
            func weft(_ arguments: String...) throws -> CommandResult {
                try station.node.command([Program.path] + arguments + place).result()
            }
            let failing = try station.write(
                Self.document.replacing("routes: [", with: "routes: [ { to: 10.8.0.0/16, via: 10.77.0.1 },"),
                as: "failing.yaml"
            )
            let failed = try weft("apply", failing)
            #expect(failed.status == 1)
            #expect(failed.errors.contains("\nundone, this node is as it was before:\n"))
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)

            let applied = try weft("apply", path)
            #expect(applied.status == 0 && applied.errors.isEmpty, "\(applied)")
            try station.node.run("ping -qc1 10.9.0.3", in: "blue")
            #expect(try weft("plan", path).output == "nothing to change\n")
            // By its name it is the same node, but for its namespaces: their marks say whose they are.
            let show = try weft("show").output
            #expect(station.normal(show).contains("\nnamespace NODE.red\n  eth0  veth  up "))
            #expect(try weft("destroy").status == 0)
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
        }
    }
}
