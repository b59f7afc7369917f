internal import CLinux
internal import Glibc

/// The directory where network namespaces have their names: each is bind-mounted on a file.
///
/// Kept as `ip netns` of iproute2 keeps it, so that both work on it side by side.
package struct NamespaceDirectory: Hashable, Sendable {
    /// Where it is, without a slash at the end.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// `/run/netns`, where `ip netns` looks.
    package static let standard = NamespaceDirectory(path: "/run/netns")

    /// The file of a namespace.
    package func path(of name: String) -> String { "\(path)/\(name)" }

    /// Makes the directory a shared mount, and changes nothing if it is one.
    ///
    /// A namespace mounted or unmounted in it is so in every mount namespace then.
    ///
    /// Holds the lock that `ip netns add` takes: of two that begin at once, both would see that there is no
    /// mount yet, and the second's would cover the names made in the first's.
    ///
    /// Equivalent to `mkdir -p PATH; mount --make-rshared PATH`, and if that is no mount point,
    /// `mount --rbind PATH PATH; mount --make-rshared PATH`.
    /// See iproute2, `ip/ipnetns.c`, `netns_add`.
    ///
    /// - Throws: ``SystemCallError`` (`EPERM`: without `CAP_SYS_ADMIN`).
    package func prepare() throws(SystemCallError) {
        try AtomicFile.makeDirectories(path, mode: 0o755)
        let lock = try OwnedDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        try checked("flock", on: path) { flock(lock.rawValue, LOCK_EX) }
        do {
            try makeShared()
        } catch  where error.errno == .invalidArgument {
            // > EINVAL: … a propagation type was specified, and target is not a mount point. (mount(2))
            try checked("mount --rbind", on: path) { mount(path, path, "none", UInt(MS_BIND | MS_REC), nil) }
            try makeShared()
        }
    }

    private func makeShared() throws(SystemCallError) {
        try checked("mount --make-rshared", on: path) {
            mount("", path, "none", UInt(MS_SHARED | MS_REC), nil)
        }
    }

    /// Gives a new network namespace the name `name`, and leaves the calling thread in it.
    ///
    /// Only on a thread made by ``DedicatedThread``. Undoes its first step if a later one fails; killed in
    /// between, it leaves an ``Entry/Kind/leftOver`` for ``remove(_:)``.
    ///
    /// Equivalent to `ip netns add NAME`.
    ///
    /// - Throws: ``SystemCallError`` (`EEXIST`: the name is taken).
    package func create(_ name: String) throws(SystemCallError) {
        try reserve(name)
        do {
            try NamespaceHandle.unshareNew()
            try attach(name)
        } catch {
            // What failed is what matters; the empty file that may stay is found by its kind.
            try? remove(name)
            throw error
        }
    }

    /// Takes a name with an empty file, on which the namespace will be mounted.
    ///
    /// - Throws: ``SystemCallError`` (`EEXIST`: the name is taken).
    package func reserve(_ name: String) throws(SystemCallError) {
        _ = try OwnedDescriptor.open(path(of: name), O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    }

    /// Mounts the calling thread's network namespace on a reserved name.
    ///
    /// Equivalent to `mount --bind /proc/thread-self/ns/net PATH/NAME`.
    ///
    /// - Throws: ``SystemCallError`` (`ENOENT`: the name is not reserved).
    package func attach(_ name: String) throws(SystemCallError) {
        let file = path(of: name)
        try checked("mount --bind", on: file) {
            mount(NamespaceHandle.currentPath, file, "none", UInt(MS_BIND), nil)
        }
    }

    /// Takes a name away, whatever of it is there; the namespace dies when nothing else holds it.
    ///
    /// Equivalent to `ip netns delete NAME`.
    ///
    /// - Throws: ``SystemCallError``, for anything but that the name is gone already.
    package func remove(_ name: String) throws(SystemCallError) {
        let file = path(of: name)
        // Each turn takes off one mount, so that EBUSY means that there was one more below it (or that
        // somebody mounts as fast as we unmount, hence the bound).
        for _ in 0..<Self.mostMountsOnOneName {
            try unmount(file)
            do {
                try checked("unlink", on: file) { unlink(file) }
                return
            } catch  where error.errno == .noSuchFileOrDirectory {
                return
            } catch  where error.errno == .busy {
                continue
            }
        }
        throw SystemCallError("unlink", on: file, .busy)
    }

    /// More than anybody stacks on purpose.
    private static let mostMountsOnOneName = 64

    /// Detaches the uppermost mount on `file`, if there is one.
    private func unmount(_ file: String) throws(SystemCallError) {
        do {
            try checked("umount", on: file) { umount2(file, CInt(MNT_DETACH | UMOUNT_NOFOLLOW)) }
        } catch  where error.errno == .invalidArgument || error.errno == .noSuchFileOrDirectory {
            // > EINVAL: target is not a mount point. (umount2(2))
        }
    }
}

extension NamespaceDirectory {
    /// A name in the directory.
    package struct Entry: Hashable, Sendable {
        package let name: String
        package let kind: Kind

        package init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }

        /// What stands behind a name.
        package enum Kind: Hashable, Sendable {
            /// A mounted network namespace.
            case namespace(NamespaceIdentity)
            /// An empty file with nothing mounted on it: somebody was interrupted, or is about to mount.
            case leftOver
            /// Anything else: a link, a directory, a namespace of another type.
            case other
        }
    }

    /// All names, sorted, with what stands behind each; none if there is no directory.
    ///
    /// One `stat` for each, and `open` and `ioctl` for a namespace, to know its type; names that vanish
    /// meanwhile are left out.
    ///
    /// Equivalent to `ip netns list`.
    ///
    /// - Throws: ``SystemCallError`` for whatever else `open` and `readdir` refuse.
    package func list() throws(SystemCallError) -> [Entry] {
        let directory: DirectoryStream
        do {
            directory = try DirectoryStream(path: path)
        } catch  where error.errno == .noSuchFileOrDirectory {
            return []
        }
        let nsfs = try FileStatus(at: AT_FDCWD, NamespaceHandle.currentPath, followingLinks: true).device
        var entries: [Entry] = []
        for name in try directory.names().sorted() {
            do {
                let kind = try Self.kind(of: name, in: directory.descriptor, nsfs: nsfs)
                entries.append(Entry(name: name, kind: kind))
            } catch  where error.errno == .noSuchFileOrDirectory {
                continue
            }
        }
        return entries
    }

    /// What stands behind one name; `nsfs` is the device that every namespace's file is on.
    private static func kind(
        of name: String,
        in directory: CInt,
        nsfs: UInt64
    ) throws(SystemCallError) -> Entry.Kind {
        let status = try FileStatus(at: directory, name, followingLinks: false)
        guard status.device == nsfs else {
            return status.isRegularFile && status.size == 0 ? .leftOver : .other
        }
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = OwnedDescriptor(owning: try checked("openat", on: name) { openat(directory, name, flags) })
        let isNamespace = try checked("fstatfs", on: name) { cl_is_network_namespace(file.rawValue) }
        return isNamespace == 1 ? .namespace(status.identity) : .other
    }
}
