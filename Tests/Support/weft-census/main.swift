// Does something twice, and prints what is held after the second time and not after the first:
// weft-census CASE. For tests only, which run it in network and mount namespaces of its own.
import Glibc
import NetworkTesting

guard CommandLine.arguments.count == 2, let subject = Subject(rawValue: CommandLine.arguments[1]) else {
    exit(64)
}
do {
    for line in try Census.differences(subject.perform) { print(line) }
} catch {
    print("\(error)")
    exit(1)
}
