internal import ClusterModel
internal import NetworkModel

/// Reads ports: `3306/tcp`, `127.0.0.1:8443:443/tcp`.
extension Decoder {
    /// A port with its protocol, tcp where none is said.
    mutating func exposedPort(_ node: Int) -> ExposedPort? {
        guard let value = scalar(node, "a port") else { return nil }
        return port(tree.string(of: value), in: value, at: node, "write it as 3306/tcp")
    }

    /// A port of a node and the sandbox's behind it.
    mutating func publishedPort(_ node: Int) -> PublishedPort? {
        guard let value = scalar(node, "a published port") else { return nil }
        let form =
            "write it as \"8080:80\", \"127.0.0.1:8443:443/tcp\" or \"[::]:5353:53/udp\": the node's port comes first"
        let text = tree.string(of: value)
        var address: IPAddress?
        var ports = Substring(text)
        if let (host, rest) = Self.split(text) {
            address = IPAddress(host)
            guard let address, !address.isMulticast else {
                complain(at: node, "'\(host)' is no address of a node", hint: form)
                return nil
            }
            ports = rest
        }
        let parts = ports.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            complain(at: node, "'\(shown(value))' is no published port", hint: form)
            return nil
        }
        guard let target = port(String(parts[1]), in: value, at: node, form) else { return nil }
        guard let nodePort = port(String(parts[0]), in: value, at: node, form, hasTransport: false) else {
            return nil
        }
        return PublishedPort(nodePort.number, on: address, to: target)
    }

    /// The address before the ports, without brackets, and the ports.
    private static func split(_ text: String) -> (address: Substring, ports: Substring)? {
        if text.hasPrefix("["), let end = text.firstRange(of: "]:") {
            return (text[text.index(after: text.startIndex)..<end.lowerBound], text[end.upperBound...])
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        return (parts[0], text[parts[1].startIndex...])
    }

    private mutating func port(
        _ text: String,
        in value: Int,
        at node: Int,
        _ form: String,
        hasTransport: Bool = true
    ) -> ExposedPort? {
        var number = Substring(text)
        var transport = TransportProtocol.tcp
        if hasTransport, let slash = text.firstIndex(of: "/") {
            let word = String(text[text.index(after: slash)...])
            guard let known = TransportProtocol(rawValue: word) else {
                let words = TransportProtocol.allCases.map(\.rawValue)
                let hint =
                    Nearest.question(word, among: words) ?? "it is one of " + words.joined(separator: ", ")
                complain(at: node, "'\(word)' in '\(shown(value))' is no protocol", hint: hint)
                return nil
            }
            transport = known
            number = text[..<slash]
        }
        let isNumber = !number.isEmpty && number.utf8.allSatisfy { 48...57 ~= $0 } && number.first != "0"
        guard isNumber || number == "0" else {
            complain(at: node, "'\(shown(value))' is no port", hint: form)
            return nil
        }
        guard let port = UInt16(number), port > 0 else {
            complain(
                at: node,
                "port \(number) in '\(shown(value))' is out of range",
                hint: "it is 1 through 65535"
            )
            return nil
        }
        return ExposedPort(port, transport)
    }
}
