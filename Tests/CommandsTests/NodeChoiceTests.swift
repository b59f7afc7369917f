import NetworkTesting
import Testing

@Suite("The node that this is", .kernel)
struct NodeChoiceTests {
    private static let document = """
        weft: 1
        nodes:
          n1: { address: 10.5.0.1, links: { br1: { type: bridge } } }
          n2: { address: [10.5.0.2, "fd00:5::2"], links: { br2: { type: bridge } } }
        """

    @Test("is the one whose address it holds")
    func byAddress() throws {
        try Station.with { station in
            try station.addForeignLink("d0", address: "10.5.0.2/24")
            #expect(
                try station.succeed("plan", document: Self.document).hasPrefix("+ create bridge link 'br2'")
            )
            #expect(try station.run("plan", document: Self.document, "--format", "json").json["node"] == "n2")
            #expect(try station.succeed("compile", document: Self.document).contains("br2:"))
        }
    }

    @Test("is not the one that is named, if it holds the address of another and none of that one")
    func wrongName() throws {
        try Station.with { station in
            // Who holds nobody's address may be any of them.
            let named = try station.succeed("plan", document: Self.document, "--node", "n1")
            #expect(named.hasPrefix("+ create bridge link 'br1'"))
            try station.addForeignLink("d0", address: "10.5.0.2/24")
            let before = try WholeDump.take(of: station.node)
            for command in ["plan", "apply"] {
                let result = try station.run(command, document: Self.document, "--node", "n1")
                #expect(result.status == 1 && result.output.isEmpty)
                #expect(
                    result.errors == """
                        error: this host holds 10.5.0.2, the address of node 'n2', and none of node 'n1'
                          hint: name the right node, or correct the addresses under 'nodes'

                        """
                )
            }
            #expect(WholeDump.diff(before, try WholeDump.take(of: station.node)).isEmpty)
            // What needs no look at the node is compiled for any; what does is not.
            #expect(
                try station.succeed("compile", document: Self.document, "--node", "n1").contains("br1:")
            )
            let network = "networks: { b: { driver: bridge, subnets: [10.6.0.0/24], nodes: [n1] } }\n"
            let compiled = try station.run(
                "compile",
                document: Self.document + "\n" + network,
                "--node",
                "n1"
            )
            #expect(compiled.status == 1 && compiled.errors.contains("the address of node 'n2'"))
            // The right one among several that it holds is named as before.
            try station.node.run("ip address add 10.5.0.1/24 dev d0")
            #expect(try station.run("plan", document: Self.document, "--node", "n1").status == 0)
        }
    }

    @Test("is told when nobody knows")
    func unknown() throws {
        try Station.with { station in
            for command in ["plan", "apply", "compile"] {
                let result = try station.run(command, document: Self.document)
                #expect(result.status == 1)
                #expect(
                    station.normal(result.errors) == """
                        error: this host is none of the document's nodes: it holds none of their addresses, \
                        and has none of their names
                          hint: if it is no longer part of the cluster, 'weft destroy' removes what Weft made here; \
                        if it is one of 'n1', 'n2', though it is called 'NODE', name that one with '--node'

                        """
                )
            }
            let wrong = try station.run("plan", document: Self.document, "--node", "n3")
            #expect(wrong.status == 1)
            #expect(
                wrong.errors == "error: the document has no node 'n3'\n  hint: its nodes are 'n1', 'n2'\n"
            )
            // A document for this host alone has no nodes to choose from.
            #expect(try station.run("plan", document: ExitStatusTests.bridge, "--node", "n3").status == 0)
        }
    }

    @Test("is asked for when it holds the addresses of several")
    func several() throws {
        try Station.with { station in
            try station.addForeignLink("d0", address: "10.5.0.2/24")
            try station.node.run("ip address add 10.5.0.1/24 dev d0")
            let result = try station.run("plan", document: Self.document)
            #expect(result.status == 1)
            #expect(
                result.errors == """
                    error: this host holds the addresses of several nodes: 'n1', 'n2'
                      hint: name one with '--node'

                    """
            )
        }
    }

    @Test("by name where no address tells")
    func byName() throws {
        try Station.with { (station) throws in
            let document =
                "weft: 1\nnodes: { NODE: { address: 10.5.0.9, links: { br1: { type: bridge } } } }\n"
            #expect(try station.succeed("plan", document: document).hasPrefix("+ create bridge link 'br1'"))
        }
    }
}
