internal import NetworkModel

/// What nodes have only once: names of links and namespaces, VNIs with their ports.
extension ClusterChecks {
    mutating func checkKernelNames() {
        checkBridgeNames()
        checkNamespaces()
    }

    /// The nodes that a network's links are on; without nodes in the document this host.
    private func homes(of network: Network) -> [NodeName?] {
        state.nodes.isEmpty ? [nil] : carriers(of: network)
    }

    private func links(on node: NodeName?) -> [LinkID: Link] {
        guard let node else { return state.host.state.links }
        return state.nodes[node]?.objects.state.links ?? [:]
    }

    private mutating func checkBridgeNames() {
        struct Key: Hashable {
            var node: NodeName?
            var name: InterfaceName
        }
        var holders: [Key: NetworkName] = [:]
        for network in state.networks where network.driver.kind.hasBridge {
            let name = KernelNames.bridge(of: network)
            let isStated = network.interface != nil
            let place = ClusterPlace(.network(network.name), isStated ? .interface : nil, isName: !isStated)
            if isStated, KernelNames.isGrabbed(name.text) {
                warn(
                    place,
                    "'\(name)' is a name that systemd, NetworkManager or Docker take for a link of theirs",
                    hint: "choose another"
                )
            }
            if isStated, let reason = name.reasonAgainstFirewall {
                complain(place, reason, hint: "choose a name without them")
            }
            for node in homes(of: network) {
                let suffix = node.map { " for node '\($0)'" } ?? " for this host"
                if let link = links(on: node)[LinkID(name, in: .node)] {
                    complain(
                        place,
                        "the network's bridge is called '\(name)', and so is a \(link.kind.name) that is stated\(suffix)",
                        other: node.map { ClusterPlace(.node($0), .links, .name(name.text)) },
                        hint: "name another with 'interface'"
                    )
                    break
                }
                let key = Key(node: node, name: name)
                if let holder = holders[key] {
                    complain(
                        place,
                        "the network's bridge is called '\(name)', and so is that of network '\(holder)'",
                        other: ClusterPlace(.network(holder), isName: true),
                        hint: "name another with 'interface'"
                    )
                    break
                }
                holders[key] = network.name
            }
        }
    }

    private mutating func checkNamespaces() {
        var paths: [String: SandboxName] = [:]
        let isStatedAnywhere = ([state.host] + state.nodes.map(\.objects)).contains {
            !$0.state.namespaces.isEmpty
        }
        for sandbox in state.sandboxes {
            if isStatedAnywhere, sandbox.stack == .made, let name = try? NamespaceName(sandbox.name.text),
                (sandbox.node.map { state.nodes[$0]?.objects } ?? state.host)?.state.namespaces.contains(name)
                    == true
            {
                complain(
                    ClusterPlace(.sandbox(sandbox.name), isName: true),
                    "'\(name)' is a namespace that is stated for the node already",
                    hint: "give the sandbox another name"
                )
            }
            guard case .adopted(let path) = sandbox.stack else { continue }
            let key = "\(sandbox.node?.text ?? "") \(path)"
            if let holder = paths[key] {
                complain(
                    ClusterPlace(.sandbox(sandbox.name), .netns),
                    "'\(path)' is the namespace of sandbox '\(holder)' already",
                    other: ClusterPlace(.sandbox(holder), .netns),
                    hint: "put the endpoints of both into one sandbox"
                )
            } else {
                paths[key] = sandbox.name
            }
        }
    }

    /// The VNI and port of a tunnel, of which a node takes one.
    private struct Tunnel: Hashable {
        var vni: VNI
        var port: UInt16
    }

    /// The VNIs of overlays: they must differ everywhere, for a network may come to any node.
    mutating func checkTunnels() {
        var holders: [Tunnel: Network] = [:]
        var stated: [Tunnel: (link: LinkID, node: NodeName)] = [:]
        for node in state.nodes {
            for link in node.objects.state.links.values.sorted(by: { $0.id < $1.id }) {
                guard case .vxlan(let vxlan) = link.kind else { continue }
                let key = Tunnel(vni: vxlan.vni, port: vxlan.port)
                stated[key] = stated[key] ?? (link.id, node.name)
            }
        }
        for network in state.networks {
            guard case .overlay(let overlay) = network.driver, let vni = network.vni else { continue }
            let isStated = overlay.statedVNI != nil
            let place = ClusterPlace(.network(network.name), isStated ? .vni : nil, isName: !isStated)
            let origin = isStated ? "" : ", which follows from the name,"
            let key = Tunnel(vni: vni, port: overlay.port)
            let hint = isStated ? "choose another" : "give one of them a 'vni'"
            if let holder = holders[key] {
                complain(
                    place,
                    "VNI \(vni)\(origin) with port \(overlay.port) is taken by network '\(holder.name)'",
                    other: ClusterPlace(.network(holder.name), isName: true),
                    hint: hint
                )
            } else if let (link, node) = stated[key] {
                complain(
                    place,
                    "VNI \(vni)\(origin) with port \(overlay.port) is taken by link '\(link)' of node '\(node)'",
                    other: ClusterPlace(.node(node), .links, .name(link.name.text)),
                    hint: hint
                )
            }
            holders[key] = holders[key] ?? network
        }
    }
}
