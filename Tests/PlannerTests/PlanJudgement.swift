import NetworkModel
import NetworkTesting
import Planner
import Testing

extension Operation {
    /// What is wrong with the operation for the sake of strangers; `nil` if nothing.
    func offence(against state: ObservedState, _ desired: NodeState) -> String? {
        func isForeign(_ id: LinkID) -> Bool {
            state[id.place]?.links.contains { $0.name == id.name && !$0.isManaged } ?? false
        }
        switch self {
        case .createNamespace(let name, _), .markNamespace(let name), .deleteNamespace(let name, _):
            return state.foreignNamespaces.contains(name) ? "a stranger's namespace" : nil
        case .createLink(let creation):
            let ids = [creation.link.id, creation.peer?.id].compactMap { $0 }
            return ids.contains(where: isForeign) ? "a stranger's name" : nil
        case .changeLink(let from, let link):
            return isForeign(link.id) || !from.isManaged ? "a stranger's link" : nil
        case .deleteLink(let id, _, let peer):
            if isForeign(id) || peer.map(isForeign) == true { return "a stranger's link" }
            return state.takesStranger(with: id, staying: desired.namespaces)
                ? "a stranger's link with its own" : nil
        case .addAddress(_, let link), .replaceAddress(_, let link), .addPrefixRoute(_, let link),
            .announce(let link, _):
            return isForeign(link) ? "a stranger's link" : nil
        case .deleteAddress(let address, let link, _):
            let present = state[link.place]?.links.first { $0.name == link.name }?.addresses.first {
                $0.value == address
            }
            // What the document states is taken over first.
            let isStated = desired.links[link]?.addresses.contains(address) ?? false
            let isWefts = present.map { $0.isManaged || $0.protocolNumber == 3 || isStated } ?? true
            return isForeign(link) || !isWefts ? "a stranger's address" : nil
        case .addRoute(let route), .replaceRoute(_, let route):
            let holders =
                state[route.place]?.routes.filter { $0.value.key == route.key && !$0.isManaged } ?? []
            return holders.isEmpty ? nil : "a stranger's route"
        case .deleteRoute(let route):
            let isWefts = state[route.place]?.routes.contains { $0.value == route && $0.isManaged } ?? false
            return isWefts ? nil : "a stranger's route"
        case .replaceNeighbour(let neighbour):
            return isForeign(neighbour.link) ? "a stranger's link" : nil
        case .deleteNeighbour(let neighbour):
            let isWefts = state[neighbour.link.place]?.neighbours.contains {
                $0.value == neighbour && $0.isManaged
            }
            return isForeign(neighbour.link) || isWefts != true ? "a stranger's neighbour" : nil
        case .addForwarding(let entry), .replaceForwarding(let entry), .deleteForwarding(let entry):
            return isForeign(entry.link) ? "a stranger's link" : nil
        case .writeSysctl(let sysctl, _):
            return desired.sysctls.contains(sysctl) ? nil : "a setting that nobody asked for"
        case .restoreSysctl(let sysctl, _):
            return state.recordedSysctls[sysctl.key] == nil ? "a setting that Weft never changed" : nil
        case .writeFile(let file):
            return desired.files.contains(file) ? nil : "a file that nobody asked for"
        case .deleteFile(let key, _): return state.files[key] == nil ? "a file that is not there" : nil
        case .firewall(let order): return order.offence(against: state.firewall, desired.firewall)
        }
    }

    /// True for a deletion that something later in the plan waits for, judged from what the kernel refuses.
    func mayGoEarly(in plan: Plan, _ tried: PlannerCase) -> Bool {
        switch self {
        // Which of them may is judged by the model kernel; that the others don't, by golden cases.
        case .deleteLink: true
        case .deleteAddress(let address, let link, _):
            // A wanted one is of its prefix, or it is of another length.
            tried.desired.links[link]?.addresses.contains {
                $0.prefix == address.prefix || $0.address == address.address
            } ?? false || address.address.makesRoom(from: link, in: plan, tried)
        case .deleteRoute(let route): route.source != nil || route.device != nil
        case .deleteForwarding(let entry):
            // The bridge would take it along to the port of whoever comes with the MAC.
            entry.mac == .zero || (entry.table == .bridge && plan.brings(entry.mac))
        // A range of the firewall that overlaps a wanted one.
        case .firewall(.remove(_, let elements, _)): elements.allSatisfy(\.isRange)
        default: false
        }
    }
}

extension FirewallOrder {
    /// What is wrong with the order in view of what there is and what shall be; `nil` if nothing.
    fileprivate func offence(against present: ObservedFirewall?, _ desired: FirewallState?) -> String? {
        switch self {
        case .writeTables: return desired == nil ? "a firewall that nobody asked for" : nil
        case .deleteTables: return present == nil ? "a firewall that is not there" : nil
        case .add(let entry, let elements, _):
            let wanted = desired?.entries[entry] ?? []
            return wanted.isSuperset(of: elements) ? nil : "what the firewall is not to know"
        case .remove(let entry, let elements, _):
            let known = present?.elements ?? []
            guard known.isSuperset(of: elements) else { return "what the firewall does not know" }
            let wanted = desired?.entries[entry] ?? []
            return wanted.isDisjoint(with: elements) ? nil : "what the firewall is to know"
        }
    }
}

extension IPAddress {
    /// True if the address leaves a link for another one on which it is not yet.
    func makesRoom(from link: LinkID, in plan: Plan, _ tried: PlannerCase) -> Bool {
        tried.desired.links[link]?.addresses.contains { $0.address == self } != true
            && plan.changes.contains { change in
                switch change.operation {
                case .addAddress(let new, let receiver), .replaceAddress(let new, let receiver):
                    new.address == self && receiver != link
                        && (plan.makes(receiver)
                            || tried.kernel.link(receiver)?.addresses.contains { $0.value.address == self }
                                != true)
                default: false
                }
            }
    }
}

extension Plan {
    /// True if a link with a MAC is made, or made anew.
    fileprivate func brings(_ mac: MACAddress) -> Bool {
        changes.contains { change in
            guard case .createLink(let creation) = change.operation else { return false }
            return creation.link.mac == mac || creation.peer?.mac == mac
        }
    }

    /// True if a link is made, or made anew.
    fileprivate func makes(_ link: LinkID) -> Bool {
        changes.contains { change in
            guard case .createLink(let creation) = change.operation else { return false }
            return creation.link.id == link || creation.peer?.id == link
        }
    }
}

extension FirewallElement {
    /// True for a range.
    var isRange: Bool {
        switch self {
        case .subnet, .part, .range: true
        case .network, .within, .outside, .masqueraded, .reachable, .tunnel, .node, .port, .mac, .sender,
            .target, .vxlanPort, .unforgotten:
            false
        }
    }
}

extension Change {
    /// True if something goes for good; what is deleted to be made anew is not counted.
    var isDeletion: Bool {
        if case .firewall(.remove) = operation { return true }
        return verb == .delete && isCounted
    }

    /// True if the change brings back what the kernel drops with what is deleted.
    var comesBack: Bool {
        switch operation {
        case .addRoute, .replaceRoute: true
        case .replaceNeighbour, .addAddress, .replaceAddress:
            reason?.hasPrefix("the kernel drops it") ?? false
        default: false
        }
    }
}

// MARK: States

extension ObservedState {
    /// True if a link of others stands on a link and does not go with its namespace anyway.
    fileprivate func takesStranger(with id: LinkID, staying: Set<NamespaceName>) -> Bool {
        ([.node] + staying.map(Place.namespace)).contains { place in
            self[place]?.links.contains { !$0.isManaged && $0.lower == id } ?? false
        }
    }
}

extension ModelKernel {
    /// What is not Weft's, a text for each; what strangers put on Weft's links apart.
    var strangers: Set<String> {
        var all: Set<String> = Set(state.foreignNamespaces.map { "namespace \($0)" })
        for link in state.node.links where !link.isManaged {
            all.insert("link \(link.name) \(link.index) \(link.isUp) \(link.kind) \(link.addresses)")
        }
        all.formUnion(strangersOnOwn)
        let own = Set(state.node.links.filter(\.isManaged).map(\.name))
        for route in state.node.routes where !route.isManaged {
            if route.value.device.map(own.contains) != true { all.insert("route \(route)") }
        }
        return all
    }

    /// What strangers have on links of Weft's that can be kept whatever happens to others: links that stand on them,
    /// addresses of links by index, entries on their own ports.
    private var strangersOnOwn: Set<String> {
        var all: Set<String> = []
        for place in places {
            guard let namespace = state[place] else { continue }
            for link in namespace.links where !link.isManaged && link.lower != nil {
                all.insert("upper \(place) \(link.name) \(link.index)")
            }
            for link in namespace.links where link.isManaged {
                for address in link.addresses
                where !address.isManaged && address.value.address.family == .ipv4 {
                    all.insert("\(place) \(link.index) \(address.value) \(address.protocolNumber)")
                }
            }
            for entry in namespace.forwarding where self.link(entry.link)?.isManaged == false {
                all.insert("\(entry)")
            }
        }
        return all
    }

    /// What is Weft's, a text for each thing, in no order.
    ///
    /// - Parameter origin: The node on which Weft's records of settings count.
    /// - Returns: The texts.
    func weftsOwn(recordedOn origin: ModelKernel) -> Set<String> {
        var all: Set<String> = []
        for place in places {
            guard let namespace = state[place] else { continue }
            all.insert("\(place) \(namespace.isMarked)")
            for var link in namespace.links where link.isManaged {
                all.formUnion(link.addresses.filter(\.isManaged).map { "\(place) \(link.name) \($0)" })
                link.addresses = []
                if case .veth(let index, _) = link.kind {
                    link.kind = .veth(peerIndex: index, peerNamespace: nil)
                }
                all.insert("\(place) \(link)")
            }
            all.formUnion(namespace.routes.filter(\.isManaged).map { "\($0)" })
            all.formUnion(namespace.neighbours.filter(\.isManaged).map { "\($0)" })
            let own = namespace.forwarding.filter { self.link($0.link)?.isManaged != false }
            all.formUnion(own.map { "\($0)" })
        }
        if let firewall = state.firewall {
            all.insert("firewall \(firewall.isIntact)")
            all.formUnion(firewall.elements.map { "\($0)" })
        }
        // In namespaces of Weft's only what is on record comes back: Weft does not ask what a new namespace has.
        let settings = ModelKernel.placeSettings.keys.map { Sysctl.Key(path: $0, in: .node) }
        for key in Set(settings).union(origin.state.recordedSysctls.keys) {
            all.insert("\(key.place) \(key) \(value(of: key) ?? "")")
        }
        return all
    }
}

extension ObservedState {
    /// The same state, built in another order.
    func rebuilt(using random: inout SeededGenerator) -> ObservedState {
        var copy = self
        copy.namespaces = namespaces.rebuilt(using: &random)
        copy.recordedSysctls = recordedSysctls.rebuilt(using: &random)
        copy.sysctls = sysctls.rebuilt(using: &random)
        copy.foreignNamespaces = Set(foreignNamespaces.shuffled(using: &random))
        copy.firewall?.elements = Set((firewall?.elements ?? []).shuffled(using: &random))
        copy.node.shuffle(using: &random)
        for name in copy.namespaces.keys.sorted() { copy.namespaces[name]?.shuffle(using: &random) }
        return copy
    }

    /// What Weft sees, a line for each thing.
    var text: String {
        var lines: [String] = []
        for place in [.node] + namespaces.keys.sorted().map(Place.namespace) {
            guard let namespace = self[place] else { continue }
            lines.append("[\(place.name?.text ?? "node")]")
            for link in namespace.links {
                lines.append(
                    "\(link.name) \(link.index) \(link.isManaged ? "ours" : "foreign") up=\(link.isUp) mtu=\(link.mtu) "
                        + "master=\(link.master?.text ?? "") \(link.kind)"
                )
                lines += link.addresses.map { "    \($0.value) \($0.value.scope) proto \($0.protocolNumber)" }
            }
            lines += namespace.routes.map { "route \($0.value.summary) proto \($0.protocolNumber)" }
            lines += namespace.neighbours.map {
                "neigh \($0.value.address) \($0.value.link) proto \($0.protocolNumber)"
            }
            lines += namespace.forwarding.map { "fdb \($0)" }
        }
        if let firewall {
            lines.append("[firewall] intact=\(firewall.isIntact)")
            lines += firewall.elements.sorted().map { "\($0)" }
        }
        return lines.joined(separator: "\n")
    }
}

extension ObservedNamespace {
    /// Another order of the lists that no dump promises an order of.
    fileprivate mutating func shuffle(using random: inout SeededGenerator) {
        neighbours.shuffle(using: &random)
        forwarding.shuffle(using: &random)
    }
}

extension NodeState {
    /// The same state, built in another order.
    func rebuilt(using random: inout SeededGenerator) -> NodeState {
        var copy = self
        copy.links = links.rebuilt(using: &random)
        copy.namespaces = Set(namespaces.shuffled(using: &random))
        copy.firewall?.bridges = firewall?.bridges.rebuilt(using: &random) ?? [:]
        copy.firewall?.ports = firewall?.ports.rebuilt(using: &random) ?? [:]
        copy.firewall?.others = Set((firewall?.others ?? []).shuffled(using: &random))
        return copy
    }
}

extension Dictionary {
    /// The same dictionary with room for more, which changes the order in which it is gone through.
    fileprivate func rebuilt(using random: inout SeededGenerator) -> [Key: Value] {
        var copy = [Key: Value](minimumCapacity: count * Int.random(in: 1...9, using: &random))
        for (key, value) in shuffled(using: &random) { copy[key] = value }
        return copy
    }
}

// MARK: Strangers

extension Plan {
    /// True if a text of ``ModelKernel/strangers`` is of a thing whose loss the plan tells of, or that goes with what is
    /// taken away on purpose.
    func tells(of text: String, _ tried: PlannerCase) -> Bool {
        let words = text.split(separator: " ").map(String.init)
        switch words.first {
        case "upper": return isInLeavingNamespace(words[1])
        case "link": return leavingPairs(tried).contains(words[1])
        case "route": return leavingPairs(tried).contains { text.contains("(\($0))") }
        case "namespace": return false
        default: return isOnLeavingLink(text, tried) || isTakenOver(text, tried)
        }
    }

    /// True for an address that the document states too.
    private func isTakenOver(_ text: String, _ tried: PlannerCase) -> Bool {
        changes.contains { change in
            guard case .replaceAddress(let address, let link) = change.operation else { return false }
            return text.hasPrefix("\(link.place) \(tried.kernel.link(link)?.index ?? 0) \(address) ")
        }
    }

    private var leavingNamespaces: Set<String> {
        Set(
            changes.compactMap { change in
                guard case .deleteNamespace(let name, _) = change.operation else { return nil }
                return "\(Place.namespace(name))"
            }
        )
    }

    private func isInLeavingNamespace(_ place: String) -> Bool { leavingNamespaces.contains(place) }

    /// Links of the node whose other end is in a namespace that goes.
    private func leavingPairs(_ tried: PlannerCase) -> Set<String> {
        changes.contains { change in
            guard case .deleteNamespace = change.operation else { return false }
            return change.reason?.contains("not Weft's") ?? false
        } ? ["theirs0"] : []
    }

    /// True for what stood on a link, or at a bridge, that is made anew or goes.
    private func isOnLeavingLink(_ text: String, _ tried: PlannerCase) -> Bool {
        let doomed = changes.contains { change in
            switch change.operation {
            case .deleteLink(let id, let index, let peer):
                let indexes = [index, peer.flatMap { tried.kernel.link($0)?.index }].compactMap { $0 }
                return indexes.contains { text.contains(" \($0) ") }
                    || text.contains("ForwardingEntry(")
                        && tried.kernel.link(id)?.kind.name == "bridge"
            case .deleteNamespace: return true
            default: return false
            }
        }
        return doomed
    }
}

extension StateDifference {
    /// True for what is a stranger's, or may be, on a link that was made anew meanwhile: nobody can bring that back.
    ///
    /// Nor a setting of such a link that is not on record.
    func isOfStranger(in kernel: ModelKernel, _ before: ObservedState) -> Bool {
        let state = kernel.state
        if words.hasPrefix("setting") {
            return !before.recordedSysctls.keys.contains { "\($0)" == object }
        }
        let foreign = ([.node] + state.namespaces.keys.map(Place.namespace)).flatMap { place -> [String] in
            guard let namespace = state[place] else { return [] }
            let links = namespace.links.filter { !$0.isManaged }.map { "\(LinkID($0.name, in: place))" }
            let addresses = namespace.links.flatMap { link in
                link.addresses.filter { !$0.isManaged }.map {
                    "\($0.value) dev \(LinkID(link.name, in: place))"
                }
            }
            let routes = namespace.routes.filter { !$0.isManaged }.map(\.value.summary)
            let entries = namespace.forwarding.filter { kernel.link($0.link)?.isManaged == false }.map {
                "\($0.mac) dev \($0.link)"
            }
            return links + addresses + routes + entries
        }
        return foreign.contains(object)
    }
}
