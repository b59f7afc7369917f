import NetworkModel
import Planner
import Testing

@Suite("A kernel without IPv6")
struct KernelWithoutIPv6Tests {
    @Test("links are made and left alone without a word of IPv6, which it would refuse")
    func saysNothing() throws {
        var desired = NodeState(node: "n")
        let pair = ["v0", "v1"].map { LinkID(InterfaceName(fromKernel: $0), in: .node) }
        for (offset, id) in pair.enumerated() {
            let mac = MACAddress(bits: 0x0200_0000_0001 + UInt64(offset))
            var link = Link(id, kind: .veth(peer: pair[1 - offset]), mac: mac, purpose: "pair")
            link.addressGeneration = .none
            desired.links[id] = link
        }
        var observed = ObservedState()
        observed.hasIPv6 = false
        let made = try Plan(from: observed, to: desired).changes.compactMap { change -> LinkCreation? in
            guard case .createLink(let creation) = change.operation else { return nil }
            return creation
        }
        // The kernel's default is what goes without saying.
        #expect(made.map(\.link.addressGeneration) == [.eui64])
        #expect(made.map { $0.peer?.addressGeneration } == [.eui64])
        // With IPv6 it is said.
        let other = try Plan(from: ObservedState(), to: desired)
        guard case .createLink(let creation)? = other.changes.first?.operation else {
            Issue.record("\(other.changes)")
            return
        }
        #expect(
            creation.link.addressGeneration == .none
                && creation.peer?.addressGeneration == AddressGeneration.none
        )

        // Once there, they have no mode, and none is missed.
        for creation in made {
            let far = try #require(creation.peer)
            for (link, index, peer) in [
                (creation.link, creation.index, creation.peerIndex),
                (far, creation.peerIndex, creation.index),
            ] {
                let kind = ObservedLinkKind.veth(peerIndex: peer, peerNamespace: nil)
                var existing = ObservedLink(link.id.name, index: index, kind: kind)
                existing.isUp = true
                existing.mac = link.mac
                existing.group = Mark.node.linkGroup
                existing.alias = Mark.node.alias(for: link.purpose)
                observed.node.links.append(existing)
            }
        }
        #expect(try Plan(from: observed, to: desired).changes == [])
    }
}
