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
            try start(work)
            return try work.takeOutcome()
        }
    }

    /// True on a thread that ``run(named:_:)`` made.
    package static var isCurrent: Bool { cl_thread_is_marked() }

    /// Runs `work` on a new thread to its end.
    private static func start(_ work: ThreadWork) throws(SystemCallError) {
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
    return nil
}

/// What a thread is given, whatever its work returns: a C callback cannot be generic.
///
/// It crosses to the new thread inside a pointer, unchecked; that is sound because its maker waits in
/// `pthread_join` and so never looks at it while the thread does.
private class ThreadWork {
    let name: String

    init(name: String) {
        var name = name
        // The kernel's limit counts bytes. A character is dropped whole.
        while name.utf8.count > 15 { name.removeLast() }
        self.name = name
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
