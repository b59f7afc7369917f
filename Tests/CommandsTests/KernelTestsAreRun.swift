import NetworkTesting
import Testing

@Test("kernel tests are run, or skipping them was allowed")
func kernelTestsAreRun() {
    KernelTests.requireOrAllowSkip()
}
