import NetworkModel

/// The addresses that one link loses while another gets them: each is taken away before it comes again.
///
/// Two links with one address on a wire poison the neighbour tables of all others there. Of all deletions only these come
/// before what they make room for: a rollback can undo them, for it knows the address and adds it again.
struct AddressMoves {
    /// Of each link that loses addresses so, who gets them.
    private var receivers: [LinkID: [IPAddress: LinkID]] = [:]

    /// None.
    init() {}

    /// - Parameters:
    ///   - links: What is and what becomes of every link.
    ///   - order: In which order links get their addresses.
    ///   - isCleared: Whether a link goes before anything is built, and what is on it with it.
    init(of links: LinkSurvey, in order: BuildOrder, isCleared: (LinkID) -> Bool) {
        var leaving: [(link: LinkID, addresses: [IPAddress])] = []
        for (id, existing) in links.observed {
            let addresses = Self.leaving(existing, links.fates[id], as: links.desired[id])
            if !addresses.isEmpty, !isCleared(id) { leaving.append((id, addresses)) }
        }
        // On most nodes nothing leaves: who gets what is then not asked.
        guard !leaving.isEmpty else { return }
        var givers: [IPAddress: [LinkID]] = [:]
        for (link, addresses) in leaving {
            for address in addresses { givers[address, default: []].append(link) }
        }
        // Of several links that get an address the one that gets it first.
        let ranked = links.desired.keys.map { (group: order.contentsGroup(of: $0.place), id: $0) }
        for (_, id) in ranked.sorted(by: >) {
            guard let link = links.desired[id], let fate = links.fates[id] else { continue }
            for address in link.addresses where address.isOwn {
                guard let givers = givers[address.address], fate.getsAnew(address.address) else { continue }
                for giver in givers where giver != id {
                    receivers[giver, default: [:]][address.address] = id
                }
            }
        }
    }

    /// Who gets the addresses that a link loses for somebody else.
    func receivers(of link: LinkID) -> [IPAddress: LinkID] { receivers[link] ?? [:] }

    /// Weft's addresses that a link has and shall not have, and that a rollback can give back.
    private static func leaving(_ existing: ObservedLink, _ fate: LinkFate?, as link: Link?) -> [IPAddress] {
        let own = existing.addresses.lazy.filter(\.isManaged)
        let unwanted: [InterfaceAddress]
        switch fate {
        case .delete: unwanted = own.map(\.value)
        case .keep:
            guard let link, !own.elementsEqual(link.addresses, by: { $0.value.address == $1.address })
            else { return [] }
            let wanted = Set(link.addresses.map(\.address))
            unwanted = own.map(\.value).filter { !wanted.contains($0.address) }
        case .create, .remake, .blocked, nil: return []
        }
        // Behind a stranger's address of its prefix, which would take its place, no IPv4 address comes to stand before.
        let strangers = Set(existing.addresses.lazy.filter { !$0.isManaged }.map(\.value.prefix))
        return unwanted.filter { $0.address.family == .ipv6 || !strangers.contains($0.prefix) }
            .map(\.address)
    }
}

extension LinkFate {
    /// True if an address that a link shall have is not on it before.
    fileprivate func getsAnew(_ address: IPAddress) -> Bool {
        switch self {
        case .create, .remake: true
        case .keep(let existing): !existing.addresses.contains { $0.value.address == address }
        case .delete, .blocked: false
        }
    }
}
