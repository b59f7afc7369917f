import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("Moves", .kernel, .serialized)
struct MoveTests {
    /// What a document has beside what always is there.
    private struct Stage {
        var nodes = ["n1", "n2", "n3", "n4"]
        /// Where the sandbox is that moves.
        var place = "n2"
        var hasNewNetworks = false
    }

    /// Overlays and routed networks of both families, and endpoints of them on all nodes.
    private static func text(_ fleet: Fleet, _ stage: Stage) -> String {
        var text =
            fleet.head(of: stage.nodes) + """
                networks:
                  flat: { driver: overlay, subnets: [10.60.0.0/16, "fd00:60::/64"] }
                  pods: { driver: routed, subnets: [10.50.0.0/16, "fd00:50::/48"] }
                  deep: { driver: overlay, subnets: [10.61.0.0/16, "fd00:61::/64"], internal: true }
                  open: { driver: routed, subnets: [10.51.0.0/16, "fd00:51::/48"] }

                """
        if stage.hasNewNetworks {
            text += """
                  late: { driver: overlay, subnets: [10.62.0.0/16, "fd00:62::/64"] }
                  last: { driver: routed, subnets: [10.52.0.0/16, "fd00:52::/48"] }

                """
        }
        text +=
            "sandboxes:\n  db: { node: \(stage.place), endpoints: [ { network: flat }, { network: pods } ] }\n"
        for node in stage.nodes {
            let number = node.dropFirst()
            text += "  a\(number): { node: \(node), endpoints: [ { network: flat }, { network: pods } ] }\n"
            text += "  b\(number): { node: \(node), endpoints: [ { network: flat }, { network: pods } ] }\n"
            text += "  o\(number): { node: \(node), endpoints: [ { network: deep }, { network: open } ] }\n"
            guard stage.hasNewNetworks else { continue }
            text += "  x\(number): { node: \(node), endpoints: [ { network: late }, { network: last } ] }\n"
        }
        return text
    }

    /// Adds what goes between two sandboxes on all the networks that they share.
    private static func add(
        _ name: String,
        _ left: String,
        _ right: String,
        to flow: Flow,
        _ stations: inout [String: Station],
        on fleet: Fleet
    ) throws {
        for sandbox in [left, right] where stations[sandbox] == nil {
            stations[sandbox] = try fleet.station(sandbox, on: "n\(sandbox.dropFirst())")
        }
        guard let first = stations[left], let second = stations[right] else { return }
        for link in ["eth0", "eth1"] {
            flow.add(
                "\(name), \(link)",
                (first, try fleet.addresses(of: left, link, on: "n\(left.dropFirst())")),
                (second, try fleet.addresses(of: right, link, on: "n\(right.dropFirst())"))
            )
        }
    }

    @Test(
        "a packet every millisecond between others loses none as a sandbox moves, nodes come and go, and networks come"
    )
    func others() throws {
        try Fleet.with(5) { fleet in
            var stage = Stage()
            for node in stage.nodes { try fleet.apply(Self.text(fleet, stage), on: node) }
            let flow = Flow()
            var stations: [String: Station] = [:]
            try Self.add("same network, other nodes", "a1", "a4", to: flow, &stations, on: fleet)
            try Self.add("another network, the same nodes", "o2", "o3", to: flow, &stations, on: fleet)
            try Self.add("the bridge that it leaves", "a2", "b2", to: flow, &stations, on: fleet)
            try Self.add("the bridge that it comes to", "a3", "b3", to: flow, &stations, on: fleet)
            try Self.add("the nodes of the move", "a2", "a3", to: flow, &stations, on: fleet)
            #expect(flow.count == 5 * 2 * 2 * 2)
            let lost = try flow.problems {
                stage.place = "n3"
                for node in ["n2", "n3", "n1", "n4"] { try fleet.apply(Self.text(fleet, stage), on: node) }
                stage.nodes.append("n5")
                for node in ["n5", "n1", "n2", "n3", "n4"] {
                    try fleet.apply(Self.text(fleet, stage), on: node)
                }
                stage.hasNewNetworks = true
                for node in stage.nodes { try fleet.apply(Self.text(fleet, stage), on: node) }
                stage.hasNewNetworks = false
                // To the node that came, and it goes before anybody takes it out of the document.
                stage.place = "n5"
                for node in ["n3", "n5", "n1", "n2", "n4"] {
                    try fleet.apply(Self.text(fleet, stage), on: node)
                }
                try fleet.underlay.run("ip link set p4 down")
                stage.nodes.removeLast()
                stage.place = "n1"
                for node in stage.nodes { try fleet.apply(Self.text(fleet, stage), on: node) }
            }
            #expect(lost == [])
            #expect(flow.sentCount >= 40 * 20)
            print("sent: \(flow.sentCount)")
            for node in fleet.nodes { _ = try fleet.weft(node).destroy() }
        }
    }
}

extension Fleet {
    /// The head of a document with some of the nodes.
    func head(of names: [String]) -> String {
        let list = names.map { node in
            let number = node.dropFirst()
            return "  \(node): { address: [10.99.0.\(number), \"fd00:99::\(number)\"] }\n"
        }
        return "weft: 1\nunderlay: { subnets: [10.99.0.0/24, \"fd00:99::/64\"] }\nnodes:\n" + list.joined()
    }
}

extension Fleet {
    /// Waits for the addresses that the kernel gives a node's own links; false if they don't become usable.
    ///
    /// Without a link-local address a node can't ask for a neighbour to whom it forwards something.
    func isSettled(_ node: String) throws -> Bool {
        try Eventually.holds {
            try underlay.ipJSON("-6 addr show tentative", in: node).elements.allSatisfy {
                $0["addr_info"].elements.isEmpty
            }
        }
    }
}
