internal import ArgumentParser

/// What the commands exit with.
///
/// Documented in the README; other programs rely on it.
enum ExitStatus {
    /// Something failed.
    static let failed = ExitCode(1)
    /// `plan --detailed-exitcode` found changes.
    static let changes = ExitCode(2)
    /// The words on the command line are wrong.
    ///
    /// `EX_USAGE`.
    static let usage = ExitCode(64)
    /// The document is wrong.
    ///
    /// `EX_DATAERR`.
    static let badDocument = ExitCode(65)
    /// Another apply is at work, and `--no-wait` was given.
    ///
    /// `EX_TEMPFAIL`.
    static let busy = ExitCode(75)
    /// The process may not do what it is told to.
    ///
    /// `EX_NOPERM`.
    static let notPermitted = ExitCode(77)
    /// `exec`: the command is there, and can't be run.
    static let notExecutable = ExitCode(126)
    /// `exec`: there is no such command.
    static let notFound = ExitCode(127)
}
