// Feeds a reader whatever bytes libFuzzer comes up with: weft-fuzz documents|messages [libFuzzer's arguments].
// 'weft-fuzz record DIRECTORY' writes recorded messages to begin with. See 'make fuzz'.
import CFuzzer
import Glibc
import LinuxSystem
import NetworkTesting

let arguments = CommandLine.arguments
guard arguments.count > 1 else { exit(64) }
let callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
switch arguments[1] {
case "documents":
    callback = { tryDocument(UnsafeBufferPointer(start: $0, count: $1)) }
case "messages":
    callback = { tryMessage(UnsafeRawBufferPointer(start: $0, count: $1)) }
case "record" where arguments.count == 3:
    for (number, message) in RecordedMessages.all.enumerated() {
        let file = try OwnedDescriptor.open(
            "\(arguments[2])/\(number)",
            O_WRONLY | O_CREAT | O_TRUNC,
            mode: 0o644
        )
        try file.writeAll(message, named: "a recorded message")
    }
    exit(0)
default:
    exit(64)
}
// libFuzzer keeps the arguments for as long as it runs; the first is the program's name to it.
var words: [UnsafeMutablePointer<CChar>?] =
    (arguments.prefix(1) + arguments.dropFirst(2)).map { strdup($0) } + [nil]
var count = CInt(words.count - 1)
words.withUnsafeMutableBufferPointer { buffer in
    var pointer = buffer.baseAddress
    exit(LLVMFuzzerRunDriver(&count, &pointer, callback))
}
