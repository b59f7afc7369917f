/// What `nft -j list ruleset` shows of a namespace: Weft's tables, and those of others.
///
/// Nothing of Weft's own reading of nftables is used.
struct NftablesView {
    /// What is not Weft's, a line each, with the numbers that the kernel gives: what was made again shows.
    private(set) var foreign: [String] = []
    /// Tables, sets, chains and rules of Weft's, a line each, without those numbers and without elements.
    private(set) var definitions: [String] = []
    /// What Weft's sets hold, by family and name: `bridge ports`.
    private(set) var sets: [String: Set<String>] = [:]

    /// Whose tables are Weft's, stated once more.
    private static let tables: Set<String> = ["bridge weft", "inet weft"]

    /// - Parameters:
    ///   - node: The node.
    ///   - namespace: The namespace of the node; the node itself if there is none.
    /// - Throws: ``CommandFailure`` if `nft` fails.
    init(of node: ThrowAwayNode, in namespace: String? = nil) throws {
        let answer = try JSON(text: node.run("nft -j list ruleset", in: namespace))
        for object in answer["nftables"].elements {
            guard let (kind, value) = object.members.first, kind != "metainfo" else { continue }
            let family = value["family"].string ?? ""
            let table = value[kind == "table" ? "name" : "table"].string ?? ""
            if Self.tables.contains("\(family) \(table)") {
                take(kind, value, family: family)
            } else {
                foreign.append("\(object)")
            }
        }
    }

    private mutating func take(_ kind: String, _ value: JSON, family: String) {
        var members = value.members
        members["handle"] = nil
        if kind == "set" {
            let elements = (members.removeValue(forKey: "elem") ?? .null).elements.map(Self.text)
            sets["\(family) \(value["name"].string ?? "")"] = Set(elements)
        }
        definitions.append("\(kind) \(JSON.object(members))")
    }

    /// An element as `nft` itself writes it, without quotes: `br0 . 10.9.0.0/24`.
    private static func text(_ element: JSON) -> String {
        let parts = element["concat"].elements
        if !parts.isEmpty { return parts.map(text).joined(separator: " . ") }
        let prefix = element["prefix"]
        if let address = prefix["addr"].string, let length = prefix["len"].int {
            return "\(address)/\(length)"
        }
        return element.string ?? element.int.map { "\($0)" } ?? "\(element)"
    }

    /// All of it, a line each; elements have no order.
    var lines: [String] {
        let elements = sets.flatMap { set, elements in elements.map { "element of \(set): \($0)" } }
        return foreign.map { "nft: \($0)" } + (definitions + elements.sorted()).map { "nft of Weft's: \($0)" }
    }
}
