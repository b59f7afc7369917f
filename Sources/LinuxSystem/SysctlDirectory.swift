internal import Glibc

/// The settings of one network namespace, to be made and used by a thread that is in it.
///
/// It keeps the directory open that it last read from. The kernel has an `ipv4` for each namespace, all under one name in
/// one directory, and looks through them to find that of one: with a thousand namespaces this costs more than all that
/// is read there, and is done here once for all the settings of a family that come one after the other.
///
/// Kernel: `fs/proc/proc_sysctl.c`, `proc_sys_compare`.
package struct SysctlDirectory: ~Copyable {
    /// The path of the open directory, `net/ipv4/`, and its descriptor.
    private var path = ""
    private var directory: OwnedDescriptor?

    package init() {}

    /// A setting's value, as ``SysctlFile/read(_:)``; `nil` if the kernel has no such setting.
    ///
    /// - Throws: ``SystemCallError`` for whatever else keeps it from being known.
    package mutating func readIfExists(_ path: String) throws(SystemCallError) -> String? {
        let file = try SysctlFile.file(path)
        do {
            let opened = try open(path, named: file, O_RDONLY | O_NOCTTY)
            return try SysctlFile.value(of: opened, named: file)
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notADirectory {
            return nil
        }
    }

    /// Sets a setting, as ``SysctlFile/write(_:_:)``.
    ///
    /// - Throws: As that.
    package mutating func write(_ path: String, _ value: String) throws(SystemCallError) {
        let file = try SysctlFile.file(path)
        try SysctlFile.write(value, to: open(path, named: file, O_WRONLY), named: file)
    }

    private mutating func open(
        _ path: String,
        named file: String,
        _ flags: CInt
    ) throws(SystemCallError) -> OwnedDescriptor {
        let slash = UInt8(ascii: "/")
        guard let first = path.utf8.firstIndex(of: slash),
            let second = path.utf8[path.utf8.index(after: first)...].firstIndex(of: slash)
        else { return try OwnedDescriptor.open(file, flags) }
        let start = path.utf8.index(after: second)
        if directory == nil || !path.utf8[..<start].elementsEqual(self.path.utf8) {
            directory = nil
            let parent = String(path[..<start])
            directory = try OwnedDescriptor.open("/proc/sys/\(parent)", O_RDONLY | O_DIRECTORY)
            self.path = parent
        }
        let name = String(path[start...])
        let descriptor = try checked("open", on: file) {
            openat(directory?.rawValue ?? AT_FDCWD, name, flags | O_CLOEXEC)
        }
        return OwnedDescriptor(owning: descriptor)
    }
}
