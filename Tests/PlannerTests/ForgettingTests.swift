import NetworkModel
import Planner
import Testing

/// Whose connections a plan forgets, and when.
@Suite("Connections that are forgotten")
struct ForgettingTests {
    private static let bridge = InterfaceName(fromKernel: "br0")
    private static let other = InterfaceName(fromKernel: "br1")
    private static let ports = ["v0", "v1", "w0"].map { InterfaceName(fromKernel: $0) }

    /// 10.9.0.2 and .3 on `br0`, 10.8.0.2 on `br1`; both masqueraded.
    private static let before: FirewallState = {
        var state = FirewallState()
        for (name, text) in [(bridge, "10.9.0.0"), (other, "10.8.0.0")] {
            state.bridges[name] = .init(subnets: [prefix(text)], reachesOutside: true, masquerades: true)
        }
        for (number, text) in ["10.9.0.2", "10.9.0.3", "10.8.0.2"].enumerated() {
            state.ports[ports[number]] = port(number, text)
        }
        return state
    }()

    private static func port(_ number: Int, _ texts: String...) -> FirewallState.Port {
        FirewallState.Port(
            mac: MACAddress(bits: 0x0200_0000_0000 | UInt64(number)),
            addresses: texts.compactMap { IPAddress($0) }
        )
    }

    private static func prefix(_ text: String, _ length: UInt8 = 24) -> Prefix {
        Prefix(containing: IPAddress(text) ?? .unspecified(.ipv4), length: length)
    }

    private static func elements(_ state: FirewallState) -> Set<FirewallElement> {
        state.entries.values.reduce(into: []) { $0.formUnion($1) }
    }

    /// The orders that forget something, in words of their own.
    private func forgotten(
        from observed: ObservedFirewall?,
        _ change: (inout FirewallState?) -> Void
    ) throws -> [String] {
        var present = ObservedState()
        present.firewall = observed
        var desired = NodeState(node: "n")
        desired.firewall = Self.before
        change(&desired.firewall)
        return try Plan(from: present, to: desired).changes.compactMap { step in
            guard case .firewall(let order) = step.operation else { return nil }
            var words = order.forgetting.map(\.description)
            words += order.forgettingExceptMasqueraded.map { "(\($0))" }
            guard !words.isEmpty else { return nil }
            let verb =
                switch order {
                case .writeTables: "write"
                case .add: "add"
                case .remove: "remove"
                case .deleteTables: "delete"
                }
            return "\(verb) \(step.operation.objectName): \(words.joined(separator: " "))"
        }
    }

    private func forgotten(_ change: (inout FirewallState) -> Void) throws -> [String] {
        try forgotten(from: ObservedFirewall(isIntact: true, elements: Self.elements(Self.before))) { state in
            guard var changed = state else { return }
            change(&changed)
            state = changed
        }
    }

    @Test("nothing where nothing changes, nor for what is new")
    func nothing() throws {
        #expect(try forgotten { _ in } == [])
        #expect(try forgotten { $0.ports[InterfaceName(fromKernel: "v9")] = Self.port(9, "10.9.0.9") } == [])
        #expect(
            try forgotten { $0.bridges[InterfaceName(fromKernel: "br9")] = .init(reachesOutside: true) } == []
        )
        #expect(try forgotten { $0.vxlanPorts = [4789, 8472] } == [])
        #expect(try forgotten { $0.ports[Self.ports[0]]?.mac = MACAddress(bits: 0x0200_0000_0099) } == [])
    }

    @Test("of an endpoint what it has no longer, when it is gone")
    func endpoints() throws {
        #expect(try forgotten { $0.ports[Self.ports[0]] = nil } == ["remove v0: 10.9.0.2"])
        #expect(
            try forgotten { $0.ports[Self.ports[0]] = Self.port(0, "10.9.0.9") } == ["remove v0: 10.9.0.2"]
        )
        #expect(
            try forgotten {
                $0.ports[Self.ports[0]] = Self.port(0, "10.9.0.9")
                $0.ports[Self.ports[1]] = Self.port(1, "10.9.0.2")
            } == ["remove v0: 10.9.0.2", "remove v1: 10.9.0.3"]
        )
    }

    @Test("of a network whose ways out change those of all its endpoints, old and new, behind the last step")
    func networks() throws {
        #expect(
            try forgotten { $0.bridges[Self.bridge]?.masquerades = false } == [
                "remove br0: 10.9.0.2 10.9.0.3"
            ]
        )
        #expect(
            try forgotten { $0.bridges[Self.bridge]?.isReachable = true } == ["add br0: 10.9.0.2 10.9.0.3"]
        )
        #expect(
            try forgotten {
                $0.bridges[Self.bridge]?.masquerades = false
                $0.bridges[Self.bridge]?.isReachable = true
                $0.ports[InterfaceName(fromKernel: "v9")] = Self.port(9, "10.9.0.9")
            } == ["remove br0: 10.9.0.2 10.9.0.3 10.9.0.9"]
        )
        // What was outside is within now, and was masqueraded; a set holds but one of two ranges that overlap, so it is one step.
        #expect(
            try forgotten { $0.bridges[Self.bridge]?.subnets = [Self.prefix("10.9.0.0", 16)] }
                == ["add br0: 10.9.0.2 10.9.0.3"]
        )
        #expect(
            try forgotten { $0.bridges[Self.other] = nil } == ["remove br1: 10.8.0.2"]
        )
    }

    @Test("IPv4 link-local addresses are masqueraded like others; those of IPv6 are not")
    func linkLocal() throws {
        var state = Self.before
        state.ports[Self.ports[0]]?.addresses += [IPAddress("169.254.1.2"), IPAddress("fe80::2")].compactMap(
            \.self
        )
        let observed = ObservedFirewall(isIntact: true, elements: Self.elements(state))
        #expect(try forgotten(from: observed) { _ in } == ["remove v0: 169.254.1.2"])
    }

    @Test(
        "tables that are made forget everything, but where they were there what was and is to be masqueraded"
    )
    func tables() throws {
        let all = "10.8.0.2 10.9.0.2 10.9.0.3"
        #expect(try forgotten(from: nil) { _ in } == ["write tables: \(all)"])
        let altered = ObservedFirewall(isIntact: false, elements: Self.elements(Self.before))
        #expect(try forgotten(from: altered) { _ in } == ["write tables: (10.8.0.2) (10.9.0.2) (10.9.0.3)"])
        #expect(
            try forgotten(from: altered) { $0?.bridges[Self.bridge]?.masquerades = false }
                == ["write tables: 10.9.0.2 10.9.0.3 (10.8.0.2)", "remove br0: 10.9.0.2 10.9.0.3"]
        )
        let intact = ObservedFirewall(isIntact: true, elements: Self.elements(Self.before))
        #expect(try forgotten(from: intact) { $0 = nil } == ["delete tables: \(all)"])
    }

    @Test("what an apply that was interrupted left is forgotten, and a rollback does not bring it back")
    func interrupted() throws {
        let address = IPAddress(ipv4: 0x0a09_0063)
        var observed = ObservedFirewall(isIntact: true, elements: Self.elements(Self.before))
        observed.elements.insert(.unforgotten(address))
        #expect(try forgotten(from: observed) { _ in } == ["remove connections: 10.9.0.99"])
        #expect(try forgotten(from: observed) { $0 = nil }.first?.contains("10.9.0.99") == true)
        var present = ObservedState()
        present.firewall = observed
        let restored = NodeState(restoring: present, asked: nil, node: "n")
        #expect(restored.firewall?.entries[.connections] == nil)
        var after = present
        after.firewall?.elements.remove(.unforgotten(address))
        #expect(after.differences(from: present).isEmpty)
        #expect(!present.differences(from: after).isEmpty)
    }
}
