package import NetworkModel

/// The names that Weft gives in the kernel: readable where they fit, with a hash where they don't.
///
/// An interface name has at most 15 bytes. None of these is one that systemd's, NetworkManager's or Docker's rules take for
/// theirs: ``isGrabbed(_:)``.
package enum KernelNames {
    /// The bridge of a network: what is stated, else `br-NETWORK`.
    package static func bridge(of network: Network) -> InterfaceName {
        network.interface ?? InterfaceName(fromKernel: fitted("br-", network.name.text))
    }

    /// The tunnel end of an overlay: `vx-NETWORK`.
    package static func tunnel(of network: NetworkName) -> InterfaceName {
        InterfaceName(fromKernel: fitted("vx-", network.text))
    }

    /// The node's end of an endpoint's pair: `SANDBOX.INTERFACE`.
    ///
    /// Sandboxes have no dot in their names, so no two endpoints of a node have one name.
    package static func port(of sandbox: SandboxName, _ interface: InterfaceName) -> InterfaceName {
        let text = "\(sandbox).\(interface)"
        return InterfaceName(fromKernel: isGrabbed(text) ? hashed("w-", text) : fitted("", text))
    }

    /// The namespace of a sandbox: its name; for a node that is a namespace itself `NODE.SANDBOX`.
    package static func namespace(
        of sandbox: SandboxName,
        onNodeNamespace node: String?
    ) throws(InvalidName) -> NamespaceName {
        try NamespaceName(ofSandbox: sandbox.text, onNodeNamespace: node)
    }

    /// True for names that udev rules and network managers of others take for links of their own.
    ///
    /// systemd: `80-container-*.network`, `80-vm-vt.network`, `80-namespace-ns.network`; NetworkManager: `85-nm-unmanaged.rules`.
    package static func isGrabbed(_ name: String) -> Bool {
        name == "host0" || ["ve-", "vb-", "vz-", "vt-", "ns-", "docker"].contains { name.hasPrefix($0) }
    }

    /// A prefix and a text as the name of a link, shortened where it is too long.
    package static func shortened(_ prefix: String, _ text: String) -> String { fitted(prefix, text) }

    private static let longest = 15

    private static func fitted(_ prefix: String, _ text: String) -> String {
        prefix.utf8.count + text.utf8.count <= longest ? prefix + text : hashed(prefix, text)
    }

    /// As much of the text as there is room for, `~` and six signs of its hash; no name of a network or sandbox has a `~`.
    private static func hashed(_ prefix: String, _ text: String) -> String {
        var hash = StableHash.of(prefix, text)
        var signs = ""
        for _ in 0..<hashLength {
            signs.append(digits[Int(hash % UInt64(digits.count))])
            hash /= UInt64(digits.count)
        }
        let room = longest - prefix.utf8.count - 1 - hashLength
        return prefix + String(decoding: text.utf8.prefix(room), as: UTF8.self) + "~" + signs
    }

    private static let hashLength = 6
    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
}
