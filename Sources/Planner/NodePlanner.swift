import NetworkModel

/// Makes one plan: what is known, what was found in the way, and the steps so far.
struct NodePlanner {
    let observed: ObservedState
    let desired: NodeState
    let options: PlanOptions
    /// What is and what becomes of every link.
    var links: LinkSurvey
    /// The order in which places get their links and contents.
    let order: BuildOrder
    var problems: [Problem] = []
    var warnings: [String] = []
    /// What the kernel drops by itself meanwhile.
    var losses = Losses()
    /// What stands in the way of gateways until the end.
    var obstacles = GatewayObstacles()
    /// The routes to prefixes that links have, by which it is noticed that one is gone.
    let prefixRoutes: Set<PrefixRoute>
    /// The links that are told by the document to promote secondary addresses.
    let promoting: Set<LinkID>
    /// The links whose new addresses are announced to their network.
    let announcing: AnnouncingLinks
    /// The settings that come with what they are of.
    let creationSettings: CreationSettings
    /// The sandboxes by address: found out if an address is another one, which is rare.
    lazy var holders = Dictionary(
        options.claims.holders.lazy.map { ($0.address, $0.sandbox) },
        uniquingKeysWith: { _, last in last }
    )
    /// The links that routes may leave by.
    var usableDevices: Set<LinkID> = []
    var steps = Steps()
    /// What is built, by its group in ``order``.
    var groups: [BuildGroup]

    init(from observed: ObservedState, to desired: NodeState, options: PlanOptions) {
        // What waits for a namespace is not asked for yet.
        var desired = desired.leavingOut(Set(observed.waiting.keys).union(observed.unfit.keys))
        // A namespace of somebody else's stays, whatever becomes of what Weft has in it.
        for (name, namespace) in observed.namespaces where namespace.adoptedPath != nil {
            desired.namespaces.insert(name)
        }
        self.observed = observed
        self.desired = desired
        self.options = options
        links = LinkSurvey(observed: observed, desired: desired)
        order = BuildOrder(desired: desired)
        prefixRoutes = PrefixRoute.all(in: observed, and: desired)
        promoting = desired.promotingLinks
        announcing = AnnouncingLinks(desired)
        creationSettings = CreationSettings(desired, observed, links)
        groups = Array(repeating: BuildGroup(), count: order.groupCount)
    }

    /// Finds every step and every problem.
    mutating func plan() {
        findConflicts()
        problems += links.problems
        planNamespaces()
        planLinks()
        planAddresses()
        expectWhatIsMissing()
        planNeighbours()
        planForwarding()
        planRoutes()
        planSysctls()
        planFiles()
        planFirewall()
        warnOfStrangers()
    }

    /// Finds who else has what the document's networks take.
    private mutating func findConflicts() {
        let conflicts = NodeConflicts(of: options.claims, with: observed, desired: desired)
        problems += conflicts.problems
        warnings += conflicts.warnings
    }

    /// Adds a change of what is on the links of a place, once they are all there.
    mutating func fill(_ place: Place, _ change: Change) {
        groups[order.contentsGroup(of: place)].contents.append(change)
    }

    /// Makes room for the changes that come, and some for those that are put around them in the end: a change is large, and a
    /// long list of them slow to grow.
    private mutating func expectWhatIsMissing() {
        let missing = [
            desired.neighbours.count - observed.node.neighbours.count,
            desired.forwarding.count - observed.node.forwarding.count,
            desired.routes.count - observed.node.routes.count,
        ]
        let group = order.contentsGroup(of: .node)
        groups[group].contents.reserveCapacity(
            missing.reduce(groups[group].contents.count + 256) { $0 + max(0, $1) }
        )
    }

    /// Words for a place, behind the name of an object: empty for the node, ` in namespace 'red'`.
    static func words(for place: Place) -> String {
        place.name.map { " in namespace '\($0)'" } ?? ""
    }
}

/// What is built together: a namespace, its links, and what is on them.
struct BuildGroup {
    var namespaces: [Change] = []
    var links: [Change] = []
    /// Unwanted routes that may not be there any more once the contents are filled.
    var routesThatGo: [Change] = []
    /// Settings without which the contents are refused, or are not all that there is.
    var settings: [Change] = []
    /// Addresses that links lose because others get them, here or later.
    var yielding: [Change] = []
    var contents: [Change] = []
}

/// Which group of a plan a link or a place's contents belong to, so that all comes after what it needs.
///
/// Group 0 is the node's; then one for each namespace, in order of name; then one for the contents of the node.
/// A namespace is filled right after it was made: the kernel is faster so than by stages.
struct BuildOrder {
    private let groupOfNamespace: [NamespaceName: Int]
    private var groupOfLink: [LinkID: Int] = [:]
    private var depthOfLink: [LinkID: Int] = [:]
    private var groupOfContents: [Place: Int] = [:]

    /// How many groups there are.
    let groupCount: Int

    init(desired: NodeState) {
        let names = desired.namespaces.sorted()
        var groupOfNamespace: [NamespaceName: Int] = [:]
        groupOfNamespace.reserveCapacity(names.count)
        for (offset, name) in names.enumerated() { groupOfNamespace[name] = offset + 1 }
        self.groupOfNamespace = groupOfNamespace
        groupCount = names.count + 2
        for id in desired.links.keys { _ = place(id, among: desired.links, visiting: 0) }
        for (id, group) in groupOfLink {
            groupOfContents[id.place] = max(groupOfContents[id.place] ?? 0, group)
        }
    }

    /// The group in which a link is made or changed.
    func group(of link: LinkID) -> Int { groupOfLink[link] ?? group(of: link.place) }

    /// How many links a link stands on; of two in one group the one with fewer comes first.
    func depth(of link: LinkID) -> Int { depthOfLink[link] ?? 0 }

    /// The group of a namespace itself.
    func group(of place: Place) -> Int { place.name.flatMap { groupOfNamespace[$0] } ?? 0 }

    /// The group in which the contents of a place come: for the node after everything else.
    func contentsGroup(of place: Place) -> Int {
        place == .node ? groupCount - 1 : max(group(of: place), groupOfContents[place] ?? 0)
    }

    /// Finds group and depth of a link from those it needs: its place, its peer's, its bridge, its parent.
    ///
    /// A cycle, which the reader of documents refuses, ends at the number of links.
    private mutating func place(
        _ id: LinkID,
        among links: [LinkID: Link],
        visiting: Int
    ) -> (group: Int, depth: Int) {
        if let group = groupOfLink[id], let depth = depthOfLink[id] { return (group, depth) }
        guard let link = links[id], visiting <= links.count else { return (group(of: id.place), 0) }
        var result = (group: group(of: id.place), depth: link.kind.isBridge ? 0 : 1)
        for needed in link.prerequisites {
            let other = place(needed, among: links, visiting: visiting + 1)
            result = (max(result.group, other.group), max(result.depth, other.depth + 1))
        }
        if case .veth(let peer) = link.kind {
            result.group = max(result.group, group(of: peer.place))
            if let master = links[peer]?.master {
                let other = place(LinkID(master, in: peer.place), among: links, visiting: visiting + 1)
                result = (max(result.group, other.group), max(result.depth, other.depth + 1))
            }
        }
        groupOfLink[id] = result.group
        depthOfLink[id] = result.depth
        return result
    }
}

extension ObservedState {
    /// What there is of a kind in the node's namespace and in Weft's, in order of name.
    func everywhere<Element>(_ kind: (ObservedNamespace) -> [Element]) -> [Element] {
        if namespaces.isEmpty { return kind(node) }
        return namespaces.keys.sorted().reduce(into: kind(node)) { all, name in
            if let namespace = namespaces[name] { all += kind(namespace) }
        }
    }
}

extension Link {
    /// The links that must be there before this one can be: its bridge and its parent.
    var prerequisites: [LinkID] {
        var needed: [LinkID] = []
        if let master { needed.append(LinkID(master, in: id.place)) }
        if let parent = kind.parent { needed.append(LinkID(parent, in: .node)) }
        return needed
    }
}
