/// Writes JSON straight into bytes, as a plan of a hundred thousand changes demands.
///
/// Members come in the order in which they are written, which is the documented one.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private var depth = 0

    // MARK: Values

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    mutating func array<Element>(_ elements: [Element], _ body: (inout JSONWriter, Element) -> Void) {
        nest(UInt8(ascii: "["), UInt8(ascii: "]")) { writer in
            for element in elements {
                writer.separate()
                body(&writer, element)
            }
        }
    }

    mutating func value(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 { append(escaped: byte) }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func value(_ number: Int) { bytes += String(number).utf8 }

    mutating func value(_ flag: Bool) { bytes += (flag ? "true" : "false").utf8 }

    mutating func null() { bytes += "null".utf8 }

    // MARK: Members

    mutating func member(_ key: String, _ text: String) {
        begin(key)
        value(text)
    }

    /// A member that is `null` if there is no text.
    mutating func member(_ key: String, _ text: String?) {
        begin(key)
        if let text { value(text) } else { null() }
    }

    mutating func member(_ key: String, _ number: Int) {
        begin(key)
        value(number)
    }

    /// A member that is `null` if there is no number.
    mutating func member(_ key: String, _ number: Int?) {
        begin(key)
        if let number { value(number) } else { null() }
    }

    mutating func member(_ key: String, _ flag: Bool) {
        begin(key)
        value(flag)
    }

    mutating func object(_ key: String, _ body: (inout JSONWriter) -> Void) {
        begin(key)
        object(body)
    }

    mutating func array<Element>(
        _ key: String,
        _ elements: [Element],
        _ body: (inout JSONWriter, Element) -> Void
    ) {
        begin(key)
        array(elements, body)
    }

    /// Begins a member whose value follows.
    mutating func begin(_ key: String) {
        separate()
        value(key)
        bytes += ": ".utf8
    }

    // MARK: Layout

    private mutating func nest(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
        bytes.append(open)
        depth += 1
        let before = bytes.count
        let outer = needsComma
        needsComma = false
        body(&self)
        needsComma = outer
        depth -= 1
        if bytes.count > before { newLine() }
        bytes.append(close)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        newLine()
    }

    private mutating func newLine() {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { bytes += "  ".utf8 }
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes += "\\\"".utf8
        case UInt8(ascii: "\\"): bytes += "\\\\".utf8
        case UInt8(ascii: "\n"): bytes += "\\n".utf8
        case UInt8(ascii: "\t"): bytes += "\\t".utf8
        case 0..<32, 127:
            let digits = String(byte, radix: 16)
            bytes += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
        default: bytes.append(byte)
        }
    }
}
