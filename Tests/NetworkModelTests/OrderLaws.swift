import NetworkModel
import NetworkTesting
import Testing

/// Expects of some values what every order keeps: one of `<`, `==`, `>`; and that of three in a row.
func expectOrder<Value: Comparable & Hashable>(
    _ values: [Value],
    _ location: SourceLocation = #_sourceLocation
) {
    let sorted = values.sorted()
    for (left, right) in zip(values, values.dropFirst()) {
        let count = [left < right, left == right, right < left].filter { $0 }.count
        #expect(
            count == 1,
            "of two values one is less, or they are equal: \(left), \(right)",
            sourceLocation: location
        )
        #expect((left == right) == (Set([left, right]).count == 1), sourceLocation: location)
    }
    for index in stride(from: 0, to: sorted.count - 2, by: 2) {
        let (first, second, third) = (sorted[index], sorted[index + 1], sorted[index + 2])
        #expect(!(second < first) && !(third < second) && !(third < first), sourceLocation: location)
    }
    #expect(
        values.reversed().sorted() == sorted,
        "the order does not depend on where one begins",
        sourceLocation: location
    )
}

@Suite("Orders")
struct OrderLaws {
    private var places: [Place] {
        [.node] + ["a", "b", "ab"].compactMap { try? NamespaceName($0) }.map(Place.namespace)
    }

    private var links: [LinkID] {
        places.flatMap { place in ["a", "b", "eth0"].map { LinkID(InterfaceName(fromKernel: $0), in: place) }
        }
    }

    @Test("every key has one order, in which equal is the same as equal")
    func keys() {
        var random = SeededGenerator(seed: Randomness.seed(for: "orders"))
        expectOrder((0..<200).map { _ in places.randomElement(using: &random) ?? .node })
        expectOrder((0..<400).map { _ in links.randomElement(using: &random) ?? links[0] })
        expectOrder((0..<600).map { _ in routeKey(&random) })
        expectOrder((0..<600).map { _ in Neighbour.Key(address: address(&random), link: links[0]) })
        expectOrder((0..<600).map { _ in forwardingKey(&random) })
        expectOrder(
            (0..<200).map { _ in Sysctl.Key(path: "net/\(Int.random(in: 0...9, using: &random))", in: .node) }
        )
        expectOrder((0..<200).map { _ in MACAddress(bits: .random(in: 0...50, using: &random)) })
        expectOrder((0..<200).map { _ in MTU(bytes: .random(in: 68...99, using: &random)) })
        expectOrder((0..<200).map { _ in VNI(number: .random(in: 1...20, using: &random)) })
    }

    @Test("the node comes before every namespace")
    func nodeFirst() {
        #expect(places.shuffled().sorted().first == .node)
    }

    private func address(_ random: inout SeededGenerator) -> IPAddress {
        Bool.random(using: &random)
            ? IPAddress(ipv4: .random(in: 0...9, using: &random))
            : IPAddress(ipv6High: .random(in: 0...2, using: &random), low: .random(in: 0...3, using: &random))
    }

    private func routeKey(_ random: inout SeededGenerator) -> Route.Key {
        let prefix = Prefix(containing: address(&random), length: .random(in: 28...32, using: &random))
        return Route.Key(
            destination: prefix,
            place: places.randomElement(using: &random) ?? .node,
            table: .random(in: 1...2, using: &random),
            metric: .random(in: 0...1, using: &random)
        )
    }

    private func forwardingKey(_ random: inout SeededGenerator) -> ForwardingEntry.Key {
        ForwardingEntry.Key(
            mac: MACAddress(bits: .random(in: 0...2, using: &random)),
            link: links.randomElement(using: &random) ?? links[0],
            table: Bool.random(using: &random) ? .own : .bridge,
            vlan: .random(in: 0...1, using: &random),
            destination: Bool.random(using: &random) ? address(&random) : nil
        )
    }
}
