import LinuxSystem
import NetworkModel
import NetworkTesting
import Testing

/// The underlay of a fleet, listened to at the port of each node.
struct Wire {
    private let fleet: Fleet
    private let taps: [String: WireTap]
    private let outside: Station

    /// What is sent behind all else.
    static let marker = "behind"

    init(of fleet: Fleet) throws {
        self.fleet = fleet
        var taps: [String: WireTap] = [:]
        for (index, node) in fleet.nodes.enumerated() {
            taps[node] = try WireTap(on: "p\(index)", of: fleet.underlay)
        }
        self.taps = taps
        outside = try fleet.station(nil, on: nil)
    }

    /// What passed at each node's port until now.
    ///
    /// What somebody beyond the nodes sends now comes behind all that is on its way: when it has come to a node, so has the
    /// rest. Of nodes at which it never comes an issue is recorded.
    func frames() throws -> [String: [WireFrame]] {
        var frames: [String: [WireFrame]] = [:]
        for (index, node) in fleet.nodes.enumerated() {
            let addresses = Fleet.addresses(ofNode: index + 1, fleet.families)
            let isThrough = try Eventually.holds {
                for address in addresses { _ = outside.send(Self.marker, to: address) }
                frames[node, default: []] += try taps[node]?.frames() ?? []
                return addresses.allSatisfy { address in
                    frames[node]?.contains {
                        $0.packet?.destination == address && $0.datagram?.text == Self.marker
                    }
                        ?? false
                }
            }
            #expect(isThrough, "nothing is heard at the port of \(node)")
        }
        return frames
    }
}
