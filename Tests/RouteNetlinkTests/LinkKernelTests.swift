import LinuxSystem
import Netlink
import NetworkModel
import RouteNetlink
import Testing

@Suite("Links in the kernel", .enabled(if: ThrowawayNamespace.isAvailable, "needs root"))
struct LinkKernelTests {
    /// Makes a link and reads it back, by iproute2 and by ourselves.
    private func make(
        _ link: Link,
        parent: String? = nil,
        preparing: String = "true"
    ) throws -> (judged: JSON, observed: ObservedLink?, addressCount: Int) {
        try ThrowawayNamespace.run {
            var socket = try NetlinkSocket.route()
            try shell(preparing)
            let parentIndex = try parent.map {
                try judge("ip -json link show dev \($0)")[0]["ifindex"].int ?? 0
            }
            try socket.apply {
                $0.appendCreateLink(link, index: 100, parentIndex: parentIndex.map { Int32($0) }, tag: 0)
                $0.appendFinishLink(link, index: 100, wasCreatedElsewhere: false, tag: 1)
            }
            let judged = try judge("ip -json -d link show dev \(link.id.name)")[0]
            let addresses = try judge("ip -json addr show dev \(link.id.name)")[0]["addr_info"].elements.count
            return (judged, try observeLinks(on: &socket).first { $0.index == 100 }, addresses)
        }
    }

    @Test("every option of a bridge")
    func bridge() throws {
        var options = Bridge()
        options.stpState = true
        options.priority = 4096
        options.forwardDelay = 400
        options.helloTime = 100
        options.maxAge = 600
        options.ageingTime = 5000
        options.groupForwardMask = 8
        options.multicastSnooping = false
        var desired = link("br0", .bridge(options), mac: 1)
        desired.mtu = MTU(bytes: 9000)
        desired.addressGeneration = .none
        let (judged, observed, addressCount) = try make(desired)
        let data = judged["linkinfo"]["info_data"]
        #expect(judged["ifindex"].int == 100)
        #expect(judged["ifalias"].text == "weft:test")
        #expect(judged["group"].text == "2003134068" || judged["group"].text == "weft")
        #expect(judged["mtu"].int == 9000)
        #expect(judged["address"].text == "02:00:00:00:00:01")
        #expect(judged["inet6_addr_gen_mode"].text == "none")
        #expect(addressCount == 0)
        #expect(judged["flags"].elements.contains { $0.text == "UP" })
        #expect(data["stp_state"].int == 1)
        #expect(data["priority"].int == 4096)
        #expect(data["forward_delay"].int == 400)
        #expect(data["hello_time"].int == 100)
        #expect(data["max_age"].int == 600)
        #expect(data["ageing_time"].int == 5000)
        #expect(data["group_fwd_mask"].text == "0x8")
        #expect(data["mcast_snooping"].int == 0)
        #expect(observed?.kind == .bridge(options))
        #expect(observed?.alias == "weft:test")
        #expect(observed?.group == Mark.node.linkGroup)
        #expect(observed?.addressGeneration == AddressGeneration.none)
        #expect(observed?.isUp == true)
        #expect(observed?.mac == desired.mac)
        #expect(observed?.mtu == desired.mtu)
    }

    @Test("every option of a VXLAN link", arguments: ["192.0.2.", "fd00::"])
    func vxlan(network: String) throws {
        var options = VXLAN(vni: VNI(number: 4242))
        options.local = try ip(network + "1")
        options.remote = try ip(network + "2")
        options.underlay = name("u0")
        options.port = 4790
        options.learning = false
        options.ttl = 33
        options.tos = 16
        options.ageing = 77
        options.proxy = true
        options.udpChecksum = false
        options.udpZeroChecksum6Transmit = true
        options.udpZeroChecksum6Receive = true
        var desired = link("vx0", .vxlan(options), mac: 1)
        desired.mtu = MTU(bytes: 1234)
        let prepare =
            "ip link add u0 type veth peer name u1; ip addr add \(network)1/64 dev u0 2>/dev/null; ip link set u0 up"
        let (judged, observed, _) = try make(desired, parent: "u0", preparing: prepare)
        let data = judged["linkinfo"]["info_data"]
        #expect(data["id"].int == 4242)
        #expect((data["local"].text ?? data["local6"].text) == network + "1")
        #expect((data["remote"].text ?? data["remote6"].text) == network + "2")
        #expect(data["link"].text == "u0")
        #expect(data["port"].int == 4790)
        #expect(data["learning"].bool == false)
        #expect(data["ttl"].int == 33)
        #expect(data["tos"].int == 16 || data["tos"].text == "0x10")
        #expect(data["ageing"].int == 77)
        #expect(data["proxy"].bool == true)
        #expect(data["udp_csum"].bool == false)
        #expect(data["udp_zero_csum6_tx"].bool == true)
        #expect(data["udp_zero_csum6_rx"].bool == true)
        #expect(judged["mtu"].int == 1234)
        #expect(observed?.kind == .vxlan(options))
    }

    @Test("a plain VXLAN link has the port of IANA and the kernel's defaults")
    func plainVXLAN() throws {
        let options = VXLAN(vni: VNI(number: 1))
        let (judged, observed, _) = try make(link("vx0", .vxlan(options), mac: 1))
        #expect(judged["linkinfo"]["info_data"]["port"].int == 4789)
        #expect(observed?.kind == .vxlan(options))
    }

    @Test("every mode of a macvlan link", arguments: Macvlan.Mode.allCases)
    func macvlan(mode: Macvlan.Mode) throws {
        let macvlan = Macvlan(parent: name("u0"), mode: mode)
        let prepare = "ip link add u0 type veth peer name u1"
        let (judged, observed, _) = try make(
            link("mv0", .macvlan(macvlan), mac: 1),
            parent: "u0",
            preparing: prepare
        )
        #expect(judged["linkinfo"]["info_data"]["mode"].text == mode.rawValue)
        #expect(judged["link"].text == "u0")
        #expect(observed?.kind == .macvlan(macvlan))
    }

    @Test("a veth from a bridge to another namespace, in one send for each place")
    func vethAcross() throws {
        var (near, far) = veth("v0", "eth0", mac: 2)
        near.master = name("br0")
        near.port = Self.allPortOptions
        near.addressGeneration = .none
        near.mtu = MTU(bytes: 1400)
        far.mtu = MTU(bytes: 1400)
        far.addressGeneration = .none
        let seen = try ThrowawayNamespace.run {
            var socket = try NetlinkSocket.route()
            var other = try ThrowawayNamespace.second()
            let bridge = link("br0", .bridge(Bridge()), mac: 1)
            try socket.apply {
                $0.appendCreateLink(bridge, index: 10, tag: 0)
                $0.appendFinishLink(bridge, index: 10, wasCreatedElsewhere: false, tag: 0)
                $0.appendCreateLink(
                    near,
                    index: 11,
                    masterIndex: 10,
                    peer: (far, 12, other.handle.rawValue),
                    tag: 0
                )
                $0.appendFinishLink(near, index: 11, masterIndex: 10, wasCreatedElsewhere: false, tag: 0)
            }
            try other.socket.apply {
                $0.appendMarkNamespace(alias: "weft:namespace x", tag: 0)
                $0.appendFinishLink(far, index: 12, wasCreatedElsewhere: true, tag: 0)
            }
            return (
                near: try judge("ip -json -d link show dev v0")[0],
                far: try other.run { try judge("ip -json -d link show") },
                farAddresses: try other.run { try judge("ip -json addr show dev eth0")[0]["addr_info"] },
                observed: try observeLinks(on: &socket).first { $0.index == 11 },
                mark: try observeLoopback(on: &other.socket)
            )
        }
        #expect(seen.near["master"].text == "br0")
        #expect(seen.near["link_index"].int == 12)
        expectAllPortOptions(seen.near["linkinfo"]["info_slave_data"])
        let far1 = seen.far.elements.first { $0["ifname"].text == "eth0" }
        #expect(far1?["ifindex"].int == 12)
        #expect(far1?["mtu"].int == 1400)
        #expect(far1?["address"].text == far.mac.description)
        #expect(far1?["group"].text == seen.near["group"].text)
        #expect(far1?["group"].text != "default")
        #expect(far1?["ifalias"].text == "weft:test")
        #expect(seen.farAddresses.elements.isEmpty)
        #expect(seen.far[0]["ifalias"].text == "weft:namespace x")
        #expect(seen.mark.alias == "weft:namespace x")
        #expect(seen.mark.isUp)
        #expect(seen.observed?.port == near.port)
        #expect(seen.observed?.master == name("br0"))
        guard case .veth(peerIndex: 12, peerNamespace: _?) = seen.observed?.kind else {
            Issue.record("the peer is elsewhere: \(String(describing: seen.observed?.kind))")
            return
        }
    }

    /// Holds what iproute2 shows of a port against ``allPortOptions``.
    private func expectAllPortOptions(_ port: JSON) {
        #expect(port["cost"].int == 77)
        #expect(port["priority"].int == 9)
        for option in ["hairpin", "guard", "root_block", "fastleave", "neigh_suppress", "isolated"] {
            #expect(port[option].bool == true, "\(option)")
        }
        for option in ["learning", "flood", "mcast_flood", "bcast_flood"] {
            #expect(port[option].bool == false, "\(option)")
        }
    }

    /// Every option of a port, none as the kernel has it by itself.
    static var allPortOptions: BridgePort {
        var port = BridgePort()
        port.cost = 77
        port.priority = 9
        port.hairpin = true
        port.guardsBPDU = true
        port.blocksRoot = true
        port.fastLeave = true
        port.learning = false
        port.unicastFlood = false
        port.multicastFlood = false
        port.broadcastFlood = false
        port.neighbourSuppression = true
        port.isolated = true
        return port
    }

    @Test("links made from the node show their parent and underlay by the node's names")
    func lowerLinksElsewhere() throws {
        let seen = try ThrowawayNamespace.run {
            var socket = try NetlinkSocket.route()
            var other = try ThrowawayNamespace.second()
            try shell("ip link add u0 type veth peer name u1; ip link add u2 type veth peer name u3")
            let links = try observeLinks(on: &socket)
            let names = Dictionary(uniqueKeysWithValues: links.map { ($0.index, $0.name) })
            let parent = links.first { $0.name == name("u2") }?.index
            var vxlan = VXLAN(vni: VNI(number: 5))
            vxlan.underlay = name("u2")
            let vx = link("vx0", .vxlan(vxlan), mac: 1)
            let mv = link("mv0", .macvlan(Macvlan(parent: name("u2"))), mac: 2)
            let descriptor = other.handle.rawValue
            try socket.apply {
                $0.appendCreateLink(
                    vx,
                    index: 50,
                    namespaceDescriptor: descriptor,
                    parentIndex: parent,
                    tag: 0
                )
                $0.appendCreateLink(
                    mv,
                    index: 51,
                    namespaceDescriptor: descriptor,
                    parentIndex: parent,
                    tag: 0
                )
            }
            return (wanted: [vx, mv], observed: try observeLinks(on: &other.socket, nodeLinks: names))
        }
        for wanted in seen.wanted {
            let found = seen.observed.first { $0.name == wanted.id.name }
            switch (wanted.kind, found?.kind) {
            case (.vxlan(let new), .vxlan(let old)?): #expect(new == old)
            case (.macvlan(let new), .macvlan(let old)?): #expect(new == old)
            default: Issue.record("\(wanted.id) is missing")
            }
        }
    }

    @Test("many links are deleted by their group, and no other")
    func deleteByGroup() throws {
        let left = try ThrowawayNamespace.run {
            var socket = try NetlinkSocket.route()
            try socket.apply { batch in
                for number in 0..<20 {
                    let pair = veth("v\(number)", "w\(number)", mac: UInt64(number * 2 + 1))
                    let index = Int32(100 + 2 * number)
                    batch.appendCreateLink(
                        pair.near,
                        index: index,
                        peer: (pair.far, index + 1, nil),
                        tag: number
                    )
                    if number > 0 { batch.appendSetGroup(index: index, group: 0x7765_6401, tag: number) }
                }
                batch.appendDeleteLinks(group: 0x7765_6401, tag: 99)
            }
            return try observeLinks(on: &socket).map(\.name.text)
        }
        #expect(left == ["lo", "v0", "w0"])
    }
}
