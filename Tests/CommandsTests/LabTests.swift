import Glibc
import LinuxSystem
import NetworkTesting
import Testing

/// What becomes of a lab, and that nothing is left of it.
@Suite("weft lab", .kernel)
struct LabTests {
    /// Two nodes on one wire; a name that is both a node's and a sandbox's.
    static let wire = """
        underlay: { subnets: [172.16.1.0/24] }
        nodes:
          node1: { address: 172.16.1.1 }
          node2: { address: [172.16.1.2, "fd00:16::2"], interface: ens5, namespaces: [raw] }
        networks:
          lan: { driver: macvlan, subnets: [172.16.1.0/24], gateway: 172.16.1.254, range: 172.16.1.128/25 }
          local: { driver: bridge, subnets: [172.18.0.0/24] }
        sandboxes:
          web: { node: node1, endpoints: [ { network: lan, address: 172.16.1.140 }, { network: local } ] }
          db: { node: node2, endpoints: [ { network: lan, address: 172.16.1.130 } ] }
          node1: { node: node1, endpoints: [ { network: local, address: 172.18.0.9 } ] }
          old: { node: node2, host: true }
        """

    /// The same, with a sandbox on the other node.
    static let moved = wire.replacing("db: { node: node2", with: "db: { node: node1")

    /// Networks that reach over nodes, of both kinds.
    static let vpc = """
        underlay: { subnets: [172.16.1.0/24] }
        nodes:
          node1: { address: 172.16.1.1 }
          node2: { address: 172.16.1.2 }
          vrouter: { address: 172.16.1.254, role: router }
        networks:
          pods: { driver: routed, subnets: [192.168.0.0/16] }
          back: { driver: overlay, subnets: [10.20.0.0/16, "fd00:20::/64"] }
        sandboxes:
          wordpress: { node: node1, endpoints: [ { network: pods }, { network: back } ] }
          mysql: { node: node2, endpoints: [ { network: pods }, { network: back, address: [10.20.0.7, "fd00:20::7"] } ] }
        """

    @Test(
        "up, once more, down, once more: sandboxes of two nodes reach each other, and the machine is as before"
    )
    func whole() throws {
        try LabStation.with { lab in
            let before = try LabStation.machine()
            let first = try lab.up(Self.wire)
            #expect(
                lab.normal(first)
                    == "lab 'LAB' is up: 2 nodes; 49 created, 3 changed, 0 made anew, 0 deleted; verified; TIME\n"
            )
            try lab.exec("web", "ping -qc1 -W2 172.16.1.130").output()
            try lab.exec("web", "ping -qc1 -W2 172.16.1.254").output()
            try lab.exec("node/node1", "ping -qc1 -W2 172.16.1.2").output()
            try lab.exec("node2", "ping -qc1 -W2 fd00:16::ffff").output()
            #expect(try LabStation.machine() == before)
            #expect(lab.normal(try lab.up(Self.wire)) == "lab 'LAB' is up: nothing to change (TIME)\n")
            #expect(try lab.up(Self.wire, "--quiet").isEmpty)
            #expect(try lab.succeed("down").hasPrefix("lab '\(lab.name)' is gone: "))
            #expect(try lab.remains() == [])
            #expect(try LabStation.machine() == before)
            #expect(
                lab.normal(try lab.succeed("down")) == "there is no lab 'LAB': nothing to remove\n"
            )
            #expect(try lab.remains() == [])
        }
    }

    @Test("networks that reach over nodes do, by their own addresses and by name; nodes lead to the router")
    func overNodes() throws {
        try LabStation.with { lab in
            try lab.up(Self.vpc)
            for name in ["mysql.pods", "10.20.0.7", "fd00:20::7"] {
                try lab.exec("wordpress", "ping -qc1 -W2 \(name)").output()
            }
            let routes = try lab.exec("node1", "ip route show default").output()
            #expect(routes.hasPrefix("default via 172.16.1.254 dev eth0 proto 88 "))
            #expect(try lab.exec("vrouter", "ip route show default").output().isEmpty)
            #expect(try Listing.names(in: "/run/netns").contains("\(lab.name).gateway") == false)
            let status = try lab.succeed("status")
            #expect(
                status == """
                    underlay  in place  -
                    node1     in place  172.16.1.1    wordpress
                    node2     in place  172.16.1.2    mysql
                    vrouter   in place  172.16.1.254

                    """
            )
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test("a changed document: what goes is gone on all nodes before anything comes on any")
    func change() throws {
        try LabStation.with { lab in
            try lab.up(Self.wire)
            let lines = try lab.up(Self.moved, "--verbose").split(separator: "\n").map(String.init)
            let gone = lines.lastIndex { $0.hasPrefix("node2: - ") } ?? lines.count
            let come = lines.firstIndex { $0.contains(": + ") } ?? 0
            #expect(gone < come)
            #expect(lines.contains("node2: - delete namespace '\(lab.name).node2.db'"))
            #expect(lines.contains("node1: + create namespace '\(lab.name).node1.db' (5 settings)"))
            try lab.exec("web", "ping -qc1 -W2 172.16.1.130").output()
            // A node goes, and so does the gateway, for another node leads outside now.
            try lab.up(Self.vpc)
            #expect(try lab.run("exec", "raw", "--", "true").status == 1)
            let names = try Listing.names(in: "/run/netns").filter { $0.hasPrefix(lab.name) }
            #expect(
                names
                    == ["node1", "node1.wordpress", "node2", "node2.mysql", "underlay", "vrouter"].map {
                        "\(lab.name).\($0)"
                    }
            )
            try lab.up(Self.wire)
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test(
        "a document that states more than Ethernet's MTU works as it does on an underlay that carries it, and back again"
    )
    func largePackets() throws {
        try LabStation.with { lab in
            let large = Self.vpc.replacing("fd00:20::/64\"] }", with: "fd00:20::/64\"], mtu: 8951 }")
            try lab.up(large)
            try lab.exec("wordpress", "ping -qc1 -W2 -M do -s 8923 10.20.0.7").output()
            try lab.exec("wordpress", "ping -qc1 -W2 -M do -s 8903 fd00:20::7").output()
            let link = try lab.exec("node1", "ip -o link show dev eth0").output()
            #expect(link.contains(" mtu 9001 "))
            try lab.up(Self.vpc)
            #expect(try lab.exec("node1", "ip -o link show dev eth0").output().contains(" mtu 1500 "))
            try lab.exec("wordpress", "ping -qc1 -W2 -M do -s 1422 10.20.0.7").output()
            try lab.succeed("down")
            #expect(try lab.remains() == [])
        }
    }

    @Test(
        "without a router in the document the gateway is the VPC's: sandboxes of several ranges reach each other through it"
    )
    func gatewayRoutes() throws {
        try LabStation.with { lab in
            let nodes = """
                underlay: { subnets: [172.16.1.0/24, 172.16.2.0/24, "fd00:16::/64"] }
                nodes:
                  node1: { address: [172.16.1.1, "fd00:16::1"] }
                  node2: { address: [172.16.2.1, "fd00:16::2"] }
                networks:
                  pods: { driver: routed, via: router, subnets: [192.168.0.0/16, "fd00:192::/56"] }
                sandboxes:
                  web: { node: node1, endpoints: [ { network: pods } ] }
                  db: { node: node2, endpoints: [ { network: pods } ] }
                """
            try lab.up(nodes)
            try lab.exec("web", "ping -4 -qc1 -W2 db.pods").output()
            try lab.exec("db", "ping -6 -qc1 -W2 web.pods").output()
            // It has what the real router is given, and nothing else.
            let printed = try Program.run("routes", lab.write(nodes)).output.split(separator: "\n")
            let wanted = printed.map { $0.split(separator: " ").prefix(3).joined(separator: " ") }
            let held = try ["-4", "-6"].flatMap { family in
                try lab.exec("gateway", "ip \(family) route show proto 88").output().split(separator: "\n")
            }
            #expect(
                held.map { $0.split(separator: " ").prefix(3).joined(separator: " ") }.sorted()
                    == wanted.sorted()
            )
            #expect(wanted.count == 4)
        }
    }

    @Test(
        "a node that has another's place, or its address, is reached at once: nobody has to forget who was there"
    )
    func neighbours() throws {
        try LabStation.with { lab in
            func document(_ name: String, _ first: Int, _ second: Int) -> String {
                """
                underlay: { subnets: [10.0.0.0/24, "fd00::/64"] }
                nodes:
                  alpha: { address: [10.0.0.1, "fd00::1"] }
                  \(name): { address: [10.0.0.\(first), "fd00::\(first)"] }
                  other: { address: [10.0.0.\(second), "fd00::\(second)"] }
                """
            }
            let addresses = ["10.0.0.2", "fd00::2", "10.0.0.3", "fd00::3"]
            func ping(_ when: String) throws {
                for address in addresses {
                    let result = try lab.exec("alpha", "ping -qc1 -W1 \(address)").result()
                    #expect(result.status == 0, "\(when): \(address)")
                }
            }
            try lab.up(document("beta", 2, 3))
            try ping("before")
            let before = try lab.exec("alpha", "ip neighbour show to 10.0.0.2").output()
            #expect(before.contains("lladdr"))
            try lab.up(document("bravo", 2, 3))
            try ping("after another has its place")
            try lab.up(document("bravo", 3, 2))
            try ping("after two swapped their addresses")
        }
    }

    @Test("two labs of one document side by side know nothing of each other")
    func twoLabs() throws {
        try LabStation.with { first in
            try LabStation.with { second in
                try first.up(Self.vpc)
                try second.up(Self.vpc)
                try second.up(Self.wire)
                #expect(try first.up(Self.vpc).contains("nothing to change"))
                try second.succeed("down")
                try first.exec("wordpress", "ping -qc1 -W2 10.20.0.7").output()
                #expect(try first.succeed("status").matches(of: /in place/).count == 4)
                try first.succeed("down")
                #expect(try first.remains() + second.remains() == [])
            }
        }
    }

    @Test("status tells what is otherwise; up mends it")
    func status() throws {
        try LabStation.with { lab in
            let nobody = try lab.run("status")
            #expect(nobody.status == 1)
            #expect(
                lab.normal(nobody.errors) == """
                    error: there is no lab 'LAB'
                      hint: 'weft lab up PATH' makes one; '--name' says which is meant

                    """
            )
            try lab.up(Self.wire)
            try lab.behind("node1", "route add 203.0.113.0/24 dev br-local proto 87")
            try Command(["ip", "netns", "delete", "\(lab.name).node2"]).output()
            #expect(
                try lab.succeed("status") == """
                    underlay  differs (7 changes)  -
                    gateway   in place             172.16.1.254 fd00:16::ffff
                    node1     differs (1 change)   172.16.1.1                  node1 web
                    node2     missing              172.16.1.2 fd00:16::2       db old

                    """
            )
            let told = try lab.run("status")
            #expect(
                lab.normal(told.errors) == "'weft lab status --name LAB --verbose' lists the changes\n"
            )
            let listed = try lab.run("status", "--verbose")
            #expect(listed.errors.isEmpty)
            let lines = listed.output.split(separator: "\n").map(String.init)
            #expect(lines.count == 4 + 7 + 1)
            let node = try #require(lines.firstIndex { $0.hasPrefix("node1 ") })
            #expect(lines[node + 1].hasPrefix("  - delete route 203.0.113.0/24"))
            let json = try JSON(text: try lab.succeed("status", "--format", "json"))
            #expect(json["schema"] == 1 && json["lab"] == .string(lab.name))
            let states = json["nodes"].elements.map { $0["state"] }
            #expect(states == ["differs", "in place", "differs", "missing"])
            #expect(json["nodes"].elements[2]["sandboxes"].elements == ["node1", "web"])
            #expect(json["nodes"].elements[2]["changes"] == 1)
            try lab.up(Self.wire)
            #expect(try lab.succeed("status").matches(of: /in place/).count == 4)
            try lab.exec("web", "ping -qc1 -W2 172.16.1.130").output()
        }
    }

    @Test("JSON tells each step as apply does")
    func json() throws {
        try LabStation.with { lab in
            let up = try JSON(text: try lab.up(Self.wire, "--format", "json"))
            #expect(up["schema"] == 1 && up["done"] == true && up["lab"] == .string(lab.name))
            #expect(up["steps"].elements.map { $0["phase"] } == ["underlay", "apply", "apply"])
            #expect(up["steps"].elements.map { $0["node"] } == ["underlay", "node1", "node2"])
            #expect(up["steps"].elements.allSatisfy { $0["report"]["verified"] == true })
            let again = try JSON(text: try lab.up(Self.moved, "--format", "json"))
            #expect(
                again["steps"].elements.map { $0["phase"] } == [
                    "underlay", "remove", "remove", "apply", "apply",
                ]
            )
            #expect(again["steps"].elements[2]["report"]["summary"]["delete"] == 5)
            let down = try JSON(text: try lab.succeed("down", "--format", "json"))
            #expect(down["done"] == true)
        }
    }
}
