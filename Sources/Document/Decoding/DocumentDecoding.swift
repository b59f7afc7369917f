internal import ClusterModel
internal import NetworkModel

/// A document as it is being read.
struct DocumentDraft {
    /// The declared nodes.
    var nodes: [ClusterNode] = []
    var networks: [Network] = []
    var sandboxes: [Sandbox] = []
    /// What is asked for besides.
    var state = ClusterState()
    /// What is named, but could not be read.
    var excuses = Excuses()
    /// True if the document is for several nodes.
    var hasNodes = false
    /// Where all of it is.
    var origins = ClusterOrigins()
    /// Who has an address on the underlay.
    var addressOwners: [IPAddress: (node: String, at: Int)] = [:]
}

extension Decoder {
    /// Reads the whole of the texts as one document.
    mutating func document() -> DocumentDraft {
        var draft = DocumentDraft()
        let roots = tree.sources.compactMap(\.root)
        let mappings = roots.compactMap { mapping($0, "a mapping that begins with 'weft: 1'") }
        let fields = merged(mappings, DocumentKey.self) { _ in true }
        checkVersion(fields, roots: roots, mappings: mappings)
        if let host = fields[.node].first, let nodes = fields[.nodes].first {
            let (first, second) = host.key < nodes.key ? (host.key, nodes.key) : (nodes.key, host.key)
            complain(
                at: second,
                "a document has either 'node' or 'nodes', and '\(shown(first))' is at \(tree.position(of: first))",
                hint: "'node' is for this host alone; put its keys under 'nodes' and the host's name"
            )
        }
        let hosts = fields[.node].compactMap { mapping($0.value) }
        if !hosts.isEmpty { draft.state.host = hostNode(hosts).objects }
        let named = named(fields[.nodes].compactMap { mapping($0.value) }, isMerging: true)
        draft.hasNodes = !fields[.nodes].isEmpty
        draft.origins.nodes = named
        for entry in named { declaredNode(entry, into: &draft) }
        draft.state.nodes = NamedList(draft.nodes)
        cluster(fields, into: &draft)
        return draft
    }

    private mutating func checkVersion(_ fields: MergedFields<DocumentKey>, roots: [Int], mappings: [Int]) {
        if fields[.weft].isEmpty, let first = roots.first, mappings.count == roots.count {
            complain(at: first, "'weft' is missing", hint: "a document begins with 'weft: 1'")
        }
        for entry in fields[.weft] {
            guard let value = scalar(entry.value, "the version of the document's form, 1,") else { continue }
            if case .number(1) = tree.withText(of: value, { NumberText.read($0) }) { continue }
            complain(
                at: entry.value,
                "version '\(shown(value))' of the document's form is not known",
                hint: "this weft reads 'weft: 1'"
            )
        }
    }

    /// Says that a key is known but does nothing yet.
    mutating func complainOfUnsupported(_ key: Int, _ path: String) {
        complain(at: key, "not supported yet: \(path)", kind: .unsupported)
    }

    private mutating func hostNode(_ mappings: [Int]) -> NodeDraft {
        let known = DocumentObject.hostNode.attributes
        let fields = merged(mappings, NodeKey.self, known: known, isMerging: \.isMerging)
        for key in NodeKey.allCases where !key.isRaw {
            for entry in fields[key] {
                complain(at: entry.key, "key '\(key.name)' belongs to the nodes under 'nodes'")
            }
        }
        var draft = NodeDraft(name: nil)
        kernelObjects(fields, path: "node", into: &draft)
        return draft
    }

    private mutating func declaredNode(_ entry: NamedEntry, into draft: inout DocumentDraft) {
        let name: NodeName = definedName(entry, "a node")
        let mappings = entry.values.compactMap { mapping($0) }
        guard let first = mappings.first else {
            draft.excuses.nodes.insert(name)
            return
        }
        let fields = merged(mappings, NodeKey.self, isMerging: \.isMerging)
        var declared = ClusterNode(name, addresses: PerFamily())
        var own = Fields<NodeKey>()
        own.begin(first)
        for key in NodeKey.allCases where !key.isRaw {
            if let value = fields[key].first { own.set(key, at: value) }
        }
        require(.address, in: own)
        if let node = own[.address] {
            let addresses = underlayAddresses(node, of: entry.name, owners: &draft.addressOwners)
            if addresses.count < tree.items(node).count { draft.excuses.nodeAddresses.insert(name) }
            for address in addresses { declared.addresses[address.family] = address }
            declared.tunnelFamily = addresses.first?.family ?? .ipv4
        }
        declared.interface = interfaceName(.interface, own)
        declared.role = choice(.role, own, ClusterNode.Role.self) ?? .node
        var node = NodeDraft(name: entry.name)
        kernelObjects(fields, path: "nodes.\(entry.name)", into: &node)
        declared.objects = node.objects
        draft.nodes.append(declared)
    }

    /// The addresses of a node: one, or a list of one of each family.
    private mutating func underlayAddresses(
        _ node: Int,
        of name: String,
        owners: inout [IPAddress: (node: String, at: Int)]
    ) -> [IPAddress] {
        let value = tree.resolve(node)
        var items = [node]
        if tree.nodes[value].shape == .list {
            items = []
            var cursor = ItemCursor(value, in: tree)
            while let item = cursor.next(in: tree) { items.append(item) }
            if items.isEmpty { complain(at: node, "the list is empty", hint: "a node needs an address") }
        }
        var addresses: [IPAddress] = []
        for item in items {
            guard let address = hostAddress(item, "a node's address") else { continue }
            if let reason = address.reasonAgainstNode {
                complain(
                    at: item,
                    "\(address) \(reason): it can't be a node's address",
                    hint: "write the one by which the other nodes reach it"
                )
            } else if let owner = owners[address] {
                let position = tree.position(of: owner.at)
                complain(
                    at: item,
                    "\(address) is the address of node '\(owner.node)' already, at \(position)"
                )
            } else if let other = addresses.first(where: { $0.family == address.family }) {
                complain(at: item, "the node has an address of this family already: \(other)")
            } else {
                owners[address] = (name, item)
                addresses.append(address)
            }
        }
        return addresses
    }
}

extension IPAddress {
    /// Why other nodes can't reach the address.
    fileprivate var reasonAgainstNode: String? {
        if isLoopback { return "is on the loopback" }
        return family == .ipv6 && isLinkLocal ? "is link-local" : nil
    }
}

extension NodeKey {
    /// True if what several files say of it is put together.
    var isMerging: Bool { self == .links || self == .sysctls || self == .firewall }
}
