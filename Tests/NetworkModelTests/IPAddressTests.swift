import Glibc
import NetworkModel
import NetworkTesting
import Testing

@Suite("Addresses")
struct IPAddressTests {
    @Test(
        "are printed as RFC 5952 has it",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("10.9.0.1", "10.9.0.1"),
            ("::", "::"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::A", "2001:db8::a"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("fe80:0:0:0:0:0:0:0", "fe80::"), ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ]
    )
    func printed(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(
        "are refused where inet_pton refuses them",
        arguments: [
            "", "1", "10.9.0", "10.9.0.1.2", "10.9.0.256", "010.9.0.1", "10.9.0.1 ", " 10.9.0.1",
            "10.9.0.1/24", "0x0a.0.0.1",
            ":", ":::", "1::2::3", "fe80::1%eth0", "2001:db8::g", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "12345::", "[::1]",
            "10.9.0.1\0", "::1\0x", "١٠.٩.٠.١",
        ]
    )
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("come back from text and from the wire as they were; their order is that of numbers")
    func roundTrips() {
        var random = SeededGenerator(seed: Randomness.seed(for: "addresses"))
        var addresses: [IPAddress] = []
        for _ in 0..<2000 {
            let address = IPAddress.random(using: &random)
            addresses.append(address)
            #expect(IPAddress(address.description) == address)
            #expect(address.withNetworkBytes { IPAddress(networkBytes: $0) } == address)
            #expect(address.withNetworkBytes { $0.count } == Int(address.family.width) / 8)
        }
        expectOrder(addresses)
    }

    @Test("are read from four or sixteen bytes, and no others")
    func bytes() {
        for count in 0...20 where count != 4 && count != 16 {
            let bytes = [UInt8](repeating: 1, count: count)
            #expect(bytes.withUnsafeBytes { IPAddress(networkBytes: $0) } == nil)
        }
        let bytes: [UInt8] = [10, 9, 0, 1]
        #expect(bytes.withUnsafeBytes { IPAddress(networkBytes: $0) } == IPAddress("10.9.0.1"))
    }

    @Test("know what they are for")
    func kinds() throws {
        func has(_ text: String, _ property: KeyPath<IPAddress, Bool>) throws -> Bool {
            try #require(IPAddress(text))[keyPath: property]
        }
        for text in ["224.0.0.1", "239.255.255.255", "ff02::1", "ff00::"] {
            #expect(try has(text, \.isMulticast))
        }
        for text in ["223.255.255.255", "240.0.0.0", "fe80::1", "feff::"] {
            #expect(try !has(text, \.isMulticast))
        }
        for text in ["127.0.0.1", "127.255.255.255", "::1"] { #expect(try has(text, \.isLoopback)) }
        for text in ["128.0.0.1", "126.255.255.255", "::2", "::", "1::1"] {
            #expect(try !has(text, \.isLoopback))
        }
        for text in ["169.254.0.1", "169.254.255.255", "fe80::", "febf::1"] {
            #expect(try has(text, \.isLinkLocal))
        }
        for text in ["169.253.0.1", "169.255.0.1", "fec0::", "fe7f::1"] {
            #expect(try !has(text, \.isLinkLocal))
        }
        for text in ["0.0.0.0", "::"] { #expect(try has(text, \.isUnspecified)) }
        #expect(try !has("::1", \.isUnspecified))
        #expect(IPAddress.unspecified(.ipv4) != IPAddress.unspecified(.ipv6))
    }
}

@Suite("Prefixes")
struct PrefixTests {
    @Test("hold what shares their first bits; host bits are cleared; to contain is to be an ancestor")
    func arithmetic() {
        var random = SeededGenerator(seed: Randomness.seed(for: "prefixes"))
        var prefixes: [Prefix] = []
        for _ in 0..<2000 {
            let address = IPAddress.random(using: &random)
            let length = UInt8.random(in: 0...address.family.width, using: &random)
            let prefix = Prefix(containing: address, length: length)
            prefixes.append(prefix)
            #expect(prefix.contains(address) && prefix.contains(prefix.address))
            #expect(Prefix(containing: prefix.address, length: length) == prefix)
            #expect(Prefix.all(address.family).contains(address))
            #expect(prefix.isHost == (prefix.address == address && length == address.family.width))
            let shorter = Prefix(containing: address, length: UInt8.random(in: 0...length, using: &random))
            #expect(shorter.contains(prefix.address) && shorter.overlaps(prefix) && prefix.overlaps(shorter))
            #expect(prefix.description == "\(prefix.address)/\(length)")
            guard length > 0 else { continue }
            // The neighbour of the same length differs in the last bit of the prefix, and shares no address.
            let neighbour = Prefix(containing: prefix.address.flipping(bit: length - 1), length: length)
            #expect(
                !neighbour.overlaps(prefix) && !prefix.overlaps(neighbour)
                    && !prefix.contains(neighbour.address)
            )
        }
        expectOrder(prefixes)
    }

    @Test("of the two families share nothing, not even all of both")
    func families() {
        let (four, six) = (Prefix.all(.ipv4), Prefix.all(.ipv6))
        #expect(!four.overlaps(six) && !six.overlaps(four))
        #expect(!four.contains(.unspecified(.ipv6)) && !six.contains(.unspecified(.ipv4)))
        #expect(four != six && four.description == "0.0.0.0/0" && six.description == "::/0")
    }

    @Test(
        "are masked at every boundary",
        arguments: [
            ("255.255.255.255", 0, "0.0.0.0/0"), ("255.255.255.255", 1, "128.0.0.0/1"),
            ("255.255.255.255", 31, "255.255.255.254/31"), ("255.255.255.255", 32, "255.255.255.255/32"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 63, "ffff:ffff:ffff:fffe::/63"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 64, "ffff:ffff:ffff:ffff::/64"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65, "ffff:ffff:ffff:ffff:8000::/65"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 127, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
        ]
    )
    func boundaries(address: String, length: UInt8, text: String) throws {
        #expect(Prefix(containing: try #require(IPAddress(address)), length: length).description == text)
    }
}

extension IPAddress {
    /// An address of either family, with runs of zeros now and then.
    fileprivate static func random(using random: inout SeededGenerator) -> IPAddress {
        let mask: UInt64 = random.next() & (Bool.random(using: &random) ? 0xffff_0000_0000_ffff : .max)
        if Bool.random(using: &random) {
            return IPAddress(ipv4: UInt32(truncatingIfNeeded: random.next() & mask))
        }
        return IPAddress(ipv6High: random.next() & mask, low: random.next() & mask)
    }

    /// The address with one bit other than it was, counted from the first.
    fileprivate func flipping(bit: UInt8) -> IPAddress {
        switch family {
        case .ipv4: IPAddress(ipv4: UInt32(truncatingIfNeeded: low) ^ 1 << (31 - UInt32(bit)))
        case .ipv6:
            bit < 64
                ? IPAddress(ipv6High: high ^ 1 << (63 - UInt64(bit)), low: low)
                : IPAddress(ipv6High: high, low: low ^ 1 << (127 - UInt64(bit)))
        }
    }
}
