import ClusterModel
import Document
import NetworkModel

/// Reads bytes as a document, and holds what must hold of any.
func tryDocument(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    let text = Array(bytes)
    // Long lists are read without libyaml, and nobody may see a difference.
    let alone = Reading(text, readsPlainLines: false)
    let abridged = Reading(text, readsPlainLines: true)
    precondition(alone.values == abridged.values, "an item is read otherwise than libyaml reads it")
    precondition(alone.complaint == abridged.complaint, "a complaint is otherwise than with libyaml alone")
    do throws(DocumentErrors) {
        let document = try Document.load([Source(name: "a.yaml", bytes: text)])
        let nodes = document.cluster.nodes.map(\.name.text)
        let names = nodes.isEmpty ? ["n1"] : nodes
        for name in names { try tryPrinting(document.nodeState(for: name)) }
    } catch {
        check(error.complaints)
    }
    return 0
}

/// What is printed of a state is read as that state.
private func tryPrinting(_ state: NodeState) throws(DocumentErrors) {
    for text in [NodeStatePrinter.yaml(state), NodeStatePrinter.json(state)] {
        do throws(DocumentErrors) {
            let read = try Document.load([Source(name: "b.yaml", text: text)]).nodeState(for: state.node)
            precondition(read == state, "what was printed is read otherwise: \(text)")
        } catch {
            preconditionFailure("what was printed is complained of: \(error) \(text)")
        }
    }
}

private func check(_ complaints: [Complaint]) {
    precondition(!complaints.isEmpty, "a document is refused without a word")
    for complaint in complaints {
        precondition(complaint.file == "a.yaml", "a complaint is of another file: \(complaint)")
        precondition(complaint.line > 0 && complaint.column > 0, "a complaint has no place: \(complaint)")
        precondition(!complaint.message.isEmpty, "a complaint has no words: \(complaint)")
        precondition(!complaint.message.contains("\n"), "a complaint has two lines: \(complaint)")
    }
    let lines = complaints.map(\.line)
    precondition(lines == lines.sorted(), "complaints are out of order: \(complaints)")
}
