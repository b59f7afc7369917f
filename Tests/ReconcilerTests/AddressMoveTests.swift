import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Synchronization
import Testing

/// Addresses that leave one link of a wire for another.
@Suite("Addresses that move", .enabled(if: KernelTests.isAvailable), .serialized)
struct AddressMoveTests {
    /// A bridge, and namespaces on it: which has which addresses, by the last number; of the first of a link both families.
    fileprivate static func state(_ bench: Workbench, node: [Int], _ holders: [Int: [Int]]) -> NodeState {
        var state = NodeState(node: "n")
        let bridge = bench.pools.id("br0")
        state.links[bridge] = Link(bridge, kind: .bridge(Bridge()), mac: mac(1), purpose: "")
        state.links[bridge]?.addresses = addresses(node)
        for (number, numbers) in holders {
            state.namespaces.insert(bench.pools.namespaces[number])
            let near = bench.pools.id("v\(number)")
            let far = bench.pools.id("eth0", number)
            state.links[near] = Link(near, kind: .veth(peer: far), mac: mac(16 + number), purpose: "")
            state.links[near]?.master = bridge.name
            state.links[far] = Link(far, kind: .veth(peer: near), mac: mac(32 + number), purpose: "")
            state.links[far]?.addresses = addresses(numbers)
            for id in [near, far] { state.links[id]?.addressGeneration = .none }
            guard let first = numbers.first else { continue }
            // Routes that go with the address: by its source, and by its link's last one.
            for (family, source) in zip([AddressFamily.ipv4, .ipv6], bothFamilies(first)) {
                var route = Route(to: Prefix(containing: address(family, 0), length: 0), in: far.place)
                route.gateway = address(family, 1)
                route.device = far.name
                route.source = source.address
                state.routes.append(route)
            }
        }
        return state
    }

    private static func address(_ family: AddressFamily, _ number: Int) -> IPAddress {
        switch family {
        case .ipv4: IPAddress(ipv4: number == 0 ? 0 : 0x0a09_0000 | UInt32(number))
        case .ipv6: IPAddress(ipv6High: number == 0 ? 0 : 0xfd00_0009 << 32, low: UInt64(number))
        }
    }

    private static func addresses(_ numbers: [Int]) -> [InterfaceAddress] {
        numbers.prefix(1).flatMap(bothFamilies) + numbers.dropFirst().map { bothFamilies($0)[0] }
    }

    private static func bothFamilies(_ number: Int) -> [InterfaceAddress] {
        [
            InterfaceAddress(address(.ipv4, number), prefixLength: 24),
            InterfaceAddress(address(.ipv6, number), prefixLength: 64),
        ].map { value in
            var value = value
            value.skipsDuplicateDetection = value.address.family == .ipv6
            return value
        }
    }

    private static func mac(_ number: Int) -> MACAddress {
        MACAddress(bits: 0x0200_0000_0000 | UInt64(number))
    }

    /// A swap, in which one of both comes first in order of name; a shift by one; from a sandbox that goes to one that
    /// comes; from the node to a sandbox and back.
    enum Move: String, CaseIterable, CustomTestStringConvertible {
        case swap, shift, succession, toNode, fromNode

        var testDescription: String { rawValue }

        fileprivate func states(_ bench: Workbench) -> [NodeState] {
            switch self {
            case .swap:
                [
                    AddressMoveTests.state(bench, node: [1], [0: [2, 3], 1: [4, 5], 2: [6]]),
                    AddressMoveTests.state(bench, node: [1], [0: [4, 3], 1: [2, 5], 2: [6]]),
                ]
            case .shift:
                [
                    AddressMoveTests.state(bench, node: [1], [0: [2], 1: [3], 2: [4]]),
                    AddressMoveTests.state(bench, node: [1], [0: [3], 1: [4], 2: [2]]),
                ]
            case .succession:
                [
                    AddressMoveTests.state(bench, node: [1], [0: [2], 1: [3]]),
                    AddressMoveTests.state(bench, node: [1], [0: [2], 2: [3]]),
                ]
            case .toNode:
                [
                    AddressMoveTests.state(bench, node: [1], [0: [2, 7], 1: [3]]),
                    AddressMoveTests.state(bench, node: [1, 7], [0: [2], 1: [3]]),
                ]
            case .fromNode:
                [
                    AddressMoveTests.state(bench, node: [1, 7], [0: [2], 1: [3]]),
                    AddressMoveTests.state(bench, node: [1], [0: [2], 1: [7]]),
                ]
            }
        }
    }

    /// The addresses of the node and of all its namespaces that more than one link has.
    private static func doubles(_ node: ThrowAwayNode) throws -> [String] {
        var counts: [String: Int] = [:]
        for namespace in [nil] + (try node.namespaces()) {
            // A name may be there already, or still, without its namespace.
            do { _ = try NamespaceHandle.open(path: node.path(of: namespace)) } catch is NotANetworkNamespace
            { continue }
            for link in try node.ipJSON("addr show", in: namespace).elements where link["ifname"] != "lo" {
                for address in link["addr_info"].elements where address["scope"] == "global" {
                    counts[address["local"].string ?? "", default: 0] += 1
                }
            }
        }
        return counts.filter { $0.value > 1 }.keys.sorted()
    }

    @Test("are never on both links, whatever comes first, there and back", arguments: Move.allCases)
    func never(_ move: Move) throws {
        try ThrowAwayNode.with("move-") { node in
            let bench = Workbench(node)
            let states = move.states(bench)
            try bench.bring(to: states[0], "before")
            for (number, state) in [states[1], states[0]].enumerated() {
                let seen = Mutex<[String]>([])
                let hook = StepHook { step in
                    do {
                        let doubles = try Self.doubles(node)
                        if !doubles.isEmpty { seen.withLock { $0.append("\(doubles) before \(step)") } }
                    } catch {
                        seen.withLock { $0.append("\(error)") }
                    }
                    return nil
                }
                let report = try bench.weft(hook: hook).apply(state)
                #expect(report.isDone, "\(report.failures)")
                #expect(seen.withLock { $0 } == [], "way \(number)")
                #expect(report.plan.changes.contains { $0.reason?.hasSuffix("gets it") == true })
                try bench.expect(state, "way \(number)")
            }
            try bench.destroy("last")
        }
    }

    @Test("are given back by a rollback from every step", arguments: Move.allCases)
    func rollback(_ move: Move) throws {
        try ThrowAwayNode.with("move-") { node in
            let bench = Workbench(node)
            let states = move.states(bench)
            try bench.bring(to: states[0], "before")
            let before = try FaultTests.dump(node)
            for step in 1... {
                let fault = Fault(at: step, .noBufferSpace, sendsBatches: true)
                let report = try bench.weft(hook: fault.hook).apply(states[1])
                if report.isDone { break }
                let why = "step \(step) (\(fault.what))"
                #expect(report.isRolledBack == true, "\(why): \(report.rollbackFailures)")
                let differences = try FaultTests.differences(before, FaultTests.dump(node))
                #expect(differences == [], "\(why)")
                guard differences.isEmpty else { return }
            }
            try bench.expect(states[1], "after all")
            try bench.destroy("last")
        }
    }
}
