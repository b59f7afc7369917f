import ClusterModel
import NetworkModel
import Testing

/// Names, and lists in their order.
@Suite struct NameTests {
    @Test(arguments: ["a", "0", "web-1", "web_1", "0-_", String(repeating: "x", count: 63)])
    func takesNames(text: String) throws {
        #expect(try SandboxName(text).text == text)
    }

    @Test(arguments: ["", "-a", "_a", "A", "a.b", "a b", "ä", "a/b", String(repeating: "x", count: 64)])
    func refusesOthers(text: String) {
        #expect(throws: InvalidName.self) { _ = try SandboxName(text) }
    }

    @Test func listsAreInOrderOfNameWhateverTheOrderWas() throws {
        let names = ["b", "a-b", "a", "ab", "a_b", "9", "c"]
        let list = NamedList(names.map { Sandbox(SandboxName(unchecked: $0), node: nil) })
        #expect(list.map(\.name.text) == ["9", "a", "a-b", "a_b", "ab", "b", "c"])
        #expect(list == NamedList(list.reversed()))
        for name in names { #expect(list[SandboxName(unchecked: name)]?.name.text == name) }
        for name in ["", "8", "aa", "z"] { #expect(list[SandboxName(unchecked: name)] == nil) }
    }

    @Test func listsKeepTheFirstOfOneName() {
        let name = SandboxName(unchecked: "a")
        let first = Sandbox(name, node: NodeName(unchecked: "n1"))
        let second = Sandbox(name, node: NodeName(unchecked: "n2"))
        #expect(NamedList([first, second]).map(\.node?.text) == ["n1"])
        #expect(NamedList([second, first]).map(\.node?.text) == ["n2"])
    }
}
