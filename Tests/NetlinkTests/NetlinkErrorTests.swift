import LinuxSystem
import Netlink
import Testing

@Suite("What refusals say")
struct NetlinkErrorTests {
    @Test("the kernel's sentence comes first, and the code to search for behind it")
    func description() {
        let refusal = Refusal(
            tag: 0,
            errno: .fileExists,
            kernelMessage: "A VXLAN device with the specified VNI already exists"
        )
        let error = NetlinkError(operation: "create", object: "link 'vx100'", refusal: refusal)
        #expect(
            "\(error)"
                == "cannot create link 'vx100': A VXLAN device with the specified VNI already exists (EEXIST, File exists)"
        )
        #expect(
            error.hint
                == "another VXLAN link has this VNI and UDP port; 'ip -details link show type vxlan' lists them"
        )
    }

    @Test("without a sentence of the kernel's, the C library's stands for it")
    func plain() {
        let error = NetlinkError(operation: "add", object: "route '10.0.0.0/8'", errno: .networkUnreachable)
        #expect("\(error)" == "cannot add route '10.0.0.0/8': Network is unreachable (ENETUNREACH)")
        #expect(error.hint?.contains("onlink") == true)
    }

    @Test("hints belong to what was asked")
    func hints() {
        func hint(_ operation: String, _ object: String, _ refusal: Refusal) -> String? {
            NetlinkError(operation: operation, object: object, refusal: refusal).hint
        }
        #expect(
            hint("delete", "link 'a'", Refusal(tag: 0, errno: .notPermitted))?.contains("CAP_NET_ADMIN")
                == true
        )
        #expect(hint("create", "link 'a'", Refusal(tag: 0, errno: .notSupported))?.contains("module") == true)
        #expect(hint("change", "link 'a'", Refusal(tag: 0, errno: .exchangeFull))?.contains("1023") == true)
        #expect(
            hint("add", "neighbour 'a'", Refusal(tag: 0, errno: .noBufferSpace))?.contains("gc_thresh3")
                == true
        )
        #expect(hint("delete", "route 'a'", Refusal(tag: 0, errno: .fileExists)) == nil)
        #expect(hint("change", "link 'a'", Refusal(tag: 0, errno: .invalidArgument)) == nil)
    }

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
