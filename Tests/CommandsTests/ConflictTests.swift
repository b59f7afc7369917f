import ClusterModel
import Document
import LinuxSystem
import NetworkModel
import NetworkTesting
import Testing

/// Networks that meet what others have on a node, word for word.
@Suite("Conflicts of networks", .kernel)
struct ConflictTests {
    private static func document(_ sandboxes: String) -> String {
        "weft: 1\nnetworks: { back: { driver: bridge, subnets: [10.20.0.0/16] } }\nsandboxes: { \(sandboxes) }\n"
    }

    private static let web = "web: { endpoints: [ { network: back, address: 10.20.0.5 } ] }"
    private static let late = "late: { endpoints: [ { network: back, address: 10.20.0.6 } ] }"

    @Test(
        "with addresses, routes in any table and of a VPN are found by plan and apply, before anything is changed"
    )
    func refused() throws {
        try Station.with { station in
            try station.addForeignLink("d0", address: "10.20.7.1/24")
            try station.addForeignLink("wg0", address: "198.51.100.1/30")
            try station.node.run("ip route add 10.20.128.0/17 dev wg0 table 51820")
            try station.node.run("ip route add 10.0.0.0/8 via 10.20.7.9")
            let before = try WholeDump.take(of: station.node)
            for command in ["plan", "apply"] {
                let result = try station.run(command, document: Self.document(Self.web))
                #expect(result.status == 1)
                #expect(result.output.isEmpty)
                #expect(
                    station.normal(result.errors) == """
                        error: 10.20.0.0/16 of network 'back' overlaps what is this node's already: \
                        address 10.20.7.1/24 of link 'd0', route 10.20.128.0/17 dev wg0 table 51820
                          hint: 172.16.0.0/16 is free here: give it to the network in 'subnets'

                        """
                )
                let json = try station.run(command, document: Self.document(Self.web), "--format", "json")
                #expect(try json.json["errors"].elements.count == 1)
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
            // What is proposed is taken.
            let other = Self.document(Self.web).replacing("10.20.", with: "172.16.")
            #expect(try station.run("apply", document: other).status == 0)
            // Only the VPN's way is left: that is a warning.
            try station.node.run("ip route del 10.20.128.0/17 dev wg0 table 51820")
            try station.node.run("ip addr del 10.20.7.1/24 dev d0")
            try station.node.run("ip addr add 192.0.2.1/24 dev d0")
            try station.node.run("ip route add 10.0.0.0/8 via 192.0.2.9")
            let plan = try station.run("plan", document: Self.document(Self.web))
            #expect(plan.status == 0)
            #expect(
                station.normal(plan.errors) == """
                    warning: 10.20.0.0/16 of network 'back' shadows what this node reaches by others' routes: \
                    route 10.0.0.0/8 via 192.0.2.9 dev d0; \
                    172.16.0.0/16 is free here: give it to the network in 'subnets'

                    """
            )
        }
    }

    @Test("that is in place is told when a VPN comes up, and the rest of the document is carried out")
    func inPlace() throws {
        try Station.with { station in
            try station.succeed("apply", document: Self.document(Self.web))
            try station.addForeignLink("wg0", address: "198.51.100.1/30")
            try station.node.run("ip route add 10.20.128.0/17 dev wg0")
            let warning = """
                warning: 10.20.0.0/16 of network 'back' is in place, and overlaps what others have on this node by now: \
                route 10.20.128.0/17 dev wg0; 10.21.0.0/16 is free here: give it to the network in 'subnets'

                """
            let same = try station.run("apply", document: Self.document(Self.web))
            #expect(same.status == 0)
            #expect(station.normal(same.errors) == warning)
            let more = try station.run("apply", document: Self.document("\(Self.web), \(Self.late)"))
            #expect(more.status == 0)
            #expect(station.normal(more.errors) == warning)
            #expect(try station.node.namespaces().sorted() == ["late", "web"])
        }
    }

    @Test("on a wire: an endpoint does not get the node's own address")
    func wire() throws {
        try Station.with { station in
            try station.addForeignLink("d0", address: "192.0.2.1/24")
            let document = """
                weft: 1
                networks: { lan: { driver: macvlan, parent: d0, subnets: [192.0.2.0/24] } }
                sandboxes: { web: { endpoints: [ { network: lan, address: 192.0.2.1 } ] } }
                """
            let result = try station.run("apply", document: document)
            #expect(result.status == 1)
            #expect(
                station.normal(result.errors) == """
                    error: cannot add address 192.0.2.1/24 on link 'eth0' in namespace 'NODE.web': \
                    link 'd0' of this node has it
                      hint: state another 'address', or a 'range' of network 'lan' that is free for it

                    """
            )
            let good = try station.run(
                "apply",
                document: document.replacing("192.0.2.1 }", with: "192.0.2.7 }")
            )
            #expect((good.status, good.errors) == (0, ""))
        }
    }

    @Test(
        "an address that another sandbox has now says so in the plan; check names the command that keeps addresses"
    )
    func moved() throws {
        let before =
            "weft: 1\nnetworks: { n: { driver: bridge, subnets: [10.9.0.0/27] } }\n"
            + "sandboxes:\n  shop: { endpoints: [ { network: n } ] }\n"
        func after(_ name: String) -> String { before + "  \(name): { endpoints: [ { network: n } ] }\n" }
        let old = try #require(try Self.address(of: "shop", in: before))
        // One that comes first by name, and has the same first choice.
        let name = try #require(
            try (0..<1000).map { "late\($0)" }.first { try Self.address(of: $0, in: after($0)) == old }
        )
        let new = try #require(try Self.address(of: "shop", in: after(name)))
        try Station.with { station in
            try station.succeed("apply", document: before)
            let plan = try station.succeed("plan", document: after(name))
            #expect(
                station.normal(plan).contains(
                    "\n+ create address \(new)/27 on link 'eth0' in namespace 'NODE.shop': "
                        + "moved: \(old) is now that of sandbox '\(name)'\n"
                )
            )
            let check = try station.run("check", document: after(name))
            #expect(check.status == 0)
            #expect(
                station.normal(check.errors) == """
                    warning: DIR/state.yaml:4:24: sandboxes.shop.endpoints[0]: \(new) is assigned, for \(old) is taken by \
                    sandbox '\(name)': it may move when sandboxes come or go; \
                    'weft pin PATH' writes it into the document, and keeps it

                    """
            )
            // Pinned before the other came, it stays.
            let path = try station.write(before)
            #expect(try Program.run("pin", path).status == 0)
            let pinned = try #require(try AtomicFile.read(path))
            let kept = try station.succeed(
                "plan",
                document: pinned + "  \(name): { endpoints: [ { network: n } ] }\n"
            )
            #expect(
                !kept.contains("moved")
                    && !kept.contains("on link 'eth0' in namespace '\(station.node.name).shop'")
            )
            #expect(try station.succeed("plan", document: pinned) == "nothing to change\n")
        }
    }

    private static func address(of sandbox: String, in text: String) throws -> String? {
        let document = try Document.load([Source(name: "a.yaml", text: text)])
        let index = document.cluster.sandboxes.firstIndex { $0.name.text == sandbox }
        return index.flatMap { document.assignment[$0, 0].addresses.ipv4?.description }
    }

    @Test("check tells what every other command refuses")
    func unsupported() throws {
        try Station.with { station in
            let document = Self.document(Self.web).replacing(
                "driver: bridge,",
                with: "driver: bridge, dns: true,"
            )
            let check = try station.run("check", document: document)
            #expect((check.status, check.output) == (0, "\(station.directory)/state.yaml: no errors\n"))
            #expect(
                station.normal(check.errors)
                    == "warning: DIR/state.yaml:2:42: not supported yet: networks.back.dns: true\n"
            )
            #expect(try station.run("plan", document: document).status == 65)
        }
    }
}
