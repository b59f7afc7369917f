import NetworkModel
import NetworkTesting
import Planner
import Reconciler
import Testing

@Suite("A node among many", .kernel, .serialized)
struct FleetScaleTests {
    /// A document of which one node is real, and the others, of which nothing is asked, are not.
    ///
    /// - Parameters:
    ///   - count: How many endpoints they have together.
    ///   - moved: Whether the last of these is on another node than it was.
    /// - Returns: Its text.
    private static func text(_ count: Int, moved: Bool = false) -> String {
        let others = (0..<4).map { "  far\($0): { address: 10.99.0.\(100 + $0) }\n" }.joined()
        let sandboxes = (1...count).map { number in
            let node = moved && number == count ? (number + 1) % 4 : number % 4
            let address = "10.60.\(number / 250).\(number % 250 + 2)"
            let endpoint = "{ network: flat, address: \(address) }"
            return "  s\(number): { node: far\(node), endpoints: [ \(endpoint) ] }\n"
        }
        return """
            weft: 1
            nodes:
              n1: { address: 10.99.0.1 }
            \(others)
            networks:
              flat: { driver: overlay, subnets: [10.60.0.0/16] }
            sandboxes:
              here: { node: n1, endpoints: [ { network: flat, address: 10.60.250.250 } ] }
            \(sandboxes.joined())
            """
    }

    @Test("is told two messages for each endpoint of another node, and one for one that moves")
    func messages() throws {
        var whole: [Int: Int] = [:]
        for count in [10, 210] {
            try Fleet.with(1) { fleet in
                whole[count] = try fleet.apply(Self.text(count), on: "n1").messagesSent
                let change = try fleet.apply(Self.text(count, moved: true), on: "n1")
                #expect(change.messagesSent == 1, "of \(count)")
                #expect(change.plan.changes.count == 1, "of \(count)")
                // One goes: the bridge's entry, the tunnel's, and the neighbour.
                let loss = try fleet.apply(Self.text(count - 1), on: "n1")
                #expect(loss.messagesSent == 3, "of \(count)")
                _ = try fleet.weft("n1").destroy()
            }
        }
        let (few, many) = try (#require(whole[10]), #require(whole[210]))
        #expect(many - few == 2 * 200)
    }
}
