import ClusterModel
import Compiler
import Document
import NetworkModel
import Testing

/// What a document asks for, and a node can't give.
@Suite("Problems of compiling")
struct ProblemTests {
    private func problems(_ text: String, _ change: (inout NodeFacts) -> Void = { _ in }) throws -> [String] {
        let document = try Document.load([Source(name: "a.yaml", bytes: Array("weft: 1\n\(text)".utf8))])
        var facts = NodeFacts(name: "n1")
        change(&facts)
        return document.cluster.compile(for: document.cluster.nodes.first?.name, facts, document.assignment)
            .problems.map {
                "\($0.path): \($0.message)"
            }
    }

    private static let network = "networks: { back: { driver: bridge, subnets: [10.30.0.0/24] } }\n"

    @Test("a link that is stated directly and follows from a network")
    func link() throws {
        let found = try problems(
            Self.network + """
                node: { links: { web.eth0: { type: bridge } } }
                sandboxes: { web: { endpoints: [ { network: back } ] } }
                """
        )
        #expect(
            found == [
                "sandboxes.web: its link 'web.eth0' is there already: stated directly, or another sandbox's of a name that is shortened alike"
            ]
        )
    }

    @Test("two names that are shortened alike")
    func shortened() throws {
        let found = try problems(
            Self.network + """
                sandboxes:
                  frontend-52825: { endpoints: [ { network: back } ] }
                  frontend-92538: { endpoints: [ { network: back } ] }
                """
        )
        #expect(found.count == 1 && found[0].hasPrefix("sandboxes.frontend-92538: its link"))
    }

    @Test("a namespace, a setting and a file that are stated directly as well")
    func others() throws {
        let document = """
            \(Self.network)sandboxes: { web: { endpoints: [ { network: back } ] } }
            node:
              namespaces: [n1.web]
              sysctls: { net.ipv6.conf.br-back.disable_ipv6: 0 }
              files: [ { sandbox: web, name: hosts, content: x } ]
            """
        let found = try problems(document) { $0.namespace = "n1" }
        #expect(
            found == [
                "sandboxes.web: its namespace 'n1.web' is stated directly as well",
                "sandboxes: setting 'net.ipv6.conf.br-back.disable_ipv6' is stated directly, and follows otherwise from networks and sandboxes",
                "sandboxes: file 'web/hosts' is stated directly, and follows otherwise from networks and sandboxes",
            ]
        )
    }

    @Test("a macvlan network larger than its parent, or without one")
    func macvlan() throws {
        let text = """
            nodes: { n1: { address: 10.5.0.1 } }
            networks: { lan: { driver: macvlan, subnets: [10.5.0.0/24], mtu: 9000 } }
            sandboxes: { a: { node: n1, endpoints: [ { network: lan } ] } }
            """
        #expect(
            try problems(text) == [
                "networks.lan: no link of this node holds the node's address: there is nothing to put the endpoints on"
            ]
        )
        let name = InterfaceName(fromKernel: "eth0")
        let found = try problems(text) { facts in
            facts.links = [.init(name, mtu: .ethernet, addresses: [IPAddress("10.5.0.1")].compactMap(\.self))]
        }
        #expect(found == ["networks.lan.mtu: 9000 bytes are more than 'eth0' carries"])
    }
}
