import LinuxSystem
import Netlink
import Testing

@Suite("Transport errors")
struct TransportErrorTests {
    @Test("a broken conversation is one clear sentence")
    func transport() {
        #expect(
            "\(NetlinkTransportError.interruptedDump(attempts: 5))"
                == "the kernel's objects changed while they were listed, 5 times in a row"
        )
        #expect(
            "\(NetlinkTransportError.refused(.notPermitted, kernelMessage: nil))"
                == "the kernel refused to list its objects: Operation not permitted (EPERM)"
        )
        #expect(
            "\(NetlinkTransportError.shortSend(sent: 3, of: 9))"
                == "the kernel took 3 of the 9 bytes that were sent over netlink"
        )
    }
}

@Suite("Attributes")
struct NetlinkAttributesTests {
    private func walk(_ bytes: [UInt8]) -> (types: [UInt16], isMalformed: Bool) {
        bytes.withUnsafeBytes { bytes in
            var attributes = NetlinkAttributes(bytes)
            var types: [UInt16] = []
            while let attribute = attributes.next() { types.append(attribute.type) }
            return (types, attributes.isMalformed)
        }
    }

    @Test("the last attribute may go without padding; flag bits are no part of the type")
    func lengths() {
        #expect(walk([]) == ([], false))
        #expect(walk([5, 0, 1, 0, 9, 0, 0, 0, 5, 0, 2, 0x80, 9]) == ([1, 2], false))
    }

    @Test(
        "a length that can't be ends the walk and is told",
        arguments: [[3, 0, 1, 0], [9, 0, 1, 0, 1, 2, 3, 4]]
    )
    func malformed(bytes: [UInt8]) {
        #expect(walk(bytes) == ([], true))
    }

    @Test("a number that is too short is none")
    func numbers() {
        let bytes: [UInt8] = [1, 2, 3]
        bytes.withUnsafeBytes { bytes in
            let attribute = NetlinkAttribute(type: 1, payload: bytes)
            #expect(attribute.uint8 == 1)
            #expect(attribute.uint16 == 0x0201)
            #expect(attribute.uint32 == nil)
            #expect(attribute.int32 == nil)
        }
    }

    @Test("text ends at its NUL, or with the attribute")
    func text() {
        [UInt8(97), 98, 0, 99].withUnsafeBytes {
            #expect(NetlinkAttribute(type: 1, payload: $0).text == "ab")
        }
        [UInt8(97), 98].withUnsafeBytes { #expect(NetlinkAttribute(type: 1, payload: $0).text == "ab") }
    }
}
