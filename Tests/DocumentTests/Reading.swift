@testable import Document

/// What was read of a text, in a form that can be compared.
struct Reading {
    var values: [String] = []
    var complaint: String?
    var textLength = 0

    init(_ text: [UInt8], readsPlainLines: Bool) {
        var reader = TreeReader(readsPlainLines: readsPlainLines)
        do throws(Complaint) {
            try reader.read(Source(name: "first.yaml", text: "weft: 1\n"))
            try reader.read(Source(name: "a.yaml", bytes: text))
        } catch {
            complaint = "\(error)"
            return
        }
        let tree = reader.tree
        textLength = tree.text.count
        values = tree.nodes.indices.map { index in
            let node = tree.nodes[index]
            let place = "\(node.line):\(node.column) \(node.shape)"
            switch node.shape {
            case .plain, .quoted: return "\(place) \(tree.string(of: index))"
            case .list, .mapping, .alias: return "\(place) \(node.first) \(node.extent)"
            }
        }
        values += tree.sources.map { "\($0)" }
    }
}
