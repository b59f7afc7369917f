internal import LinuxSystem
package import NetworkModel
internal import RouteNetlink

extension Reconciler {
    /// What is so on the node whatever a document says.
    ///
    /// Needs no privilege where the node is the namespace that the process is in.
    ///
    /// - Throws: What could not be read.
    package func facts() throws -> NodeFacts {
        try onThread { reconciler in
            var facts = NodeFacts(name: reconciler.node.name, namespace: reconciler.node.namespacePrefix)
            facts.hasIPv6 = try SysctlFile.exists("net/ipv6")
            facts.resolver = try reconciler.node.resolver()
            var sessions = try Sessions(node: reconciler.node)
            var options = ObservationOptions()
            options.includesNeighbours = false
            options.includesForwarding = false
            let mark = reconciler.node.mark
            let observed = try sessions.withSocket(of: .node) { socket in
                try observeNamespace(on: &socket, place: .node, mark: mark, options: options)
            }
            facts.links = observed.links.filter { !$0.isManaged }.map { link in
                NodeFacts.ForeignLink(
                    link.name,
                    mtu: link.mtu,
                    addresses: link.addresses.map(\.value.address),
                    isUp: link.isUp
                )
            }
            facts.uplink = observed.uplink
            facts.advertised = observed.advertisedLinks
            facts.routes = observed.foreignRoutes
            facts.heldRoutes = observed.heldRoutes(beside: facts.routes)
            return facts
        }
    }
}

extension Node {
    /// Where stubs on the loopback write down the servers that they ask: systemd-resolved, NetworkManager, dnsmasq.
    package static let serversBehindStubs = [
        "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf",
        "/run/dnsmasq/resolv.conf",
    ]

    /// What the node's resolv.conf says.
    ///
    /// Where that names nothing but stubs on the loopback, which sandboxes can't reach, the servers behind them.
    ///
    /// - Parameter files: Where stubs may have written them down, the first that names any counts.
    /// - Returns: The servers, search domains and options; of no file none.
    /// - Throws: `SystemCallError` if a file is there and can't be read.
    package func resolver(behindStubs files: [String] = serversBehindStubs) throws -> ResolverSettings {
        let own = try namespace?.name.flatMap { try AtomicFile.read("\(overlayDirectory)/\($0)/resolv.conf") }
        let settings = ResolverSettings(resolvConf: try own ?? AtomicFile.read("/etc/resolv.conf") ?? "")
        guard !settings.servers.isEmpty, settings.servers.allSatisfy(\.isLoopback) else { return settings }
        for file in files {
            guard let text = try AtomicFile.read(file) else { continue }
            let behind = ResolverSettings(resolvConf: text)
            if behind.servers.contains(where: { !$0.isLoopback }) { return behind }
        }
        return settings
    }
}

extension ObservedNamespace {
    /// The routes of the main table that are not Weft's, and lead somewhere.
    fileprivate var foreignRoutes: [NodeFacts.ForeignRoute] {
        routes.compactMap { route in
            let value = route.value
            guard !route.isManaged, value.table == Route.mainTable, value.type == .unicast,
                let device = value.device
            else { return nil }
            return NodeFacts.ForeignRoute(
                to: value.destination,
                device: device,
                isOnLink: value.gateway == nil && !route.hasUnreadGateway,
                metric: value.metric,
                mtu: value.mtu
            )
        }
    }

    /// Weft's routes of the main table through gateways that none of `routes` leads to on a link.
    fileprivate func heldRoutes(beside routes: [NodeFacts.ForeignRoute]) -> [NodeFacts.HeldRoute] {
        let onLink = routes.filter(\.isOnLink).map(\.destination)
        return self.routes.compactMap { route in
            let value = route.value
            guard route.isManaged, value.table == Route.mainTable, value.type == .unicast,
                let gateway = value.gateway, let device = value.device,
                !onLink.contains(where: { $0.contains(gateway) })
            else { return nil }
            return NodeFacts.HeldRoute(to: value.destination, gateway: gateway, device: device)
        }
    }

    /// The links by which there is a default route from a router's advertisement.
    ///
    /// `RTPROT_RA`.
    fileprivate var advertisedLinks: [InterfaceName] {
        let advertised = routes.filter { $0.protocolNumber == 9 && $0.value.destination.length == 0 }
        return Set(advertised.compactMap(\.value.device)).sorted()
    }

    /// The link that the default route leads by, that of IPv4 first.
    fileprivate var uplink: InterfaceName? {
        let defaults = routes.filter { route in
            route.value.destination.length == 0 && route.value.table == Route.mainTable
                && route.value.type == .unicast && !route.isManaged && route.value.device != nil
        }
        let best = defaults.min { left, right in
            let families = (left.value.destination.family, right.value.destination.family)
            if families.0 != families.1 { return families.0 == .ipv4 }
            return left.value.metric < right.value.metric
        }
        return best?.value.device
    }
}

extension ResolverSettings {
    /// Reads the text of a resolv.conf(5); what it does not know it leaves out, as the C library does.
    package init(resolvConf text: String) {
        self.init()
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            switch words.first {
            case "nameserver":
                // A zone (fe80::1%eth0) is a link of the node's: no sandbox has it.
                if words.count > 1, let address = IPAddress(words[1]) { servers.append(address) }
            case "search", "domain": search = Array(words.dropFirst())
            case "options": options += words.dropFirst()
            default: break
            }
        }
    }
}
