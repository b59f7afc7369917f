import NetworkModel
import NetworkTesting
import Testing

@Suite("Names, MACs and marks")
struct NameTests {
    @Test(
        "names of links are taken",
        arguments: ["a", "br9", "eth0.100", "0123456789abcde", "veth-x_y", "é", "..."]
    )
    func linkName(text: String) throws {
        #expect(try InterfaceName(text).description == text)
    }

    @Test(
        "names of links are refused, with the reason",
        arguments: [
            ("", "an interface name has at least one character"),
            ("0123456789abcdef", "an interface name has at most 15 bytes, this one has 16"),
            ("éééééééé", "an interface name has at most 15 bytes, this one has 16"),
            (".", "an interface name can't be '.' or '..'"), ("..", "an interface name can't be '.' or '..'"),
            ("a b", "an interface name has no space, control character, '/', ':' or '%'"),
            ("a/b", "an interface name has no space, control character, '/', ':' or '%'"),
            ("a:b", "an interface name has no space, control character, '/', ':' or '%'"),
            ("br%d", "an interface name has no space, control character, '/', ':' or '%'"),
            ("a\n", "an interface name has no space, control character, '/', ':' or '%'"),
            ("a\0", "an interface name has no space, control character, '/', ':' or '%'"),
        ]
    )
    func badLinkName(text: String, reason: String) {
        #expect(throws: InvalidName.self) { try InterfaceName(text) }
        do { _ = try InterfaceName(text) } catch { #expect(error.reason == reason) }
    }

    @Test(
        "names of namespaces are taken",
        arguments: ["a", "NODE.NAME", "..a", "a:b", String(repeating: "n", count: 255)]
    )
    func namespaceName(text: String) throws {
        #expect(try NamespaceName(text).description == text)
    }

    @Test(
        "names of namespaces are refused",
        arguments: ["", ".", "..", "a/b", "a b", "a\n", "-a", "a\u{7f}", String(repeating: "n", count: 256)]
    )
    func badNamespaceName(text: String) {
        #expect(throws: InvalidName.self) { try NamespaceName(text) }
    }

    @Test("a sandbox's namespace has its name, on a node that is a namespace behind the node's; and back")
    func sandboxNamespace() throws {
        let onHost = try NamespaceName(ofSandbox: "web", onNodeNamespace: nil)
        let onNode = try NamespaceName(ofSandbox: "web", onNodeNamespace: "n1.lab")
        #expect(onHost.text == "web" && onNode.text == "n1.lab.web")
        #expect(onHost.sandbox(onNodeNamespace: nil) == "web")
        #expect(onNode.sandbox(onNodeNamespace: "n1.lab") == "web")
        #expect(onNode.sandbox(onNodeNamespace: "n1") == "lab.web")
        #expect(try NamespaceName("n1").sandbox(onNodeNamespace: "n1") == "n1")
        #expect(throws: InvalidName.self) {
            try NamespaceName(
                ofSandbox: String(repeating: "s", count: 63),
                onNodeNamespace: String(repeating: "n", count: 250)
            )
        }
    }

    @Test("a link in a namespace is named with it; a setting as sysctl names it")
    func descriptions() throws {
        let name = try InterfaceName("eth0.1")
        #expect("\(LinkID(name, in: .node))" == "eth0.1")
        #expect("\(LinkID(name, in: .namespace(try NamespaceName("red"))))" == "red/eth0.1")
        #expect(
            "\(Sysctl.Key(path: "net/ipv4/conf/eth0.1/forwarding", in: .node))"
                == "net.ipv4.conf.eth0/1.forwarding"
        )
    }

    // MARK: MACs

    @Test("MACs come back from text and from the wire as they were")
    func macRoundTrips() {
        var random = SeededGenerator(seed: Randomness.seed(for: "MACs"))
        for _ in 0..<500 {
            let mac = MACAddress(bits: random.next())
            #expect(MACAddress(mac.description) == mac && MACAddress(mac.description.uppercased()) == mac)
            #expect(mac.withNetworkBytes { MACAddress(networkBytes: $0) } == mac)
            #expect(mac.isMulticast == (mac.withNetworkBytes { $0[0] } & 1 == 1))
        }
        #expect(MACAddress("02:00:00:00:00:07")?.description == "02:00:00:00:00:07")
        #expect(MACAddress.zero.description == "00:00:00:00:00:00")
    }

    @Test(
        "MACs are refused",
        arguments: [
            "", "02", "02:00:00:00:00", "02:00:00:00:00:0", "02:00:00:00:00:07:", "02-00-00-00-00-07",
            "020000000007",
            "2:0:0:0:0:7", "02:00:00:00:00:0g", "02:00:00:00:00:07:08", " 02:00:00:00:00:07",
            "02:00:00:00:0:007",
        ]
    )
    func badMAC(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test("MACs are read from six bytes, and no others")
    func macBytes() {
        for count in 0...10 where count != 6 {
            #expect(
                [UInt8](repeating: 1, count: count).withUnsafeBytes { MACAddress(networkBytes: $0) } == nil
            )
        }
    }

    // MARK: Marks

    @Test("a link is Weft's by its group, or by its alias in a group of a deletion")
    func linkMarks() {
        let alias = Mark.node.alias(for: "front door")
        #expect(alias == "weft:front door" && Mark.node.purpose(fromAlias: alias) == "front door")
        #expect(Mark.node.purpose(fromAlias: "front door") == nil && Mark.node.purpose(fromAlias: "") == nil)
        #expect(Mark.node.purpose(fromAlias: "weft:") == "")
        #expect(Mark.node.isManaged(linkGroup: Mark.node.linkGroup, alias: ""))
        for group in [Mark.node.deletionGroups.lowerBound, Mark.node.deletionGroups.upperBound] {
            #expect(
                Mark.node.isManaged(linkGroup: group, alias: alias)
                    && !Mark.node.isManaged(linkGroup: group, alias: "other")
            )
        }
        for group in [
            0, 1, Mark.node.deletionGroups.lowerBound - 1, Mark.node.deletionGroups.upperBound + 1,
            Mark.node.linkGroup + 1,
        ] {
            #expect(
                !Mark.node.isManaged(linkGroup: group, alias: alias),
                "the alias alone is no mark: anybody can copy it"
            )
        }
        #expect(!Mark.node.deletionGroups.contains(Mark.node.linkGroup))
        #expect(
            Mark.node.alias(for: String(repeating: "x", count: Mark.node.longestPurpose)).utf8.count == 255
        )
    }

    @Test("the mark of a namespace names it and its node")
    func namespaceMarks() throws {
        let name = try NamespaceName("red")
        #expect(Mark.node.namespaceAlias(for: name, of: "net:[1]") == "weft:namespace red of net:[1]")
        #expect(Mark.node.namespaceAlias(for: name, of: "node n1") == "weft:namespace red of node n1")
    }

    @Test("the mark of a namespace is read as it was written, and nothing else is taken for one")
    func namespaceMarksAreRead() throws {
        for mark in Mark.allCases {
            for owner in ["net:[1]", "node n1", "node of of x"] {
                let alias = mark.namespaceAlias(for: try NamespaceName("of"), of: owner)
                let read = mark.namespace(fromAlias: alias)
                #expect(read?.name == "of" && read?.owner == owner)
                for other in Mark.allCases where other != mark {
                    #expect(other.namespace(fromAlias: alias) == nil)
                }
            }
            for text in [
                "", "namespace red of x", "namespace", "front door", "namespace red", "namespace red x",
            ] {
                #expect(text.isEmpty || mark.namespace(fromAlias: text) == nil)
                #expect(text.contains(" of ") || mark.namespace(fromAlias: mark.alias(for: text)) == nil)
            }
        }
    }

    @Test("what bears the mark of one class does not bear another's")
    func classes() {
        for mark in Mark.allCases {
            for other in Mark.allCases where other != mark {
                #expect(other.protocolNumber != mark.protocolNumber)
                #expect(!other.deletionGroups.overlaps(mark.deletionGroups))
                #expect(other.purpose(fromAlias: mark.alias(for: "x")) == nil)
                for group in [mark.linkGroup, mark.deletionGroups.lowerBound, mark.deletionGroups.upperBound]
                {
                    #expect(mark.isManaged(linkGroup: group, alias: mark.alias(for: "x")))
                    #expect(!other.isManaged(linkGroup: group, alias: mark.alias(for: "x")))
                    #expect(!other.isManaged(linkGroup: group, alias: other.alias(for: "x")))
                }
            }
        }
    }

    // MARK: Routes and entries

    @Test("a route's scope is what 'ip' would derive, unless it is said")
    func scopes() throws {
        var route = Route(to: .all(.ipv4), in: .node)
        #expect(route.effectiveScope == .link)
        route.gateway = IPAddress("10.0.0.1")
        #expect(route.effectiveScope == .global)
        route.gateway = nil
        for type in RouteType.allCases where !type.needsDevice {
            route.type = type
            #expect(route.effectiveScope == .global)
        }
        route.type = .local
        #expect(route.effectiveScope == .host)
        route.scope = .link
        #expect(route.effectiveScope == .link)
        #expect(Route(to: .all(.ipv6), in: .node).effectiveScope == .global)
        #expect(
            Route(to: .all(.ipv6), in: .node).metric == 1024 && Route(to: .all(.ipv4), in: .node).metric == 0
        )
    }

    @Test("an FDB entry of the zero address is known by its destination, others are not")
    func forwardingKeys() {
        let link = LinkID(InterfaceName(fromKernel: "vx9"), in: .node)
        var flood = ForwardingEntry(.zero, on: link, table: .own)
        var entry = ForwardingEntry(MACAddress(bits: 7), on: link, table: .own)
        let (floodKey, entryKey) = (flood.key, entry.key)
        flood.destination = IPAddress("172.16.1.7")
        entry.destination = IPAddress("172.16.1.7")
        #expect(flood.key != floodKey && entry.key == entryKey)
    }
}
