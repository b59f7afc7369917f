internal import CMnl
internal import CNetlinkRoute
internal import Glibc
package import Netlink
package import NetworkModel

extension MessageBatch {
    /// Makes a link that is marked from its first instant, down, without alias; for a veth, both ends.
    ///
    /// To be sent on a socket of the *node's* namespace, for the kernel looks there for parents, underlays and clashing
    /// VNIs. What the creating message can't take is ``appendFinishLink(_:index:masterIndex:wasCreatedElsewhere:tag:)``'s.
    ///
    /// Equivalent to `ip link add NAME index INDEX group weft address MAC mtu MTU master BRIDGE netns PLACE type KIND …`.
    ///
    /// Refused with `EEXIST` (the name, the index, or a VXLAN link's VNI and port is taken), `EBUSY` (the index is
    /// taken), `EOPNOTSUPP` (no such kind), `EXFULL` (the bridge is full), `EINVAL`, `ERANGE` (options).
    ///
    /// Kernel: `net/core/rtnetlink.c`, `rtnl_newlink_create()`; `drivers/net/veth.c`, `veth_newlink()`.
    ///
    /// - Parameters:
    ///   - link: The link; for a veth, the end that is to be made first.
    ///   - index: The interface index it gets.
    ///   - namespaceDescriptor: Its namespace, if that is not the socket's.
    ///   - masterIndex: The bridge it becomes a port of, if it is in the socket's namespace.
    ///   - parentIndex: A macvlan link's parent or a VXLAN link's underlay, in the socket's namespace.
    ///   - peer: A veth's other end; of no meaning for other kinds.
    ///   - mark: Makes it Weft's.
    ///   - tag: What refusals are told by.
    package mutating func appendCreateLink(
        _ link: Link,
        index: Int32,
        namespaceDescriptor: CInt? = nil,
        masterIndex: Int32? = nil,
        parentIndex: Int32? = nil,
        peer: (link: Link, index: Int32, namespaceDescriptor: CInt?)? = nil,
        mark: Mark = .node,
        tag: Int
    ) {
        let object = LinkObject(link, index: index, namespaceDescriptor: namespaceDescriptor, mark: mark)
        if let masterIndex, namespaceDescriptor == nil { rtnl_link_set_master(object.pointer, masterIndex) }
        switch link.kind {
        case .veth:
            guard let peer else { preconditionFailure("a veth has two ends") }
            object.setPeer(peer.link, index: peer.index, namespaceDescriptor: peer.namespaceDescriptor)
        case .macvlan:
            guard let parentIndex else { preconditionFailure("a macvlan link has a parent") }
            rtnl_link_set_link(object.pointer, parentIndex)
        case .bridge, .vxlan:
            break
        }
        let message = object.creationRequest()
        message.putCreationOptions(of: link.kind, parentIndex: parentIndex, mark: mark)
        message.append(to: &self, tag: tag)
    }

    /// Gives a new link what the creating message can't take, and raises it: one message, or two.
    ///
    /// To be sent on a socket of the link's own place.
    ///
    /// Equivalent to `ip link set NAME alias ALIAS master BRIDGE addrgenmode MODE up type bridge_slave …`.
    ///
    /// Kernel: `net/core/rtnetlink.c`, `do_setlink()`; `net/bridge/br_netlink.c`, `br_port_slave_changelink()`.
    ///
    /// - Parameters:
    ///   - link: The link.
    ///   - index: Its interface index.
    ///   - masterIndex: The index of its bridge, if it has one.
    ///   - wasCreatedElsewhere: True if the creating message could not name the bridge: the link was made from another
    ///     namespace, or is the far end of a veth.
    ///   - mark: Makes it Weft's.
    ///   - tag: What refusals are told by.
    package mutating func appendFinishLink(
        _ link: Link,
        index: Int32,
        masterIndex: Int32? = nil,
        wasCreatedElsewhere: Bool,
        mark: Mark = .node,
        tag: Int
    ) {
        var settings = LinkSettings()
        settings.alias = mark.alias(for: link.purpose)
        if wasCreatedElsewhere { settings.master = masterIndex }
        if case .bridge = link.kind {
            settings.mtu = link.mtu
            if link.mtu == .ethernet {
                // A bridge whose MTU was never changed takes that of its smallest port: 1,500 it has already.
                var other = LinkSettings()
                other.mtu = MTU(bytes: MTU.ethernet.bytes - 1)
                append(other, index: index, tag: tag)
            }
        }
        if link.addressGeneration != .eui64, (link.mtu ?? .ethernet).carriesIPv6 {
            settings.addressGeneration = link.addressGeneration
        }
        if link.isUp { settings.isUp = true }
        if masterIndex != nil { settings.portOptions = link.port.options(differingFrom: BridgePort()) }
        append(settings, index: index, tag: tag)
    }

    /// Changes a link in place: only what differs, in one message or two; none if nothing differs.
    ///
    /// To be sent on a socket of the link's own place.
    ///
    /// - Parameters:
    ///   - observed: The link as it is.
    ///   - desired: The link as it shall be; of the same kind, and one the kernel can make of it.
    ///   - masterIndex: The index of `desired`'s bridge; `nil` or 0 takes it out of its bridge.
    ///   - parentIndex: The index of a VXLAN link's underlay.
    ///   - tag: What refusals are told by.
    package mutating func appendChangeLink(
        from observed: ObservedLink,
        to desired: Link,
        masterIndex: Int32? = nil,
        parentIndex: Int32? = nil,
        tag: Int
    ) {
        var settings = LinkSettings()
        let alias = observed.mark.alias(for: desired.purpose)
        if observed.alias != alias { settings.alias = alias }
        if observed.group != observed.mark.linkGroup { settings.group = observed.mark.linkGroup }
        if observed.mac != desired.mac { settings.mac = desired.mac }
        if let mtu = desired.mtu, mtu != observed.mtu { settings.mtu = mtu }
        if observed.master != desired.master { settings.master = masterIndex ?? 0 }
        if let promotes = desired.promotesSecondaries, promotes != observed.promotesSecondaries {
            settings.promotesSecondaries = promotes
        }
        settings.addressGeneration = observed.newAddressGeneration(as: desired)
        settings.modeNeedsMTU = observed.addressGeneration == nil
        if observed.isUp != desired.isUp { settings.isUp = desired.isUp }
        if desired.master != nil {
            let known = observed.master == desired.master ? observed.port : nil
            settings.portOptions = desired.port.options(differingFrom: known ?? BridgePort())
        }
        if case .vxlan(let new) = desired.kind, case .vxlan(let old) = observed.kind,
            new.underlay != old.underlay
        {
            // The kernel takes the MTU of the new underlay, unless it is told one.
            settings.mtu = desired.mtu
        }
        settings.kind = desired.kind.name
        settings.kindOptions = desired.kind.options(differingFrom: observed.kind, underlayIndex: parentIndex)
        if let address = observed.missingLinkLocal(as: desired) {
            appendReplaceAddress(address, linkIndex: observed.index, tag: tag)
        }
        append(settings, index: observed.index, tag: tag)
    }

    /// Says whether the secondary IPv4 addresses of a link outlive their primary one.
    ///
    /// Equivalent to `sysctl net.ipv4.conf.NAME.promote_secondaries=…`.
    ///
    /// Kernel: `net/ipv4/devinet.c`, `inet_set_link_af()`, `__inet_del_ifa()`.
    mutating func appendPromoteSecondaries(_ promotes: Bool, linkIndex: Int32, tag: Int) {
        var settings = LinkSettings()
        settings.promotesSecondaries = promotes
        append(settings, index: linkIndex, tag: tag)
    }

    /// Tells a link the MAC that it has: the kernel then announces it, with the link's addresses, as the link's settings have it.
    ///
    /// By `arp_notify` a gratuitous ARP for each IPv4 address, by `ndisc_notify` an unsolicited neighbour advertisement for each
    /// IPv6 address. The link's neighbours are forgotten, permanent ones too.
    ///
    /// Equivalent to `ip link set NAME address MAC`.
    ///
    /// Kernel: `net/core/dev.c`, `dev_set_mac_address()`, tells of the MAC though it be the same (`NETDEV_CHANGEADDR`);
    /// `net/ipv4/devinet.c`, `inetdev_event()`; `net/ipv6/ndisc.c`, `ndisc_netdev_event()`.
    package mutating func appendAnnounce(_ mac: MACAddress, linkIndex: Int32, tag: Int) {
        var settings = LinkSettings()
        settings.mac = mac
        append(settings, index: linkIndex, tag: tag)
    }

    /// Marks the namespace of the socket, and raises its `lo`.
    ///
    /// Equivalent to `ip link set lo alias ALIAS up`.
    package mutating func appendMarkNamespace(alias: String, tag: Int) {
        var settings = LinkSettings()
        settings.alias = alias
        settings.isUp = true
        append(settings, index: 1, tag: tag)
    }

    /// Moves a link into a group, at the same instant giving it an alias if one is given.
    ///
    /// Equivalent to `ip link set NAME group GROUP [alias ALIAS]`.
    package mutating func appendSetGroup(index: Int32, group: UInt32, alias: String? = nil, tag: Int) {
        var settings = LinkSettings()
        settings.group = group
        settings.alias = alias
        append(settings, index: index, tag: tag)
    }

    /// Deletes all links of a group, at the price of one.
    ///
    /// Equivalent to `ip link del group GROUP`. Refused with `ENODEV` if the group is empty.
    ///
    /// Kernel: `net/core/rtnetlink.c`, `rtnl_group_dellink()`.
    package mutating func appendDeleteLinks(group: UInt32, tag: Int) {
        precondition(
            Mark.allCases.contains { $0.deletionGroups.contains(group) },
            "only groups made for deleting are deleted"
        )
        let message = RequestMessage(type: Int(RTM_DELLINK))
        message.append(header: ifinfomsg())
        message.put(Int(IFLA_GROUP), group)
        message.append(to: &self, tag: tag)
    }

    /// Deletes a link; of a veth both ends.
    ///
    /// Equivalent to `ip link del NAME`. Refused with `ENODEV` if it is gone.
    package mutating func appendDeleteLink(index: Int32, tag: Int) {
        let message = RequestMessage(type: Int(RTM_DELLINK))
        message.append(header: ifinfomsg(index: index))
        message.append(to: &self, tag: tag)
    }

    /// Appends settings, in two messages where the kernel's order within one is not that of dependence.
    private mutating func append(_ settings: LinkSettings, index: Int32, tag: Int) {
        for part in settings.inOrder where !part.isEmpty {
            let message = RequestMessage(type: Int(RTM_NEWLINK))
            message.append(header: ifinfomsg(index: index, isUp: part.isUp))
            message.put(part)
            message.append(to: &self, tag: tag)
        }
    }
}

extension ObservedLink {
    /// What must be said of how the link-local address is made; `nil` if nothing.
    ///
    /// A link without IPv6 refuses to be told (`EAFNOSUPPORT`); one that gets IPv6 by its MTU begins with what the
    /// setting `net.ipv6.conf.default.addr_gen_mode` says.
    fileprivate func newAddressGeneration(as desired: Link) -> AddressGeneration? {
        guard (desired.mtu ?? mtu).carriesIPv6 else { return nil }
        if let addressGeneration {
            return addressGeneration == desired.addressGeneration ? nil : desired.addressGeneration
        }
        return mtu.carriesIPv6 ? nil : desired.addressGeneration
    }
}

extension ObservedLink {
    /// The link-local address that a link which is up, and stays so, must be given as it begins to have one.
    ///
    /// The kernel makes it only as the link goes up, or as the mode is written as a setting: told by message
    /// (`inet6_set_link_af()`) it does nothing. So it is added beforehand, for the kernel's own, and no packet is lost.
    fileprivate func missingLinkLocal(as desired: Link) -> InterfaceAddress? {
        guard addressGeneration == AddressGeneration.none, desired.addressGeneration == .eui64 else {
            return nil
        }
        guard isUp, desired.isUp, !isIPv6Disabled, mtu.carriesIPv6, (desired.mtu ?? mtu).carriesIPv6 else {
            return nil
        }
        let address = IPAddress(linkLocalFor: desired.mac)
        let isThere = addresses.contains { $0.value.address == address }
        guard !isThere, !desired.addresses.contains(where: { $0.address == address }) else { return nil }
        var value = InterfaceAddress(address, prefixLength: 64)
        value.owner = ObservedAddress.linkLocalProtocol
        return value
    }
}

extension LinkKind {
    /// The options of the kind that differ and can be changed in place.
    fileprivate func options(differingFrom observed: ObservedLinkKind, underlayIndex: Int32?) -> [LinkOption]
    {
        switch (self, observed) {
        case (.bridge(let new), .bridge(let old)):
            return new.options(differingFrom: old)
        case (.vxlan(let new), .vxlan(let old)):
            return new.options(differingFrom: old, underlayIndex: underlayIndex)
        case (.macvlan(let new), .macvlan(let old)):
            return new.mode == old.mode ? [] : new.options
        case (.veth, .veth):
            return []
        case (.bridge, _), (.veth, _), (.vxlan, _), (.macvlan, _):
            preconditionFailure("a link of another kind is made anew")
        }
    }
}

extension ifinfomsg {
    /// The header of a message about the link `index`.
    ///
    /// - Parameters:
    ///   - index: The link's interface index.
    ///   - isUp: What `IFF_UP` shall become; `nil` leaves it.
    init(index: Int32, isUp: Bool? = nil) {
        self.init()
        ifi_index = index
        guard let isUp else { return }
        ifi_flags = isUp ? UInt32(IFF_UP) : 0
        ifi_change = UInt32(IFF_UP)
    }
}
