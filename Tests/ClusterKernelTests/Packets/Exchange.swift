import NetworkModel
import NetworkTesting

/// All that can be sent between the parties of a document, and what became of it.
final class Exchange {
    /// A datagram that is tried.
    struct Attempt: Hashable {
        var sender: String
        var address: IPAddress
    }

    /// What every text begins with: a datagram of an earlier exchange may have waited for a neighbour until now.
    private let mark = String(UInt32.random(in: .min ... .max), radix: 36)
    private let stations: [String: Station]
    private let wanted: [Attempt: Reach.Delivery]
    private let unwanted: [Attempt]
    /// What came: by attempt, who took it and as whose.
    private var seen: [Attempt: Set<Reach.Delivery>] = [:]
    /// The rounds in which a datagram came.
    private var rounds: [Attempt: Set<Int>] = [:]

    /// - Parameters:
    ///   - stations: Who sends and receives, by name.
    ///   - expected: What is tried, and what is to come of it: `nil` where it must not arrive.
    init(between stations: [String: Station], expecting expected: [Attempt: Reach.Delivery?]) {
        self.stations = stations
        wanted = expected.compactMapValues(\.self)
        unwanted = expected.filter { $0.value == nil }.map(\.key)
    }

    /// Between all of a document's parties on one node.
    convenience init(_ cluster: Cluster, on bench: ClusterBench) throws {
        let reach = try Reach(cluster, ClusterView(of: cluster, on: bench))
        var stations: [String: Station] = [:]
        var expected: [Attempt: Reach.Delivery?] = [:]
        for party in reach.parties {
            stations[party.name] = try Station(party.name, in: party.namespace, of: bench.node)
            for address in reach.addresses
            where !party.links.contains(where: { $0.addresses.contains(address) }) {
                let attempt = Attempt(sender: party.name, address: address)
                expected[attempt] = .some(reach.delivery(from: party, to: address))
            }
        }
        self.init(between: stations, expecting: expected)
    }

    /// How many datagrams of each kind are to come, or not.
    var counts: [String: Int] {
        var counts = ["not delivered": unwanted.count]
        for attempt in wanted.keys {
            counts["delivered ipv\(attempt.address.family.rawValue)", default: 0] += 1
        }
        return counts
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
        "\(mark)|\(round)|\(attempt.sender)|\(attempt.address)"
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
                guard parts.count == 4, parts[0] == mark, let round = Int(parts[1]),
                    let address = IPAddress(parts[3])
                else { continue }
                let attempt = Attempt(sender: parts[2], address: address)
                seen[attempt, default: []].insert(
                    Reach.Delivery(receiver: station.name, source: arrival.source)
                )
                rounds[attempt, default: []].insert(round)
            }
        }
    }
}
