import NetworkModel
import NetworkTesting

/// What sandboxes say to each other, by all the networks that both are on.
struct Conversation {
    private let stations: [String: Station]
    /// The addresses of each, by network.
    let addresses: [String: [String: [IPAddress]]]

    init(between names: [String], of cluster: Cluster, on fleet: Fleet) throws {
        let view = try FleetView(of: cluster, on: fleet)
        var stations: [String: Station] = [:]
        var addresses: [String: [String: [IPAddress]]] = [:]
        for name in names {
            guard let sandbox = cluster.sandbox(name) else { continue }
            stations[name] = try fleet.station(name, on: sandbox.node)
            for (index, endpoint) in sandbox.endpoints.enumerated() {
                addresses[name, default: [:]][endpoint.network] = view.addresses[name]?[index]
            }
        }
        self.stations = stations
        self.addresses = addresses
    }

    /// All of them on a network.
    func addresses(on network: String) -> Set<IPAddress> {
        Set(addresses.values.flatMap { $0[network] ?? [] })
    }

    /// Sends from one to an address, whether or not somebody has it.
    func send(_ text: String, from sender: String, to address: IPAddress) {
        _ = stations[sender]?.send(text, to: address)
    }

    /// Each sends to all addresses of the others until it has come; returns what never did.
    func hold() -> [String] {
        var missing: [String: (sender: String, address: IPAddress)] = [:]
        for (sender, own) in addresses {
            for (receiver, theirs) in addresses where receiver != sender {
                for (network, list) in theirs where own[network] != nil {
                    for address in list {
                        missing["\(sender) to \(receiver) at \(address)"] = (sender, address)
                    }
                }
            }
        }
        _ = Eventually.holds {
            for (text, attempt) in missing { send(text, from: attempt.sender, to: attempt.address) }
            Station.wait(for: Array(stations.values), milliseconds: 50)
            for arrival in stations.values.flatMap({ $0.arrivals() }) { missing[arrival.text] = nil }
            return missing.isEmpty
        }
        return missing.keys.sorted()
    }
}
