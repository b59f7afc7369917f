internal import CLinux
internal import Glibc

/// What `stat(2)` says of a file, as far as it is needed here.
struct FileStatus {
    private let value: stat

    /// Asks for an open file.
    init(of descriptor: CInt, named path: @autoclosure () -> String) throws(SystemCallError) {
        var value = stat()
        try checked("fstat", on: path()) { fstat(descriptor, &value) }
        self.value = value
    }

    /// Asks for `name` in an open directory; an absolute path or `AT_FDCWD` serve as well.
    init(
        at directory: CInt,
        _ name: String,
        followingLinks: Bool
    ) throws(SystemCallError) {
        var value = stat()
        try checked("stat", on: name) {
            fstatat(directory, name, &value, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
        }
        self.value = value
    }

    var device: UInt64 { UInt64(value.st_dev) }
    /// The user it belongs to.
    var owner: UInt32 { value.st_uid }
    /// The permission bits, with those for the set IDs and the sticky bit.
    var permissions: UInt32 { value.st_mode & 0o7777 }
    var size: Int { Int(value.st_size) }
    var isDirectory: Bool { value.st_mode & S_IFMT == S_IFDIR }
    var isRegularFile: Bool { value.st_mode & S_IFMT == S_IFREG }

    /// Of a namespace, if it is the file of one.
    var identity: NamespaceIdentity { NamespaceIdentity(device: device, inode: UInt64(value.st_ino)) }
}
