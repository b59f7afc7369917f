import ClusterModel
import Document
import NetworkModel
import Testing

/// Documents of several files.
@Suite struct DirectoryTests {
    private func complaints(path: String) -> String {
        do throws(DocumentErrors) {
            _ = try Document.load(path: path)
            return ""
        } catch {
            return error.complaints.map { "\($0)".replacing(path, with: "DIR") + "\n" }.joined()
        }
    }

    @Test func mergesFilesInByteOrderOfNames() throws {
        let files = [
            "10.yaml": "weft: 1\nnode:\n  namespaces: [lab1]\n  links: { br9: { type: bridge } }\n",
            "9.json": "{\"node\": {\"routes\": [{\"to\": \"10.8.0.0/16\", \"dev\": \"eth0\"}]}}",
            "a.yml":
                "node:\n  links: { v0: { type: veth, master: br9, peer: { name: eth0, namespace: lab1 } } }\n",
            "b.txt": "not: [a document",
            ".hidden.yaml": "not: [a document",
        ]
        try Files.withFolder(files) { path in
            let state = try Document.load(path: path).nodeState(for: "n1")
            #expect(state.links.count == 3)
            #expect(state.routes.count == 1)
        }
    }

    @Test func mergesNodes() throws {
        let files = [
            "a.yaml": "weft: 1\nnodes: { n1: { address: 10.0.0.1 }, n2: { address: 10.0.0.2 } }\n",
            "b.yaml":
                "weft: 1\nnodes: { n1: { links: { br9: { type: bridge } }, sysctls: { net.ipv4.ip_forward: 1 } } }\n",
            "c.yaml":
                "weft: 1\nnodes: { n1: { links: { br8: { type: bridge } }, sysctls: { net.ipv4.tcp_ecn: 1 } } }\n",
        ]
        try Files.withFolder(files) { path in
            let document = try Document.load(path: path)
            #expect(document.cluster.nodes.map(\.name.text) == ["n1", "n2"])
            let state = try document.nodeState(for: "n1")
            #expect(state.links.count == 2)
            #expect(state.sysctls.count == 2)
        }
    }

    @Test func mergesFirewalls() throws {
        let files = [
            "a.yaml": """
            weft: 1
            node:
              links: { br9: { type: bridge } }
              firewall: { bridges: { br9: { subnets: [10.9.0.0/24] } }, vxlanPorts: [8472] }
            """,
            "b.yaml": """
            node:
              links: { v0: { type: veth, master: br9, peer: { name: v1 } } }
              firewall: { ports: { v0: { mac: "02:00:00:00:00:07", addresses: [10.9.0.7] } } }
            """,
        ]
        try Files.withFolder(files) { path in
            let firewall = try Document.load(path: path).nodeState(for: "n1").firewall
            #expect(firewall?.bridges.keys.map(\.text) == ["br9"])
            #expect(firewall?.ports.keys.map(\.text) == ["v0"])
            #expect(firewall?.vxlanPorts == [8472])
        }
        let again = "node: { firewall: { bridges: { br9: { subnets: [] } }, vxlanPorts: [] } }\n"
        Files.withFolder(files.merging(["c.yaml": again]) { $1 }) { path in
            #expect(
                complaints(path: path) == """
                    DIR/c.yaml:1:32: node.firewall.bridges.br9: 'br9' is there already, at DIR/a.yaml:4:26; keep one of them
                    DIR/c.yaml:1:56: node.firewall.vxlanPorts: 'vxlanPorts' is there already, at DIR/a.yaml:4:61; keep one of them

                    """
            )
        }
    }

    @Test func namesBothPlacesOfAKeyInTwoFiles() {
        let files = [
            "a.yaml":
                "weft: 1\nnodes:\n  n1:\n    address: 10.0.0.1\n    routes: []\n    links: { br9: { type: bridge } }\n",
            "b.yaml": """
            nodes:
              n1:
                address: 10.0.0.1
                routes: []
                links: { br9: { mtu: 1400 } }
              n2: { addres: 10.0.0.2 }
            """,
        ]
        Files.withFolder(files) { path in
            #expect(
                complaints(path: path) == """
                    DIR/b.yaml:3:5: nodes.n1.address: 'address' is there already, at DIR/a.yaml:4:5; keep one of them
                    DIR/b.yaml:4:5: nodes.n1.routes: 'routes' is there already, at DIR/a.yaml:5:5; keep one of them
                    DIR/b.yaml:5:14: nodes.n1.links.br9: 'br9' is there already, at DIR/a.yaml:6:14; keep one of them
                    DIR/b.yaml:6:7: nodes.n2: 'address' is missing
                    DIR/b.yaml:6:9: nodes.n2.addres: unknown key 'addres'; did you mean 'address'?

                    """
            )
        }
    }

    @Test func findsWhatIsWrongInEveryFile() {
        let files = ["a.yaml": "weft: [1\n", "b.yaml": "", "c.yaml": "a: b: c\n"]
        Files.withFolder(files) { path in
            #expect(
                complaints(path: path) == """
                    DIR/a.yaml:2:1: a ',' or ']' is expected here; the list began at 1:7
                    DIR/b.yaml:1:1: the file is empty; a document begins with 'weft: 1'
                    DIR/c.yaml:1:5: a ':' can't stand here; is the line indented wrongly? A value that holds ': ' needs quotes

                    """
            )
        }
    }

    @Test func saysThatThereIsNothingToRead() {
        Files.withFolder(["notes.txt": "nothing"]) { path in
            let sentence =
                "DIR: the directory has no documents; a document is a file *.yaml, *.yml or *.json\n"
            #expect(complaints(path: path) == sentence)
            #expect(
                complaints(path: "\(path)/none.yaml") == "DIR: it can't be read: No such file or directory\n"
            )
        }
    }

    @Test func readsOneFile() throws {
        try Files.withFolder(["a.yaml": "weft: 1\n"]) { path in
            let document = try Document.load(path: "\(path)/a.yaml")
            #expect(document.isEmpty)
        }
    }
}
