import LinuxSystem
import NetworkModel

extension KernelOracle {
    /// Compares files of sandboxes, and the links in `/etc/netns` by which `ip netns exec` finds them, with what shall be.
    static func fileDifferences(of node: ThrowAwayNode, from state: NodeState) throws -> [String] {
        let directory = "\(node.runtimeDirectory)/sandboxes"
        var wanted: [String: String] = [:]
        for file in state.files {
            let path = "\(directory)/\(file.key)"
            wanted[path] = String(decoding: file.content.bytes, as: UTF8.self)
            guard let namespace = file.namespace, file.key.name != .env else { continue }
            wanted["/etc/netns/\(namespace)/\(file.key.name.rawValue)"] = "→ \(path)"
        }
        var found: [String: String] = [:]
        for sandbox in try Listing.names(in: directory) {
            for name in try Listing.names(in: "\(directory)/\(sandbox)") {
                let path = "\(directory)/\(sandbox)/\(name)"
                found[path] = try AtomicFile.read(path)
            }
        }
        for namespace in try Listing.names(in: "/etc/netns") where namespace.hasPrefix("\(node.name).") {
            for name in try Listing.names(in: "/etc/netns/\(namespace)") {
                let path = "/etc/netns/\(namespace)/\(name)"
                found[path] = Listing.target(of: path).map { "→ \($0)" } ?? "a file"
            }
        }
        return Set(wanted.keys).union(found.keys).sorted().filter { wanted[$0] != found[$0] }.map { path in
            "\(path): \(found[path] ?? "missing"), wanted: \(wanted[path] ?? "nothing")"
        }
    }
}
