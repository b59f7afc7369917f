import Glibc
import LinuxSystem

/// A child process, started without a shell.
package struct Command: Sendable {
    /// The program and its arguments.
    package let arguments: [String]
    private var input = ""
    private var environment: [String: String] = [:]

    package init(_ arguments: [String]) {
        precondition(!arguments.isEmpty, "a command has a program")
        self.arguments = arguments
    }

    /// The words of `line`, separated by spaces; there are no quotes.
    package init(_ line: String) {
        self.init(line.split(separator: " ").map(String.init))
    }

    /// The same with something to read on its standard input.
    package func reading(_ input: String) -> Command {
        var copy = self
        copy.input = input
        return copy
    }

    /// The same with variables added to the environment that it inherits.
    package func with(environment: [String: String]) -> Command {
        var copy = self
        copy.environment.merge(environment) { _, new in new }
        return copy
    }

    /// Runs it to its end, whatever that is; one that takes more than two minutes is ended, with status 124.
    package func result() throws -> CommandResult {
        var limited = Command(["timeout", "--kill-after=5", "120"] + arguments)
        limited.input = input
        limited.environment = environment
        let finished = try limited.start().wait()
        return CommandResult(
            arguments: arguments,
            status: finished.status,
            output: finished.output,
            errors: finished.errors
        )
    }

    /// Runs it, and returns what it wrote on its standard output.
    ///
    /// - Throws: ``CommandFailure`` if it ends with any status but 0.
    @discardableResult
    package func output() throws -> String {
        let result = try result()
        guard result.status == 0 else { throw CommandFailure(result: result, wanted: "status 0") }
        return result.output
    }

    /// Starts it, and does not wait.
    package func start() throws -> RunningCommand {
        // Files instead of pipes: nobody has to read them while it runs.
        let streams = try (0...2).map { _ in try ScratchFile() }
        try streams[0].write(input)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream.descriptor, CInt(number))
        }

        // A thread of the tests may block signals, which a child would then never get.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let argv = CStrings(arguments)
        let envp = CStrings(Self.inherited.merging(environment) { _, new in new }.map { "\($0)=\($1)" })
        var pid = pid_t()
        let error = posix_spawn(
            &pid,
            try Self.path(of: arguments[0]),
            &actions,
            &attributes,
            argv.pointers,
            envp.pointers
        )
        guard error == 0 else {
            throw SystemCallError("posix_spawn", on: arguments[0], Errno(code: error))
        }
        return RunningCommand(pid: pid, arguments: arguments, output: streams[1], errors: streams[2])
    }

    /// This process's environment, in English.
    private static var inherited: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let parts = String(cString: pointer).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        variables["LC_ALL"] = "C.UTF-8"
        return variables
    }

    /// Where a program is; also where administrators' programs are, which tests need and `PATH` may lack.
    private static func path(of program: String) throws -> String {
        if program.contains("/") { return program }
        let search = (inherited["PATH"] ?? "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
        for directory in search.split(separator: ":") where access("\(directory)/\(program)", X_OK) == 0 {
            return "\(directory)/\(program)"
        }
        throw SystemCallError("posix_spawn", on: program, .noSuchFileOrDirectory)
    }

    /// True if there is such a program.
    package static func exists(_ program: String) -> Bool { (try? path(of: program)) != nil }
}

/// A child process on its way; whoever started it waits for it.
package final class RunningCommand {
    package let pid: Int32
    private let arguments: [String]
    private let output: ScratchFile
    private let errors: ScratchFile

    fileprivate init(
        pid: Int32,
        arguments: [String],
        output: ScratchFile,
        errors: ScratchFile
    ) {
        self.pid = pid
        self.arguments = arguments
        self.output = output
        self.errors = errors
    }

    /// Waits for its end; a process ended by a signal has the status 128 + its number.
    package func wait() throws -> CommandResult {
        var status: CInt = 0
        try checked("waitpid", on: "\(pid)") { waitpid(pid, &status, 0) }
        let signal = status & 0x7f
        return CommandResult(
            arguments: arguments,
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: try output.contents(),
            errors: try errors.contents()
        )
    }

    /// What it has written so far on standard output.
    package func outputSoFar() throws -> String { try output.contents() }

    /// What it has written so far on standard error.
    package func errorsSoFar() throws -> String { try errors.contents() }

    /// Sends it a signal.
    package func send(_ signal: CInt) throws {
        try checked("kill", on: "\(pid)") { kill(pid, signal) }
    }

    /// Kills it, and waits for its end.
    @discardableResult
    package func end() throws -> CommandResult {
        try send(SIGKILL)
        return try wait()
    }
}

/// How a child process ended, and what it said.
package struct CommandResult: Sendable, CustomStringConvertible {
    package let arguments: [String]
    /// The exit status, or 128 + the signal that ended it.
    package let status: Int32
    /// What it wrote on standard output.
    package let output: String
    /// What it wrote on standard error.
    package let errors: String

    package var description: String {
        """
        \(arguments.joined(separator: " "))
        status \(status)
        stdout: \(output)
        stderr: \(errors)
        """
    }
}

/// A child process did not end as the test needs it.
package struct CommandFailure: Error, CustomStringConvertible {
    package let result: CommandResult
    package let wanted: String

    package var description: String { "wanted \(wanted) of: \(result)" }
}

/// A file without a name, gone with the value.
private final class ScratchFile {
    let descriptor: CInt
    private let owner: OwnedDescriptor

    init() throws {
        let path = "/tmp/wt-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        owner = try OwnedDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        descriptor = owner.rawValue
        try checked("unlink", on: path) { unlink(path) }
    }

    func write(_ text: String) throws {
        try owner.writeAll(Array(text.utf8), named: "a scratch file")
        lseek(descriptor, 0, SEEK_SET)
    }

    func contents() throws -> String {
        // By a descriptor of its own, so that the child's position stays where it is.
        String(decoding: try FileReader.readAll("/proc/self/fd/\(descriptor)"), as: UTF8.self)
    }
}

/// Strings as C wants them: an array of pointers with NULL at its end.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
