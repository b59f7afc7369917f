internal import CLinux
internal import Glibc

/// What is mounted where, as the calling thread sees it.
package enum MountNamespace {
    /// Puts the calling thread into a copy of its mount namespace.
    ///
    /// What is mounted there from now on is seen nowhere else; what is mounted and unmounted outside is so there too, that a
    /// name in `/run/netns` can be taken away. Other threads stay where they are.
    ///
    /// Equivalent to `unshare --mount --propagation slave`, for one thread.
    ///
    /// - Throws: ``SystemCallError`` (`EPERM`: without `CAP_SYS_ADMIN`; `EINVAL`: the root directory is no mount point).
    package static func unshareNew() throws(SystemCallError) {
        try checked("unshare", on: "a mount namespace") { cl_unshare_mount_namespace() }
        try checked("mount --make-rslave", on: "/") { mount("", "/", "none", UInt(MS_SLAVE | MS_REC), nil) }
    }

    /// Lays a file over another one, which is seen again where the mount is not.
    ///
    /// It is the file itself that is seen, whatever becomes of its name: also what is written into it later.
    ///
    /// Equivalent to `mount --bind FILE TARGET`.
    ///
    /// - Throws: ``SystemCallError`` naming `target` (`ENOENT`: one of them is not there).
    package static func lay(_ file: String, over target: String) throws(SystemCallError) {
        try checked("mount --bind", on: target) { mount(file, target, "none", UInt(MS_BIND), nil) }
    }

    /// Has `/sys` show the links of the calling thread's network namespace, where it is mounted.
    ///
    /// A sysfs shows the links of the namespace in which it was mounted, whoever looks. `ip netns exec` takes the old one
    /// off, and with it what is mounted below, such as the cgroups; here that comes along.
    ///
    /// Equivalent to `mount -t sysfs -o OPTIONS sysfs /sys`, with the options of the one that was there.
    ///
    /// - Throws: ``SystemCallError`` (`EPERM`: in a container whose `/sys` hides something).
    package static func showLinksInSysfs() throws(SystemCallError) {
        let mounts = MountTable(try FileReader.readAll("/proc/thread-self/mountinfo"))
        guard let old = mounts.last(on: "/sys"), old.kind == "sysfs" else { return }
        var below: [(path: String, copy: Copy)] = []
        for mount in mounts.all where mount.parent == old.number {
            let path = mount.path
            let descriptor = try checked("open_tree", on: path) { cl_copy_mounts(path) }
            below.append((path, Copy(OwnedDescriptor(owning: descriptor))))
        }
        do {
            try checked("mount -t sysfs", on: "/sys") { mount("sysfs", "/sys", "sysfs", old.flags, nil) }
        } catch  where error.errno == .busy {
            // > EBUSY: … the same file system is mounted there already: it is this namespace's.
            return
        }
        for (path, copy) in below {
            // What finds no place in the new one is left out.
            _ = cl_attach_mounts(copy.descriptor.rawValue, path)
        }
    }

    /// Mounts that are kept for later.
    private final class Copy {
        let descriptor: OwnedDescriptor

        init(_ descriptor: consuming OwnedDescriptor) {
            self.descriptor = descriptor
        }
    }
}

/// What `/proc/PID/mountinfo` says; see proc(5).
package struct MountTable {
    /// One line.
    package struct Mount {
        package var number: Int
        package var parent: Int
        package var path: String
        package var kind: String
        /// What mount(2) takes for the options that can be had for each mount.
        package var flags: UInt
    }

    /// In the order in which they were mounted.
    package let all: [Mount]

    package init(_ contents: [UInt8]) {
        all = String(decoding: contents, as: UTF8.self).split(separator: "\n").compactMap(Self.mount)
    }

    /// The uppermost mount on a path.
    package func last(on path: String) -> Mount? { all.last { $0.path == path } }

    /// `24 30 0:22 / /sys rw,nosuid,relatime shared:7 - sysfs sysfs rw`.
    private static func mount(_ line: Substring) -> Mount? {
        let words = line.split(separator: " ")
        guard let dash = words.firstIndex(of: "-"), dash > 5, words.count > dash + 1,
            let number = Int(words[0]),
            let parent = Int(words[1])
        else { return nil }
        let flags = words[5].split(separator: ",").reduce(0) { $0 | (options[String($1)] ?? 0) }
        return Mount(
            number: number,
            parent: parent,
            path: unescaped(words[4]),
            kind: String(words[dash + 1]),
            flags: UInt(flags)
        )
    }

    private static let options = [
        "ro": MS_RDONLY, "nosuid": MS_NOSUID, "nodev": MS_NODEV, "noexec": MS_NOEXEC, "noatime": MS_NOATIME,
        "nodiratime": MS_NODIRATIME,
    ]

    /// A path with `\040` for a space.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        let parts = text.split(separator: "\\", omittingEmptySubsequences: false)
        var bytes = Array((parts.first ?? "").utf8)
        for part in parts.dropFirst() {
            if let byte = UInt8(part.prefix(3), radix: 8) { bytes.append(byte) }
            bytes += part.dropFirst(3).utf8
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
