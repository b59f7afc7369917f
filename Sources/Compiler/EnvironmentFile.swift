import ClusterModel
import NetworkModel

/// The variables that a sandbox's links give to its processes, in the form that Docker's links had.
enum EnvironmentFile {
    /// A line for each variable; empty without links.
    static func text(of sandbox: Sandbox, _ cluster: ClusterState, _ assignment: Assignment) -> [UInt8] {
        var lines: [String] = []
        for target in LinkTargets.of(sandbox, cluster, assignment) {
            let prefix = target.alias.variablePrefix
            lines.append("\(prefix)_NAME=/\(sandbox.name)/\(target.alias)")
            guard let address = target.addresses.ipv4 ?? target.addresses.ipv6 else { continue }
            let ports = Set(target.sandbox.exposed + target.sandbox.published.map(\.target)).sorted()
            let principal = ports.first { $0.transport == .tcp } ?? ports.first
            if let principal { lines.append("\(prefix)_PORT=\(url(principal, at: address))") }
            for port in ports {
                let name = "\(prefix)_PORT_\(port.number)_\(port.transport.rawValue.uppercased())"
                lines += [
                    "\(name)=\(url(port, at: address))", "\(name)_ADDR=\(address)",
                    "\(name)_PORT=\(port.number)", "\(name)_PROTO=\(port.transport.rawValue)",
                ]
            }
        }
        return lines.flatMap { Array("\($0)\n".utf8) }
    }

    private static func url(_ port: ExposedPort, at address: IPAddress) -> String {
        let host = address.family == .ipv6 ? "[\(address)]" : "\(address)"
        return "\(port.transport.rawValue)://\(host):\(port.number)"
    }
}
