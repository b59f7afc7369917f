/// What a document may hold: the table that the decoder reads by, for programs and editors.
package enum DocumentSchema {
    /// A JSON Schema (draft 2020-12) of the document.
    package static func json() -> String { "{}" }
}
