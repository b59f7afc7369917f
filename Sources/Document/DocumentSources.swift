/// A text to read, and what it is called in complaints.
package struct Source: Sendable {
    /// The file's name, as complaints say it.
    package var name: String
    /// The text: UTF-8.
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }
}
