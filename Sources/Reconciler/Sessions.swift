internal import Firewall
internal import LinuxSystem
internal import Netlink
internal import NetworkModel

/// Opens sockets in namespaces, from the one thread of a pass, which goes from namespace to namespace.
///
/// A netlink socket stays in the namespace of the thread that makes it, whatever the thread does later. So the node's
/// socket is made once, and a socket of another namespace when the pass gets there; one of those is kept at a time.
struct Sessions: ~Copyable {
    private let node: Node
    private let hook: StepHook?
    private let home: Home
    private var nodeSocket: NetlinkSocket
    /// Where the thread is; `nil` if nobody knows.
    private var position: Place? = .node {
        didSet { settings = SysctlDirectory() }
    }
    /// The settings of where the thread is.
    private var settings = SysctlDirectory()
    private var visited: Visit?
    /// Which namespaces bore their names when the node was read.
    private var expected: [NamespaceName: UInt64] = [:]
    /// Where namespaces are found that somebody else made.
    private var adopted: [NamespaceName: String] = [:]
    /// How many messages that change something were sent by sockets that are closed.
    private var messagesOfClosed = 0

    /// The namespace that is the node, held from the beginning of a pass to its end.
    ///
    /// The thread goes elsewhere meanwhile, and a node that has no path is found again by this alone.
    final class Home {
        let namespace: NamespaceHandle
        /// Which namespace it is; see ``ObservedNamespace/cookie``.
        let cookie: UInt64
        /// Whose the namespaces are that are made here, as their marks have it.
        let owner: String
        /// True if there is no such node any more, and an empty namespace stands for it.
        let isGone: Bool
        /// The node's firewall, once anybody asked for it.
        fileprivate var firewall: NodeFirewall?

        /// Must be called on a thread made for the pass, before it goes anywhere; leaves it in the node's namespace.
        ///
        /// - Parameters:
        ///   - node: The node.
        ///   - mayBeGone: Whether an empty namespace may stand for one that is gone: all that was in the node went
        ///     with it, but for the namespaces that have names.
        /// - Throws: ``SystemCallError`` or ``NotANetworkNamespace`` if the node is not to be entered.
        init(of node: Node, mayBeGone: Bool = false) throws {
            do {
                try node.enter()
                isGone = false
            } catch let error as SystemCallError
                where mayBeGone && error.errno == .noSuchFileOrDirectory && node.namespace?.name != nil
            {
                try NamespaceHandle.unshareNew()
                isGone = true
            } catch let error as NotANetworkNamespace {
                // Whoever was about to make it was interrupted: it never was.
                guard mayBeGone, let name = node.namespace?.name,
                    try node.namespaceDirectory.hasLeftOver(name)
                else { throw error }
                try NamespaceHandle.unshareNew()
                isGone = true
            }
            namespace = try NamespaceHandle.current()
            cookie = try NetlinkSocket.route().namespaceCookie
            owner = node.namespace?.name.map { "node \($0)" } ?? "\(namespace.identity)"
        }
    }

    /// Whose the namespaces are that are made here, as their marks have it.
    var owner: String { home.owner }

    /// The node's namespace, for questions about it from others.
    var nodeDescriptor: CInt { home.namespace.rawValue }

    /// Which namespace the node is.
    var nodeCookie: UInt64 { home.cookie }

    /// A namespace that the pass is in, and its socket.
    private final class Visit {
        let name: NamespaceName
        let namespace: HeldNamespace
        var socket: NetlinkSocket

        init(_ name: NamespaceName, _ namespace: HeldNamespace, _ socket: consuming NetlinkSocket) {
            self.name = name
            self.namespace = namespace
            self.socket = socket
        }
    }

    /// A namespace that is kept open.
    final class HeldNamespace {
        private let handle: NamespaceHandle

        fileprivate init(_ handle: consuming NamespaceHandle) {
            self.handle = handle
        }

        /// For messages that put a link there.
        var descriptor: CInt { handle.rawValue }

        /// Which namespace it is.
        var identity: NamespaceIdentity { handle.identity }

        fileprivate func enter() throws { try handle.enter() }
    }

    /// Must be called on the thread of the pass; leaves it in the node's namespace.
    ///
    /// - Throws: ``SystemCallError`` if the node is not to be entered.
    init(node: Node, home: Home, hook: StepHook?) throws {
        // Who is there already needs no privilege to stay.
        if try NamespaceHandle.current().identity != home.namespace.identity { try home.namespace.enter() }
        let socket = try NetlinkSocket.route(hook: hook?.forMessages)
        self.node = node
        self.hook = hook
        self.home = home
        nodeSocket = socket
    }

    /// For a pass that only reads: begins and ends with this value.
    ///
    /// - Throws: As ``Home/init(of:)``.
    init(node: Node) throws {
        try self.init(node: node, home: Home(of: node), hook: nil)
    }

    /// How many messages that change something were sent.
    var messagesSent: Int {
        messagesOfClosed + nodeSocket.messagesSent + (visited?.socket.messagesSent ?? 0)
    }

    /// Calls `body` with the socket of a place.
    ///
    /// - Throws: ``SystemCallError`` if the namespace is not to be entered, or what `body` throws.
    mutating func withSocket<Value>(
        of place: Place,
        _ body: (inout NetlinkSocket) throws -> Value
    ) throws -> Value {
        switch place {
        case .node:
            return try body(&nodeSocket)
        case .namespace(let name):
            return try body(&visit(name).socket)
        }
    }

    /// The node's firewall.
    ///
    /// - Throws: ``SystemCallError`` if the node is not to be entered, or `NftablesError`.
    mutating func firewall() throws -> NodeFirewall {
        if let firewall = home.firewall { return firewall }
        try enter(.node)
        let firewall = try NodeFirewall()
        home.firewall = firewall
        return firewall
    }

    /// Makes the kernel forget connections that it tracks on the node.
    ///
    /// - Parameter addresses: Whose, and how.
    /// - Returns: What the kernel refused.
    /// - Throws: ``SystemCallError``, or what ends a conversation: `NetlinkTransportError`.
    mutating func forgetConnections(
        of addresses: [IPAddress: ConnectionTracking.Forgetting]
    ) throws -> [Refusal] {
        try enter(.node)
        var tracking = try ConnectionTracking(hook: hook?.forMessages)
        defer { messagesOfClosed += tracking.messagesSent }
        return try tracking.forget(addresses)
    }

    /// A named namespace, for messages that put a link there.
    ///
    /// - Throws: As ``withSocket(of:_:)``.
    mutating func hold(_ name: NamespaceName) throws -> HeldNamespace {
        try visit(name).namespace
    }

    /// Reads a setting where it is; `nil` if there is none.
    ///
    /// - Throws: ``SystemCallError`` if the namespace is not to be entered, or reading is refused.
    mutating func readSetting(_ key: Sysctl.Key) throws -> String? {
        try enter(key.place)
        return try settings.readIfExists(key.path)
    }

    /// Writes a setting where it is.
    ///
    /// - Throws: ``SystemCallError`` if the namespace is not to be entered, or writing is refused.
    mutating func write(_ sysctl: Sysctl) throws {
        try enter(sysctl.key.place)
        try settings.write(sysctl.key.path, sysctl.value)
    }

    /// Puts the thread into a place.
    mutating func enter(_ place: Place) throws {
        guard position != place else { return }
        switch place {
        case .node:
            try home.namespace.enter()
        case .namespace(let name):
            let visit = try visit(name)
            // The thread may have been elsewhere since the visit began.
            if position != place { try visit.namespace.enter() }
        }
        position = place
    }

    /// Makes a namespace, marks it, names it, and begins a visit there.
    ///
    /// The mark comes before the name: whatever has a name and is Weft's bears the mark, at every instant. Of an
    /// interrupted creation there is at most the empty file of the name; the namespace dies with the thread.
    ///
    /// - Parameters:
    ///   - name: Its name; free.
    ///   - mark: Puts the mark on it, by its socket.
    /// - Throws: ``SystemCallError``, or what `mark` throws; what was done by then is undone.
    mutating func createNamespace(
        _ name: NamespaceName,
        mark: (inout NetlinkSocket) throws -> Void
    ) throws {
        leave()
        let directory = node.namespaceDirectory
        try hook?.check("create", on: directory.path(of: name.text))
        try directory.reserve(name.text)
        do {
            try hook?.check("unshare", on: name.text)
            position = nil
            try NamespaceHandle.unshareNew()
            position = .namespace(name)
            // What bore the name before has gone, or was never there.
            expected[name] = nil
            try mark(&begin(name, at: NamespaceHandle.current()).socket)
            try hook?.check("mount", on: directory.path(of: name.text))
            try directory.attach(name.text)
            expected[name] = try withSocket(of: .namespace(name)) { try $0.namespaceCookie }
        } catch {
            leave()
            // What failed is what matters; what may stay of the name is found by its kind.
            try? directory.removeLeftOver(name.text)
            throw error
        }
    }

    /// Notes where a namespace is found that somebody else made.
    mutating func adopt(_ name: NamespaceName, at path: String) {
        adopted[name] = path
    }

    /// The file of a named namespace.
    private func path(of name: NamespaceName) -> String {
        adopted[name] ?? node.namespaceDirectory.path(of: name.text)
    }

    /// Notes which namespace bears a name; one that has taken its place is not entered.
    mutating func expect(_ name: NamespaceName, _ cookie: UInt64) {
        expected[name] = cookie
    }

    /// Takes the name of a namespace away, if it is still the one that was read; the namespace dies when nobody is left
    /// in it.
    ///
    /// - Throws: ``NamespaceWasReplaced``, or ``SystemCallError``.
    mutating func removeNamespace(_ name: NamespaceName) throws {
        leave()
        try hook?.check("umount", on: node.namespaceDirectory.path(of: name.text))
        do {
            // As late as can be: `umount` takes a path, not a namespace.
            _ = try visit(name)
            leave()
        } catch is NotANetworkNamespace {
            return try removeLeftOver(name)
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            return
        }
        try node.namespaceDirectory.remove(name.text)
    }

    /// Takes away what an interrupted creation left of a name.
    mutating func removeLeftOver(_ name: NamespaceName) throws {
        try hook?.check("unlink", on: node.namespaceDirectory.path(of: name.text))
        try node.namespaceDirectory.removeLeftOver(name.text)
    }

    /// Closes what is open in a named namespace, so that it can die.
    mutating func leave() {
        messagesOfClosed += visited?.socket.messagesSent ?? 0
        visited = nil
    }

    /// Where the pass is, or goes now.
    private mutating func visit(_ name: NamespaceName) throws -> Visit {
        if let visited, visited.name == name { return visited }
        leave()
        let namespace = try NamespaceHandle.open(path: path(of: name))
        position = nil
        try namespace.enter()
        position = .namespace(name)
        return try begin(name, at: namespace)
    }

    private mutating func begin(
        _ name: NamespaceName,
        at namespace: consuming NamespaceHandle
    ) throws -> Visit {
        let socket = try NetlinkSocket.route(hook: hook?.forMessages)
        if let cookie = expected[name], try socket.namespaceCookie != cookie {
            throw NamespaceWasReplaced(name: name)
        }
        let visit = Visit(name, HeldNamespace(namespace), socket)
        visited = visit
        return visit
    }
}

/// Another namespace has taken the place of one that was read.
struct NamespaceWasReplaced: Error, Hashable, Sendable, CustomStringConvertible {
    let name: NamespaceName

    var description: String {
        "another namespace has taken the name '\(name)' since the node was read, and is left alone"
    }
}

extension StepHook {
    /// The hook as a socket knows it.
    var forMessages: MessageHook {
        let willDo = willDo
        return MessageHook(sendsBatches: sendsBatches) { type in willDo("message \(type)") }
    }
}
