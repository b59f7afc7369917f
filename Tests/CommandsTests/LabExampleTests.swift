import Foundation
import NetworkTesting
import Testing

/// The examples of several nodes, as clusters on this machine.
@Suite("weft lab with an example", .kernel)
struct LabExampleTests {
    /// Each has sandboxes `wordpress` and `mysql` on two nodes.
    private static let names = ["vpc", "vrouter", "classic", "dual-stack", "two-nodes"]

    @Test("of several nodes: its sandboxes reach each other by every address and by name", arguments: names)
    func reach(name: String) throws {
        try LabStation.with { lab in
            let path = "\(Program.root)/examples/\(name).yaml"
            try lab.succeed("up", path, "--quiet")
            for (one, other) in [("wordpress", "mysql"), ("mysql", "wordpress")] {
                let addresses = try Self.addresses(of: other, in: lab)
                #expect(!addresses.isEmpty)
                for address in addresses + [other] {
                    try lab.exec(one, "ping -qc1 -W5 \(address)").output()
                }
            }
            #expect(try lab.succeed("up", path).hasPrefix("lab '\(lab.name)' is up: nothing to change"))
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test("of a VPC's router leads packets by it, with no route on the nodes")
    func router() throws {
        try LabStation.with { lab in
            try lab.succeed("up", "\(Program.root)/examples/vrouter.yaml", "--quiet")
            let routes = try lab.exec("node1", "ip route show 192.168.2.0/24").output()
            #expect(routes.isEmpty)
            // One less at each of node1, the router, and node2.
            let answer = try lab.exec("wordpress", "ping -c1 -W5 192.168.2.2").output()
            #expect(answer.contains("ttl=61"))
            try lab.succeed("down")
        }
    }

    /// The addresses of a sandbox's links, without link-local ones.
    private static func addresses(of sandbox: String, in lab: LabStation) throws -> [String] {
        let links = try JSON(text: lab.exec(sandbox, "ip -json address show scope global").output())
        return links.elements.flatMap(\.["addr_info"].elements).compactMap(\.["local"].string)
    }
}
