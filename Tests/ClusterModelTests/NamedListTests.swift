import NetworkTesting
import Testing

@testable import ClusterModel

/// Things are in order of name, whatever order they come in.
@Suite struct NamedListTests {
    private struct Thing: Named, Equatable {
        let name: Name<Thing>
        let number: Int
    }

    /// Names that differ early, late, behind sixteen bytes, in length alone, or not at all.
    private static func name(_ random: inout SeededGenerator) -> String {
        let stem = ["a", "web-", "a-name-of-16-byte", "a-name-of-16-by", "a-name-of-16-bytes-and-more-"]
        let tail = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            "019_z".randomElement(using: &random) ?? "0"
        }
        return (stem.randomElement(using: &random) ?? "") + String(tail)
    }

    @Test(arguments: 0..<200)
    func isInOrderOfNames(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let things = try (0..<Int.random(in: 0...40, using: &random)).map {
            Thing(name: try Name(Self.name(&random)), number: $0)
        }
        let list = NamedList(things)
        #expect(list.map(\.name.text) == Set(things.map(\.name.text)).sorted())
        for thing in things { #expect(list[thing.name] == things.first { $0.name == thing.name }) }
        #expect(NamedList(list) == list)
    }

    @Test func findsByName() throws {
        let names = ["b", "a-b", "a", "ab", "a_b", "9", "c"]
        let list = NamedList(names.map { Sandbox(SandboxName(unchecked: $0), node: nil) })
        #expect(list.map(\.name.text) == ["9", "a", "a-b", "a_b", "ab", "b", "c"])
        #expect(list == NamedList(list.reversed()))
        for name in names { #expect(list[SandboxName(unchecked: name)]?.name.text == name) }
        for name in ["", "8", "aa", "z"] { #expect(list[SandboxName(unchecked: name)] == nil) }
    }

    @Test func keepsTheFirstOfOneName() {
        let name = SandboxName(unchecked: "a")
        let first = Sandbox(name, node: NodeName(unchecked: "n1"))
        let second = Sandbox(name, node: NodeName(unchecked: "n2"))
        #expect(NamedList([first, second]).map(\.node?.text) == ["n1"])
        #expect(NamedList([second, first]).map(\.node?.text) == ["n2"])
    }
}
