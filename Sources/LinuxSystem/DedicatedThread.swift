internal import CLinux
internal import Glibc

/// A thread made for one piece of work, which ends with it.
///
/// `setns(2)` and `unshare(2)` change the calling *thread*, and Swift tasks and Dispatch blocks change
/// threads as they please. So what goes into other namespaces gets a thread of its own: nothing is switched
/// back at the end, and so switching back cannot fail.
package enum DedicatedThread {
    /// Runs `body` on a new thread with a stack of 8 MiB, and waits for its end.
    ///
    /// Blocks its caller: to be called from plain synchronous code, never from a task. The body is
    /// synchronous code too: a task or a Dispatch block started inside it runs on another thread, in another
    /// namespace.
    ///
    /// - Parameters:
    ///   - name: What `ps -L` and debuggers show; cut to 15 bytes.
    ///   - body: The work. It may use whatever its caller may, for the caller stands still meanwhile.
    /// - Returns: What `body` returns.
    /// - Throws: ``SystemCallError`` if there can be no thread (`EAGAIN`: too many), or what `body` throws.
    package static func run<Value: ~Copyable>(
        named name: String,
        _ body: () throws -> Value
    ) throws -> Value {
        try withoutActuallyEscaping(body) { body in
            let work = Work(name: name, body)
            try join(start(work))
            return try work.takeOutcome()
        }
    }

    /// Runs `body` as ``run(named:_:)`` does, and meanwhile calls `watch`, on the calling thread, every so often.
    ///
    /// - Parameters:
    ///   - name: What `ps -L` and debuggers show; cut to 15 bytes.
    ///   - interval: How long after its beginning, or after the last call, `watch` is called.
    ///   - watch: Called while `body` runs; they may not use the same things.
    ///   - body: The work.
    /// - Returns: What `body` returns.
    /// - Throws: As ``run(named:_:)``.
    package static func run<Value>(
        named name: String,
        every interval: Duration,
        _ watch: () throws -> Void,
        _ body: () throws -> Value
    ) throws -> Value {
        try withoutActuallyEscaping(body) { body in
            let work = Work(name: name, body)
            let thread = try start(work)
            defer { join(thread) }
            while !work.hasEnded(within: interval) { try watch() }
            return try work.takeOutcome()
        }
    }

    /// True on a thread that ``run(named:_:)`` made.
    package static var isCurrent: Bool { cl_thread_is_marked() }

    /// Begins `work` on a new thread, which is to be joined.
    private static func start(_ work: ThreadWork) throws(SystemCallError) -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        // Address space only; pages are taken as they are touched. A refusal leaves the default, which will
        // do.
        pthread_attr_setstacksize(&attributes, 8 << 20)

        var thread = pthread_t()
        let box = Unmanaged.passRetained(work)
        let error = pthread_create(&thread, &attributes, threadMain, box.toOpaque())
        guard error == 0 else {
            box.release()
            throw SystemCallError("pthread_create", on: work.name, Errno(code: error))
        }
        return thread
    }

    /// Waits for the end of a thread.
    private static func join(_ thread: pthread_t) {
        let joined = pthread_join(thread, nil)
        precondition(joined == 0, "a thread is joined once, by the one that made it")
    }
}

/// Where a dedicated thread begins.
private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { preconditionFailure("a thread is given its work") }
    let work = Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue()
    cl_mark_thread()
    // A name is a courtesy to people; the work does not depend on it.
    _ = cl_name_thread(work.name)
    work.perform()
    work.end()
    return nil
}

/// What a thread is given, whatever its work returns: a C callback cannot be generic.
///
/// It crosses to the new thread inside a pointer, unchecked; that is sound because its maker waits in
/// `pthread_join`, or for the semaphore, and looks at nothing else of it while the thread runs.
private class ThreadWork {
    let name: String
    /// Posted at the end.
    private let ended = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init(name: String) {
        var name = name
        // The kernel's limit counts bytes. A character is dropped whole.
        while name.utf8.count > 15 { name.removeLast() }
        self.name = name
        // It fails only for values and kinds of memory that these are not.
        sem_init(ended, 0, 0)
    }

    deinit {
        sem_destroy(ended)
        ended.deallocate()
    }

    /// Notes that the work is done.
    func end() { sem_post(ended) }

    /// Waits until the work is done, but not for longer than `interval`.
    func hasEnded(within interval: Duration) -> Bool {
        var deadline = timespec()
        // The one clock that this call knows; if it is set meanwhile, the answer comes sooner or later.
        clock_gettime(CLOCK_REALTIME, &deadline)
        let (seconds, attoseconds) = interval.components
        deadline.tv_nsec += Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(seconds) + deadline.tv_nsec / 1_000_000_000
        deadline.tv_nsec %= 1_000_000_000
        while true {
            if sem_timedwait(ended, &deadline) == 0 { return true }
            let error = Errno.current
            if error != .interrupted { return false }
        }
    }

    func perform() {}
}

/// A closure and what became of it.
private final class Work<Value: ~Copyable>: ThreadWork {
    private let body: () throws -> Value
    private var value: Value?
    private var error: (any Error)?

    init(name: String, _ body: @escaping () throws -> Value) {
        self.body = body
        super.init(name: name)
    }

    override func perform() {
        do {
            value = try body()
        } catch {
            self.error = error
        }
    }

    /// What the closure returned or threw; to be asked once.
    func takeOutcome() throws -> Value {
        if let error { throw error }
        guard let value = value.take() else { preconditionFailure("the thread came to its end") }
        return value
    }
}
