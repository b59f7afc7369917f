internal import CLinux
internal import Glibc

/// A wish of the user's that the process end: SIGINT, SIGTERM or SIGHUP.
///
/// Work that must not stop half-way asks for it between its steps and winds up in order.
package enum Interruption {
    /// From now on the first such signal is noted instead of ending the process; a second one ends it at once.
    ///
    /// Signals that the process was told to ignore are ignored still.
    ///
    /// - Throws: ``SystemCallError`` for whatever `sigaction` refuses.
    package static func begin() throws(SystemCallError) {
        try checked("sigaction") { cl_catch_interruptions() }
    }

    /// The name of the signal that came: `SIGINT`; `nil` if none did.
    package static var signalName: String? {
        switch cl_interruption() {
        case 0: nil
        case SIGINT: "SIGINT"
        case SIGTERM: "SIGTERM"
        case SIGHUP: "SIGHUP"
        case let number: "signal \(number)"
        }
    }
}
