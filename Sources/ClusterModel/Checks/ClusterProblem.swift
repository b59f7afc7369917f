package import NetworkModel

/// Something that is wrong, or odd, about a cluster state.
package struct ClusterProblem: Hashable, Sendable {
    /// Where it is.
    package var place: ClusterPlace
    /// What is wrong.
    package var message: String
    /// Where the other thing is that the message ends with, if there is one.
    package var other: ClusterPlace?
    /// What would be right.
    package var hint: String?
    /// It is not wrong, but probably not meant either.
    package var isWarning = false
}

/// Where in a cluster state something is, in the words of the document.
package struct ClusterPlace: Hashable, Sendable {
    package var object: Object
    /// The key of the object; `nil`: the object as a whole.
    package var key: Key?
    /// Which item of the key's value.
    package var item: Item?
    /// The object's name, not its value, is meant.
    package var isName: Bool

    package init(_ object: Object, _ key: Key? = nil, _ item: Item? = nil, isName: Bool = false) {
        self.object = object
        self.key = key
        self.item = item
        self.isName = isName
    }

    /// What has keys.
    package enum Object: Hashable, Sendable {
        case underlay
        case node(NodeName)
        case network(NetworkName)
        case sandbox(SandboxName)
        /// An endpoint by its place among those of a sandbox.
        case endpoint(SandboxName, Int)
    }

    /// The keys, as the document has them.
    package enum Key: String, Hashable, Sendable, CaseIterable {
        case address, aliases, defaultRoute, dns, driver, endpoints, expose, gateway, host, interface,
            isolated
        case links, mac, masquerade, mtu, netns, network, node, nodePrefix, nodeSubnets, nodes, options,
            parent
        case publish, range, routes, subnets, sysctls, vni
        case `internal`
    }

    /// One of several values that a key has.
    package enum Item: Hashable, Sendable {
        /// The item of a list; if there is no list, the value itself.
        case index(Int)
        /// The first that is of a family; if there is no list, the value itself.
        case family(AddressFamily)
        /// The value of a name in a mapping.
        case name(String)
        /// The value of a name in a mapping, of that the first of a family.
        case nameAndFamily(String, AddressFamily)
        /// The value of a setting, by its path below `/proc/sys`.
        case setting(String)
        /// The value of a key in the item of a list.
        case indexAndKey(Int, String)
    }
}
