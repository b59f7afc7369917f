import NetworkModel
import NetworkTesting

/// All that can be sent between the parties of a document, and what became of it.
final class Exchange {
    /// A datagram that is tried.
    private struct Attempt: Hashable {
        var sender: String
        var address: IPAddress
    }

    private let stations: [String: Station]
    private var wanted: [Attempt: Reach.Delivery] = [:]
    private var unwanted: [Attempt] = []
    /// What came: by attempt, who took it and as whose.
    private var seen: [Attempt: Set<Reach.Delivery>] = [:]
    /// The rounds in which a datagram came.
    private var rounds: [Attempt: Set<Int>] = [:]
    private(set) var counts: [String: Int] = [:]

    init(_ cluster: Cluster, on bench: ClusterBench) throws {
        let reach = try Reach(cluster, ClusterView(of: cluster, on: bench))
        var stations: [String: Station] = [:]
        for party in reach.parties {
            stations[party.name] = try Station(party.name, in: party.namespace, of: bench.node)
        }
        self.stations = stations
        for party in reach.parties {
            for address in reach.addresses
            where !party.links.contains(where: { $0.addresses.contains(address) }) {
                let attempt = Attempt(sender: party.name, address: address)
                if let delivery = reach.delivery(from: party, to: address) {
                    wanted[attempt] = delivery
                    counts["delivered ipv\(address.family.rawValue)", default: 0] += 1
                } else {
                    unwanted.append(attempt)
                    counts["not delivered", default: 0] += 1
                }
            }
        }
    }

    /// Tries everything.
    ///
    /// What must arrive is sent until it does. Then all that must not is sent, and behind it once more all that must: a thing
    /// that went the way it must not would be there before. Twice, as the first packet to a neighbour may wait for his answer.
    func problems() -> [String] {
        guard deliver(round: 0) else { return ["never arrived: " + missing(in: 0).joined(separator: "; ")] }
        for round in 1...2 {
            for attempt in unwanted {
                _ = stations[attempt.sender]?.send(text(attempt, round), to: attempt.address)
            }
            guard deliver(round: round) else {
                return ["no longer arrived: " + missing(in: round).joined(separator: "; ")]
            }
        }
        return seen.flatMap { attempt, deliveries in
            deliveries.filter { $0 != wanted[attempt] }.map { delivery in
                let should =
                    wanted[attempt].map { "'\($0.receiver)' should have, as from \($0.source)" }
                    ?? "nobody should have"
                return
                    "from '\(attempt.sender)' to \(attempt.address): '\(delivery.receiver)' got it as from "
                    + "\(delivery.source), and \(should)"
            }
        }.sorted()
    }

    private func text(_ attempt: Attempt, _ round: Int) -> String {
        "\(round)|\(attempt.sender)|\(attempt.address)"
    }

    private func missing(in round: Int) -> [String] {
        wanted.filter { rounds[$0.key]?.contains(round) != true }.map { attempt, delivery in
            "'\(attempt.sender)' to \(attempt.address), which '\(delivery.receiver)' has"
        }.sorted()
    }

    /// Sends what must arrive until it has; false if it does not within ten seconds.
    private func deliver(round: Int) -> Bool {
        for _ in 0..<100 {
            for attempt in wanted.keys where rounds[attempt]?.contains(round) != true {
                _ = stations[attempt.sender]?.send(text(attempt, round), to: attempt.address)
            }
            collect()
            if wanted.keys.allSatisfy({ rounds[$0]?.contains(round) == true }) { return true }
            Station.wait(for: Array(stations.values), milliseconds: 100)
            collect()
        }
        return false
    }

    private func collect() {
        for station in stations.values {
            for arrival in station.arrivals() {
                let parts = arrival.text.split(separator: "|").map(String.init)
                guard parts.count == 3, let round = Int(parts[0]), let address = IPAddress(parts[2]) else {
                    continue
                }
                let attempt = Attempt(sender: parts[1], address: address)
                seen[attempt, default: []].insert(
                    Reach.Delivery(receiver: station.name, source: arrival.source)
                )
                rounds[attempt, default: []].insert(round)
            }
        }
    }
}
