import Foundation
import LinuxSystem
package import Testing

/// Whether tests can change a kernel here: they need root, namespaces, iproute2 and nft.
package enum KernelTests {
    /// True if a throw-away node can be made.
    package static let isAvailable = reasonAgainst == nil

    /// Why a throw-away node cannot be made; `nil` if it can.
    package static let reasonAgainst: String? = {
        guard Privilege.hasNetAdmin else {
            let missing = Privilege.missingCapabilities.map(\.description).joined(separator: ", ")
            return "missing \(missing)"
        }
        for program in ["ip", "bridge", "nft", "nsenter", "timeout"] where !Command.exists(program) {
            return "there is no '\(program)'"
        }
        do {
            try DedicatedThread.run(named: "test-probe") { try NamespaceHandle.unshareNew() }
            return nil
        } catch {
            return "\(error)"
        }
    }()

    /// Fails the calling test if kernel tests were skipped and nobody allowed it (`WEFT_ALLOW_SKIP=1`).
    ///
    /// Every test target with kernel tests has one test that calls this and nothing else, and that is never
    /// skipped.
    package static func requireOrAllowSkip(sourceLocation: SourceLocation = #_sourceLocation) {
        guard let reasonAgainst else { return }
        guard ProcessInfo.processInfo.environment["WEFT_ALLOW_SKIP"] != "1" else { return }
        Issue.record(
            "kernel tests were skipped: \(reasonAgainst); set WEFT_ALLOW_SKIP=1 if that is meant",
            sourceLocation: sourceLocation
        )
    }
}

extension Trait where Self == ConditionTrait {
    /// The test changes a kernel, in throw-away namespaces; skipped where it cannot.
    package static var kernel: Self {
        .enabled(if: KernelTests.isAvailable, "needs root, namespaces, iproute2 and nft")
    }
}
