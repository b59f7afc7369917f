internal import ArgumentParser
internal import ClusterModel
internal import Document
internal import NetworkModel

/// Prints the routes of a document's routed networks, for whoever configures the network between the nodes.
struct RoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "Print the routes that a VPC's router must be given: prefix, next hop, node.",
        usage: "weft routes <path> [<options>]",
        discussion: """
            One line for each node and family of each network of driver 'routed'. With 'via: router' the nodes rely on \
            them; with 'via: nodes' they have routes of their own, and others reach the endpoints by these. \
            Needs no privilege and does not look at the kernel.
            """
    )

    @OptionGroup var document: DocumentArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(output) { console in
            let loaded = try Document.load(path: document.path)
            let routes = loaded.cluster.routerTable(loaded.assignment)
            if console.isJSON {
                console.print { $0.routes(routes) }
            } else {
                let rows = routes.map {
                    [$0.prefix.description, "via \($0.nextHop)", "node \($0.node)", "network \($0.network)"]
                }
                for line in Table(rows).lines { console.print(line) }
                if routes.isEmpty, !output.quiet { console.print("no network is routed") }
            }
        }
    }
}

extension JSONWriter {
    /// `{"schema": 1, "routes": […]}`.
    fileprivate mutating func routes(_ routes: [RouterRoute]) {
        object { object in
            object.member("schema", 1)
            object.array("routes", routes) { writer, route in
                writer.object { item in
                    item.member("network", route.network.text)
                    item.member("prefix", route.prefix.description)
                    item.member("nextHop", route.nextHop.description)
                    item.member("node", route.node.text)
                }
            }
        }
    }
}
