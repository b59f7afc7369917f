import Netlink

/// A message as text: type, flags and fixed header, then one line for each attribute, all bytes in hexadecimal.
///
/// Written without the decoders, which it must not take on trust.
func listing(_ message: [UInt8], headerSize: Int) -> String {
    func number(_ offset: Int) -> Int { Int(message[offset]) | Int(message[offset + 1]) << 8 }
    func hex(_ range: Range<Int>) -> String {
        message[range].map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
    let length = number(0) | number(2) << 16
    var lines = ["\(number(4)) flags \(String(number(6), radix: 16)) header \(hex(16..<16 + headerSize))"]
    var offset = 16 + headerSize
    while offset + 4 <= length {
        let size = number(offset)
        lines.append("\(number(offset + 2)): \(hex(offset + 4..<offset + size))")
        offset += (size + 3) & ~3
    }
    if offset < length || message.count != (length + 3) & ~3 { lines.append("trailing bytes") }
    return lines.joined(separator: "\n")
}

/// The listings of all messages that `build` puts into a batch.
func listings(headerSize: Int, _ build: (inout MessageBatch) throws -> Void) rethrows -> String {
    var batch = MessageBatch()
    try build(&batch)
    return (0..<batch.count).map { listing(batch.message(at: $0), headerSize: headerSize) }.joined(
        separator: "\n"
    )
}
