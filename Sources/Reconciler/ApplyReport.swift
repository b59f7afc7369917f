package import LinuxSystem
package import Planner

/// One thing that could not be done.
package struct ApplyFailure: Error, Hashable, Sendable {
    /// What was to be done: `create bridge link 'br9'`.
    package var operation: String
    /// The object's name, as in the plan.
    package var object: String
    /// Why the kernel would not; `nil` if it is not the kernel that said no.
    package var errno: Errno?
    /// The kernel's own sentence, or ours where it has none.
    package var sentence: String?
    /// What can be done about it.
    package var hint: String?
    /// True if what is in the way may be a link of a namespace that the kernel has yet to bury.
    var mayPass = false

    package init(
        operation: String,
        object: String,
        errno: Errno? = nil,
        sentence: String? = nil,
        hint: String? = nil
    ) {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.sentence = sentence
        self.hint = hint
    }
}

extension ApplyFailure: CustomStringConvertible {
    /// `cannot create vxlan link 'vx9': A VXLAN device with the specified VNI already exists (EEXIST, File exists)`.
    package var description: String {
        let code = errno.map { "\($0.name), \($0.sentence)" }
        switch (sentence, code) {
        case (let sentence?, let code?): return "cannot \(operation): \(sentence) (\(code))"
        case (let sentence?, nil): return "cannot \(operation): \(sentence)"
        case (nil, let code?): return "cannot \(operation) (\(code))"
        case (nil, nil): return "cannot \(operation)"
        }
    }
}

/// What became of an apply.
package struct ApplyReport: Sendable {
    /// The changes that were to be made.
    package var plan: Plan
    /// How many of them were sent to the kernel and not refused.
    package var applied = 0
    /// What could not be done, or was found different afterwards.
    package var failures: [ApplyFailure] = []
    /// Whether what was done was undone; `nil` if there was no need, or nobody asked for it.
    package var isRolledBack: Bool?
    /// The changes by which it was undone, in their order.
    package var undone: [Change] = []
    /// What could not be undone.
    package var rollbackFailures: [ApplyFailure] = []
    /// What was still to be done when the kernel was read again, where a failure did not end the work.
    package var remaining: [Change] = []
    /// True if there is no such node any more: only what was left of it elsewhere was removed.
    package var isNodeGone = false
    /// Where the node was on record, if that is another runtime directory than the one that was named.
    package var otherRuntimeDirectory: String?
    /// True if the kernel was read again and is as it shall be.
    package var isVerified = false
    /// How many messages were sent that change something, rollback included.
    package var messagesSent = 0

    package init(plan: Plan) {
        self.plan = plan
    }

    /// True if everything is as it shall be.
    package var isDone: Bool { failures.isEmpty && isVerified }
}
