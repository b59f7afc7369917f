internal import ClusterModel
internal import NetworkModel

/// The links of a node.
extension Decoder {
    /// Reads the links of several files.
    mutating func links(_ mappings: [Int], into draft: inout NodeDraft) {
        for entry in named(mappings, isMerging: false) { link(entry, into: &draft) }
    }

    private mutating func link(_ entry: NamedEntry, into draft: inout NodeDraft) {
        let parts = entry.name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let text = parts.last.map(String.init) ?? entry.name
        let name = interfaceName(text, at: entry.key)
        let qualifier = parts.count == 2 ? String(parts[0]) : nil
        guard let node = entry.values.first, let mapping = mapping(node) else {
            draft.excused.insert(text)
            return
        }
        let known = tree.value(of: LinkKey.type.name, in: mapping).flatMap {
            LinkType(rawValue: shown(tree.resolve($0)))
        }
        let fields = fields(mapping, LinkKey.self, known: LinkKey.attributes(of: known?.context ?? .all))
        let type = linkType(fields)
        if let type { checkContexts(of: fields, in: type.context, type.rawValue) }
        let place = linkPlace(fields, qualifier: qualifier, at: entry.key, in: draft)
        let origin = LinkOrigin(name: entry.key, mapping: mapping, entry: entry.key)
        guard let name, let place, let type else {
            draft.excused.insert(text)
            return discard(type, fields, in: place, &draft)
        }
        let id = LinkID(name, in: place)
        guard let kind = kind(type, fields, id: id, into: &draft) else {
            draft.excused.insert(text)
            return discard(nil, fields, in: place, &draft)
        }
        var link = common(
            Link(id, kind: kind, mac: .zero, purpose: kind.defaultPurpose),
            fields,
            into: &draft
        )
        if case .veth(let peer) = kind, let peerNode = fields[.peer] {
            vethPair(&link, peer: peer, peerNode: peerNode, entry: entry.key, into: &draft)
        }
        register(link, origin, hasMAC: fields[.mac] != nil, into: &draft)
    }

    /// Reads the keys of a link that can't be made, so that what else is wrong is found in the same run.
    mutating func discard(
        _ type: LinkType?,
        _ fields: Fields<LinkKey>,
        in place: Place?,
        _ draft: inout NodeDraft
    ) {
        let id = LinkID(InterfaceName(fromKernel: ""), in: .node)
        var scratch = NodeDraft(name: nil)
        scratch.places = draft.places
        scratch.excused = draft.excused
        if let type { _ = kind(type, fields, id: id, into: &scratch) }
        let link = common(Link(id, kind: .bridge(Bridge()), mac: .zero, purpose: ""), fields, into: &scratch)
        guard let place, let master = link.master, let node = fields[.master] else { return }
        draft.mastersOfDiscarded.append((master, place, node))
    }

    private mutating func linkType(_ fields: Fields<LinkKey>) -> LinkType? {
        guard require(.type, in: fields), let node = fields[.type] else { return nil }
        let types = LinkType.allCases.map(\.rawValue).joined(separator: ", ")
        guard let value = scalar(node, "one of " + types) else { return nil }
        let text = tree.string(of: value)
        if let type = LinkType(rawValue: text) { return type }
        let meant = Nearest.question(text, among: LinkType.allCases.map(\.rawValue))
        let isMeant = Self.otherTypes.contains(text)
        complain(
            at: node,
            "links of type '\(shown(value))' are not supported",
            hint: (isMeant ? nil : meant) ?? "a type is one of \(types)"
        )
        return nil
    }

    /// What the kernel knows besides: whoever writes one of these means it.
    private static let otherTypes: Set<String> = [
        "bareudp", "bond", "dummy", "geneve", "gre", "gretap", "ifb", "ip6gre", "ip6gretap", "ip6tnl", "ipip",
        "ipvlan",
        "ipvtap", "macsec", "macvtap", "netdevsim", "sit", "team", "tun", "vlan", "vrf", "vti", "wireguard",
        "xfrm",
    ]

    /// Complains of keys that stand where their link's type has no use for them.
    private mutating func checkContexts(
        of fields: Fields<LinkKey>,
        in context: LinkKey.Contexts,
        _ type: String
    ) {
        for key in fields.present where !key.contexts.contains(context) {
            guard key.contexts != .ports else {
                complain(
                    at: fields.key(key),
                    "a bridge can't be a port of a bridge",
                    hint: "join the two with a veth pair"
                )
                continue
            }
            let owner =
                switch key.contexts {
                case .bridge: "links of type bridge"
                case .veth: "links of type veth"
                case .vxlan: "links of type vxlan"
                case .macvlan: "links of type macvlan"
                case .peer: "the 'peer' of a veth"
                default: "a link, not to its peer"
                }
            complain(at: fields.key(key), "key '\(key.name)' belongs to \(owner)", hint: "this is a \(type)")
        }
    }

    /// Where a link is: what stands before its name, or its `namespace`.
    private mutating func linkPlace(
        _ fields: Fields<LinkKey>,
        qualifier: String?,
        at key: Int,
        in draft: NodeDraft
    ) -> Place? {
        guard let qualifier else { return place(.namespace, fields, in: draft) }
        let qualified = place(named: qualifier, at: key, in: draft)
        guard let node = fields[.namespace], let other = place(.namespace, fields, in: draft) else {
            return qualified
        }
        if let qualified, other != qualified {
            complain(at: node, "the link's name says namespace '\(qualifier)'", hint: "leave 'namespace' out")
        }
        return qualified
    }

    /// Reads the other end of a pair, and takes it into the draft.
    private mutating func vethPair(
        _ link: inout Link,
        peer: LinkID,
        peerNode: Int,
        entry: Int,
        into draft: inout NodeDraft
    ) {
        guard case let mapping = tree.resolve(peerNode), tree.nodes[mapping].shape == .mapping else { return }
        let fields = fields(mapping, LinkKey.self, known: LinkKey.attributes(of: .peer))
        let kind = LinkKind.veth(peer: link.id)
        var other = common(
            Link(peer, kind: kind, mac: .zero, purpose: kind.defaultPurpose),
            fields,
            into: &draft
        )
        let mtu = link.mtu ?? other.mtu ?? .ethernet
        link.mtu = link.mtu ?? mtu
        other.mtu = other.mtu ?? mtu
        let origin = LinkOrigin(name: fields[.name] ?? mapping, mapping: mapping, entry: entry)
        register(other, origin, hasMAC: fields[.mac] != nil, into: &draft)
    }

    /// The name and place of a veth's other end.
    mutating func peerID(_ node: Int, in draft: inout NodeDraft) -> LinkID? {
        guard let mapping = mapping(node, "a mapping with a 'name'") else { return nil }
        let fields = fields(mapping, LinkKey.self, known: LinkKey.attributes(of: .peer))
        checkContexts(of: fields, in: .peer, "peer")
        require(.name, in: fields)
        let place = place(.namespace, fields, in: draft)
        guard let name = interfaceName(.name, fields), let place else {
            if let name = fields[.name] { draft.excused.insert(shown(tree.resolve(name))) }
            discard(nil, fields, in: place, &draft)
            return nil
        }
        return LinkID(name, in: place)
    }

    /// Takes a link into the draft, unless its name is taken.
    private mutating func register(
        _ link: Link,
        _ origin: LinkOrigin,
        hasMAC: Bool,
        into draft: inout NodeDraft
    ) {
        let name = link.id.name.text
        guard !["lo", "all", "default"].contains(name) else {
            complain(
                at: origin.name,
                "'\(name)' can't be a link's name: the kernel keeps it for itself"
            )
            return
        }
        if let first = draft.links[link.id] {
            // By an alias both may be defined in one place.
            complain(
                at: origin.name == first.name ? origin.entry : origin.name,
                "'\(name)' is the name of a link in \(link.id.place.words) already, at \(tree.position(of: first.name))",
                hint: "give it another name"
            )
            return
        }
        draft.links[link.id] = origin
        draft.state.links[link.id] = link
        if !hasMAC { draft.linksWithoutMAC.insert(link.id) }
    }
}

/// The types of links.
enum LinkType: String, CaseIterable {
    case bridge, veth, vxlan, macvlan

    /// Which keys are its own.
    var context: LinkKey.Contexts {
        switch self {
        case .bridge: .bridge
        case .veth: .veth
        case .vxlan: .vxlan
        case .macvlan: .macvlan
        }
    }
}

extension LinkKind {
    /// What a link is for where the document does not say.
    var defaultPurpose: String {
        switch self {
        case .bridge: "bridge"
        case .veth(let peer):
            String(decoding: "pair with \(peer)".utf8.prefix(Mark.node.longestPurpose), as: UTF8.self)
        case .vxlan(let vxlan): "vxlan \(vxlan.vni)"
        case .macvlan(let macvlan): "macvlan on \(macvlan.parent)"
        }
    }
}
