import NetworkModel
import RouteNetlink
import Testing

@Suite("Bytes of requests about links")
struct LinkGoldenTests {
    @Test("a bridge: no MTU and no alias at its creation, the mode before the raising")
    func bridge() {
        var options = Bridge()
        options.stpState = true
        options.ageingTime = 1
        var bridge = link("br0", .bridge(options), mac: 1)
        bridge.mtu = MTU(bytes: 9000)
        bridge.addressGeneration = .none
        let seen = listings(headerSize: 16) {
            $0.appendCreateLink(bridge, index: 10, tag: 0)
            $0.appendFinishLink(bridge, index: 10, wasCreatedElsewhere: false, tag: 0)
        }
        #expect(
            seen == """
                16 flags 600 header 000000000a0000000000000000000000
                1: 020000000001
                3: 62723000
                27: 74666577
                32786: 0b00010062726964676500001400028008000400010000000800050001000000
                16 flags 0 header 000000000a0000000000000000000000
                4: 28230000
                20: 776566743a74657374
                32794: 0c000a800500080001000000
                16 flags 0 header 000000000a0000000100000001000000
                """
        )
    }

    @Test("a veth: both ends are marked, the far one inside VETH_INFO_PEER")
    func vethPair() {
        var (near, far) = veth("v0", "eth0", mac: 2)
        near.master = name("br0")
        near.mtu = MTU(bytes: 1400)
        far.mtu = MTU(bytes: 1400)
        let seen = listings(headerSize: 16) {
            $0.appendCreateLink(near, index: 11, masterIndex: 10, peer: (far, 12, 9), tag: 0)
        }
        #expect(
            seen == """
                16 flags 600 header 000000000b0000000000000000000000
                1: 020000000002
                4: 78050000
                3: 763000
                10: 0a000000
                27: 74666577
                32786: 0900010076657468000000004800028044000180000000000c00000000000000000000000a000100020000000003\
                0000080004007805000009000300657468300000000008001c000900000008001b0074666577
                """
        )
    }

    @Test("an announcement is the link's MAC once more, and nothing else")
    func announcement() {
        let seen = listings(headerSize: 16) {
            $0.appendAnnounce(MACAddress(bits: 0x0200_0000_0007), linkIndex: 10, tag: 0)
        }
        #expect(
            seen == """
                16 flags 0 header 000000000a0000000000000000000000
                1: 020000000007
                """
        )
    }

    @Test("a port's options go with the raising if the bridge is known, and behind the bridge if it is not")
    func finishPort() {
        var (near, _) = veth("v0", "eth0", mac: 2)
        near.master = name("br0")
        near.port.isolated = true
        near.port.cost = 7
        let seen = listings(headerSize: 16) {
            $0.appendFinishLink(near, index: 11, masterIndex: 10, wasCreatedElsewhere: false, tag: 0)
            $0.appendFinishLink(near, index: 11, masterIndex: 10, wasCreatedElsewhere: true, tag: 0)
        }
        #expect(
            seen == """
                16 flags 0 header 000000000b0000000100000001000000
                20: 776566743a74657374
                32786: 0b00040062726964676500001400058008000300070000000500210001000000
                16 flags 0 header 000000000b0000000000000000000000
                20: 776566743a74657374
                10: 0a000000
                16 flags 0 header 000000000b0000000100000001000000
                32786: 0b00040062726964676500001400058008000300070000000500210001000000
                """
        )
    }

    @Test("a VXLAN link: its port is always sent")
    func vxlan() throws {
        var options = VXLAN(vni: VNI(number: 0x010203))
        options.local = try ip("192.0.2.1")
        options.remote = try ip("192.0.2.2")
        options.underlay = name("u0")
        options.learning = false
        options.ttl = 9
        let seen = listings(headerSize: 16) {
            $0.appendCreateLink(link("vx0", .vxlan(options), mac: 4), index: 13, parentIndex: 3, tag: 0)
            $0.appendCreateLink(link("vx1", .vxlan(VXLAN(vni: VNI(number: 1))), mac: 4), index: 13, tag: 0)
        }
        #expect(
            seen == """
                16 flags 600 header 000000000d0000000000000000000000
                1: 020000000004
                3: 76783000
                27: 74666577
                32786: 0a00010076786c616e0000003c000280080001000302010006000f0012b5000008000200c000020208000400c000\
                0201080003000300000005000500090000000500070000000000
                16 flags 600 header 000000000d0000000000000000000000
                1: 020000000004
                3: 76783100
                27: 74666577
                32786: 0a00010076786c616e00000014000280080001000100000006000f0012b50000
                """
        )
    }

    @Test("a macvlan link in another namespace")
    func macvlan() {
        let macvlan = link("mv0", .macvlan(Macvlan(parent: name("u0"), mode: .vepa)), mac: 5)
        let seen = listings(headerSize: 16) {
            $0.appendCreateLink(macvlan, index: 14, namespaceDescriptor: 8, parentIndex: 3, tag: 0)
        }
        #expect(
            seen == """
                16 flags 600 header 000000000e0000000000000000000000
                1: 020000000005
                3: 6d763000
                5: 03000000
                28: 08000000
                27: 74666577
                32786: 0c0001006d6163766c616e000c0002800800010002000000
                """
        )
    }

    @Test("marking, moving and deleting")
    func others() {
        let seen = listings(headerSize: 16) {
            $0.appendMarkNamespace(alias: "weft:x", tag: 0)
            $0.appendSetGroup(index: 5, group: 6, tag: 0)
            $0.appendSetGroup(index: 5, group: 6, alias: "weft:y", tag: 0)
            $0.appendDeleteLinks(group: 0x7765_6401, tag: 0)
            $0.appendDeleteLink(index: 5, tag: 0)
        }
        #expect(
            seen == """
                16 flags 0 header 00000000010000000100000001000000
                20: 776566743a78
                16 flags 0 header 00000000050000000000000000000000
                27: 06000000
                16 flags 0 header 00000000050000000000000000000000
                27: 06000000
                20: 776566743a79
                17 flags 0 header 00000000000000000000000000000000
                27: 01646577
                17 flags 0 header 00000000050000000000000000000000
                """
        )
    }
}
