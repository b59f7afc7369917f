import Glibc
import LinuxSystem
import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

/// Problem 20 of the field: connections that outlive the rules that they were made by.
@Suite("Connections", .enabled(if: KernelTests.isAvailable), .serialized)
struct ConnectionTests {
    private typealias Bench = ConnectionBench

    @Test("a flow is translated from the moment on that its network is, and no longer than that")
    func masquerade() throws {
        try Bench.with("masq-") { world in
            #expect(world.outerAddress(of: world.red) == Bench.nodeAddress)
            #expect(world.outerAddress(of: world.green) == Bench.nodeAddress)
            let uninvolved = try world.connections(of: Bench.greenAddress)
            #expect(uninvolved.count == 1)
            try world.bench.bring(to: world.scenario.unmasqueraded, "without masquerade")
            #expect(try world.connections(of: Bench.redAddress) == [])
            #expect(world.outerAddress(of: world.red) == Bench.redAddress)
            try world.bench.bring(to: world.scenario.masqueraded, "with masquerade again")
            #expect(try world.connections(of: Bench.redAddress) == [])
            #expect(world.outerAddress(of: world.red) == Bench.nodeAddress)
            #expect(try world.connections(of: Bench.greenAddress) == uninvolved)
        }
    }

    @Test("an address that moves to another sandbox takes no connection along, and no translation")
    func moved() throws {
        try Bench.with("move-") { world in
            for sandbox in [world.red, world.blue, world.green] {
                #expect(world.outerAddress(of: sandbox) == Bench.nodeAddress)
            }
            // Port 7777 of the node is the first sandbox's, as the kernel keeps ports where it can.
            #expect(world.answer(to: Bench.nodeAddress, at: world.red) == Bench.farAddress)
            let uninvolved = try world.connections(of: Bench.greenAddress)
            try world.bench.bring(to: world.scenario.moved, "moved")
            #expect(try world.connections(of: Bench.redAddress) == [])
            #expect(try world.connections(of: Bench.blueAddress) == [])
            #expect(try world.connections(of: Bench.greenAddress) == uninvolved)
            // What is for the first one's connection comes to nobody, although the node knows where the address is now; what the
            // second one begins is its own.
            try world.bench.node.run("ip neigh flush dev br0")
            #expect(world.far.send("late", to: Bench.nodeAddress, fromPort: true))
            #expect(world.outerAddress(of: world.blue) == Bench.nodeAddress)
            #expect(try world.connections(of: Bench.redAddress).count == 1)
            #expect(!world.blue.arrivals().contains { $0.text == "late" })
        }
    }

    @Test("a sandbox that goes leaves no connection for who gets its address later")
    func removed() throws {
        try Bench.with("gone-") { world in
            #expect(world.outerAddress(of: world.red) == Bench.nodeAddress)
            #expect(world.outerAddress(of: world.blue) == Bench.nodeAddress)
            let uninvolved = try world.connections(of: Bench.blueAddress)
            try world.bench.bring(to: world.scenario.less, "removed")
            #expect(try world.connections(of: Bench.redAddress) == [])
            #expect(try world.connections(of: Bench.blueAddress) == uninvolved)
        }
    }

    @Test(
        "what began without the rules, or with others, is forgotten when they are made anew",
        arguments: [
            "nft delete table inet weft", "nft insert rule inet weft forward accept", "nft flush ruleset",
        ]
    )
    func tables(drift: String) throws {
        try Bench.with("anew-") { world in
            #expect(world.outerAddress(of: world.green) == Bench.nodeAddress)
            let masqueraded = try world.connections(of: Bench.greenAddress)
            try world.bench.node.run(drift)
            #expect(world.answer(to: Bench.redAddress, at: world.red) == Bench.farAddress)
            // An answer, to be let through and left as it is for as long as anybody remembers.
            #expect(world.outerAddress(of: world.red) == Bench.redAddress)
            try world.bench.bring(to: world.scenario.masqueraded, "anew")
            #expect(world.outerAddress(of: world.red) == Bench.nodeAddress)
            // Where the tables were there all the time, so was the masquerade: a transfer goes on.
            let isKept = try world.connections(of: Bench.greenAddress) == masqueraded
            #expect(isKept == drift.contains("insert"))
        }
    }

    // MARK: Faults

    @Test(
        "what can't be forgotten is told as of the change that says so, is on record, and forgotten by the next apply"
    )
    func refused() throws {
        try Bench.with("keep-") { world in
            #expect(world.outerAddress(of: world.red) == Bench.nodeAddress)
            var options = Reconciler.Options()
            options.keepsGoing = true
            let hook = StepHook { $0 == "forget connections" ? .busy : nil }
            let report = try world.bench.weft(hook: hook).apply(
                world.scenario.unmasqueraded,
                options
            )
            let addresses = "\(Bench.redAddress) \(Bench.blueAddress)"
            #expect(
                report.failures.map(\.description) == [
                    "cannot change firewall entry of bridge 'br0': its connections could not be forgotten "
                        + "(EBUSY, Device or resource busy)"
                ]
            )
            #expect(report.failures.first?.hint == "run again; 'conntrack -L' lists what the kernel tracks")
            let left =
                "delete firewall entry of connections: an apply ended before it was done, "
                + "cuts the connections of \(addresses)"
            #expect(report.remaining.map(\.description) == [left])
            #expect(world.outerAddress(of: world.red) == Bench.nodeAddress)
            let next = try world.bench.bring(to: world.scenario.unmasqueraded, "once more")
            #expect(next?.plan.changes.map(\.description) == [left])
            #expect(world.outerAddress(of: world.red) == Bench.redAddress)
        }
    }

    @Test(
        "every step is refused: the report says what failed, and the node is as it was",
        arguments: [true, false]
    )
    func refusals(sendsBatches: Bool) throws {
        let errnos: [Errno] = [.busy, .outOfMemory, .notPermitted, .noBufferSpace]
        try Bench.with("refuse-") { world in
            let before = try FaultTests.dump(world.bench.node)
            var steps: [String] = []
            while true {
                for sandbox in [world.red, world.blue] {
                    #expect(
                        world.outerAddress(of: sandbox) == Bench.nodeAddress,
                        "before step \(steps.count + 1)"
                    )
                }
                let errno = errnos[steps.count % errnos.count]
                let fault = Fault(at: steps.count + 1, errno, sendsBatches: sendsBatches)
                let report = try world.bench.weft(hook: fault.hook).apply(world.scenario.unmasqueraded)
                if !fault.hasHappened {
                    #expect(report.isDone)
                    break
                }
                steps.append(fault.what)
                let why = "step \(steps.count) (\(fault.what)) \(errno.name)"
                #expect(report.failures.first?.errno == errno, "\(why): \(report.failures)")
                #expect(report.isRolledBack == true, "\(why): \(report.rollbackFailures)")
                let differences = try FaultTests.differences(before, FaultTests.dump(world.bench.node))
                #expect(differences == [], "\(why)")
                guard differences.isEmpty else { return }
            }
            // The rules, what they forget, and that it is forgotten.
            #expect(
                steps == [
                    "transaction firewall", "forget connections", "message 258",
                    "message 258",
                    "transaction firewall",
                ]
            )
            #expect(world.outerAddress(of: world.red) == Bench.redAddress)
        }
    }

    @Test("killed at every step: the next apply forgets what there is to forget")
    func kills() throws {
        try Bench.with("kill-") { world in
            let node = world.bench.node
            var step = 1
            while true {
                let why = "killed at step \(step)"
                #expect(world.outerAddress(of: world.red) == Bench.nodeAddress, "\(why)")
                let result = try Command([
                    BuiltProgram.path(of: "weft-faults"), node.name, node.path(), node.runtimeDirectory,
                    "unmasqueraded", "\(step)",
                ]).start().wait()
                if result.status == 0 { break }
                #expect(result.status == 128 + SIGKILL, "\(result)")
                guard try world.bench.bring(to: world.scenario.unmasqueraded, why) != nil else { return }
                #expect(world.outerAddress(of: world.red) == Bench.redAddress, "\(why)")
                try world.bench.bring(to: world.scenario.masqueraded, "back after it was \(why)")
                step += 1
            }
            // Its steps: the rules, what they forget, one connection, and that it is forgotten.
            #expect(step == 5)
            #expect(world.outerAddress(of: world.red) == Bench.redAddress)
        }
    }
}
