internal import CLinux
internal import Glibc

/// What tells one network namespace from another: device and inode of its file.
///
/// An inode is used again after the namespace's death; two identities are compared while something holds
/// both.
package struct NamespaceIdentity: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The device of nsfs.
    package let device: UInt64
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    /// As `readlink /proc/PID/ns/net` shows it: `net:[4026531833]`.
    package var description: String { "net:[\(inode)]" }

    package static func < (left: NamespaceIdentity, right: NamespaceIdentity) -> Bool {
        (left.device, left.inode) < (right.device, right.inode)
    }
}

/// A path that should lead to a network namespace leads to something else.
package struct NotANetworkNamespace: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var description: String { "'\(path)' is not a network namespace" }
}

/// A network namespace held open, and so kept alive, by a file descriptor.
package struct NamespaceHandle: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor
    /// Which namespace it is.
    package let identity: NamespaceIdentity

    private init(_ descriptor: consuming OwnedDescriptor, identity: NamespaceIdentity) {
        self.descriptor = descriptor
        self.identity = identity
    }

    /// The descriptor's number, for attributes such as `IFLA_NET_NS_FD`; valid as long as the value lives.
    package var rawValue: CInt { descriptor.rawValue }

    /// The namespace of the calling thread.
    ///
    /// By `/proc/thread-self`: `/proc/self` is the main thread, which may be in another one.
    ///
    /// - Throws: ``SystemCallError`` for whatever `open` refuses.
    package static func current() throws -> NamespaceHandle {
        try open(path: currentPath)
    }

    /// The file of the calling thread's namespace.
    package static let currentPath = "/proc/thread-self/ns/net"

    /// The namespace at a path, such as a bind mount or `/proc/PID/ns/net`.
    ///
    /// - Throws: ``SystemCallError`` if it cannot be opened (`ENOENT`: there is nothing);
    ///   ``NotANetworkNamespace`` if it is something else, such as a file that was never mounted on.
    package static func open(path: String) throws -> NamespaceHandle {
        // Without O_NONBLOCK a FIFO in the place of a namespace would hold us for ever.
        let descriptor = try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let isNamespace = try checked("fstatfs", on: path) { cl_is_network_namespace(descriptor.rawValue) }
        guard isNamespace == 1 else { throw NotANetworkNamespace(path: path) }
        let status = try FileStatus(of: descriptor.rawValue, named: path)
        return NamespaceHandle(descriptor, identity: status.identity)
    }

    /// The namespace of a process's main thread.
    ///
    /// - Throws: ``SystemCallError`` if it cannot be opened (`ENOENT`: no such process).
    package static func open(pid: Int32) throws -> NamespaceHandle {
        try open(path: "/proc/\(pid)/ns/net")
    }

    /// The namespace that `ip netns` knows by this name.
    ///
    /// - Throws: As ``open(path:)``.
    package static func open(
        name: String,
        in directory: NamespaceDirectory = .standard
    ) throws -> NamespaceHandle {
        try open(path: directory.path(of: name))
    }

    /// Puts the calling thread into this namespace.
    ///
    /// Only on a thread made by ``DedicatedThread``: the thread stays there until it enters another or ends.
    ///
    /// Equivalent to `nsenter --net=PATH`, for one thread.
    ///
    /// - Throws: ``SystemCallError`` (`EPERM`: without `CAP_SYS_ADMIN`).
    package func enter() throws(SystemCallError) {
        precondition(DedicatedThread.isCurrent, "a namespace is entered on a thread made for it")
        try checked("setns", on: "\(identity)") { cl_enter_network_namespace(descriptor.rawValue) }
    }

    /// Puts the process into this namespace, for the program that it is about to become.
    ///
    /// Only on the main thread: see ``Successor``.
    ///
    /// Equivalent to `nsenter --net=PATH`.
    ///
    /// - Throws: ``SystemCallError`` (`EPERM`: without `CAP_SYS_ADMIN`).
    package func enterForSuccessor() throws(SystemCallError) {
        Successor.checkThread()
        try checked("setns", on: "\(identity)") { cl_enter_network_namespace(descriptor.rawValue) }
    }

    /// Puts the calling thread into a new network namespace.
    ///
    /// It dies with the last thread, descriptor, or bind mount of it.
    ///
    /// Only on a thread made by ``DedicatedThread``.
    ///
    /// Equivalent to `unshare --net`, for one thread.
    ///
    /// - Throws: ``SystemCallError`` (`EPERM`: without `CAP_SYS_ADMIN`; `ENOSPC`: the limit
    ///   `user.max_net_namespaces` is reached).
    package static func unshareNew() throws(SystemCallError) {
        precondition(DedicatedThread.isCurrent, "a namespace is made on a thread made for it")
        try checked("unshare", on: "a network namespace") { cl_unshare_network_namespace() }
    }
}
