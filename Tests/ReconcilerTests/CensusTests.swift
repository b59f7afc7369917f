import NetworkTesting
import Testing

@Suite("What is held")
struct CensusTests {
    @Test("kernel tests are run")
    func areRun() { KernelTests.requireOrAllowSkip() }

    @Test(
        "an apply, a refused one and a destroy leave no descriptor, thread, namespace, link or mount behind",
        .kernel
    )
    func nothingIsLeft() throws {
        #expect(try Census.taken(of: "applies") == "")
    }
}
