import Foundation
import LinuxSystem
import NetworkTesting
import Testing

/// Every document under `examples/` is taken through its whole life.
@Suite("An example", .kernel)
struct ExampleTests {
    static let names =
        (try? Listing.names(in: "\(Program.root)/examples"))?.filter { $0.hasSuffix(".yaml") } ?? []

    @Test("is looked for where examples are")
    func thereAreExamples() {
        #expect(Self.names.contains("two-namespaces.yaml"))
        #expect(Self.names.count >= 4)
    }

    @Test("is good as it stands in the repository", arguments: names)
    func checks(name: String) throws {
        let path = "\(Program.root)/examples/\(name)"
        let result = try Program.run("check", path)
        #expect(result.status == 0)
        #expect(result.output == "\(path): no errors\n")
        #expect(result.errors.isEmpty)
    }

    @Test("is planned, applied, found in place, compiled, shown and destroyed", arguments: names)
    func lives(name: String) throws {
        try Station.with { station in
            let path = try station.write(Self.text(of: name, on: station.node))
            try Self.prepare(station)
            let before = try WholeDump.take(of: station.node)

            let plan = try station.run("plan", path, "--detailed-exitcode")
            #expect(plan.status == 2)
            #expect(plan.errors == "")
            #expect(
                WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty,
                "a plan changes nothing"
            )

            let apply = try station.run("apply", path)
            #expect(apply.status == 0)
            #expect(apply.errors == "")
            let planned = plan.output.split(separator: "\n").dropLast()
            #expect(apply.output.split(separator: "\n").dropLast() == planned, "apply does what plan said")

            let applied = try WholeDump.take(of: station.node)
            try expectNothingToDo(station, path)
            let compiled = try station.write(station.succeed("compile", path), as: "compiled.yaml")
            try expectNothingToDo(station, compiled)
            let json = try station.write(station.succeed("compile", path, "--format", "json"), as: "c.json")
            try expectNothingToDo(station, json)
            #expect(try station.succeed("compile", compiled) == station.succeed("compile", path))
            #expect(WholeDump.diff(applied, try WholeDump.take(of: station.node)).isEmpty)

            try expectShown(station)
            try station.succeed("destroy")
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
            #expect(try station.succeed("show") == "Weft holds nothing on this node\n")
        }
    }

    @Test(
        "that is in place is applied again without one write",
        .enabled(if: KernelWrites.canBeSeen, "needs strace"),
        arguments: names
    )
    func writesNothing(name: String) throws {
        try Station.with { station in
            let path = try station.write(Self.text(of: name, on: station.node))
            try Self.prepare(station)
            let first = try KernelWrites(of: station.command("apply", [path]), in: station.directory)
            // What is looked for below is seen here.
            #expect(!first.orders.isEmpty)
            #expect(try first.calls.isEmpty == station.node.namespaces().isEmpty)

            for command in ["apply", "plan"] {
                let again = try KernelWrites(of: station.command(command, [path]), in: station.directory)
                #expect(again.questions.count > 4)
                #expect(again.orders.isEmpty)
                #expect(again.calls.isEmpty)
            }
            let show = try KernelWrites(of: station.command("show"), in: station.directory)
            #expect(show.orders.isEmpty && show.calls.isEmpty)
        }
    }

    /// An example's text, its namespaces renamed so that they are the node's alone.
    private static func text(of name: String, on node: ThrowAwayNode) throws -> String {
        var text = try AtomicFile.read("\(Program.root)/examples/\(name)") ?? ""
        for list in text.matches(of: /namespaces: \[(.*)\]/).map({ String($0.1) }) {
            let names = list.split(separator: ", ").map(String.init)
            let renamed = names.map { "\(node.name).\($0)" }.joined(separator: ", ")
            text = text.replacing("namespaces: [\(list)]", with: "namespaces: [\(renamed)]")
            for name in names {
                text = text.replacing(
                    try Regex("namespace: \(name)\\b"),
                    with: "namespace: \(node.name).\(name)"
                )
            }
        }
        return text
    }

    /// What the examples presuppose: a link `eth0` of the node, with its addresses, and a way out.
    private static func prepare(_ station: Station) throws {
        try station.addForeignLink("eth0", address: "172.16.1.1/24")
        try station.node.run("ip address add fd00:16::1/64 dev eth0 nodad")
        try station.node.run("ip route add default via 172.16.1.254")
        // What Weft turns on it leaves on: here it is on, so that all is as it was in the end.
        try station.node.run("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    }

    private func expectNothingToDo(_ station: Station, _ path: String) throws {
        let plan = try station.run("plan", path, "--detailed-exitcode")
        #expect(plan.status == 0)
        #expect(plan.output == "nothing to change\n")
        let apply = try station.run("apply", path, "--format", "json")
        #expect(apply.status == 0)
        #expect(try apply.json["changes"].elements.isEmpty)
        #expect(try apply.json["applied"] == 0)
        #expect(try apply.json["verified"] == true)
    }

    /// What `show` lists is what bears Weft's marks, as iproute2 sees them.
    private func expectShown(_ station: Station) throws {
        let node = station.node
        let shown = try station.run("show", "--format", "json").json
        var links: Set<String> = []
        var routes = 0
        for namespace in try [nil] + node.namespaces() {
            let place = namespace.map { "\(node.fullName(of: $0))/" } ?? ""
            for link in try node.ipJSON("link show group 0x77656674", in: namespace).elements {
                links.insert(place + (link["ifname"].string ?? "?"))
            }
            for family in ["-4", "-6"] {
                routes += try node.ipJSON("\(family) route show table all proto 87", in: namespace).elements
                    .count
            }
        }
        #expect(!links.isEmpty)
        let listed = shown["links"].elements.map { link in
            (link["namespace"].string.map { "\($0)/" } ?? "") + (link["name"].string ?? "?")
        }
        #expect(Set(listed) == links)
        #expect(shown["routes"].elements.count == routes)
        let text = try station.succeed("show", "--verbose")
        for link in links { #expect(text.contains("\n  \(link.split(separator: "/").last ?? "") ")) }
        // Those of sandboxes stand in a table as well.
        let lines = text.split(separator: "\n").filter {
            $0.hasPrefix("  route ") && !$0.hasPrefix("  route  ")
        }
        #expect(lines.count == routes)
    }
}
