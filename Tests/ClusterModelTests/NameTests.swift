import ClusterModel
import NetworkModel
import Testing

/// Names.
@Suite struct NameTests {
    @Test(arguments: ["a", "0", "web-1", "web_1", "0-_", String(repeating: "x", count: 63)])
    func takesNames(text: String) throws {
        #expect(try SandboxName(text).text == text)
    }

    @Test(arguments: ["", "-a", "_a", "A", "a.b", "a b", "ä", "a/b", String(repeating: "x", count: 64)])
    func refusesOthers(text: String) {
        #expect(throws: InvalidName.self) { _ = try SandboxName(text) }
    }
}
