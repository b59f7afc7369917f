package import NetworkModel

/// One network stack: a namespace with its links, addresses, routes, settings and names.
package struct Sandbox: Named, Hashable, Sendable {
    package let name: SandboxName
    /// The node it is on; `nil` in a document without nodes.
    package var node: NodeName?
    /// Whose network stack it is.
    package var stack: Stack
    /// Its attachments, in the document's order; none: network `none`, or with ``Stack/host`` network `host`.
    package var endpoints: [Endpoint] = []
    /// The network that default routes lead by, where it is stated.
    package var defaultRoute: NetworkName?
    /// Further routes.
    package var routes: [SandboxRoute] = []
    /// The sandboxes that it depends on.
    package var links: [SandboxLink] = []
    /// What answers on the node's addresses.
    package var published: [PublishedPort] = []
    /// What it says that it serves.
    package var exposed: [ExposedPort] = []
    /// How it resolves names.
    package var dns = SandboxDNS()
    /// Settings below `net`, in order of path.
    package var settings: [Setting] = []

    package init(_ name: SandboxName, node: NodeName?, stack: Stack = .made) {
        self.name = name
        self.node = node
        self.stack = stack
    }

    /// Whose network stack a sandbox has.
    package enum Stack: Hashable, Sendable {
        /// One that Weft makes.
        case made
        /// One that somebody else made, by the path of its namespace: configured, never made or removed.
        case adopted(path: String)
        /// The node's own.
        case host
    }

    /// A setting of a sandbox.
    package struct Setting: Hashable, Sendable {
        /// The path below `/proc/sys`.
        package var path: String
        package var value: String

        package init(path: String, value: String) {
            self.path = path
            self.value = value
        }
    }

    /// The name of an endpoint's link inside the sandbox: what is stated, else `eth` and its place among all.
    package func interface(ofEndpoint index: Int) -> InterfaceName {
        endpoints[index].interface ?? InterfaceName(fromKernel: "eth\(index)")
    }
}

/// A sandbox's attachment to one network.
package struct Endpoint: Hashable, Sendable {
    package var network: NetworkName
    /// The addresses that are stated; ``Assignment`` has all.
    package var addresses = PerFamily<IPAddress>()
    /// The MAC that is stated; ``Assignment`` has all.
    package var mac: MACAddress?
    /// The name of its link inside the sandbox that is stated; ``Sandbox/interface(ofEndpoint:)`` has all.
    package var interface: InterfaceName?
    /// Other names of the sandbox on this network.
    package var aliases: [AliasName] = []

    package init(_ network: NetworkName) {
        self.network = network
    }
}

/// A route of a sandbox.
package struct SandboxRoute: Hashable, Sendable {
    package var destination: Prefix
    /// The next hop: an address in a subnet that the sandbox is on.
    package var gateway: IPAddress

    package init(to destination: Prefix, via gateway: IPAddress) {
        self.destination = destination
        self.gateway = gateway
    }
}

/// A named dependency of one sandbox on another: CNM's link.
package struct SandboxLink: Hashable, Sendable {
    /// The sandbox that is depended on.
    package var target: SandboxName
    /// What the dependent one calls it.
    package var alias: AliasName

    package init(to target: SandboxName, alias: AliasName) {
        self.target = target
        self.alias = alias
    }
}

/// How a sandbox resolves names; what is empty is the node's.
package struct SandboxDNS: Hashable, Sendable {
    package var servers: [IPAddress] = []
    package var search: [String] = []
    package var options: [String] = []

    package init() {}

    /// True if nothing is stated.
    package var isEmpty: Bool { servers.isEmpty && search.isEmpty && options.isEmpty }
}
