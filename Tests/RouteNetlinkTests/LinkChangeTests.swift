import LinuxSystem
import Netlink
import NetworkModel
import RouteNetlink
import Testing

@Suite("Links changed in place", .enabled(if: ThrowawayNamespace.isAvailable, "needs root"))
struct LinkChangeTests {
    /// Carries a link over to another form in place and back, and counts the messages it takes when nothing differs.
    ///
    /// - Returns: The link after each step, as we see it.
    private func change(
        _ before: Link,
        to after: Link,
        parents: [InterfaceName: Int32] = [:]
    ) throws -> (changed: ObservedLink?, restored: ObservedLink?, idleMessages: Int) {
        try ThrowawayNamespace.run {
            var socket = try NetlinkSocket.route()
            try prepare(&socket)
            let indexes = [name("br0"): Int32(10), name("br1"): 11, name("u0"): 20, name("u1"): 21]
            func parent(_ link: Link) -> Int32? { link.kind.lowerName.flatMap { indexes[$0] } }
            func observe() throws -> ObservedLink? { try observeLinks(on: &socket).first { $0.index == 100 } }
            try socket.apply {
                let master = before.master.flatMap { indexes[$0] }
                let peer: (Link, Int32, CInt?) = (veth("x", "y", mac: 90).far, 101, nil)
                $0.appendCreateLink(
                    before,
                    index: 100,
                    masterIndex: master,
                    parentIndex: parent(before),
                    peer: peer,
                    tag: 0
                )
                $0.appendFinishLink(
                    before,
                    index: 100,
                    masterIndex: master,
                    wasCreatedElsewhere: false,
                    tag: 0
                )
            }
            var seen: [ObservedLink?] = []
            for desired in [after, before] {
                guard let current = try observe() else { break }
                try socket.apply {
                    let master = desired.master.flatMap { indexes[$0] }
                    $0.appendChangeLink(
                        from: current,
                        to: desired,
                        masterIndex: master,
                        parentIndex: parent(desired),
                        tag: 0
                    )
                }
                seen.append(try observe())
            }
            var idle = MessageBatch()
            if let last = seen.last, let last { idle.appendChangeLink(from: last, to: before, tag: 0) }
            return (seen.first ?? nil, seen.last ?? nil, idle.count)
        }
    }

    private func prepare(_ socket: inout NetlinkSocket) throws {
        try socket.apply {
            $0.appendCreateLink(link("br0", .bridge(Bridge()), mac: 50), index: 10, tag: 0)
            $0.appendCreateLink(link("br1", .bridge(Bridge()), mac: 51), index: 11, tag: 0)
            let underlays = veth("u0", "u1", mac: 60)
            $0.appendCreateLink(underlays.near, index: 20, peer: (underlays.far, 21, nil), tag: 0)
        }
    }

    /// Changes `before`, and expects to see every attribute as it was asked for, and again when it is put back.
    private func expect(_ before: Link, _ alter: (inout Link) throws -> Void) throws {
        var after = before
        try alter(&after)
        let seen = try change(before, to: after)
        for (wanted, found) in [(after, seen.changed), (before, seen.restored)] {
            #expect(found?.isUp == wanted.isUp)
            #expect(found?.mac == wanted.mac)
            #expect(found?.master == wanted.master)
            #expect(found?.alias == Mark.node.alias(for: wanted.purpose))
            #expect(found?.addressGeneration == wanted.addressGeneration)
            if let mtu = wanted.mtu { #expect(found?.mtu == mtu) }
            if wanted.master != nil {
                var port = found?.port
                if wanted.port.cost == nil { port?.cost = nil }
                #expect(port == wanted.port)
            }
            #expect(found?.kind.isSame(as: wanted.kind) == true, "\(String(describing: found?.kind))")
        }
        #expect(seen.idleMessages == 0)
    }

    private var plainVeth: Link {
        var near = veth("v0", "y", mac: 1).near
        near.mtu = .ethernet
        return near
    }

    @Test("what every link has")
    func common() throws {
        try expect(plainVeth) { $0.mac = mac(77) }
        try expect(plainVeth) { $0.mtu = MTU(bytes: 1300) }
        try expect(plainVeth) { $0.purpose = "something else" }
        try expect(plainVeth) { $0.isUp = false }
        try expect(plainVeth) { $0.addressGeneration = .none }
        try expect(plainVeth) { $0.master = name("br0") }
    }

    @Test("a port moves to another bridge and takes its options along")
    func moves() throws {
        var port = plainVeth
        port.master = name("br0")
        port.port.isolated = true
        port.port.neighbourSuppression = true
        try expect(port) { $0.master = name("br1") }
        try expect(port) { $0.master = nil }
    }

    @Test("options of a port")
    func port() throws {
        var port = plainVeth
        port.master = name("br0")
        port.port.cost = 3
        try expect(port) { $0.port = LinkKernelTests.allPortOptions }
    }

    @Test("options of a bridge")
    func bridge() throws {
        func expectBridge(_ alter: (inout Bridge) -> Void) throws {
            var bridge = Bridge()
            alter(&bridge)
            try expect(link("br9", .bridge(Bridge()), mac: 1)) { $0.kind = .bridge(bridge) }
        }
        try expectBridge { $0.stpState = true }
        try expectBridge { $0.priority = 8192 }
        try expectBridge { $0.forwardDelay = 500 }
        try expectBridge { $0.helloTime = 300 }
        try expectBridge { $0.maxAge = 900 }
        try expectBridge { $0.ageingTime = 100 }
        try expectBridge { $0.groupForwardMask = 16 }
        try expectBridge { $0.multicastSnooping = false }
        try expectBridge { $0.multicastQuerier = true }
        try expect(link("br9", .bridge(Bridge()), mac: 1)) { $0.mtu = MTU(bytes: 1400) }
    }

    @Test("options of a VXLAN link that the kernel changes in place")
    func vxlan() throws {
        var plain = VXLAN(vni: VNI(number: 9))
        plain.local = try ip("192.0.2.1")
        plain.underlay = name("u0")
        func expectVXLAN(_ alter: (inout VXLAN) throws -> Void) throws {
            var vxlan = plain
            try alter(&vxlan)
            var before = link("vx9", .vxlan(plain), mac: 1)
            before.mtu = MTU(bytes: 1450)
            try expect(before) { $0.kind = .vxlan(vxlan) }
        }
        try expectVXLAN { $0.local = try ip("192.0.2.2") }
        try expectVXLAN { $0.local = nil }
        try expectVXLAN { $0.remote = try ip("192.0.2.2") }
        try expectVXLAN { $0.remote = try ip("239.0.0.1") }
        try expectVXLAN { $0.underlay = name("u1") }
        try expectVXLAN { $0.ttl = 7 }
        try expectVXLAN { $0.tos = 8 }
        try expectVXLAN { $0.learning = false }
        try expectVXLAN { $0.ageing = 60 }
    }

    @Test("the mode of a macvlan link", arguments: [Macvlan.Mode.private, .vepa])
    func macvlan(mode: Macvlan.Mode) throws {
        try expect(link("mv9", .macvlan(Macvlan(parent: name("u0"))), mac: 1)) {
            $0.kind = .macvlan(Macvlan(parent: name("u0"), mode: mode))
        }
    }

    @Test("what the kernel does not change in place, it refuses")
    func refused() throws {
        let before = link("vx9", .vxlan(VXLAN(vni: VNI(number: 9))), mac: 1)
        let alterations: [(inout VXLAN) -> Void] = [
            { $0.proxy = true }, { $0.udpChecksum = false }, { $0.udpZeroChecksum6Transmit = true },
            { $0.udpZeroChecksum6Receive = true },
        ]
        for alter in alterations {
            var vxlan = VXLAN(vni: VNI(number: 9))
            alter(&vxlan)
            var after = before
            after.kind = .vxlan(vxlan)
            let refusal = #expect(throws: Refused.self) { try change(before, to: after) }?.refusal
            #expect(refusal?.errno == .notSupported)
            #expect(refusal?.kernelMessage?.contains("annot change") == true)
        }
    }
}

extension LinkKind {
    /// The parent or underlay.
    fileprivate var lowerName: InterfaceName? {
        switch self {
        case .vxlan(let vxlan): vxlan.underlay
        case .macvlan(let macvlan): macvlan.parent
        case .bridge, .veth: nil
        }
    }
}

extension ObservedLinkKind {
    /// True if all options are those of `kind`.
    fileprivate func isSame(as kind: LinkKind) -> Bool {
        switch (self, kind) {
        case (.bridge(let old), .bridge(let new)): old == new
        case (.vxlan(let old), .vxlan(let new)): old == new
        case (.macvlan(let old), .macvlan(let new)): old == new
        case (.veth, .veth): true
        default: false
        }
    }
}
