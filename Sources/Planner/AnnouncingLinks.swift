import NetworkModel

/// The links that announce themselves by the state's own settings: those with `arp_notify` or `ndisc_notify`.
///
/// The kernel then announces what addresses a link has as it goes up or gets a MAC, be it the one that it has. Addresses that
/// come later, without duplicate address detection, it does not announce by itself.
///
/// Kernel: `net/ipv4/devinet.c`, `inetdev_event()`; `net/ipv6/ndisc.c`, `ndisc_netdev_event()`.
struct AnnouncingLinks {
    private var links: [AddressFamily: Set<LinkID>] = [:]

    init(_ desired: NodeState) {
        for sysctl in desired.sysctls where !Sysctl.isSame(sysctl.value, "0") {
            let family: AddressFamily
            switch sysctl.key.path {
            case let path where path.hasPrefix("net/ipv4/") && path.hasSuffix("/arp_notify"): family = .ipv4
            case let path where path.hasPrefix("net/ipv6/") && path.hasSuffix("/ndisc_notify"): family = .ipv6
            default: continue
            }
            if let link = sysctl.key.link { links[family, default: []].insert(link) }
        }
    }

    /// True if the addresses of a family are announced on a link.
    func announce(_ family: AddressFamily, on link: LinkID) -> Bool {
        links[family]?.contains(link) ?? false
    }
}

extension Operation {
    /// The address that it adds to a link.
    var newAddress: InterfaceAddress? {
        guard case .addAddress(let address, _) = self else { return nil }
        return address
    }
}
