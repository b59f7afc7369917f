import NetworkModel
import NetworkTesting
import Planner
import Testing

/// What on a node is in the way of a document's networks, word for word.
@Suite("Conflicts with the node")
struct ConflictTests {
    private static func prefix(_ text: String) -> Prefix {
        let parts = text.split(separator: "/")
        return Prefix(
            containing: IPAddress(parts[0]) ?? .unspecified(.ipv4),
            length: UInt8(parts[1]) ?? 0
        )
    }

    private static func claims(_ subnets: String..., nameservers: [String] = []) -> NodeClaims {
        var claims = NodeClaims()
        claims.subnets = subnets.map { SubnetClaim("back", prefix($0)) }
        claims.nameservers = nameservers.compactMap { IPAddress($0) }
        return claims
    }

    private static func route(
        _ destination: String,
        via gateway: String? = nil,
        dev device: String? = "eth0"
    ) -> Route {
        var route = Route(to: prefix(destination), in: .node)
        route.gateway = gateway.flatMap { IPAddress($0) }
        route.device = device.map { InterfaceName(fromKernel: $0) }
        return route
    }

    /// A node with a link `eth0` of somebody else's that has 192.0.2.5/24, and these routes.
    private static func node(_ routes: Route..., addresses: [InterfaceAddress] = []) -> ObservedState {
        var state = ObservedState()
        var link = ObservedLink(InterfaceName(fromKernel: "eth0"), index: 2, kind: .other(""))
        link.isUp = true
        let own = InterfaceAddress(IPAddress(ipv4: 0xc000_0205), prefixLength: 24)
        link.addresses = ([own] + addresses).map { ObservedAddress($0, protocolNumber: 0) }
        state.node.links = [link]
        state.node.routes = routes.map { ObservedRoute($0, protocolNumber: 4) }
        return state
    }

    private static func outcome(
        _ claims: NodeClaims,
        _ observed: ObservedState,
        _ desired: NodeState = NodeState(node: "n")
    ) -> [String] {
        do throws(PlanRefusal) {
            let plan = try Plan(from: observed, to: desired, options: PlanOptions(claims: claims))
            return plan.warnings.map { "warning: \($0)" }
        } catch {
            return error.problems.map { "error: \($0.message); \($0.hint ?? "")" }
        }
    }

    @Test("an on-link route is refused, with a range that is free in its place")
    func onLinkRoute() {
        var claims = Self.claims("10.20.0.0/16")
        claims.others = [Self.prefix("10.21.0.0/16")]
        let node = Self.node(Self.route("10.20.4.0/24", dev: "wg0"), Self.route("10.22.7.0/24", dev: "wg0"))
        #expect(
            Self.outcome(claims, node) == [
                "error: 10.20.0.0/16 of network 'back' overlaps what is this node's already: route 10.20.4.0/24 dev wg0; "
                    + "10.23.0.0/16 is free here: give it to the network in 'subnets'"
            ]
        )
    }

    @Test("an address and its prefix are refused, its route told once")
    func address() {
        let node = Self.node(Self.route("192.0.2.0/24"))
        #expect(
            Self.outcome(Self.claims("192.0.2.128/25"), node) == [
                "error: 192.0.2.128/25 of network 'back' overlaps what is this node's already: "
                    + "address 192.0.2.5/24 of link 'eth0'; 10.0.0.0/25 is free here: give it to the network in 'subnets'"
            ]
        )
    }

    @Test("an address without a route to its prefix takes itself alone")
    func addressWithoutPrefix() {
        var own = InterfaceAddress(IPAddress(ipv4: 0x0a14_0001), prefixLength: 16)
        own.hasNoPrefixRoute = true
        let node = Self.node(addresses: [own])
        #expect(Self.outcome(Self.claims("10.20.4.0/24"), node) == [])
        #expect(Self.outcome(Self.claims("10.20.0.0/24"), node).count == 1)
    }

    @Test("a name server is refused")
    func nameserver() {
        #expect(
            Self.outcome(Self.claims("fd00:20::/64", nameservers: ["10.0.0.1", "fd00:20::53"]), Self.node())
                == [
                    "error: fd00:20::/64 of network 'back' overlaps what is this node's already: name server fd00:20::53; "
                        + "fd00:20:0:1::/64 is free here: give it to the network in 'subnets'"
                ]
        )
    }

    @Test("a route through a gateway is warned of; of any size and in any table")
    func gateway() {
        var other = Self.route("fd00:20::7/128", via: "fe80::1")
        other.table = 51820
        let claims = Self.claims("172.18.0.0/24", "fd00:20::/64")
        let node = Self.node(Self.route("172.16.0.0/12", via: "192.0.2.1"), other)
        #expect(
            Self.outcome(claims, node)
                == [
                    "warning: 172.18.0.0/24 of network 'back' shadows what this node reaches by others' routes: "
                        + "route 172.16.0.0/12 via 192.0.2.1 dev eth0; 10.0.0.0/24 is free here: give it to the network in 'subnets'",
                    "warning: fd00:20::/64 of network 'back' shadows what this node reaches by others' routes: "
                        + "route fd00:20::7 via fe80::1 dev eth0 table 51820; "
                        + "fd00:20:0:1::/64 is free here: give it to the network in 'subnets'",
                ].map { $0.replacing("fd00:20::7 via", with: "fd00:20::7/128 via") }
        )
    }

    @Test("next hops that Weft can't name are a way through others")
    func hiddenGateways() {
        var several = Self.node(Self.route("10.20.0.0/16", dev: nil))
        #expect(Self.outcome(Self.claims("10.20.0.0/24"), several).allSatisfy { $0.hasPrefix("warning") })
        several.node.routes[0].value.device = InterfaceName(fromKernel: "eth0")
        #expect(Self.outcome(Self.claims("10.20.0.0/24"), several).allSatisfy { $0.hasPrefix("error") })
        several.node.routes[0].hasUnreadGateway = true
        #expect(Self.outcome(Self.claims("10.20.0.0/24"), several).allSatisfy { $0.hasPrefix("warning") })
    }

    @Test(
        "what is for everything, for the link alone or for groups is in nobody's way",
        arguments: [
            "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "::/1", "8000::/1", "169.254.0.0/16",
            "224.0.0.0/4",
            "fe80::/64", "ff00::/8",
        ]
    )
    func harmless(destination: String) {
        // As no document can have them, but a value can.
        let claims = Self.claims(
            "10.20.0.0/16",
            "fd00:20::/64",
            "200.0.0.0/8",
            "169.254.0.0/16",
            "224.0.0.0/4",
            "fe80::/64",
            "ff00::/8"
        )
        #expect(Self.outcome(claims, Self.node(Self.route(destination))) == [])
    }

    @Test("routes that drop are a way, those that go on elsewhere are none")
    func types() {
        for (type, grade) in [
            (RouteType.blackhole, "warning"), (.unreachable, "warning"), (.prohibit, "warning"),
            (.local, "error"),
            (.throw, nil),
        ] {
            var route = Self.route("10.20.0.0/24", dev: type.needsDevice ? "lo" : nil)
            route.type = type
            let outcome = Self.outcome(Self.claims("10.20.0.0/16"), Self.node(route))
            #expect(outcome.first?.split(separator: ":").first.map(String.init) == grade, "\(type)")
        }
    }

    @Test("what leads to Weft's own links is Weft's")
    func ownLinks() {
        var node = Self.node(Self.route("10.20.0.0/16", dev: "br9"))
        node.node.routes[0].protocolNumber = 2
        #expect(Self.outcome(Self.claims("10.20.0.0/16"), node).count == 1)
        node.node.links.append(Self.bridge("br9", nil))
        #expect(Self.outcome(Self.claims("10.20.0.0/16"), node) == [])
    }

    private static func bridge(_ name: String, _ address: InterfaceAddress?) -> ObservedLink {
        var link = ObservedLink(InterfaceName(fromKernel: name), index: 9, kind: .bridge(Bridge()))
        link.group = Mark.node.linkGroup
        link.alias = Mark.node.alias(for: "network back")
        link.addresses = [address].compactMap(\.self).map {
            ObservedAddress($0, protocolNumber: Mark.node.protocolNumber)
        }
        return link
    }

    @Test(
        "of a network that is in place an overlap is told, and nothing is refused; a larger one is a new one"
    )
    func inPlace() {
        var node = Self.node(Self.route("10.20.4.0/24", dev: "wg0"))
        let own = InterfaceAddress(IPAddress(ipv4: 0x0a14_0001), prefixLength: 16)
        node.node.links.append(Self.bridge("br9", own))
        #expect(
            Self.outcome(Self.claims("10.20.0.0/16"), node) == [
                "warning: 10.20.0.0/16 of network 'back' is in place, and overlaps what others have on this node by now: "
                    + "route 10.20.4.0/24 dev wg0; 10.21.0.0/16 is free here: give it to the network in 'subnets'"
            ]
        )
        #expect(Self.outcome(Self.claims("10.20.0.0/15"), node).allSatisfy { $0.hasPrefix("error") })
        // Nobody else's address puts a network in place.
        node.node.links[1].group = 0
        node.node.routes = []
        #expect(Self.outcome(Self.claims("10.20.0.0/16"), node).allSatisfy { $0.hasPrefix("error") })
    }

    @Test(
        "where routes are for everything of that size, what is in nobody's way is proposed; else a smaller one"
    )
    func proposals() {
        let all = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
        var node = Self.node(Self.route("10.20.0.0/16", dev: "wg0"))
        node.node.routes += all.map { ObservedRoute(Self.route($0, via: "192.0.2.1"), protocolNumber: 4) }
        #expect(Self.outcome(Self.claims("10.20.0.0/16"), node)[0].contains("10.21.0.0/16 is free here"))
        node.node.routes += all.map { ObservedRoute(Self.route($0), protocolNumber: 4) }
        #expect(
            Self.outcome(Self.claims("10.20.0.0/16"), node)[0].hasSuffix(
                "and 2 more; no range of this size is free on this node: give the network a smaller one in 'subnets'"
            ) == false
        )
        #expect(
            Self.outcome(Self.claims("10.20.0.0/16"), node)[0].hasSuffix(
                "no range of this size is free on this node: give the network a smaller one in 'subnets'"
            )
        )
        var claims = Self.claims("172.17.0.0/16")
        claims.subnets[0] = SubnetClaim("bridge", Self.prefix("172.17.0.0/16"), isDefault: true)
        #expect(
            Self.outcome(claims, Self.node(Self.route("172.17.0.0/16", dev: "docker0"))) == [
                "error: 172.17.0.0/16 of network 'bridge' overlaps what is this node's already: "
                    + "route 172.17.0.0/16 dev docker0; "
                    + "write 'networks: { bridge: { subnets: [172.18.0.0/16] } }', which is free here"
            ]
        )
    }

    @Test("two networks are not given the same range")
    func distinctProposals() {
        let node = Self.node(Self.route("10.20.0.0/15", dev: "wg0"))
        let hints = Self.outcome(Self.claims("10.20.0.0/16", "10.21.0.0/16"), node)
        #expect(hints[0].contains("10.22.0.0/16 is free here"))
        #expect(hints[1].contains("10.23.0.0/16 is free here"))
    }

    // MARK: Networks on a wire

    private static func wire(_ address: String) -> (claims: NodeClaims, desired: NodeState) {
        var claims = NodeClaims()
        let eth0 = InterfaceName(fromKernel: "eth0")
        claims.subnets = [SubnetClaim("lan", prefix("192.0.2.0/24"), parent: eth0)]
        var desired = NodeState(node: "n")
        let red = PlannerStates.namespaceNames[0]
        desired.namespaces = [red]
        var link = Link(
            LinkID(eth0, in: .namespace(red)),
            kind: .macvlan(Macvlan(parent: eth0)),
            mac: MACAddress(bits: 0x0200_0000_0001),
            purpose: "endpoint on lan"
        )
        link.addresses = [InterfaceAddress(IPAddress(address) ?? .unspecified(.ipv4), prefixLength: 24)]
        desired.links[link.id] = link
        return (claims, desired)
    }

    @Test("a wire's range is its parent's; an address of the node, its gateway or its name server is refused")
    func addressesOnTheWire() {
        let node = Self.node(Self.route("192.0.2.0/24"), Self.route("0.0.0.0/0", via: "192.0.2.1"))
        let (claims, desired) = Self.wire("192.0.2.9")
        #expect(Self.outcome(claims, node, desired) == [])
        let another = "state another 'address', or a 'range' of network 'lan' that is free for it"
        let gateway =
            "say 'gateway: 192.0.2.1' of network 'lan', by which its endpoints get out, or give it a 'range' that is free for it"
        for (address, reason, hint) in [
            ("192.0.2.5", "link 'eth0' of this node has it", another),
            ("192.0.2.1", "it is the gateway of route default via 192.0.2.1 dev eth0", gateway),
            ("192.0.2.53", "a name server of this node has it", another),
        ] {
            var (claims, desired) = Self.wire(address)
            claims.nameservers = [IPAddress("192.0.2.53")].compactMap(\.self)
            #expect(
                Self.outcome(claims, node, desired) == [
                    "error: cannot add address \(address)/24 on link 'eth0' in namespace 'blue': \(reason); \(hint)"
                ]
            )
        }
    }

    @Test("a wire with another range is warned of, unless a route says that it has this one too")
    func otherWire() {
        var node = Self.node()
        node.node.links[0].addresses = [
            ObservedAddress(
                InterfaceAddress(IPAddress(ipv4: 0x0a05_0001), prefixLength: 24),
                protocolNumber: 0
            )
        ]
        let (claims, desired) = Self.wire("192.0.2.9")
        #expect(
            Self.outcome(claims, node, desired) == [
                "warning: 192.0.2.0/24 of network 'lan' is not the range of link 'eth0', which has 10.5.0.1/24: "
                    + "its endpoints reach nobody there unless both ranges are on that wire"
            ]
        )
        node.node.routes = [ObservedRoute(Self.route("192.0.2.0/24"), protocolNumber: 4)]
        #expect(Self.outcome(claims, node, desired) == [])
        node.node.routes = []
        node.node.links[0].addresses = []
        #expect(Self.outcome(claims, node, desired) == [])
    }

    // MARK: Laws

    @Test("what is found is what a look at each pair finds", arguments: 0..<200)
    func findsEveryOverlap(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        func prefix() -> Prefix {
            let length = UInt8.random(in: 4...32, using: &random)
            let bits =
                UInt32.random(in: 0...255, using: &random) << 16 | UInt32.random(in: 0...255, using: &random)
            return Prefix(containing: IPAddress(ipv4: 10 << 24 | bits), length: length)
        }
        var claims = NodeClaims()
        claims.subnets = (0..<8).map { SubnetClaim("n\($0)", prefix()) }
        var node = Self.node()
        node.node.routes = (0..<8).map { _ in
            ObservedRoute(Self.route(prefix().description, dev: "wg0"), protocolNumber: 4)
        }
        let hit = claims.subnets.filter { claim in
            node.node.routes.contains { $0.value.destination.overlaps(claim.prefix) }
        }
        let told = Self.outcome(claims, node)
        #expect(told.count == hit.count, "seed \(seed)")
        for claim in hit {
            #expect(told.contains { $0.contains("\(claim.prefix) of network '\(claim.network)'") })
        }
    }

    @Test("a hundred thousand routes of others are looked at in no time")
    func manyRoutes() {
        var claims = NodeClaims()
        claims.subnets = (0..<1000).map {
            SubnetClaim(
                "n\($0)",
                Prefix(containing: IPAddress(ipv4: 172 << 24 | 16 << 16 | UInt32($0) << 8), length: 24)
            )
        }
        var node = Self.node()
        node.node.routes = (0..<100_000).map {
            let prefix = Prefix(containing: IPAddress(ipv4: 11 << 24 + UInt32($0) << 8), length: 24)
            return ObservedRoute(Self.route(prefix.description, via: "192.0.2.1"), protocolNumber: 4)
        }
        let plain = ContinuousClock().measure { _ = Self.outcome(NodeClaims(), node) }
        let claiming = ContinuousClock().measure { #expect(Self.outcome(claims, node) == []) }
        // Against the plan itself, on whatever machine: every pair would be a hundred million looks.
        #expect(claiming < plain * 10 + .milliseconds(500), "\(plain), then \(claiming)")
    }

    @Test("an address that moved to another sandbox says so")
    func movedAddress() throws {
        var kernel = ModelKernel()
        func state(_ last: UInt32) -> NodeState {
            var state = NodeState(node: "n")
            let id = LinkID(InterfaceName(fromKernel: "br9"), in: .node)
            var link = Link(id, kind: .bridge(Bridge()), mac: MACAddress(bits: 0x0200_0000_0001), purpose: "")
            link.addresses = [InterfaceAddress(IPAddress(ipv4: 0xac12_0000 + last), prefixLength: 24)]
            state.links[id] = link
            return state
        }
        try kernel.carryOut(Plan(from: kernel.observed(for: state(5)), to: state(5)))
        var claims = NodeClaims()
        claims.holders = [AddressHolder(IPAddress(ipv4: 0xac12_0005), "late")]
        let plan = try Plan(
            from: kernel.observed(for: state(6)),
            to: state(6),
            options: PlanOptions(claims: claims)
        )
        #expect(
            plan.changes.map(\.description) == [
                "create address 172.18.0.6/24 on link 'br9': moved: 172.18.0.5 is now that of sandbox 'late'",
                "delete address 172.18.0.5/24 on link 'br9'",
            ]
        )
    }
}
