import NetworkModel

extension NodePlanner {
    /// A link that stands on another one needs it to be there, and to stay.
    mutating func checkParents() {
        for id in links.desired.keys.sorted() {
            guard let link = links.desired[id], let parent = link.kind.parent else { continue }
            let parentID = LinkID(parent, in: .node)
            if links.desired[parentID] != nil || desired.untouched.contains(parentID) { continue }
            switch links.observed[parentID] {
            case nil:
                problems.append(
                    Problem(
                        "cannot create \(link.kind.name) link '\(id)': there is no link '\(parent)' on this node",
                        hint: "'ip link' shows the links of this node"
                    )
                )
            case let existing? where existing.isManaged:
                problems.append(
                    Problem(
                        "cannot create \(link.kind.name) link '\(id)': the link '\(parent)' under it is no longer in the document",
                        hint: "state '\(parent)' in the document, or another link"
                    )
                )
            default:
                break
            }
        }
    }

    /// A node has at most one VXLAN link for a VNI and UDP port, whatever their addresses.
    mutating func checkNetworkIdentifiers() {
        var holders: [TunnelIdentifier: LinkID] = [:]
        var sockets: [TunnelSocket: LinkID] = [:]
        for (id, existing) in links.observed where !existing.isManaged {
            guard case .vxlan(let vxlan) = existing.kind else { continue }
            holders[TunnelIdentifier(vxlan)] = min(holders[TunnelIdentifier(vxlan)] ?? id, id)
            if existing.isUp { sockets[TunnelSocket(vxlan)] = min(sockets[TunnelSocket(vxlan)] ?? id, id) }
        }
        guard !holders.isEmpty else { return }
        for id in links.desired.keys.sorted() {
            guard let link = links.desired[id], case .vxlan(let vxlan) = link.kind else { continue }
            if let holder = holders[TunnelIdentifier(vxlan)], holder != id {
                problems.append(
                    Problem(
                        "cannot create vxlan link '\(id)': VNI \(vxlan.vni) at UDP port \(vxlan.port) is taken by link "
                            + "'\(holder)', which is not Weft's",
                        hint: "choose another VNI or port, or remove that link"
                    )
                )
            } else if link.isUp, let holder = sockets[TunnelSocket(vxlan).clashing], holder != id {
                problems.append(
                    Problem(
                        "cannot create vxlan link '\(id)': UDP port \(vxlan.port) is in use by link '\(holder)', which "
                            + "is not Weft's and has another 'udp6zerocsumrx'",
                        hint: "choose another port, or say 'udp6zerocsumrx' as that link has it"
                    )
                )
            }
        }
    }

    /// A bridge takes so many ports and no more; foreign ports count.
    mutating func checkPortCounts() {
        var counts: [LinkID: Int] = [:]
        for (id, link) in links.desired {
            if let master = link.master { counts[LinkID(master, in: id.place), default: 0] += 1 }
        }
        for (id, existing) in links.observed where !existing.isManaged {
            if let master = existing.master { counts[LinkID(master, in: id.place), default: 0] += 1 }
        }
        for (id, count) in counts.sorted(by: { $0.key < $1.key }) {
            guard count > Bridge.maximumPortCount, links.desired[id] != nil else { continue }
            problems.append(
                Problem(
                    "cannot give bridge '\(id)' \(count) ports: the kernel takes \(Bridge.maximumPortCount)",
                    hint: "spread the ports over several bridges"
                )
            )
        }
    }
}
