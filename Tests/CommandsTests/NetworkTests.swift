import LinuxSystem
import NetworkTesting
import Testing

/// Documents of networks and sandboxes, one after the other.
@Suite("Networks", .kernel)
struct NetworkTests {
    private func document(_ options: String) -> String {
        """
        weft: 1
        networks: { front: { driver: bridge, \(options) } }
        sandboxes: { m2: { endpoints: [{network: front}] }, m3: { endpoints: [{network: front}] } }
        """
    }

    @Test("gain and lose IPv6, and MTUs without room for it")
    func changes() throws {
        let steps = [
            "subnets: [10.30.0.0/24]", "subnets: [10.30.0.0/24, \"fd00:30::/64\"]", "subnets: [10.30.0.0/24]",
            "subnets: [10.30.0.0/24], mtu: 1200", "subnets: [10.30.0.0/24, \"fd00:30::/64\"]",
            "subnets: [\"fd00:30::/64\"]", "subnets: [10.30.0.0/24], isolated: true",
            "subnets: [10.30.0.0/24]",
        ]
        try Station.with { station in
            // A node whose own links are to have no IPv6 may have networks that do.
            try station.node.run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
            for step in steps {
                try station.succeed("apply", document: document(step))
                let plan = try station.run("plan", document: document(step), "--quiet")
                #expect(plan.output == "nothing to change\n", "\(step)")
                let links = try station.node.ipJSON("-6 addr show", in: "m2").elements
                let addresses = links.filter { $0["ifname"] != "lo" }.flatMap { $0["addr_info"].elements }
                #expect(addresses.isEmpty == !step.contains("fd00"), "\(step)")
            }
            try station.succeed("destroy")
        }
    }

    @Test("of another node are not taken over with a namespace")
    func otherNode() throws {
        try Station.with { first in
            try first.succeed("apply", document: document("subnets: [10.30.0.0/24]"))
            try Station.with { second in
                let result = try second.run(
                    "plan",
                    document: """
                        weft: 1
                        networks: { front: { driver: bridge, subnets: [10.31.0.0/24] } }
                        sandboxes: { a: { netns: \(first.node.path()), endpoints: [{network: front}] } }
                        """
                )
                #expect(result.status == 1)
                #expect(result.errors.contains("that Weft made for another node"))
            }
            try first.succeed("destroy")
        }
    }

    @Test(
        "forwarding and router advertisements that somebody allowed in a sandbox are found and forbidden again"
    )
    func drift() throws {
        let text = document("subnets: [10.30.0.0/24, \"fd00:30::/64\"]")
        try Station.with { station in
            try station.succeed("apply", document: text)
            for setting in [
                "net.ipv4.conf.eth0.forwarding", "net.ipv6.conf.eth0.forwarding",
                "net.ipv6.conf.eth0.accept_ra",
            ] {
                try station.node.run("sysctl -qw \(setting)=1", in: "m2")
                let plan = try station.run("plan", document: text, "--format", "json").json
                #expect(plan["changes"].elements.map(\.["name"]) == [.string(setting)], "\(setting)")
                try station.succeed("apply", document: text)
                #expect(try station.node.run("sysctl -n \(setting)", in: "m2") == "0\n")
            }
            try station.succeed("destroy")
        }
    }
}
