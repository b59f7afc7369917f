import Glibc
import LinuxSystem
import NetworkTesting
import Testing

@Suite("The tests' own tools", .kernel)
struct NetworkTestingTests {
    @Test("a throw-away node goes with all its namespaces and files, also when the test fails")
    func nodeGoes() throws {
        struct Mishap: Error {}
        var name = ""
        #expect(throws: Mishap.self) {
            try ThrowAwayNode.with("x") { node in
                name = node.name
                #expect(try node.ipJSON("link show lo")[0]["flags"].elements.contains("UP"))
                try Command(["ip", "netns", "add", node.fullName(of: "red")]).output()
                try AtomicFile.makeDirectories("\(node.runtimeDirectory)/a")
                try AtomicFile.makeDirectories("/etc/netns/\(node.fullName(of: "red"))")
                #expect(try node.namespaces() == ["red"])
                throw Mishap()
            }
        }
        #expect(name.hasPrefix("wt-x"))
        #expect(try !NamespaceDirectory.standard.list().contains { $0.name.hasPrefix(name) })
        #expect(try !Listing.names(in: "/run").contains(name))
        #expect(try !Listing.names(in: "/etc/netns").contains { $0.hasPrefix(name) })
    }

    @Test("commands tell how they ended")
    func commands() throws {
        let result = try Command(["sh", "-c", "echo out; echo err >&2; exit 3"]).result()
        #expect(result.status == 3)
        #expect(result.output == "out\n")
        #expect(result.errors == "err\n")
        #expect(try Command(["cat"]).reading("text").output() == "text")
        #expect(try Command(["printenv", "WT"]).with(environment: ["WT": "1"]).output() == "1\n")
        #expect(throws: CommandFailure.self) { try Command("false").output() }
        #expect(try Command("sleep 60").start().end().status == 128 + 9)
    }

    @Test("a run may fail, and must if it is expected to")
    func runFails() throws {
        try ThrowAwayNode.with { node in
            let failure = try node.runFails("ip link show nothing")
            #expect(failure.errors.contains("does not exist"))
            #expect(throws: CommandFailure.self) { try node.runFails("true") }
            #expect(throws: CommandFailure.self) { try node.run("false") }
        }
    }

    /// Everything that a dump must see, by a command that changes it and nothing else.
    private static let changes = [
        "ip link add w type veth peer name w2", "ip link set u mtu 1400", "ip link set u alias x",
        "ip link set u group 7",
        "ip link set u down", "ip addr add 10.9.0.2/24 dev u", "ip addr add fd00:9::2/64 dev u nodad",
        "ip route add 10.8.0.0/16 via 10.9.0.9", "ip route add 10.7.0.0/16 dev u table 77",
        "ip -6 route add fd00:8::/64 dev u", "ip rule add from 10.1.0.0/16 table 77",
        "ip -6 rule add from fd00:1::/64 table 77",
        "ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:07 dev u nud permanent",
        "ip neigh add proxy 10.9.0.8 dev u", "bridge fdb add 02:00:00:00:00:09 dev v dst 10.9.0.3",
        "sysctl -q -w net.ipv4.conf.u.rp_filter=2", "sysctl -q -w net.ipv4.ip_forward=1",
        "sysctl -q -w net.ipv6.conf.u.accept_ra=0", "ip link set p type bridge_slave isolated on",
        "ip link set sw0 type bridge forward_delay 900",
    ]

    @Test("a dump is equal to itself, and sees every change", arguments: changes)
    func dumpSees(change: String) throws {
        try ThrowAwayNode.with { node in
            for line in [
                // Nothing to wait for: no address is looked for on the link first.
                "sysctl -q -w net.ipv6.conf.default.accept_dad=0",
                "sysctl -q -w net.ipv4.ip_forward=0", "ip link add u type veth peer name u2",
                "ip link set u2 up", "ip link set u up",
                "ip addr add 10.9.0.1/24 dev u", "ip link add v type vxlan id 9 dstport 4789 local 10.9.0.1",
                "ip link add sw0 type bridge", "ip link add p type veth peer name p2",
                "ip link set p master sw0",
            ] { try node.run(line) }
            let before = try WholeDump.take(of: node)
            let again = try WholeDump.take(of: node)
            #expect(WholeDump.diff(before, again) == [])
            try node.run(change)
            let after = try WholeDump.take(of: node)
            #expect(before != after)
            #expect(WholeDump.diff(before, after) != [])
        }
    }

    @Test("a dump sees namespaces, and files of the node")
    func dumpSeesFiles() throws {
        try ThrowAwayNode.with { node in
            let before = try WholeDump.take(of: node)
            try Command(["ip", "netns", "add", node.fullName(of: "red")]).output()
            let withNamespace = try WholeDump.take(of: node)
            #expect(
                WholeDump.diff(before, withNamespace).contains {
                    $0.hasPrefix("+ /run/netns/\(node.name).red")
                }
            )
            #expect(withNamespace.lines.contains { $0.hasPrefix("\(node.name).red link:") })
            try AtomicFile.makeDirectories(node.runtimeDirectory)
            try AtomicFile.write("\(node.runtimeDirectory)/file", "text")
            let withFile = try WholeDump.take(of: node)
            #expect(
                WholeDump.diff(withNamespace, withFile) == ["+ \(node.runtimeDirectory)/file 644 \"text\""]
            )
        }
    }

    @Test("a census finds a single descriptor that is forgotten")
    func censusFinds() throws {
        #expect(
            try Census.taken(of: "forgetful").wholeMatch(of: #/one more descriptor: \d+ → /dev/null\n/#)
                != nil
        )
    }

    @Test("random numbers come again with their seed")
    func seeds() {
        var one = SeededGenerator(seed: 7)
        var two = SeededGenerator(seed: 7)
        var three = SeededGenerator(seed: 8)
        let first = (0..<4).map { _ in one.next() }
        #expect(first == (0..<4).map { _ in two.next() })
        #expect(first != (0..<4).map { _ in three.next() })
        // The reference implementation's first value for the seed 0.
        var zero = SeededGenerator(seed: 0)
        #expect(zero.next() == 0xe220_a839_7b1d_cdaf)
    }

    @Test("JSON is read as it is")
    func json() throws {
        let value = try JSON(text: #"[{},{"a":1,"b":true,"c":["x"],"d":null,"e":1.5}]"#)
        #expect(value.elements.count == 1)
        #expect(value[0]["a"] == 1)
        #expect(value[0]["b"].bool == true)
        #expect(value[0]["c"][0].string == "x")
        #expect(value[0]["d"].isNull && value[0]["z"].isNull)
        #expect(value.first("a", 1)["e"] == .double(1.5))
        #expect(try JSON(text: "\n") == [])
        #expect(value[0].description == #"{"a": 1, "b": true, "c": ["x"], "d": null, "e": 1.5}"#)
    }
}
