import LinuxSystem
import NetworkModel
import NetworkTesting
import Synchronization
import Testing

/// Numbered datagrams between pairs of stations, one a millisecond in each direction of each, and which of them came.
///
/// What is lost is counted by number, not by time: a machine that is busy sends fewer, and loses none.
final class Flow {
    /// One direction of a pair.
    private struct Direction {
        var name: String
        var sender: Station
        var receiver: Station
        /// The receiver's.
        var address: IPAddress
        var sent = 0
        /// Those that have not come yet.
        var missing: Set<Int> = []
        var came = 0
        var isKnown = false
    }

    private var directions: [Direction] = []
    private let isOver = Atomic(false)

    /// Adds both directions between two sandboxes, by each family in which both have an address.
    ///
    /// - Parameters:
    ///   - name: What is told of if something is lost.
    ///   - left: One party: its station, and its addresses on the network that is tried.
    ///   - right: The other.
    func add(
        _ name: String,
        _ left: (station: Station, addresses: [IPAddress]),
        _ right: (station: Station, addresses: [IPAddress])
    ) {
        for (from, to) in [(left, right), (right, left)] {
            for address in to.addresses where from.addresses.contains(where: { $0.family == address.family })
            {
                let words = "\(name): '\(from.station.name)' to '\(to.station.name)' at \(address)"
                directions.append(
                    Direction(name: words, sender: from.station, receiver: to.station, address: address)
                )
            }
        }
    }

    /// How many directions there are.
    var count: Int { directions.count }

    /// How many datagrams were sent while it was counted.
    var sentCount: Int { directions.reduce(0) { $0 + $1.sent } }

    /// Runs `body`, and sends meanwhile.
    ///
    /// - Returns: What was lost or came twice, a line each.
    func problems(during body: () throws -> Void) throws -> [String] {
        guard learn() else { return directions.filter { !$0.isKnown }.map { "\($0.name): nothing comes" } }
        isOver.store(false, ordering: .releasing)
        var isBegun = false
        // What goes wrong in `body` is told as of the test, whose thread this is: so it is another one that sends.
        try DedicatedThread.run(named: "flow", every: .milliseconds(1)) {
            guard !isBegun else { return }
            isBegun = true
            defer { isOver.store(true, ordering: .releasing) }
            try body()
        } _: {
            while !isOver.load(ordering: .acquiring) {
                tick()
                Station.wait(for: [], milliseconds: 1)
            }
        }
        // What was sent last is on its way.
        for _ in 0..<20 where directions.contains(where: { !$0.missing.isEmpty }) {
            Station.wait(for: directions.map(\.receiver), milliseconds: 100)
            collect()
        }
        return directions.flatMap { direction -> [String] in
            var problems: [String] = []
            if !direction.missing.isEmpty {
                let first = direction.missing.min() ?? 0
                problems.append(
                    "\(direction.name): \(direction.missing.count) of \(direction.sent) lost, the first is number \(first)"
                )
            }
            let extra = direction.came - (direction.sent - direction.missing.count)
            if extra != 0 { problems.append("\(direction.name): \(extra) came twice") }
            return problems
        }
    }

    /// Sends until something has come in every direction: the first datagrams wait for neighbours to be found.
    private func learn() -> Bool {
        let isKnown = Eventually.holds {
            for index in directions.indices where !directions[index].isKnown {
                _ = directions[index].sender.send("\(index)|learn", to: directions[index].address)
            }
            collect()
            return directions.allSatisfy(\.isKnown)
        }
        return isKnown
    }

    private func tick() {
        for index in directions.indices {
            let number = directions[index].sent
            directions[index].sent += 1
            directions[index].missing.insert(number)
            // What the kernel refuses to send is lost too.
            _ = directions[index].sender.send("\(index)|\(number)", to: directions[index].address)
        }
        collect()
    }

    private func collect() {
        var stations: [ObjectIdentifier: Station] = [:]
        for direction in directions { stations[ObjectIdentifier(direction.receiver)] = direction.receiver }
        for station in stations.values {
            for arrival in station.arrivals() {
                let parts = arrival.text.split(separator: "|")
                guard parts.count == 2, let index = Int(parts[0]), directions.indices.contains(index),
                    directions[index].receiver === station
                else { continue }
                guard let number = Int(parts[1]) else {
                    directions[index].isKnown = true
                    continue
                }
                directions[index].missing.remove(number)
                directions[index].came += 1
            }
        }
    }
}
