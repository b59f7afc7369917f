/// One thing that is wrong with a document: where, what, and what would be right.
package struct Complaint: Error, Hashable, Sendable {
    /// The file, as it was named; `-` for standard input.
    package var file: String
    /// The line, counted from 1; 0 if the complaint is about the file as a whole.
    package var line: Int
    /// The column in characters, counted from 1; 0 if the complaint is about the file as a whole.
    package var column: Int
    /// The keys from the top to the value: `node.routes[3].via`; empty for the document as a whole.
    package var path: String
    /// What is wrong.
    package var message: String
    /// What would be right, where that can be said.
    package var hint: String?
    /// Whether it is the document's fault or a want of Weft's.
    package var kind: Kind

    package init(
        file: String,
        line: Int = 0,
        column: Int = 0,
        path: String = "",
        message: String,
        hint: String? = nil,
        kind: Kind = .invalid
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.message = message
        self.hint = hint
        self.kind = kind
    }

    /// Whose fault it is.
    package enum Kind: String, Hashable, Sendable {
        /// The document is wrong.
        case invalid
        /// The document may well be right, but asks for what Weft does not do yet.
        case unsupported
    }
}

extension Complaint: CustomStringConvertible {
    /// `file:line:column: path: message; hint`, without the parts that are not there.
    package var description: String {
        let position = line > 0 ? "\(file):\(line):\(column)" : file
        // What is not supported yet is named by its path in the message already.
        let place = path.isEmpty || kind == .unsupported ? position : "\(position): \(path)"
        return "\(place): \(message)" + (hint.map { "; \($0)" } ?? "")
    }
}

/// All that is wrong with a document, in order of file, line and column; never empty.
package struct DocumentErrors: Error, Hashable, Sendable {
    /// The complaints, every one that was found.
    package let complaints: [Complaint]

    /// How many complaints ``description`` spells out.
    package static let printLimit = 100

    package init(_ complaints: [Complaint]) {
        precondition(!complaints.isEmpty, "errors without an error are none")
        self.complaints = complaints
    }
}

extension DocumentErrors: CustomStringConvertible {
    /// A line for each complaint, at most ``printLimit`` of them, and how many more there are.
    package var description: String {
        var lines = complaints.prefix(Self.printLimit).map(\.description)
        if complaints.count > Self.printLimit {
            lines.append("and \(complaints.count - Self.printLimit) more")
        }
        return lines.joined(separator: "\n")
    }
}
