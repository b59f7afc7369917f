internal import CMnl
internal import NetworkModel

/// What an `RTM_NEWLINK` by index shall set.
struct LinkSettings {
    var mac: MACAddress?
    var mtu: MTU?
    var group: UInt32?
    var alias: String?
    /// The index of the bridge; 0 takes the link out of its bridge.
    var master: Int32?
    var addressGeneration: AddressGeneration?
    /// Whether secondary IPv4 addresses outlive their primary one.
    var promotesSecondaries: Bool?
    /// True if only ``mtu`` gives the link the IPv6 that ``addressGeneration`` is of.
    var modeNeedsMTU = false
    var isUp: Bool?
    /// The kernel's name of the link's kind; sent only with ``kindOptions``.
    var kind = ""
    var kindOptions: [LinkOption] = []
    var portOptions: [LinkOption] = []

    /// True if there is nothing to set.
    var isEmpty: Bool {
        mac == nil && mtu == nil && group == nil && alias == nil && master == nil && addressGeneration == nil
            && promotesSecondaries == nil && isUp == nil && kindOptions.isEmpty && portOptions.isEmpty
    }

    /// The settings as messages in the order of dependence; mostly it is one.
    ///
    /// Within one message the kernel sets port options before the master that they need (`rtnl_changelink()`:
    /// `EOPNOTSUPP`), and raises the link before it sets how its link-local address is made (`do_setlink()`): by
    /// then there is one. A VXLAN link refuses an MTU beside options (`vxlan_nl2conf()`: `EOPNOTSUPP`), and an option
    /// may bring another MTU along, so the MTU comes after.
    var inOrder: [LinkSettings] {
        var options = LinkSettings()
        var main = self
        var last = LinkSettings()
        if kind == "vxlan", mtu != nil {
            options.kind = kind
            options.kindOptions = kindOptions
            main.kindOptions = []
        }
        // The MTU may bring IPv6 back, and only then can it be said how.
        var mode = LinkSettings()
        if modeNeedsMTU, addressGeneration != nil {
            mode.addressGeneration = addressGeneration
            main.addressGeneration = nil
        }
        let portNeedsMaster = !portOptions.isEmpty && master != nil
        if portNeedsMaster {
            last.portOptions = portOptions
            main.portOptions = []
        }
        if isUp == true, portNeedsMaster || addressGeneration != nil {
            last.isUp = true
            main.isUp = nil
        }
        return [options, main, mode, last]
    }
}

extension RequestMessage {
    /// Puts what is a link's own of each family.
    private borrowing func putFamilies(of settings: LinkSettings) {
        guard settings.addressGeneration != nil || settings.promotesSecondaries != nil else { return }
        nest(Int(IFLA_AF_SPEC)) {
            if let promotes = settings.promotesSecondaries {
                nest(Int(AddressFamily.ipv4.number)) {
                    nest(Int(IFLA_INET_CONF)) {
                        put(Int(IPV4_DEVCONF_PROMOTE_SECONDARIES), UInt32(promotes ? 1 : 0))
                    }
                }
            }
            if let mode = settings.addressGeneration {
                nest(Int(AddressFamily.ipv6.number)) { put(Int(IFLA_INET6_ADDR_GEN_MODE), mode.number) }
            }
        }
    }

    /// Puts settings, but for `IFF_UP`, which the header has.
    borrowing func put(_ settings: LinkSettings) {
        if let mac = settings.mac { put(Int(IFLA_ADDRESS), mac) }
        if let mtu = settings.mtu { put(Int(IFLA_MTU), mtu.bytes) }
        if let group = settings.group { put(Int(IFLA_GROUP), group) }
        // Without a NUL, which the kernel counts: with one, an alias of full length is refused (ERANGE).
        if let alias = settings.alias { put(Int(IFLA_IFALIAS), bytes: alias.utf8) }
        if let master = settings.master { put(Int(IFLA_MASTER), master) }
        putFamilies(of: settings)
        guard !settings.kindOptions.isEmpty || !settings.portOptions.isEmpty else { return }
        nest(Int(IFLA_LINKINFO)) {
            if !settings.kindOptions.isEmpty {
                put(Int(IFLA_INFO_KIND), settings.kind)
                nest(Int(IFLA_INFO_DATA)) { put(settings.kindOptions) }
            }
            if !settings.portOptions.isEmpty {
                put(Int(IFLA_INFO_SLAVE_KIND), "bridge")
                nest(Int(IFLA_INFO_SLAVE_DATA)) { put(settings.portOptions) }
            }
        }
    }
}
