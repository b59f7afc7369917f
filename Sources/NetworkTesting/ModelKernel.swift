package import NetworkModel
package import Planner

/// A kernel that is data: it takes a plan's operations and does to a state what Linux would do, and no more.
///
/// Its rules are written from the kernel's sources, not from the planner's, so that each judges the other. It refuses
/// what the kernel refuses, and besides whatever would harm an object that is not Weft's.
package struct ModelKernel: Sendable {
    /// What the node holds; settings apart, which are read on demand by ``observed(for:)``.
    package internal(set) var state = ObservedState()
    /// The other end of each veth link.
    var peers: [LinkID: LinkID] = [:]
    /// Every setting there is.
    var settings: [Sysctl.Key: String] = [:]
    /// Neighbours that the kernel found out by itself: no dump of permanent ones shows them.
    var learntNeighbours: Set<Neighbour.Key> = []
    /// Addresses that a bridge learnt, by bridge.
    var learntAddresses: [LinkID: Set<MACAddress>] = [:]
    /// The namespaces that the plan which is carried out takes away: what is in them is lost whatever it stands on.
    var doomed: Set<Place> = []
    /// `net.ipv4.conf.all.promote_secondaries`: a secondary address takes the place of its deleted primary.
    package var promotesSecondaries = false
    /// How many operations were carried out.
    package private(set) var operationCount = 0

    /// Why an operation was refused.
    package struct Refusal: Error, CustomStringConvertible {
        /// The errno's name, or `FOREIGN` for what would harm a stranger's object.
        package let code: String
        package let sentence: String

        init(_ code: String, _ sentence: String) {
            self.code = code
            self.sentence = sentence
        }

        package var description: String { "\(code): \(sentence)" }
    }

    /// A node with `lo` and an uplink, and nothing of Weft's.
    package init() {
        state.node.links = [Self.loopback(isUp: true)]
        addSettings(of: .node)
        var uplink = ObservedLink(InterfaceName(fromKernel: "eth0"), index: 2, kind: .other(""))
        uplink.isUp = true
        uplink.mac = MACAddress(bits: 0x0200_0000_ff01)
        uplink.addressGeneration = AddressGeneration.none
        insert(uplink, at: .node)
        let address = InterfaceAddress(IPAddress(ipv4: 0xac10_0101), prefixLength: 24)
        insertAddress(address, protocolNumber: 0, on: LinkID(uplink.name, in: .node))
    }

    /// What Weft's observer would read for a document.
    package func observed(for desired: NodeState? = nil) -> ObservedState {
        var observed = state
        observed.sysctls = [:]
        for key in state.recordedSysctls.keys { observed.sysctls[key] = settings[key] }
        for sysctl in desired?.sysctls ?? [] { observed.sysctls[sysctl.key] = settings[sysctl.key] }
        return observed
    }

    /// The value of a setting; `nil` if there is no such setting.
    package func value(of key: Sysctl.Key) -> String? { settings[key] }

    // MARK: Plans

    /// Carries out the first `count` changes of a plan, or all of them.
    package mutating func carryOut(_ plan: Plan, count: Int? = nil) throws(Refusal) {
        intend(plan)
        for change in plan.changes.prefix(count ?? plan.changes.count) {
            do {
                try carryOut(change.operation)
            } catch {
                let all = plan.changes.map(\.description).joined(separator: "\n    ")
                throw Refusal(error.code, "\(change): \(error.sentence); in\n    \(all)")
            }
        }
    }

    /// Carries out what of a plan the kernel takes, as a rollback does; returns what it does not.
    package mutating func carryOutKeepingOn(_ plan: Plan) -> [Refusal] {
        intend(plan)
        var refusals: [Refusal] = []
        for change in plan.changes {
            do {
                try carryOut(change.operation)
            } catch {
                refusals.append(Refusal(error.code, "\(change): \(error.sentence)"))
            }
        }
        return refusals
    }

    /// Records which settings are about to be written, as the registry does before anything is done.
    package mutating func intend(_ plan: Plan) {
        doomed = Set(
            plan.changes.compactMap { change in
                guard case .deleteNamespace(let name, _) = change.operation else { return nil }
                return .namespace(name)
            }
        )
        for change in plan.changes {
            guard case .writeSysctl(let sysctl, let before?) = change.operation else { continue }
            let first = state.recordedSysctls[sysctl.key]?.before ?? before
            state.recordedSysctls[sysctl.key] = RecordedSysctl(before: first, written: sysctl.value)
        }
    }

    /// Forgets the records of settings that a document does not have, as the registry does after a pass.
    package mutating func forgetRecords(except desired: NodeState) {
        let wanted = Set(desired.sysctls.map(\.key))
        state.recordedSysctls = state.recordedSysctls.filter { wanted.contains($0.key) }
    }

    /// Carries out one operation.
    package mutating func carryOut(_ operation: Operation) throws(Refusal) {
        operationCount += 1
        switch operation {
        case .createNamespace(let name, let settings):
            try createNamespace(name)
            for sysctl in settings { try write(sysctl) }
        case .markNamespace(let name): try markNamespace(name)
        case .deleteNamespace(let name, _): try deleteNamespace(name)
        case .createLink(let creation):
            try create(creation)
            for sysctl in creation.settings { try write(sysctl) }
        case .changeLink(let from, let to): try change(from, to: to)
        case .deleteLink(let id, let index, _): try deleteLink(id, index: index)
        case .addAddress(let address, let id): try add(address, on: id)
        case .replaceAddress(let address, let id): try replace(address, on: id)
        case .deleteAddress(let address, let id, let keepsSecondaries):
            try delete(address, on: id, keepsSecondaries: keepsSecondaries)
        case .addPrefixRoute(let address, let id):
            _ = try managed(id)
            addPrefixRoute(of: address, on: id)
        case .announce(let id, let mac): try announce(id, mac)
        case .addRoute(let route): try add(route)
        case .replaceRoute(_, let route): try replace(route)
        case .deleteRoute(let route): try delete(route)
        case .replaceNeighbour(let neighbour): try replace(neighbour)
        case .deleteNeighbour(let neighbour): try delete(neighbour)
        case .addForwarding(let entry): try add(entry)
        case .replaceForwarding(let entry): try replace(entry)
        case .deleteForwarding(let entry): try delete(entry)
        case .writeSysctl(let sysctl, _): try write(sysctl)
        case .restoreSysctl(let sysctl, _): try write(sysctl)
        case .writeFile(let file):
            let namespaces: Set<NamespaceName> =
                file.key.name.isLaidOver ? Set([file.namespace].compactMap(\.self)) : []
            state.files[file.key] = ObservedFile(content: .other(file.content), namespaces: namespaces)
        case .deleteFile(let key, _): state.files[key] = nil
        case .firewall(let order): try change(order)
        }
    }

    // MARK: Places

    subscript(place: Place) -> ObservedNamespace {
        get { state[place] ?? ObservedNamespace() }
        set {
            switch place {
            case .node: state.node = newValue
            case .namespace(let name): state.namespaces[name] = newValue
            }
        }
    }

    /// Every place that is, the node first.
    package var places: [Place] {
        [.node] + state.namespaces.keys.sorted().map(Place.namespace)
    }

    func checkPlace(_ place: Place) throws(Refusal) {
        guard state[place] != nil else { throw Refusal("ENOENT", "there is no such namespace") }
    }

    // MARK: Namespaces

    static func loopback(isUp: Bool) -> ObservedLink {
        var link = ObservedLink(InterfaceName(fromKernel: "lo"), index: 1, kind: .other(""))
        link.isUp = isUp
        link.mtu = MTU(bytes: 65536)
        link.addressGeneration = .eui64
        return link
    }

    mutating func createNamespace(_ name: NamespaceName, isMarked: Bool = true) throws(Refusal) {
        guard state.namespaces[name] == nil, !state.foreignNamespaces.contains(name) else {
            throw Refusal("EEXIST", "the name is taken")
        }
        var namespace = ObservedNamespace()
        namespace.links = [Self.loopback(isUp: isMarked)]
        namespace.isMarked = isMarked
        state.namespaces[name] = namespace
        addSettings(of: .namespace(name))
    }

    private mutating func markNamespace(_ name: NamespaceName) throws(Refusal) {
        try checkPlace(.namespace(name))
        state.namespaces[name]?.isMarked = true
        state.namespaces[name]?.links[0].isUp = true
    }

    /// Takes a name away; what nobody is in dies with everything that is in it.
    private mutating func deleteNamespace(_ name: NamespaceName) throws(Refusal) {
        guard !state.foreignNamespaces.contains(name) else {
            throw Refusal("FOREIGN", "the namespace is not Weft's")
        }
        try checkPlace(.namespace(name))
        let place = Place.namespace(name)
        if self[place].processCount > 0, self[place].links.contains(where: { $0.isManaged }) {
            throw Refusal("LEFT", "processes in the namespace would still be on the network")
        }
        while let link = self[place].links.last(where: { $0.index != 1 }) {
            kill(LinkID(link.name, in: place))
        }
        state.namespaces[name] = nil
        settings = settings.filter { $0.key.place != place }
    }

    // MARK: Settings

    /// The settings that are for a whole namespace, with the values that a new one has.
    package static let placeSettings = [
        "net/ipv4/ip_forward": "0", "net/ipv4/tcp_fin_timeout": "60", "net/ipv4/tcp_keepalive_time": "7200",
        "net/ipv6/conf/all/forwarding": "0",
    ]

    /// The settings that each link has: all that lies between are `ipv4/conf` and the like, and the link's name.
    package static func settings(of link: InterfaceName) -> [String: String] {
        [
            "net/ipv4/conf/\(link)/forwarding": "0", "net/ipv4/conf/\(link)/rp_filter": "0",
            "net/ipv6/conf/\(link)/accept_ra": "1", "net/ipv6/conf/\(link)/disable_ipv6": "0",
            "net/ipv4/neigh/\(link)/ucast_solicit": "3",
            "net/ipv4/conf/\(link)/arp_notify": "0", "net/ipv6/conf/\(link)/ndisc_notify": "0",
        ]
    }

    mutating func addSettings(of place: Place) {
        for (path, value) in Self.placeSettings { settings[Sysctl.Key(path: path, in: place)] = value }
    }

    mutating func addSettings(of link: LinkID) {
        let hasIPv6 = self.link(link)?.mtu.carriesIPv6 ?? true
        for (path, value) in Self.settings(of: link.name) where hasIPv6 || !path.hasPrefix("net/ipv6/") {
            settings[Sysctl.Key(path: path, in: link.place)] = value
        }
        let forwarding = settings[Sysctl.Key(path: "net/ipv4/ip_forward", in: link.place)]
        settings[Sysctl.Key(path: "net/ipv4/conf/\(link.name)/forwarding", in: link.place)] = forwarding
    }

    mutating func removeSettings(of link: LinkID) {
        for path in Self.settings(of: link.name).keys {
            settings[Sysctl.Key(path: path, in: link.place)] = nil
        }
    }

    /// Writes a setting; that of forwarding is written to every link too.
    ///
    /// Kernel: `inet_forward_change()`.
    package mutating func write(_ sysctl: Sysctl) throws(Refusal) {
        guard settings[sysctl.key] != nil else { throw Refusal("ENOENT", "there is no such setting") }
        settings[sysctl.key] = sysctl.value
        guard sysctl.key.path == "net/ipv4/ip_forward" else { return }
        for link in self[sysctl.key.place].links where link.index != 1 {
            settings[Sysctl.Key(path: "net/ipv4/conf/\(link.name)/forwarding", in: sysctl.key.place)] =
                sysctl.value
        }
    }
}
