internal import CLinux
internal import Glibc

/// The program that this process is about to become.
///
/// There is no fork: the process keeps its number, its parent, its terminal and its descriptors, so signals and the exit status are
/// the successor's own. All of it happens on the main thread, when whatever other thread there was has ended. execve(2) would end
/// others, and leave the successor in the namespaces of the thread that called it, whichever that was; but what else belongs to a
/// thread would be lost with the main one: the signal on the parent's death that somebody asked for (prctl(2),
/// PR_SET_PDEATHSIG), and who traces the process without following its threads.
package enum Successor {
    /// Sets a variable of the environment that the successor gets.
    ///
    /// - Throws: ``SystemCallError`` (`EINVAL`: it is no name).
    package static func setVariable(_ name: String, to value: String) throws(SystemCallError) {
        checkThread()
        try checked("setenv", on: name) { setenv(name, value, 1) }
    }

    /// Becomes another program.
    ///
    /// It is looked for where `PATH` says, unless there is a slash in its name.
    ///
    /// - Parameter arguments: The program and its arguments, NULL at the end.
    /// - Returns: Why not.
    package static func begin(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Errno {
        checkThread()
        guard let program = arguments.pointee else { preconditionFailure("there is a program to become") }
        execvp(program, arguments)
        return Errno.current
    }

    /// Stops a program that would prepare a thread for what becomes of the process.
    static func checkThread() {
        precondition(cl_thread_id() == getpid(), "a process becomes another program on its main thread")
    }
}
