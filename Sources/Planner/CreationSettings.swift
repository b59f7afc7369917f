import NetworkModel

/// Settings that are written as soon as what they are of is there: of a namespace before it has links, of a link before it is
/// up.
///
/// Later would be too late for some: what comes in by a link in the meantime may give it addresses and routes. Forwarding
/// is none of them, but where it is turned off: it is turned on when all is in place.
struct CreationSettings {
    private var byPlace: [Place: [Sysctl]] = [:]
    private var byLink: [LinkID: [Sysctl]] = [:]
    private var keys: Set<Sysctl.Key> = []

    init(_ desired: NodeState, _ observed: ObservedState, _ links: LinkSurvey) {
        for sysctl in desired.sysctls.sorted(by: { $0.key < $1.key }) {
            if let id = sysctl.key.link, links.desired[id] != nil {
                guard !sysctl.key.isForwardingOfLink || sysctl.value == "0", links.comes(id) else { continue }
                guard links.desired[id]?.mtu?.carriesIPv6 != false || !sysctl.key.path.hasPrefix("net/ipv6/")
                else { continue }
                byLink[id, default: []].append(sysctl)
            } else {
                guard let name = sysctl.key.place.name, desired.namespaces.contains(name),
                    observed.namespaces[name] == nil, !observed.foreignNamespaces.contains(name),
                    !sysctl.key.turnsOnForwarding || sysctl.value == "0",
                    sysctl.key.link.map({ ["all", "default"].contains($0.name.text) }) ?? true
                else { continue }
                byPlace[sysctl.key.place, default: []].append(sysctl)
            }
            keys.insert(sysctl.key)
        }
    }

    /// True if a setting comes with the creation of what it is of.
    func contain(_ key: Sysctl.Key) -> Bool { keys.contains(key) }

    func of(_ name: NamespaceName) -> [Sysctl] { byPlace[.namespace(name)] ?? [] }

    func of(_ link: LinkID) -> [Sysctl] { byLink[link] ?? [] }
}

extension LinkSurvey {
    /// True if a link is made by the plan, for the first time or again.
    fileprivate func comes(_ id: LinkID) -> Bool {
        switch fates[id] {
        case .create, .remake: true
        case .keep, .delete, .blocked, nil: false
        }
    }
}
