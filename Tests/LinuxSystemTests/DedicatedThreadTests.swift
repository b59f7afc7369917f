import Dispatch
import LinuxSystem
import NetworkTesting
import Testing

@Suite("A dedicated thread")
struct DedicatedThreadTests {
    private struct Mishap: Error, Equatable {}

    @Test("returns what its body returns, and can change what its caller has")
    func returnsValue() throws {
        var seen = 0
        let value = try DedicatedThread.run(named: "test") {
            seen = 1
            return "done"
        }
        #expect(value == "done")
        #expect(seen == 1)
    }

    @Test("throws what its body throws")
    func throwsError() {
        #expect(throws: Mishap()) {
            try DedicatedThread.run(named: "test") { throw Mishap() }
        }
    }

    @Test("returns values that have one owner")
    func returnsOwnedValue() throws {
        let file = try DedicatedThread.run(named: "test") { try OwnedDescriptor.open("/dev/null", 0) }
        #expect(file.rawValue >= 0)
    }

    @Test("is another thread, knows that it is, and has its name cut to 15 bytes at a character")
    func isAnotherThread() throws {
        #expect(!DedicatedThread.isCurrent)
        // 14 bytes, then a character of two: it would be cut in half.
        let name = try DedicatedThread.run(named: "12345678901234äx") {
            #expect(DedicatedThread.isCurrent)
            return try AtomicFile.read("/proc/thread-self/comm")
        }
        #expect(name == "12345678901234\n")
        #expect(!DedicatedThread.isCurrent)
    }

    @Test("lets its caller look on meanwhile, every so often")
    func isWatched() throws {
        let mayEnd = DispatchSemaphore(value: 0)
        var looks = 0
        let value = try DedicatedThread.run(named: "test", every: .milliseconds(1)) {
            looks += 1
            if looks == 3 { mayEnd.signal() }
        } _: {
            mayEnd.wait()
            return "done"
        }
        #expect(value == "done" && looks >= 3)
        #expect(throws: Mishap()) {
            try DedicatedThread.run(named: "test", every: .seconds(60)) {
            } _: {
                throw Mishap()
            }
        }
    }

    @Test("has room for deep recursion")
    func hasLargeStack() throws {
        func sum(_ depth: Int) -> Int { depth == 0 ? 0 : 1 + sum(depth - 1) }
        #expect(try DedicatedThread.run(named: "test") { sum(30_000) } == 30_000)
    }

    @Test("leaves nothing behind, whether it returns or throws", .kernel)
    func leavesNothing() throws {
        #expect(try Census.taken(of: "threads") == "")
    }
}
