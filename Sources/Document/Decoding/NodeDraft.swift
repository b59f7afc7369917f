internal import ClusterModel
internal import NetworkModel

/// A node's state as it is being read, with where in the document its parts are.
struct NodeDraft {
    /// The node's name; `nil` if the document is for this host alone, whatever its name.
    var name: String?
    var state: NodeState
    /// The places that things may be in, by the text of their names.
    var places: [String: Place] = [:]
    /// Names of namespaces and links that were complained of where they are defined: no use of them is, too.
    var excused: Set<String> = []
    /// Where links are defined.
    var links: [LinkID: LinkOrigin] = [:]
    /// The links whose MAC the document leaves to Weft.
    var linksWithoutMAC: Set<LinkID> = []
    /// The masters that are named by links which can't be made.
    var mastersOfDiscarded: [(master: InterfaceName, place: Place, node: Int)] = []
    /// Who has an IPv4 address.
    var ipv4Owners: [AddressKey: (link: LinkID, node: Int)] = [:]

    init(name: String?) {
        self.name = name
        state = NodeState(node: name ?? "")
    }

    /// What was read, for the model.
    var objects: RawObjects { RawObjects(state, linksWithoutMAC: linksWithoutMAC) }

    /// An IPv4 address with its length, in one place.
    struct AddressKey: Hashable {
        var place: Place
        var address: IPAddress
        var length: UInt8
    }
}

/// Where a link is defined.
struct LinkOrigin {
    /// Its name.
    var name: Int
    /// The mapping with its keys.
    var mapping: Int
    /// The name under `links` that it is defined by; for a peer that of its pair.
    var entry: Int
}

extension Place {
    /// How complaints speak of it.
    var words: String {
        name.map { "namespace '\($0)'" } ?? "the node's own namespace"
    }
}
