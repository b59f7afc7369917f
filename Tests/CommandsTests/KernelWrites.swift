import LinuxSystem
import NetworkTesting

/// What a process did to the kernel, as `strace` saw it.
struct KernelWrites {
    /// The types of all messages that were sent, by number.
    private(set) var messages: [Int] = []
    /// Calls that change something besides netlink: mounts, namespaces, files.
    private(set) var calls: [String] = []

    /// True if processes can be watched here.
    static let canBeSeen: Bool = {
        guard KernelTests.isAvailable, Command.exists("strace") else { return false }
        let trial = try? Command(["strace", "-o", "/dev/null", "true"]).result()
        return trial?.status == 0
    }()

    private static let watched = [
        "sendto", "sendmsg", "sendmmsg", "mount", "umount2", "unshare", "openat", "open", "creat", "mkdir",
        "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat",
        "symlink", "symlinkat", "chmod", "fchmod", "truncate", "ftruncate",
    ]

    /// Runs a command, which must succeed, and watches it.
    init(of command: Command, in directory: String) throws {
        let path = "\(directory)/trace"
        // Older kernels and other machines lack some of the calls: `?` makes that no error.
        let calls = Self.watched.map { "?\($0)" }.joined(separator: ",")
        let watch = ["strace", "-f", "-v", "-s", "65536", "-e", "trace=\(calls)", "-o", path]
        try Command(watch + command.arguments).output()
        let trace = try AtomicFile.read(path) ?? ""
        for line in trace.split(separator: "\n") { read(line) }
    }

    private mutating func read(_ line: Substring) {
        // `4711 sendto(5, [{nlmsg_len=40, nlmsg_type=0x12 /* NLMSG_??? */, …`, or RTM_GETLINK for the number.
        guard let call = line.drop(while: { $0.isNumber || $0 == " " }).split(separator: "(").first,
            Self.watched.contains(String(call)), !line.contains(" = -1 E")
        else { return }
        if call.hasPrefix("send") {
            // Of nftables: `NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETTABLE`.
            messages += line.matches(of: /nlmsg_type=([\w<|]+)/).map { Self.number(of: $0.1) }
        } else if !call.hasPrefix("open") || line.contains(/O_(WRONLY|RDWR|CREAT|TRUNC)/) {
            calls.append(String(line))
        }
    }

    /// A type as a number; `strace` names it where it knows the socket's family.
    private static func number(of type: Substring) -> Int {
        if type.hasPrefix("0x") {
            let number = Int(type.dropFirst(2), radix: 16) ?? 0
            return netfilterQuestions.contains(number) ? 18 : number
        }
        return type.contains(/^RTM_GET|_MSG_(CT_)?GET/) ? 18 : 16
    }

    /// `NFT_MSG_GET…` of nftables (subsystem 10) and `IPCTNL_MSG_CT_GET` of connection tracking (1), of `linux/netfilter`.
    private static let netfilterQuestions = Set(
        [1, 4, 7, 10, 13, 16, 19, 23].map { 10 << 8 | $0 } + [1 << 8 | 1]
    )

    /// The messages that ask: the second lowest bits of a type say so, in every family of rtnetlink's types.
    var questions: [Int] { messages.filter { $0 >= 16 && $0 % 4 == 2 } }

    /// The messages that change something, or that nobody knows.
    var orders: [Int] { messages.filter { $0 < 16 || $0 % 4 != 2 } }
}
