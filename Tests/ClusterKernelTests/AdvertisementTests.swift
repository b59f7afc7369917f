import LinuxSystem
import NetworkModel
import NetworkTesting
import Reconciler
import Testing

@Suite("Router advertisements", .kernel, .serialized)
struct AdvertisementTests {
    @Test("the frame is one that a link takes which takes advertisements")
    func control() throws {
        try ClusterBench.with { bench in
            let link = try bench.node.ipJSON("link show up1", in: ClusterBench.router)[0]
            let mac = try #require(MACAddress(link["address"].string ?? ""))
            let advertiser = try RouterAdvertiser(on: "up1", mac, in: ClusterBench.router, of: bench.node)
            let isTaken = try Eventually.holds {
                try advertiser.send()
                return try Self.traces(of: bench).count >= 2
            }
            #expect(isTaken, "neither an address nor a route came of it")
        }
    }

    @Test("one from any endpoint of any network changes nothing anywhere")
    func applied() throws {
        try ClusterBench.with { bench in
            let cluster = Cluster.families
            guard try bench.bring(to: cluster, "before") != nil else { return }
            let before = try WholeDump.take(of: bench.node)
            let advertisers = try Self.advertisers(of: cluster, on: bench)
            #expect(advertisers.count == 10)
            for advertiser in advertisers { try advertiser.send() }
            // What is sent now comes behind them by the same links.
            #expect(try Exchange(cluster, on: bench).problems() == [])
            #expect(WholeDump.diff(before, try WholeDump.take(of: bench.node)) == [])
            #expect(try Self.traces(of: bench) == [])
        }
    }

    @Test("nor does one that is sent at every step of an apply that brings sandboxes and networks")
    func applying() throws {
        try ClusterBench.with { bench in
            var cluster = Cluster.families
            cluster.sandboxes.removeLast(2)
            cluster.networks.removeAll { $0.name == "six" }
            try bench.apply(cluster.yaml, "before")
            let advertisers = Bystanders(try Self.advertisers(of: cluster, on: bench))
            var grown = Cluster.families
            // A network of one family becomes one of two, and the other way round.
            grown.networks[0].subnets += [Prefix(text: "fd00:60::/64")].compactMap(\.self)
            grown.networks[3].subnets.removeLast()
            let hook = StepHook(sendsBatches: false) { _ in
                advertisers.send()
                return nil
            }
            try bench.apply(grown.yaml, "while advertised", hook: hook)
            advertisers.send()
            guard try bench.bring(to: grown, "after") != nil else { return }
            #expect(advertisers.sent > 100)
            #expect(try Exchange(grown, on: bench).problems() == [])
            #expect(try Self.traces(of: bench) == [])
            #expect(try ClusterOracle(grown, ClusterView(of: grown, on: bench), bench).differences() == [])
        }
    }

    /// One for every endpoint of every sandbox.
    private static func advertisers(of cluster: Cluster, on bench: ClusterBench) throws -> [RouterAdvertiser]
    {
        let view = try ClusterView(of: cluster, on: bench)
        return try cluster.stacks.flatMap { sandbox in
            try sandbox.endpoints.indices.map { index in
                let interface = sandbox.interface(index)
                let text = view.links[sandbox.name]?[interface]?["address"].string ?? ""
                let mac = try #require(MACAddress(text))
                return try RouterAdvertiser(on: interface, mac, in: sandbox.name, of: bench.node)
            }
        }
    }

    /// Addresses and routes that came from advertisements, wherever they are.
    private static func traces(of bench: ClusterBench) throws -> [String] {
        try ([nil] + bench.node.namespaces().map(Optional.some)).flatMap { namespace -> [String] in
            let addresses = try bench.node.ipJSON("-6 addr show", in: namespace).elements
                .flatMap { $0["addr_info"].elements }.compactMap { $0["local"].string }
                .filter { IPAddress($0).map(RouterAdvertiser.prefix.contains) ?? false }
            let routes = try bench.node.ipJSON("-6 route show table all", in: namespace).elements
                .filter { $0["protocol"] == "ra" }
            return (addresses + routes.map(\.description)).map { "\(namespace ?? "the node"): \($0)" }
        }
    }
}

/// Advertisers that a hook can use.
///
/// @unchecked Sendable because the hook is called on the pass's thread alone, for which the test's own waits.
private final class Bystanders: @unchecked Sendable {
    private let advertisers: [RouterAdvertiser]
    private(set) var sent = 0

    init(_ advertisers: [RouterAdvertiser]) { self.advertisers = advertisers }

    /// Sends from each; one whose link has gone meanwhile is silent.
    func send() {
        for advertiser in advertisers where (try? advertiser.send()) != nil { sent += 1 }
    }
}
