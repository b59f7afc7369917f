import NetworkModel
import NetworkTesting
import Testing

@testable import Planner

/// What is looked up is found, whatever order things and questions come in.
@Suite("Key index")
struct KeyIndexTests {
    private let places: [Place]

    init() throws {
        places = [.node, .namespace(try NamespaceName("red"))]
    }

    @Test("finds what a search from end to end finds", arguments: 0..<200)
    func isSearch(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let routes = routes(&random)
        var index = KeyIndex(routes)
        var questions = (routes + self.routes(&random)).map(\.key)
        // In the order of the elements, or in none.
        if seed % 3 == 0 { questions.shuffle(using: &random) }
        for question in questions {
            var found: [Int] = []
            index.forEach(question) { found.append($0) }
            #expect(found == routes.indices.filter { routes[$0].key == question })
        }
    }

    @Test("neighbours and FDB entries, too, are told apart by every part of their keys")
    func digests() {
        let links = places.map { LinkID(PlannerStates.name("br0"), in: $0) }
        let neighbours = links.flatMap { link in
            [IPAddress(ipv4: 7), IPAddress(ipv4: 3), IPAddress(ipv6High: 0, low: 7)].map {
                ObservedNeighbour(Neighbour($0, mac: MACAddress(bits: 1), on: link), protocolNumber: 87)
            }
        }
        var index = KeyIndex(neighbours)
        for (position, neighbour) in neighbours.enumerated() {
            var found: [Int] = []
            index.forEach(neighbour.key) { found.append($0) }
            #expect(found == [position])
        }
    }

    /// Routes of few keys: in order, in order but for the last ones, or in none.
    private func routes(_ random: inout SeededGenerator) -> [ObservedRoute] {
        var routes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            let number = UInt64.random(in: 0...9, using: &random)
            let length = UInt8.random(in: 30...32, using: &random)
            let address =
                Bool.random(using: &random)
                ? IPAddress(ipv4: UInt32(number) << 2) : IPAddress(ipv6High: number, low: 0)
            var route = Route(
                to: Prefix(containing: address, length: length),
                in: places.randomElement(using: &random) ?? .node
            )
            route.metric = UInt32.random(in: 0...1, using: &random)
            return ObservedRoute(route, protocolNumber: UInt8.random(in: 86...87, using: &random))
        }
        let sorted = Int.random(in: 0...2, using: &random)
        let end = sorted == 0 ? routes.count : sorted == 1 ? routes.count * 3 / 4 : 0
        routes[..<end].sort { ObservedRoute.isOrdered($0.key, $1.key) }
        return routes
    }
}
